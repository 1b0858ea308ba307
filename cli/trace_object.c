// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace_object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cli.h"
#include "log.h"
#include "scope.h"

#include "trace.skel.h"

/* What libkview allows for functions; others are attached alone, with a filter of their own: some milliseconds. */
#define ORDINARY_MAX 1000
#define BATCH 1000 /* events taken until others, as a signal that ends it all, get their turn */

struct trace_object {
	struct trace *bpf;
	struct trace_object_options options;
	struct ring_buffer *ring;
	const struct trace_stats *stats; /* mapped */
	size_t stats_size;
	size_t batch; /* events left of it */
	int err;      /* of take() */
};

static int take_event(void *data, void *event, size_t size)
{
	struct trace_object *object = data;

	object->err = object->options.take(event, size, object->options.data);
	if (object->err)
		return object->err;
	return --object->batch ? 0 : -EAGAIN;
}

static void choose_programs(struct trace *bpf, const struct trace_hooks *hooks)
{
	struct {
		struct bpf_program *program;
		enum trace_kind kind;
	} needed[] = {
		{ bpf->progs.on_sys_enter, TRACE_KIND_SYSCALL },
		{ bpf->progs.on_sys_exit, TRACE_KIND_SYSCALL },
		{ bpf->progs.on_entry, TRACE_KIND_ENTRY },
		{ bpf->progs.on_return, TRACE_KIND_RETURN },
		{ bpf->progs.on_call, TRACE_KIND_CALL },
		{ bpf->progs.on_call_return, TRACE_KIND_CALL },
		{ bpf->progs.on_tracepoint, TRACE_KIND_EVENT },
		{ bpf->progs.on_raw_tracepoint, TRACE_KIND_RAW },
	};
	size_t i;

	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		bpf_program__set_autoload(needed[i].program, trace_hooks_have(hooks, needed[i].kind));
}

/* Numbers of hooks by those of system calls. */
static void choose_syscalls(struct trace *bpf, const struct trace_hooks *hooks)
{
	const char *name;
	unsigned int number;
	size_t i;

	for (i = 0; i < hooks->count; i++) {
		if (hooks->list[i].kind != TRACE_KIND_SYSCALL)
			continue;
		for (number = 0; number < TRACE_SYSCALLS; number++) {
			name = kview_syscall_name(number);
			if (name && !strcmp(name, hooks->list[i].name))
				bpf->rodata->syscall_hooks[number] = i + 1;
		}
	}
}

static int load(struct trace_object *object, const struct trace_hooks *hooks)
{
	struct trace *bpf = object->bpf;
	int err;

	choose_syscalls(bpf, hooks);
	bpf->rodata->counting = object->options.counting;
	err = bpf_map__set_max_entries(bpf->maps.hooks, hooks->count);
	if (!err)
		err = bpf_map__set_max_entries(bpf->maps.stats, object->options.counting ? hooks->count : 1);
	if (!err)
		err = bpf_map__set_max_entries(bpf->maps.events, object->options.counting ? 4096 : object->options.buffer);
	return err ?: trace__load(bpf);
}

static int fill_hooks(struct trace_object *object, const struct trace_hooks *hooks)
{
	uint32_t i;
	int err = 0;

	for (i = 0; i < hooks->count && !err; i++)
		err = bpf_map__update_elem(object->bpf->maps.hooks, &i, sizeof(i), &hooks->list[i].info,
					   sizeof(hooks->list[i].info), BPF_ANY);
	return err;
}

static int map_stats(struct trace_object *object, const struct trace_hooks *hooks)
{
	void *stats;

	object->stats_size = hooks->count * sizeof(*object->stats);
	stats = mmap(NULL, object->stats_size, PROT_READ, MAP_SHARED, bpf_map__fd(object->bpf->maps.stats), 0);
	if (stats == MAP_FAILED)
		return -errno;
	object->stats = stats;
	return 0;
}

static int prepare(struct trace_object *object, const struct trace_hooks *hooks)
{
	int err = fill_hooks(object, hooks);

	if (err || object->options.counting)
		return err ?: map_stats(object, hooks);
	object->ring = ring_buffer__new(bpf_map__fd(object->bpf->maps.events), take_event, object, NULL);
	return object->ring ? 0 : -errno;
}

/* Since Linux v6.10 raw tracepoints have cookies, by which our one program tells them apart. */
static int check_raw(const struct trace_hooks *hooks)
{
	if (!trace_hooks_have(hooks, TRACE_KIND_RAW) ||
	    libbpf_probe_bpf_helper(BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_FUNC_get_attach_cookie, NULL) > 0)
		return CLI_OK;
	return cli_fail(-EOPNOTSUPP, "this kernel has no cookies for raw tracepoints (Linux 6.10 has); use tracepoint:", "rawtp");
}

int trace_object_open(struct kview *view, const struct trace_hooks *hooks, const struct trace_object_options *options,
		      struct trace_object **ret_object)
{
	_cleanup_(trace_object_closep) struct trace_object *object = calloc(1, sizeof(*object));
	int err;

	if (!object)
		return cli_fail(-ENOMEM, NULL, "trace");
	if (check_raw(hooks))
		return CLI_UNSUPPORTED;
	object->options = *options;
	log_clear();
	object->bpf = trace__open();
	if (!object->bpf)
		return cli_fail(-errno, log_cause(), "trace: the programs cannot be opened");
	choose_programs(object->bpf, hooks);
	err = kview_prepare_object(view, object->bpf->obj);
	if (err)
		return cli_refused(err, kview_reason(view), "trace");
	err = load(object, hooks);
	if (err) {
		cli_fail(err, log_cause(), "trace: the programs cannot be loaded");
		log_print_verifier();
		return cli_exit_code(err);
	}
	err = prepare(object, hooks);
	if (err)
		return cli_fail(err, NULL, "trace");
	*ret_object = TAKE_PTR(object);
	return CLI_OK;
}

void trace_object_close(struct trace_object *object)
{
	ring_buffer__free(object->ring);
	if (object->stats)
		munmap((void *)object->stats, object->stats_size);
	trace__destroy(object->bpf);
	free(object);
}

/* All hooks of one kind, for one program. */
struct group {
	struct kview *view;
	const struct bpf_program *program;
	enum kview_kind kind;
	const char **names;
	uint64_t *cookies;
	size_t count;
};

static int attach_hooks(const struct group *group, size_t from, size_t count)
{
	return kview_attach_hooks(group->view, bpf_program__fd(group->program), group->kind, group->names + from,
				  group->cookies + from, count, NULL);
}

/* Of one of the hooks; others, as too many open files, would meet the next one, too. */
static bool is_refusal(int err)
{
	return err == -EOPNOTSUPP || err == -EINVAL || err == -ENOENT || err == -ENOTUNIQ;
}

static int skip_hook(const struct group *group, struct trace_hooks *hooks, size_t index, int err)
{
	struct trace_hook *hook = &hooks->list[group->cookies[index]];

	if (!hook->matched)
		return err;
	hook->skipped = true;
	return trace_hooks_skip(hooks, hook->label, kview_reason(group->view));
}

/* All in one step, or, as long as one of them turns out to be impossible, halves of them. */
static int attach_range(const struct group *group, struct trace_hooks *hooks, size_t from, size_t count)
{
	int err = attach_hooks(group, from, count);

	if (!err || !is_refusal(err))
		return err;
	if (count == 1)
		return skip_hook(group, hooks, from, err);
	return attach_range(group, hooks, from, count / 2) ?:
	       attach_range(group, hooks, from + count / 2, count - count / 2);
}

static int attach_group(struct group *group, struct trace_hooks *hooks, enum trace_kind kind)
{
	bool in_one_step;
	size_t i, step;
	int err = 0;

	for (i = 0; i < hooks->count; i++) {
		if (hooks->list[i].kind != kind || hooks->list[i].skipped)
			continue;
		group->names[group->count] = hooks->list[i].name;
		group->cookies[group->count++] = i;
	}
	/* What kprobes refuse is known only when those before are attached, so that each is a link of its own. */
	in_one_step = kview_mode(group->view) == KVIEW_MODE_VIEW || bpf_program__expected_attach_type(group->program);
	step = in_one_step ? group->count : 1;
	for (i = 0; i < group->count && !err; i += step)
		err = attach_range(group, hooks, i, step);
	return err;
}

static int attach_kind(struct kview *view, const struct bpf_program *program, enum kview_kind probe,
		       struct trace_hooks *hooks, enum trace_kind kind)
{
	_cleanup_(freep) const char **names = calloc(hooks->count, sizeof(*names));
	_cleanup_(freep) uint64_t *cookies = calloc(hooks->count, sizeof(*cookies));
	struct group group = { .view = view, .program = program, .kind = probe, .names = names, .cookies = cookies };

	return names && cookies ? attach_group(&group, hooks, kind) : -ENOMEM;
}

/* Returns first: a call whose begin was not seen is nothing, one whose end was not seen stays. */
static int attach_all(struct trace *bpf, struct kview *view, struct trace_hooks *hooks)
{
	int err = 0;

	if (trace_hooks_have(hooks, TRACE_KIND_SYSCALL))
		err = kview_attach_program(view, bpf->progs.on_sys_exit, NULL, NULL) ?:
		      kview_attach_program(view, bpf->progs.on_sys_enter, NULL, NULL);
	return err ?: attach_kind(view, bpf->progs.on_entry, KVIEW_KIND_ENTRY, hooks, TRACE_KIND_ENTRY) ?:
		      attach_kind(view, bpf->progs.on_return, KVIEW_KIND_RETURN, hooks, TRACE_KIND_RETURN) ?:
		      attach_kind(view, bpf->progs.on_call_return, KVIEW_KIND_RETURN, hooks, TRACE_KIND_CALL) ?:
		      attach_kind(view, bpf->progs.on_call, KVIEW_KIND_ENTRY, hooks, TRACE_KIND_CALL) ?:
		      attach_kind(view, bpf->progs.on_tracepoint, KVIEW_KIND_TP, hooks, TRACE_KIND_EVENT) ?:
		      attach_kind(view, bpf->progs.on_raw_tracepoint, KVIEW_KIND_RAW_TP, hooks, TRACE_KIND_RAW);
}

int trace_object_attach(struct trace_object *object, struct kview *view, struct trace_hooks *hooks)
{
	size_t i, attached = 0;
	int err;

	if (kview_mode(view) == KVIEW_MODE_ORDINARY && hooks->count > ORDINARY_MAX)
		return cli_fail(-EOPNOTSUPP, "too many for the ordinary mode, in which everybody pays; in a view they can be had",
				"%zu hooks", hooks->count);
	err = attach_all(object->bpf, view, hooks);
	if (err)
		return cli_refused(err, kview_reason(view), "trace");
	for (i = 0; i < hooks->count; i++)
		attached += !hooks->list[i].skipped;
	if (attached)
		return CLI_OK;
	trace_hooks_tell_skipped(hooks, true);
	return cli_fail(-EOPNOTSUPP, "nothing that matches can be hooked", "trace");
}

static int take_ready(void *data)
{
	struct trace_object *object = data;
	int count;

	object->batch = BATCH;
	count = ring_buffer__consume(object->ring);
	object->options.pause(object->options.data);
	return object->err ?: count == -EAGAIN || count > 0 ? 0 : count;
}

int trace_object_watch(struct trace_object *object, struct loop *loop)
{
	return object->ring ? loop_add(loop, ring_buffer__epoll_fd(object->ring), take_ready, object) : 0;
}

/* As if the event of a call that is under way had been sent. */
static int take_unfinished(struct trace_object *object, const struct trace_key *key, const struct trace_call *call)
{
	_cleanup_(freep) struct trace_event *event = calloc(1, sizeof(*event) + TRACE_DATA_LEN);
	struct trace_text text;

	if (!event)
		return -ENOMEM;
	*event = (struct trace_event){
		.ns = call->ns,
		.hook = call->hook,
		.pid = call->pid,
		.tid = call->tid,
		.flags = TRACE_HAS_ARGS | TRACE_UNFINISHED,
	};
	memcpy(event->args, call->args, sizeof(event->args));
	memcpy(event->comm, call->comm, sizeof(event->comm));
	if (call->has_text &&
	    !bpf_map__lookup_elem(object->bpf->maps.texts, key, sizeof(*key), &text, sizeof(text), 0)) {
		event->data_len = TRACE_DATA_LEN;
		memcpy(event->sizes, text.sizes, sizeof(event->sizes));
		memcpy(event->data, text.data, sizeof(text.data));
	}
	return object->options.take(event, sizeof(*event) + event->data_len, object->options.data);
}

int trace_object_drain(struct trace_object *object)
{
	const struct bpf_map *calls = object->bpf->maps.calls;
	struct trace_key key, *last = NULL;
	struct trace_call call;
	int err = 0;

	if (!object->ring)
		return 0;
	object->batch = SIZE_MAX;
	ring_buffer__consume(object->ring);
	err = object->err;
	for (; !err && !bpf_map__get_next_key(calls, last, &key, sizeof(key)); last = &key)
		if (key.hook == TRACE_SYSCALL && !bpf_map__lookup_elem(calls, &key, sizeof(key), &call, sizeof(call), 0))
			err = take_unfinished(object, &key, &call);
	return err;
}

struct trace_losses trace_object_losses(const struct trace_object *object)
{
	const typeof(*object->bpf->bss) *bss = object->bpf->bss;

	return (struct trace_losses){ .events = bss->lost, .untimed = bss->untimed, .foreign = bss->foreign };
}

const struct trace_stats *trace_object_stats(const struct trace_object *object, size_t hook)
{
	return &object->stats[hook];
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "scope_internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <string.h>

#include <kview/kview.h>

#include "monitor/probes/scope.skel.h"
#include "monitor/probes/scope_record.h"
#include "monitor/threads.h"
#include "note.h"
#include "process.h"

/* --- opening ------------------------------------------------------------------------------------------------------ */

static int take_news(void *data, void *record, size_t size);

static void open_view(struct monitor_scope *scope)
{
	const struct kview_open_opts opts = { .sz = sizeof(opts), .name = "monitord", .mode = KVIEW_MODE_VIEW };

	if (kview_open(&opts, &scope->view)) {
		scope->view = NULL;
		monitor_note("no view (%s): programs are attached for everybody, and leave others alone",
			     kview_reason(NULL));
	}
}

int monitor_scope_open(struct monitor_scope **ret_scope)
{
	_cleanup_(monitor_scope_closep) struct monitor_scope *scope = calloc(1, sizeof(*scope));
	int err;

	if (!scope)
		return -ENOMEM;
	scope->bpf = scope__open();
	if (!scope->bpf)
		return -errno;
	err = scope__load(scope->bpf) ?: scope__attach(scope->bpf);
	if (err)
		return err;
	scope->news = ring_buffer__new(bpf_map__fd(scope->bpf->maps.news), take_news, scope, NULL);
	if (!scope->news)
		return -errno;
	open_view(scope);
	*ret_scope = TAKE_PTR(scope);
	return 0;
}

void monitor_scope_close(struct monitor_scope *scope)
{
	if (!scope)
		return;
	kview_close(scope->view);
	ring_buffer__free(scope->news);
	scope__destroy(scope->bpf);
	monitor_scope_forget_cgroups(scope);
	for (size_t i = 0; i <= MONITOR_TARGETS; i++)
		free(scope->names[i]);
	free(scope);
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */

const char *monitor_scope_name(const struct monitor_scope *scope, uint32_t number)
{
	return number <= MONITOR_TARGETS ? scope->names[number] : NULL;
}

bool monitor_scope_holds(const struct monitor_scope *scope, uint32_t number)
{
	return monitor_scope_name(scope, number) && !scope->released[number];
}

void monitor_scope_tell_held(const struct monitor_scope *scope, uint8_t held[MONITOR_TARGETS + 1])
{
	for (uint32_t i = 0; i <= MONITOR_TARGETS; i++)
		held[i] = monitor_scope_holds(scope, i);
}

uint32_t monitor_scope_number(const struct monitor_scope *scope, const char *name)
{
	for (uint32_t i = 1; i <= MONITOR_TARGETS; i++)
		if (scope->names[i] && !strcmp(scope->names[i], name))
			return i;
	return 0;
}

static int give_number(struct monitor_scope *scope, const char *name)
{
	if (monitor_scope_number(scope, name))
		return 0;
	for (uint32_t i = 1; i <= MONITOR_TARGETS; i++)
		if (!scope->names[i]) {
			scope->names[i] = strdup(name);
			return scope->names[i] ? 0 : -ENOMEM;
		}
	return -E2BIG;
}

/* --- processes ---------------------------------------------------------------------------------------------------- */

static void join_view(struct monitor_scope *scope, pid_t pid)
{
	int err = scope->view ? kview_follow_pid(scope->view, pid) : 0;

	if (err && err != -EEXIST && err != -ESRCH)
		monitor_note("%s", kview_reason(scope->view));
}

static void add_process(struct monitor_scope *scope, pid_t pid, uint32_t target)
{
	__u32 key = pid, before;

	if (!bpf_map__lookup_elem(scope->bpf->maps.scope_tasks, &key, sizeof(key), &before, sizeof(before), 0))
		return;
	if (bpf_map__update_elem(scope->bpf->maps.scope_tasks, &key, sizeof(key), &target, sizeof(target),
				 BPF_NOEXIST)) {
		monitor_note("process %d: no room for more than %d processes", pid, SCOPE_TASKS);
		return;
	}
	scope->generation++;
	join_view(scope, pid);
}

/* @port: the process has begun to listen there; 0: look where it listens. */
static bool selects(const struct monitor_selector *selector, pid_t pid, const char *name, uint32_t port)
{
	switch (selector->by) {
	case MONITOR_BY_NAME:
		return !regexec(&selector->regex, name, 0, NULL, 0);
	case MONITOR_BY_PID:
		return selector->number == (uint32_t)pid;
	case MONITOR_BY_PORT:
		return port ? selector->number == port : process_listens(pid, selector->number);
	case MONITOR_BY_CGROUP:
	case MONITOR_BY_CONTAINER:
	case MONITOR_BY_NETWORK:
	case MONITOR_BY_INTERFACE:
		return false;
	}
	return false;
}

/* Those it has forked before we looked, too. */
static void add_family(struct monitor_scope *scope, pid_t pid, uint32_t target)
{
	_cleanup_(thread_list_deinit) struct thread_list family = {};

	add_process(scope, pid, target);
	if (!thread_list_add_tree(&family, pid))
		for (size_t i = 1; i < family.count; i++)
			add_process(scope, family.list[i], target);
}

static bool matches(const struct monitor_target *target, pid_t pid, const char *name, uint32_t port)
{
	for (size_t i = 0; i < target->selector_count; i++)
		if (selects(&target->selectors[i], pid, name, port))
			return true;
	return false;
}

static void consider(struct monitor_scope *scope, pid_t pid, uint32_t port)
{
	char name[PROCESS_NAME];

	if (process_name(pid, name))
		return;
	for (size_t i = 0; i < scope->config->target_count; i++) {
		struct process_stat stat;

		if (!matches(&scope->config->targets[i], pid, name, port))
			continue;
		if (!process_stat(pid, &stat) && !stat.kernel)
			add_family(scope, pid, monitor_scope_number(scope, scope->config->targets[i].name));
		return;
	}
}

static int consider_one(pid_t pid, void *scope)
{
	consider(scope, pid, 0);
	return 0;
}

/* --- news --------------------------------------------------------------------------------------------------------- */

static int take_news(void *data, void *record, size_t size)
{
	struct monitor_scope *scope = data;
	const struct scope_news *news = record;

	(void)size;
	if (news->kind == SCOPE_CGROUP)
		scope->look_for_cgroups = true;
	else
		consider(scope, news->tgid, news->port);
	return 0;
}

int monitor_scope_fd(const struct monitor_scope *scope)
{
	return ring_buffer__epoll_fd(scope->news);
}

/* What the news would have told is found by looking at everything, as at the beginning. */
static int make_up(struct monitor_scope *scope)
{
	uint64_t missed = scope->bpf->bss->missed;

	if (missed == scope->missed)
		return 0;
	scope->missed = missed;
	scope->look_for_cgroups = true;
	return process_each(consider_one, scope);
}

int monitor_scope_read(struct monitor_scope *scope)
{
	int err = ring_buffer__consume(scope->news);

	/* When there is no room for news, others are waiting: nobody who has to be looked for is looked for too late. */
	err = err < 0 ? err : make_up(scope);
	if (scope->look_for_cgroups) {
		scope->look_for_cgroups = false;
		monitor_scope_find_cgroups(scope);
	}
	return err;
}

/* --- configurations ----------------------------------------------------------------------------------------------- */

static const struct monitor_target *find_target(const struct monitor_config *config, const char *name)
{
	for (size_t i = 0; i < config->target_count; i++)
		if (!strcmp(config->targets[i].name, name))
			return &config->targets[i];
	return NULL;
}

static bool is_same(const struct monitor_target *one, const struct monitor_target *other)
{
	bool same = one->selector_count == other->selector_count;

	for (size_t i = 0; same && i < one->selector_count; i++)
		same = one->selectors[i].by == other->selectors[i].by &&
		       !strcmp(one->selectors[i].text, other->selectors[i].text);
	return same;
}

/* Delete what @map has for @target. */
static void delete_entries(struct bpf_map *map, uint32_t target, struct kview *view)
{
	__u64 key = 0, next;
	size_t size = bpf_map__key_size(map);
	__u32 value;
	int err = bpf_map__get_next_key(map, NULL, &next, size);

	while (!err) {
		key = 0;
		memcpy(&key, &next, size);
		err = bpf_map__get_next_key(map, &key, &next, size);
		if (bpf_map__lookup_elem(map, &key, size, &value, sizeof(value), 0) || value != target)
			continue;
		bpf_map__delete_elem(map, &key, size, 0);
		if (view)
			kview_remove_pid(view, (pid_t)key);
	}
}

static void release_target(struct monitor_scope *scope, uint32_t number)
{
	delete_entries(scope->bpf->maps.scope_tasks, number, scope->view);
	delete_entries(scope->bpf->maps.scope_cgroups, number, NULL);
	monitor_scope_release_cgroups(scope, number);
}

void monitor_scope_release(struct monitor_scope *scope, const struct monitor_config *config)
{
	for (uint32_t i = 1; i <= MONITOR_TARGETS; i++) {
		const struct monitor_target *old = scope->names[i] ? find_target(scope->config, scope->names[i]) : NULL;
		const struct monitor_target *new = old ? find_target(config, old->name) : NULL;

		if (!old || (new && is_same(old, new)))
			continue;
		release_target(scope, i);
		scope->released[i] = true;
		if (new)
			continue;
		free(scope->names[i]);
		scope->names[i] = NULL;
	}
}

static uint32_t wanted_news(const struct monitor_config *config)
{
	static const uint32_t news[] = {
		[MONITOR_BY_CGROUP] = 1U << SCOPE_CGROUP, [MONITOR_BY_CONTAINER] = 1U << SCOPE_CGROUP,
		[MONITOR_BY_NAME] = 1U << SCOPE_EXEC,	  [MONITOR_BY_PID] = 0,
		[MONITOR_BY_PORT] = 1U << SCOPE_LISTEN,	  [MONITOR_BY_NETWORK] = 0,
		[MONITOR_BY_INTERFACE] = 0,
	};
	uint32_t wanted = 0;

	for (size_t i = 0; i < config->target_count; i++)
		for (size_t j = 0; j < config->targets[i].selector_count; j++)
			wanted |= news[config->targets[i].selectors[j].by];
	return wanted;
}

int monitor_scope_apply(struct monitor_scope *scope, const struct monitor_config *config)
{
	int err = 0;

	memset(scope->released, 0, sizeof(scope->released));
	scope->config = config;
	for (size_t i = 0; !err && i < config->target_count; i++)
		err = give_number(scope, config->targets[i].name);
	if (err)
		return err;
	/* Before looking, so that nobody comes in between. */
	scope->bpf->bss->wanted = wanted_news(config);
	monitor_scope_find_cgroups(scope);
	return process_each(consider_one, scope);
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

unsigned int monitor_scope_generation(const struct monitor_scope *scope)
{
	return scope->generation;
}

struct kview *monitor_scope_view(const struct monitor_scope *scope)
{
	return scope->view;
}

struct bpf_map *monitor_scope_tasks(const struct monitor_scope *scope)
{
	return scope->bpf->maps.scope_tasks;
}

struct bpf_map *monitor_scope_cgroups(const struct monitor_scope *scope)
{
	return scope->bpf->maps.scope_cgroups;
}

uint64_t monitor_scope_lost(const struct monitor_scope *scope)
{
	return scope->bpf->bss->lost;
}

struct bpf_object *monitor_scope_object(const struct monitor_scope *scope)
{
	return scope->bpf->obj;
}

// SPDX-License-Identifier: GPL-2.0-only
#include "link.h"

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kallsyms.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "compat/cleanup.h"
#include "compat/prog.h"
#include "compat/symbols.h"
#include "multi.h"
#include "proto.h"
#include "record.h"
#include "tracepoint.h"

static atomic_t last_id = ATOMIC_INIT(0);

enum bpf_prog_type kview_link_prog_type(u32 kind)
{
	switch (kind) {
	case KVIEW_HOOK_ENTRY:
	case KVIEW_HOOK_RETURN:
	case KVIEW_HOOK_SESSION:
		return BPF_PROG_TYPE_KPROBE;
	case KVIEW_HOOK_FENTRY:
	case KVIEW_HOOK_FEXIT:
	case KVIEW_HOOK_BTF_TP:
		return BPF_PROG_TYPE_TRACING;
	case KVIEW_HOOK_TP_ENTER:
	case KVIEW_HOOK_TP_EXIT:
	case KVIEW_HOOK_TP:
		return BPF_PROG_TYPE_TRACEPOINT;
	case KVIEW_HOOK_RAW_ENTER:
	case KVIEW_HOOK_RAW_EXIT:
	case KVIEW_HOOK_RAW_TP:
		return BPF_PROG_TYPE_RAW_TRACEPOINT;
	default:
		return BPF_PROG_TYPE_UNSPEC;
	}
}

bool kview_link_kind_single(u32 kind)
{
	return kind == KVIEW_HOOK_RAW_ENTER || kind == KVIEW_HOOK_RAW_EXIT || kind == KVIEW_HOOK_FENTRY ||
	       kind == KVIEW_HOOK_FEXIT;
}

/* A stub calls the program directly, so both must lie in the module area, which is smaller than 2 GiB. */
static bool in_reach(const struct bpf_prog *prog)
{
	unsigned long func = (unsigned long)prog->bpf_func;

	return func >= MODULES_VADDR && func < MODULES_END;
}

/* What the kernel's own attach points check, and what a stub needs on top. */
static int check_prog(const struct bpf_prog *prog, u32 *why)
{
	if (!prog->jited) {
		*why = KVIEW_WHY_PROG_NOT_JITED;
		return -EOPNOTSUPP;
	}
	if (kview_prog_sleepable(prog)) {
		*why = KVIEW_WHY_PROG_SLEEPABLE;
		return -EOPNOTSUPP;
	}
	if (prog->kprobe_override) {
		*why = KVIEW_WHY_PROG_OVERRIDE;
		return -EOPNOTSUPP;
	}
	if (kview_prog_is_uprobe_multi(prog)) {
		*why = KVIEW_WHY_PROG_MULTI;
		return -EOPNOTSUPP;
	}
	if (!in_reach(prog)) {
		*why = KVIEW_WHY_PROG_FAR;
		return -ERANGE;
	}
	return 0;
}

/* The kernel's own look-up has one errno for other files and for programs of another type. */
static bool is_prog(int fd)
{
	struct file *file = fget(fd);
	bool is;

	if (!file)
		return false;
	is = file->f_op == kview_symbols.bpf_prog_fops;
	fput(file);
	return is;
}

/* A tracing program was verified against one function's arguments; it can go nowhere else. */
static int check_tracing(struct kview_link *link, u32 *why)
{
	enum bpf_attach_type type = link->kind == KVIEW_HOOK_FENTRY ? BPF_TRACE_FENTRY : BPF_TRACE_FEXIT;
	const struct bpf_prog_aux *aux = link->prog->aux;

	if (link->prog->expected_attach_type != type) {
		*why = KVIEW_WHY_PROG_TYPE;
		return -EINVAL;
	}
	if (aux->attach_btf != kview_call(bpf_get_btf_vmlinux)() || !aux->attach_func_proto || !aux->attach_func_name) {
		*why = KVIEW_WHY_NOT_IN_KERNEL;
		return -EOPNOTSUPP;
	}
	link->proto = kzalloc(sizeof(*link->proto), GFP_KERNEL);
	if (!link->proto)
		return -ENOMEM;
	if (kview_proto_read(aux->attach_btf, aux->attach_func_proto, link->proto)) {
		*why = KVIEW_WHY_NO_PROTOTYPE;
		return -EOPNOTSUPP;
	}
	return 0;
}

static int get_prog(struct kview_link *link, int prog_fd, u32 *why)
{
	struct bpf_prog *prog;
	int err;

	if (!is_prog(prog_fd)) {
		*why = KVIEW_WHY_PROG_FD;
		return -EBADF;
	}
	prog = bpf_prog_get_type_dev(prog_fd, kview_link_prog_type(link->kind), false);
	if (IS_ERR(prog)) {
		*why = PTR_ERR(prog) == -EBADF ? KVIEW_WHY_PROG_FD : KVIEW_WHY_PROG_TYPE;
		return PTR_ERR(prog);
	}
	link->prog = prog;
	err = check_prog(prog, why);
	if (!err && (link->kind == KVIEW_HOOK_FENTRY || link->kind == KVIEW_HOOK_FEXIT))
		err = check_tracing(link, why);
	if (!err && kview_prog_is_session(prog) != (link->kind == KVIEW_HOOK_SESSION)) {
		*why = KVIEW_WHY_PROG_TYPE;
		err = -EINVAL;
	}
	return err;
}

static int check_named(const struct kview_link *link, const char *name, u32 *why)
{
	if (!strcmp(name, link->prog->aux->attach_func_name))
		return 0;
	*why = KVIEW_WHY_OTHER_FUNCTION;
	return -EINVAL;
}

/* Is the context a record whose size depends on the hook, not on the program's type alone? */
static bool reads_record(u32 kind)
{
	enum bpf_prog_type type = kview_link_prog_type(kind);

	return type == BPF_PROG_TYPE_TRACEPOINT || type == BPF_PROG_TYPE_RAW_TRACEPOINT;
}

/* What a program of tp_btf may do was checked by the verifier, for the tracepoint it was loaded for. */
static bool is_for(const struct bpf_prog *prog, const char *tracepoint)
{
	return prog->expected_attach_type == BPF_TRACE_RAW_TP && prog->aux->attach_func_name &&
	       !strcmp(prog->aux->attach_func_name, tracepoint);
}

static int init_record(struct kview_hook *hook, u32 *why)
{
	int err = kview_record_new(hook, &hook->record);

	if (err == -EOPNOTSUPP)
		*why = KVIEW_WHY_NO_RECORD;
	return err;
}

/* People know an alias by what they have asked for, and the tracepoints of all system calls by their names. */
static bool has_own_name(const struct kview_hook *hook, const char *name)
{
	char symbol[KSYM_SYMBOL_LEN];

	if (!hook->addr)
		return hook->number != KVIEW_NUMBER_ALL;
	sprint_symbol_no_offset(symbol, hook->addr);
	return !strcmp(symbol, name);
}

static int remember_name(struct kview_hook *hook, const char *name)
{
	if (!name || has_own_name(hook, name))
		return 0;
	hook->name = kstrdup(name, GFP_KERNEL);
	return hook->name ? 0 : -ENOMEM;
}

static int init_hook(struct kview_link *link, struct kview_hook *hook, const struct kview_target *target,
		     const char *name, u32 *why)
{
	int err;

	if (link->proto) {
		err = name ? check_named(link, name, why) : 0;
		if (err)
			return err;
		name = link->prog->aux->attach_func_name;
	}
	err = kview_hook_resolve(hook, link->kind, name, target->value, why);
	if (err)
		return err;
	if (reads_record(link->kind) &&
	    link->prog->aux->max_ctx_offset > kview_hook_context_size(hook, link->kind)) {
		*why = KVIEW_WHY_PROG_CONTEXT;
		return -EACCES;
	}
	if (link->kind == KVIEW_HOOK_BTF_TP && !is_for(link->prog, name)) {
		*why = KVIEW_WHY_PROG_OTHER_TP;
		return -EINVAL;
	}
	hook->link = link;
	hook->cookie = target->cookie;
	hook->counts = alloc_percpu(struct kview_counts);
	if (!hook->counts)
		return -ENOMEM;
	err = remember_name(hook, name);
	if (err)
		return err;
	return hook->event ? init_record(hook, why) : 0;
}

static int compare_hooks(const void *a, const void *b)
{
	const struct kview_hook *x = *(const struct kview_hook *const *)a, *y = *(const struct kview_hook *const *)b;

	if (x->tracepoint != y->tracepoint)
		return x->tracepoint < y->tracepoint ? -1 : 1;
	if (x->event != y->event)
		return x->event < y->event ? -1 : 1;
	if (x->site != y->site)
		return x->site < y->site ? -1 : 1;
	return x->number == y->number ? 0 : x->number < y->number ? -1 : 1;
}

/* The same hook twice would run the program twice for one event. */
static int check_duplicates(struct kview_link *link, u32 *why, u32 *index)
{
	struct kview_hook **sorted __free(kview_kvfree) = kvmalloc_array(link->count, sizeof(*sorted), GFP_KERNEL);
	u32 i;

	if (!sorted)
		return -ENOMEM;
	for (i = 0; i < link->count; i++)
		sorted[i] = &link->hooks[i];
	sort(sorted, link->count, sizeof(*sorted), compare_hooks, NULL);
	for (i = 1; i < link->count; i++) {
		if (compare_hooks(&sorted[i - 1], &sorted[i]))
			continue;
		*why = KVIEW_WHY_DUPLICATE;
		*index = max(sorted[i - 1], sorted[i]) - link->hooks;
		return -EINVAL;
	}
	return 0;
}

static int fill(struct kview_link *link, int prog_fd, const struct kview_target *targets, char *const *names, u32 *why,
		u32 *index)
{
	int err = get_prog(link, prog_fd, why);
	u32 i;

	for (i = 0; !err && i < link->count; i++) {
		*index = i;
		err = init_hook(link, &link->hooks[i], &targets[i], names[i], why);
	}
	if (!err)
		err = check_duplicates(link, why, index);
	if (err || !kview_prog_is_multi(link->prog))
		return err;
	err = kview_multi_new(link, &link->multi);
	if (err == -EOPNOTSUPP)
		*why = KVIEW_WHY_PROG_MULTI;
	return err;
}

int kview_link_new(u32 kind, int prog_fd, const struct kview_target *targets, char *const *names, u32 count, u32 *why,
		   u32 *index, struct kview_link **ret_link)
{
	struct kview_link *link = kzalloc(sizeof(*link), GFP_KERNEL);
	int err;

	if (!link)
		return -ENOMEM;
	refcount_set(&link->refs, 1);
	INIT_LIST_HEAD(&link->node);
	link->id = atomic_inc_return(&last_id);
	link->kind = kind;
	link->count = count;
	link->hooks = kvcalloc(count, sizeof(*link->hooks), GFP_KERNEL);
	err = link->hooks ? fill(link, prog_fd, targets, names, why, index) : -ENOMEM;
	if (err) {
		kview_link_put(link);
		return err;
	}
	*ret_link = link;
	return 0;
}

void kview_link_put(struct kview_link *link)
{
	u32 i;

	if (!link || !refcount_dec_and_test(&link->refs))
		return;
	for (i = 0; link->hooks && i < link->count; i++) {
		free_percpu(link->hooks[i].counts);
		kfree(link->hooks[i].name);
		kview_record_free(link->hooks[i].record);
	}
	if (link->prog)
		bpf_prog_put(link->prog);
	kvfree(link->hooks);
	kfree(link->proto);
	kview_multi_free(link->multi);
	kfree(link);
}

size_t kview_link_bytes(const struct kview_link *link)
{
	return sizeof(*link) + link->count * (sizeof(*link->hooks) + num_possible_cpus() * sizeof(struct kview_counts));
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "observer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>

#include "context.skel.h"
#include "programs.h"
#include "testlib.h"

void observed_call(void)
{
	syscall(OBSERVED_CALL, -5, 0x1111, 0x2222, 0x3333, 0x4444, 0x5555);
}

struct observer observer_new(pid_t tgid)
{
	struct observer observer = { .bpf = context__open() };

	CHECK(observer.bpf);
	observer.bpf->rodata->tgid = tgid;
	if (test_kernel() >= 610) {
		bpf_program__set_autoload(observer.bpf->progs.on_session, true);
		bpf_program__set_expected_attach_type(observer.bpf->progs.on_session, TRACE_KPROBE_SESSION);
	}
	CHECK(!context__load(observer.bpf));
	observer.kprobe = bpf_program__fd(observer.bpf->progs.on_kprobe);
	observer.multi = bpf_program__fd(observer.bpf->progs.on_multi);
	observer.fentry = bpf_program__fd(observer.bpf->progs.on_fentry);
	observer.fexit = bpf_program__fd(observer.bpf->progs.on_fexit);
	observer.enter = bpf_program__fd(observer.bpf->progs.on_enter);
	observer.exit = bpf_program__fd(observer.bpf->progs.on_exit);
	observer.raw = bpf_program__fd(observer.bpf->progs.on_raw);
	observer.session = bpf_program__fd(observer.bpf->progs.on_session);
	return observer;
}

struct context_record observer_take(struct observer *observer)
{
	int map = bpf_map__fd(observer->bpf->maps.record);
	struct context_record record, none = {};
	__u32 key = 0;

	CHECK_CALL(bpf_map_lookup_elem(map, &key, &record));
	CHECK_CALL(bpf_map_update_elem(map, &key, &none, 0));
	return record;
}

/* --- attaching --- */

int kernel_event(struct perf_event_attr *attr)
{
	return CHECK_CALL(syscall(SYS_perf_event_open, attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC));
}

int kernel_attach(int event, int prog)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .perf_event.bpf_cookie = KERNEL_COOKIE);
	int link = CHECK_CALL(bpf_link_create(prog, event, BPF_PERF_EVENT, &opts));

	close(event); /* the link holds it */
	return link;
}

int observer_link(int view, __u32 kind, int prog)
{
	struct kview_target target = { .cookie = KVIEW_COOKIE };

	if (kind == KVIEW_HOOK_ENTRY || kind == KVIEW_HOOK_RETURN || kind == KVIEW_HOOK_SESSION)
		target.name = (unsigned long)CONTEXT_FUNCTION;
	else if (kind != KVIEW_HOOK_FENTRY && kind != KVIEW_HOOK_FEXIT)
		target.value = OBSERVED_CALL;
	return CHECK_CALL(kv_try_link(view, kind, prog, &target, 1));
}

/* --- what has to be the same --- */

void expect_same_task(const struct context_record *ours, const struct context_record *kernels)
{
	CHECK_EQUAL(kernels->events, 1);
	CHECK_EQUAL(ours->events, 1);
	CHECK_EQUAL(ours->pid_tgid, kernels->pid_tgid);
	CHECK_EQUAL(ours->uid_gid, kernels->uid_gid);
	CHECK_EQUAL(ours->task, kernels->task);
	CHECK_EQUAL(ours->cgroup, kernels->cgroup);
	CHECK(!memcmp(ours->comm, kernels->comm, sizeof(ours->comm)));
}

/*
 * A stack as bpf_get_stackid() stored it is the one bpf_get_stack() gave, but for @skip frames: a stack taken inside
 * the program begins with the place in it that asks.
 */
static void expect_stored_stack(struct bpf_map *map, __s64 id, const __u64 *stack, __s64 bytes, int skip)
{
	__u64 stored[CONTEXT_STACK] = {};
	__u32 key = id;

	if (bytes <= 0) {
		CHECK(id < 0);
		return;
	}
	CHECK(id >= 0);
	CHECK_CALL(bpf_map_lookup_elem(bpf_map__fd(map), &key, stored));
	CHECK(!memcmp(stored + skip, stack + skip, bytes - skip * 8));
}

void expect_stored_stacks(struct observer *observer, const struct context_record *record, int skip)
{
	expect_stored_stack(observer->bpf->maps.kernel_stacks, record->kernel_stack_id, record->kernel_stack,
			    record->kernel_bytes, skip);
	expect_stored_stack(observer->bpf->maps.user_stacks, record->user_stack_id, record->user_stack,
			    record->user_bytes, 0);
}

void expect_same_user_stack(const struct context_record *ours, const struct context_record *kernels)
{
	CHECK_EQUAL(ours->user_bytes, kernels->user_bytes);
	CHECK(!memcmp(ours->user_stack, kernels->user_stack, ours->user_bytes));
}

static void print_stack(const char *whose, const __u64 *stack, __s64 bytes)
{
	for (int i = 0; i < bytes / 8; i++)
		test_note("%s stack %d: %llx", whose, i, stack[i]);
}

void expect_same_outer_frames(const struct context_record *ours, const struct context_record *kernels, int count)
{
	int mine = ours->kernel_bytes / 8 - count, theirs = kernels->kernel_bytes / 8 - count;

	if (kernels->kernel_bytes <= 0) {
		CHECK_EQUAL(ours->kernel_bytes, kernels->kernel_bytes);
		return;
	}
	if (mine >= 0 && theirs >= 0 &&
	    !memcmp(&ours->kernel_stack[mine], &kernels->kernel_stack[theirs], count * 8))
		return;
	print_stack("kview's", ours->kernel_stack, ours->kernel_bytes);
	print_stack("kernel's", kernels->kernel_stack, kernels->kernel_bytes);
	FAIL("the outer %d frames differ", count);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// vm: --pti --cpus 1
/*
 * Tracepoints through views: every event of a member is seen once, nobody else's is, other users of the tracepoint see
 * members as before; and what cannot be hooked is refused.
 */
#include <fcntl.h>
#include <sys/prctl.h>

#include "modules.h"
#include "programs.h"
#include "subject.h"
#include "testlib.h"
#include "tracepoints.h"

#define THREADS 3
#define CALLS 500

/* Fires task_rename once: (task, comm), in one place of the kernel. */
static void do_rename(void)
{
	prctl(PR_SET_NAME, "renamed");
}

static struct counter btf_counter(const char *tracepoint)
{
	return counter_tracing(BPF_TRACE_RAW_TP, tracepoint, 0);
}

static void expect_exact_at(__u32 kind, struct counter counter, const char *name)
{
	struct subject member = subject_new_calling(THREADS, do_rename);
	struct subject outsider = subject_new_calling(THREADS, do_rename);
	struct kview_link_info info;
	int view = kv_view(), link;

	tracepoint_need("task_rename");
	kv_member(view, member.pid);
	link = kv_tracepoint(view, kind, counter.prog, name);
	subject_call(&outsider, CALLS);
	CHECK_EQUAL(*counter.value, 0);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counter.value, THREADS * CALLS);
	info = kv_link_info(link);
	CHECK_EQUAL(info.runs, THREADS * CALLS);
	CHECK_EQUAL(info.missed, 0);
	CHECK_EQUAL(info.hooks, 1);
	close(link);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counter.value, THREADS * CALLS);
}

static void expect_exact(__u32 kind, struct counter counter)
{
	expect_exact_at(kind, counter, "task_rename");
}

static void raw(void)
{
	expect_exact(KVIEW_HOOK_RAW_TP, counter_new(BPF_PROG_TYPE_RAW_TRACEPOINT));
}

static void btf(void)
{
	expect_exact(KVIEW_HOOK_BTF_TP, btf_counter("task_rename"));
}

/* While the kernel's statistics of programs are on, they run in another way. */
static void with_statistics(void)
{
	test_set("/proc/sys/kernel/bpf_stats_enabled", "1");
	raw();
	test_set("/proc/sys/kernel/bpf_stats_enabled", "0");
}

static void record(void)
{
	expect_exact_at(KVIEW_HOOK_TP, counter_new(BPF_PROG_TYPE_TRACEPOINT), "task/task_rename");
}

/* Whoever hooks the function where a view's records end sees these pass, and the program runs as before. */
static void record_end_hooked(bool in_view)
{
	struct subject member = subject_new_calling(THREADS, do_rename);
	struct counter ours = counter_new(BPF_PROG_TYPE_TRACEPOINT), theirs = counter_of(BPF_PROG_TYPE_KPROBE, member.pid);
	static const char function[] = "perf_trace_run_bpf_submit";
	int view = kv_view(), link, hook;

	tracepoint_need("task_rename");
	kv_member(view, member.pid);
	link = kv_tracepoint(view, KVIEW_HOOK_TP, ours.prog, "task/task_rename");
	hook = in_view ? kv_entry(view, theirs.prog, function) : CHECK_CALL(kprobe_attach(theirs.prog, function, 0, false));
	subject_call(&member, CALLS);
	CHECK_EQUAL(*ours.value, THREADS * CALLS);
	CHECK_EQUAL(*theirs.value, THREADS * CALLS);
	close(hook);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*ours.value, 2 * THREADS * CALLS);
	CHECK_EQUAL(*theirs.value, THREADS * CALLS);
	CHECK_EQUAL(kv_link_info(link).runs, 2 * THREADS * CALLS);
}

static void record_end_probed(void)
{
	record_end_hooked(false);
}

static void record_end_in_view(void)
{
	record_end_hooked(true);
}

/* The kernel's own event of the same name, with a program for the same process, and ours. */
static void record_beside_event(void)
{
	struct subject member = subject_new_calling(THREADS, do_rename);
	struct counter ours[2] = { counter_new(BPF_PROG_TYPE_TRACEPOINT), counter_new(BPF_PROG_TYPE_TRACEPOINT) };
	struct counter theirs = counter_of(BPF_PROG_TYPE_TRACEPOINT, member.pid);
	int view = kv_view(), event;

	tracepoint_need("task_rename");
	kv_member(view, member.pid);
	kv_tracepoint(view, KVIEW_HOOK_TP, ours[0].prog, "task/task_rename");
	kv_tracepoint(view, KVIEW_HOOK_TP, ours[1].prog, "task/task_rename");
	event = tracepoint_attach(theirs.prog, "task/task_rename");
	subject_call(&member, CALLS);
	CHECK_EQUAL(*theirs.value, THREADS * CALLS);
	close(event);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*theirs.value, THREADS * CALLS);
	CHECK_EQUAL(*ours[0].value, 2 * THREADS * CALLS);
	CHECK_EQUAL(*ours[1].value, 2 * THREADS * CALLS);
}

static void name_of_hook(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_RAW_TRACEPOINT);
	struct kview_hook_info hook = { .size = sizeof(hook) };
	int view = kv_view();

	tracepoint_need("task_rename");
	hook.view = kv_view_info(view).id;
	hook.link = kv_link_info(kv_tracepoint(view, KVIEW_HOOK_RAW_TP, counter.prog, "task_rename")).id;
	CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_HOOK_INFO, &hook));
	CHECK(!strcmp(hook.name, "task_rename"));
}

static void two_views_two_programs(void)
{
	struct subject member = subject_new_calling(THREADS, do_rename);
	struct counter counters[3];
	int views[] = { kv_view(), kv_view() };

	tracepoint_need("task_rename");
	for (int i = 0; i < 3; i++)
		counters[i] = counter_new(BPF_PROG_TYPE_RAW_TRACEPOINT);
	kv_member(views[0], member.pid);
	kv_tracepoint(views[0], KVIEW_HOOK_RAW_TP, counters[0].prog, "task_rename");
	kv_tracepoint(views[0], KVIEW_HOOK_RAW_TP, counters[1].prog, "task_rename");
	kv_tracepoint(views[1], KVIEW_HOOK_RAW_TP, counters[2].prog, "task_rename");
	subject_call(&member, CALLS);
	kv_member(views[1], member.pid);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counters[0].value, 2 * THREADS * CALLS);
	CHECK_EQUAL(*counters[1].value, 2 * THREADS * CALLS);
	CHECK_EQUAL(*counters[2].value, THREADS * CALLS);
}

/* Two others, so that the kernel takes its way for several; then one; then none. */
static void others_see_member(void)
{
	struct subject member = subject_new_calling(THREADS, do_rename);
	struct counter ours = counter_new(BPF_PROG_TYPE_RAW_TRACEPOINT), theirs[2];
	int links[2], view = kv_view();

	tracepoint_need("task_rename");
	kv_member(view, member.pid);
	for (int i = 0; i < 2; i++) {
		theirs[i] = counter_of(BPF_PROG_TYPE_RAW_TRACEPOINT, member.pid);
		links[i] = raw_tracepoint_attach(theirs[i].prog, "task_rename");
	}
	kv_tracepoint(view, KVIEW_HOOK_RAW_TP, ours.prog, "task_rename");
	subject_call(&member, CALLS);
	close(links[0]);
	subject_call(&member, CALLS);
	close(links[1]);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*ours.value, 3 * THREADS * CALLS);
	CHECK_EQUAL(*theirs[0].value, THREADS * CALLS);
	CHECK_EQUAL(*theirs[1].value, 2 * THREADS * CALLS);
}

static void expect_refused(__u32 kind, int prog, const char *name, int err, __u32 reason)
{
	int view = kv_view();

	CHECK_EQUAL(kv_try_tracepoint(view, kind, prog, name), err);
	CHECK_EQUAL(kv_reason, reason);
}

/* A program that reads the @index-th argument. */
static int program_reading(unsigned int index)
{
	const struct bpf_insn insns[] = {
		INSN(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_0, BPF_REG_1, 8 * index, 0),
		INSN_MOV(BPF_REG_0, 0),
		INSN_EXIT,
	};

	return program_load(BPF_PROG_TYPE_RAW_TRACEPOINT, insns, 3);
}

static void refusals(void)
{
	int raw_prog = program_nothing(BPF_PROG_TYPE_RAW_TRACEPOINT), view = kv_view();

	tracepoint_need("task_rename");
	expect_refused(KVIEW_HOOK_RAW_TP, raw_prog, "no_such_tracepoint", -ENOENT, KVIEW_WHY_NO_TRACEPOINT);
	expect_refused(KVIEW_HOOK_RAW_TP, raw_prog, "page_fault_user", -EOPNOTSUPP, KVIEW_WHY_TP_GLOBAL);
	expect_refused(KVIEW_HOOK_RAW_TP, program_reading(2), "task_rename", -EACCES, KVIEW_WHY_PROG_CONTEXT);
	expect_refused(KVIEW_HOOK_RAW_TP, program_nothing(BPF_PROG_TYPE_KPROBE), "task_rename", -EINVAL,
		       KVIEW_WHY_PROG_TYPE);
	expect_refused(KVIEW_HOOK_BTF_TP, raw_prog, "task_rename", -EINVAL, KVIEW_WHY_PROG_TYPE);
	expect_refused(KVIEW_HOOK_BTF_TP, btf_counter("sched_switch").prog, "task_rename", -EINVAL,
		       KVIEW_WHY_PROG_OTHER_TP);
	expect_refused(KVIEW_HOOK_BTF_TP, counter_tracing(BPF_TRACE_FENTRY, "vfs_read", 0).prog, "task_rename", -EINVAL,
		       KVIEW_WHY_PROG_OTHER_TP);
	expect_refused(KVIEW_HOOK_TP, program_nothing(BPF_PROG_TYPE_TRACEPOINT), "task_rename", -ENOENT,
		       KVIEW_WHY_NO_TRACEPOINT);
	expect_refused(KVIEW_HOOK_TP, raw_prog, "task/task_rename", -EINVAL, KVIEW_WHY_PROG_TYPE);
	kv_tracepoint(view, KVIEW_HOOK_RAW_TP, program_reading(1), "task_rename");
}

static void same_twice(void)
{
	struct kview_target targets[] = { { .name = (unsigned long)"task_rename" },
					  { .name = (unsigned long)"task_newtask" },
					  { .name = (unsigned long)"task_rename" } };
	int prog = program_nothing(BPF_PROG_TYPE_RAW_TRACEPOINT), view = kv_view();

	tracepoint_need("task_rename");
	CHECK_EQUAL(kv_try_link(view, KVIEW_HOOK_RAW_TP, prog, targets, 3), -EINVAL);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_DUPLICATE);
	CHECK_EQUAL(kv_index, 2);
	CHECK(kv_try_link(view, KVIEW_HOOK_RAW_TP, prog, targets, 2) >= 0);
}

static void undo(void)
{
	test_write("/proc/sys/kernel/bpf_stats_enabled", "0");
	module_unload("test_tracepoint");
}

/* try_module_get() of ours, in the kernel. */
static void open_device(void)
{
	close(open(KVIEW_DEVICE, O_RDWR));
}

static void call_from_module(void)
{
	test_set("/sys/module/test_tracepoint/parameters/call", "1");
}

static __u32 partial_hook(int view, int link)
{
	struct kview_hook_info info = {
		.size = sizeof(info),
		.view = kv_view_info(view).id,
		.link = kv_link_info(link).id,
	};

	CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_HOOK_INFO, &info));
	return info.partial;
}

static void run_twice(struct subject *subject, void (*function)(void *unused))
{
	subject_do(subject, function, NULL);
	subject_do(subject, function, NULL);
}

static void open_twice(void *unused)
{
	(void)unused;
	open_device();
	open_device();
}

static void call_twice(void *unused)
{
	(void)unused;
	call_from_module();
	call_from_module();
}

/* All views share modules' text: what one that is loaded later calls is not seen, and that is told. */
static void module_loaded_since(void)
{
	struct subject member = subject_new(1);
	struct counter counter = counter_new(BPF_PROG_TYPE_RAW_TRACEPOINT), other = counter_new(BPF_PROG_TYPE_RAW_TRACEPOINT);
	int view = kv_view(), link;
	uint64_t opened;

	tracepoint_need("module_get");
	link = kv_tracepoint(view, KVIEW_HOOK_RAW_TP, counter.prog, "module_get");
	kv_member(view, member.pid);
	run_twice(&member, open_twice);
	opened = *counter.value;
	CHECK(opened >= 4);
	CHECK_EQUAL(kv_view_info(view).partial, 0);
	module_load_test("test_tracepoint");
	CHECK_EQUAL(kv_view_info(view).partial, 1);
	CHECK_EQUAL(partial_hook(view, link), 1);
	CHECK_EQUAL(kv_try_tracepoint(view, KVIEW_HOOK_RAW_TP, other.prog, "module_get"), -EOPNOTSUPP);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_TP_IN_MODULE);
	run_twice(&member, call_twice);
	CHECK_EQUAL(*counter.value, opened);
	run_twice(&member, open_twice);
	CHECK_EQUAL(*counter.value, 2 * opened);
	WAIT_FOR(!module_unload("test_tracepoint"));
	CHECK_EQUAL(kv_view_info(view).partial, 0);
	CHECK_EQUAL(partial_hook(view, link), 0);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST_CASE(raw),		     TEST_CASE(btf),	   TEST_CASE(with_statistics),
		TEST_CASE(record), TEST_CASE(record_end_probed), TEST_CASE(record_end_in_view), TEST_CASE(record_beside_event),
		TEST_CASE(name_of_hook), TEST_CASE(two_views_two_programs),
		TEST_CASE(others_see_member), TEST_CASE(refusals), TEST_CASE(same_twice), TEST_CASE(module_loaded_since),
	};

	test_undo = undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}

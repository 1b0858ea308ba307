// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 300
/* Many programs on one hook, many hooks in one view: each program still runs once per event. */
#include <sys/resource.h>
#include <sys/syscall.h>

#include "programs.h"
#include "subject.h"
#include "symbols.h"
#include "testlib.h"

#define FUNCTION "__x64_sys_getppid"
#define CALLS 100
#define PROGRAMS_MAX 1000

static void allow_many_files(void)
{
	struct rlimit limit = { 8192, 8192 };

	CHECK_CALL(setrlimit(RLIMIT_NOFILE, &limit));
}

struct set {
	struct counter counter[PROGRAMS_MAX];
	int link[PROGRAMS_MAX];
};

static void expect_each(struct set *set, int count, uint64_t calls)
{
	for (int i = 0; i < count; i++) {
		if (*set->counter[i].value != calls)
			FAIL("program %d of %d ran %llu times, not %llu", i, count,
			     (unsigned long long)*set->counter[i].value, (unsigned long long)calls);
		CHECK_EQUAL(kv_link_info(set->link[i]).runs, calls);
	}
}

static void programs(__u32 kind, enum bpf_prog_type type, int count)
{
	struct subject member = subject_new(1);
	static struct set set;
	int view = kv_view();

	allow_many_files();
	kv_member(view, member.pid);
	for (int i = 0; i < count; i++) {
		set.counter[i] = counter_new(type);
		set.link[i] = kind == KVIEW_HOOK_ENTRY ? kv_entry(view, set.counter[i].prog, FUNCTION) :
							 kv_syscall(view, kind, set.counter[i].prog, SYS_getppid);
	}
	subject_call(&member, CALLS);
	expect_each(&set, count, CALLS);
}

static void programs_1(void)
{
	programs(KVIEW_HOOK_ENTRY, BPF_PROG_TYPE_KPROBE, 1);
}

static void programs_10(void)
{
	programs(KVIEW_HOOK_ENTRY, BPF_PROG_TYPE_KPROBE, 10);
}

static void programs_50(void)
{
	programs(KVIEW_HOOK_ENTRY, BPF_PROG_TYPE_KPROBE, 50);
}

static void programs_200(void)
{
	programs(KVIEW_HOOK_ENTRY, BPF_PROG_TYPE_KPROBE, 200);
}

static void syscall_programs_200(void)
{
	programs(KVIEW_HOOK_TP_ENTER, BPF_PROG_TYPE_TRACEPOINT, 200);
}

#define NEARLY_FULL 2450 /* of the 2,505 programs a trampoline takes */

/* Held links are counted when they start. */
static void expect_no_start(int view, int prog)
{
	struct kview_target target = { .name = (unsigned long)FUNCTION };
	struct kview_links_start request = { .size = sizeof(request) };
	int link = CHECK_CALL(kv_try_link_flags(view, KVIEW_HOOK_ENTRY, KVIEW_LINK_HELD, prog, &target, 1));

	CHECK(ioctl(view, KVIEW_IOC_LINKS_START, &request) < 0 && errno == E2BIG);
	CHECK_EQUAL(request.reason, KVIEW_WHY_TOO_MANY_PROGRAMS);
	close(link);
}

/*
 * One more than a trampoline takes is refused, and what was there goes on. Without members there are no trampolines,
 * so nearly all links are made quickly; then the member comes.
 */
static void too_many_programs(void)
{
	struct subject member = subject_new(1);
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), link = 0, count;
	uint64_t before;

	allow_many_files();
	for (count = 0; count < NEARLY_FULL; count++)
		kv_entry(view, counter.prog, FUNCTION);
	kv_member(view, member.pid);
	while (link >= 0 && count < 2 * NEARLY_FULL) {
		link = kv_try_entry(view, counter.prog, FUNCTION);
		count += link >= 0;
	}
	CHECK_EQUAL(link, -E2BIG);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_TOO_MANY_PROGRAMS);
	expect_no_start(view, counter.prog);
	test_note("%d programs on one hook", count);
	before = *counter.value;
	subject_call(&member, 10);
	CHECK_EQUAL(*counter.value, before + 10 * count);
	CHECK_EQUAL(kv_view_info(view).links, count);
}

/* Too many links without a member: nobody can become one, until some are gone. */
static void too_many_for_a_member(void)
{
	struct subject member = subject_new(1);
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), link[3000];

	allow_many_files();
	for (int i = 0; i < 3000; i++)
		link[i] = kv_entry(view, counter.prog, FUNCTION);
	CHECK_EQUAL(kv_try_member(view, member.pid), -E2BIG);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_TOO_MANY_PROGRAMS);
	CHECK_EQUAL(kv_view_info(view).members, 0);
	for (int i = 100; i < 3000; i++)
		close(link[i]);
	kv_member(view, member.pid);
	subject_call(&member, 10);
	CHECK_EQUAL(*counter.value, 1000);
}

static uint64_t runs_at(int view, int link, const struct targets *targets, const char *function)
{
	struct kview_hook_info hook = {
		.size = sizeof(hook),
		.view = kv_view_info(view).id,
		.link = kv_link_info(link).id,
		.index = targets_find(targets, symbol_address(function)),
	};

	CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_HOOK_INFO, &hook));
	CHECK(!strcmp(hook.name, function));
	return hook.runs;
}

/* One link on everything: the kernel with a trampoline at nearly every function it has. */
static void everything(__u32 kind)
{
	struct subject member = subject_new_calling(1, subject_read), outsider = subject_new_calling(1, subject_read);
	struct targets all = targets_of(kind);
	struct counter own = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), nothing = program_nothing(BPF_PROG_TYPE_KPROBE), link;
	long start = test_now(), attached, done;
	struct kview_link_info info;

	kv_entry(view, own.prog, "__x64_sys_read");
	link = kv_try_link(view, kind, nothing, all.list, all.count);
	if (link < 0)
		FAIL("hook %zu functions: %s, %s", all.count, strerror(-link), kv_reason_name(kv_reason));
	kv_member(view, member.pid);
	attached = test_now();
	subject_call(&member, CALLS);
	subject_call(&outsider, CALLS);
	CHECK_EQUAL(*own.value, CALLS);
	CHECK_EQUAL(runs_at(view, link, &all, "__x64_sys_read"), CALLS);
	info = kv_link_info(link);
	done = test_now();
	test_note("%zu functions: attached in %ld ms, ran %llu times, missed %llu, skipped %llu, %u pages, %llu bytes",
		  all.count, attached - start, (unsigned long long)info.runs, (unsigned long long)info.missed,
		  (unsigned long long)info.skipped, kv_view_info(view).text_pages,
		  (unsigned long long)kv_view_info(view).bytes);
	close(link);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*own.value, 2 * CALLS);
	test_note("detached in %ld ms", test_now() - done);
}

static void every_function(void)
{
	everything(KVIEW_HOOK_ENTRY);
}

/* Here trampolines stay on the stack, one for each function that is active. */
static void every_return(void)
{
	everything(KVIEW_HOOK_RETURN);
}

/* Many links, each on many hooks, that come and go while the member calls. */
static void overlapping_links(void)
{
	struct subject member = subject_new_calling(2, subject_read);
	struct targets all = targets_all(), pages = targets_per_page(&all);
	struct counter own = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), nothing = program_nothing(BPF_PROG_TYPE_KPROBE), link[4];
	uint64_t calls;

	kv_entry(view, own.prog, "__x64_sys_read");
	kv_member(view, member.pid);
	subject_start(&member);
	for (size_t i = 0; i < 4; i++)
		link[i] = CHECK_CALL(kv_try_link(view, KVIEW_HOOK_ENTRY, nothing, pages.list + i * 100, 400));
	for (size_t i = 0; i < 4; i++)
		close(link[(i + 2) % 4]);
	calls = subject_stop(&member);
	CHECK_EQUAL(*own.value, calls);
}

TEST_MAIN(TEST_CASE(programs_1), TEST_CASE(programs_10), TEST_CASE(programs_50), TEST_CASE(programs_200),
	  TEST_CASE(syscall_programs_200), TEST_CASE(too_many_programs),
	  TEST_CASE(too_many_for_a_member), TEST_CASE(every_function), TEST_CASE(every_return),
	  TEST_CASE(overlapping_links))

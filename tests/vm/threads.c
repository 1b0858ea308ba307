// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 300
/* Members that are threads: their programs run for them alone, to the last call, whatever becomes of their process. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "crew.h"
#include "programs.h"
#include "testlib.h"
#include "tracepoints.h"

#define FUNCTION "__x64_sys_getppid"

/* --- members -------------------------------------------------------------------------------------------------------- */

static int try_flags(int view, __u32 flags, pid_t tid)
{
	struct kview_member member = { .size = sizeof(member), .flags = flags, .pid = tid, .pidfd = -1 };

	return ioctl(view, KVIEW_IOC_MEMBER_ADD, &member) < 0 ? -errno : 0;
}

static void add(int view, const struct crew *crew, int hand)
{
	int err = kv_try_thread(view, crew->hands[hand].tid);

	if (err)
		FAIL("hand %d: %s, %s", hand, strerror(-err), kv_reason_name(kv_reason));
}

static void expect_refused(int err, int want, __u32 reason)
{
	if (err != want || kv_reason != reason)
		FAIL("%s, %s; not %s, %s", strerror(-err), kv_reason_name(kv_reason), strerror(-want),
		     kv_reason_name(reason));
}

/* --- a view with a program of each kind on what call() does ---------------------------------------------------------- */

#define KINDS 8

struct scene {
	int view, kinds;
	int links[KINDS];
	struct counter counters[KINDS];
};

static int attach(int view, __u32 kind, int prog, const char *name, uint64_t value)
{
	struct kview_target target = { .name = (unsigned long)name, .value = value };
	int link = kv_try_link(view, kind, prog, &target, 1);

	if (link < 0)
		FAIL("kind %u, %s: %s, %s", kind, name, strerror(-link), kv_reason_name(kv_reason));
	return link;
}

static struct scene scene_new(void)
{
	static const struct {
		__u32 kind;
		enum bpf_prog_type type;
		enum bpf_attach_type attach;
		const char *name;
		uint64_t value;
	} kinds[KINDS] = {
		{ KVIEW_HOOK_ENTRY, BPF_PROG_TYPE_KPROBE, 0, FUNCTION, 0 },
		{ KVIEW_HOOK_RETURN, BPF_PROG_TYPE_KPROBE, 0, FUNCTION, 0 },
		{ KVIEW_HOOK_FENTRY, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "__set_task_comm", 0 },
		{ KVIEW_HOOK_FEXIT, BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, "__set_task_comm", 0 },
		{ KVIEW_HOOK_TP_ENTER, BPF_PROG_TYPE_TRACEPOINT, 0, NULL, SYS_getppid },
		{ KVIEW_HOOK_TP_EXIT, BPF_PROG_TYPE_TRACEPOINT, 0, NULL, SYS_getppid },
		{ KVIEW_HOOK_RAW_TP, BPF_PROG_TYPE_RAW_TRACEPOINT, 0, "task_rename", 0 },
		{ KVIEW_HOOK_TP, BPF_PROG_TYPE_TRACEPOINT, 0, "task/task_rename", 0 },
	};
	struct scene scene = { .view = kv_view() };

	/* The last two are tracepoints. */
	scene.kinds = tracepoint_is_checked("task_rename") ? KINDS - 2 : KINDS;
	for (int i = 0; i < scene.kinds; i++) {
		scene.counters[i] = kinds[i].attach ? counter_tracing(kinds[i].attach, kinds[i].name, 0) :
						      counter_new(kinds[i].type);
		scene.links[i] = attach(scene.view, kinds[i].kind, scene.counters[i].prog, kinds[i].name, kinds[i].value);
	}
	return scene;
}

static void expect(const struct scene *scene, uint64_t calls)
{
	for (int i = 0; i < scene->kinds; i++) {
		struct kview_link_info info = kv_link_info(scene->links[i]);

		if (*scene->counters[i].value == calls && info.runs == calls && !info.missed)
			continue;
		FAIL("kind %u: ran %llu times, counted %llu, missed %llu; not %llu", info.kind,
		     (unsigned long long)*scene->counters[i].value, (unsigned long long)info.runs,
		     (unsigned long long)info.missed, (unsigned long long)calls);
	}
}

/* --- cases ---------------------------------------------------------------------------------------------------------- */

static void one(void)
{
	struct crew crew = crew_new(4);
	struct scene scene = scene_new();

	add(scene.view, &crew, 1);
	crew_call(&crew, 4);
	expect(&scene, CREW_CALLS);
	CHECK_EQUAL(kv_try_thread_remove(scene.view, crew.hands[1].tid), 0);
	crew_call(&crew, 4);
	expect(&scene, CREW_CALLS);
	CHECK_EQUAL(kv_view_info(scene.view).text_pages, 0);
	CHECK_EQUAL(kv_view_info(scene.view).joined, 1);
}

static void first(void)
{
	struct crew crew = crew_new(2);
	struct scene scene = scene_new();

	add(scene.view, &crew, 0);
	crew_call(&crew, 2);
	expect(&scene, CREW_CALLS);
}

static void some(void)
{
	struct crew crew = crew_new(5);
	struct scene scene = scene_new();

	for (int i = 1; i < 4; i++)
		add(scene.view, &crew, i);
	CHECK_EQUAL(kv_view_info(scene.view).members, 3);
	crew_call(&crew, 5);
	expect(&scene, 3 * CREW_CALLS);
	CHECK_EQUAL(kv_try_thread_remove(scene.view, crew.hands[2].tid), 0);
	expect_refused(kv_try_thread_remove(scene.view, crew.hands[2].tid), -ENOENT, KVIEW_WHY_NOT_MEMBER);
	crew_call(&crew, 5);
	expect(&scene, 5 * CREW_CALLS);
}

/* Threads of two processes, in one view. */
static void two_processes(void)
{
	struct crew crews[2] = { crew_new(3), crew_new(3) };
	struct scene scene = scene_new();

	add(scene.view, &crews[0], 1);
	add(scene.view, &crews[1], 2);
	crew_call(&crews[0], 3);
	expect(&scene, CREW_CALLS);
	crew_call(&crews[1], 3);
	expect(&scene, 2 * CREW_CALLS);
}

/* One view for the process and one for each of two threads, all hooked at the same places. */
static void several_views(void)
{
	struct crew crew = crew_new(4);
	struct scene whole = scene_new(), some = scene_new(), other = scene_new();

	kv_member(whole.view, crew.pid);
	add(some.view, &crew, 1);
	add(other.view, &crew, 2);
	crew_call(&crew, 4);
	expect(&whole, 4 * CREW_CALLS);
	expect(&some, CREW_CALLS);
	expect(&other, CREW_CALLS);
	add(other.view, &crew, 1);
	CHECK_EQUAL(kv_try_member_remove(whole.view, crew.pid), 0);
	crew_call(&crew, 4);
	expect(&whole, 4 * CREW_CALLS);
	expect(&some, 2 * CREW_CALLS);
	expect(&other, 3 * CREW_CALLS);
}

/* Membership of the process hides that of its threads, and does not end it. */
static void process_and_thread(void)
{
	struct crew crew = crew_new(3);
	struct scene scene = scene_new();

	kv_member(scene.view, crew.pid);
	add(scene.view, &crew, 1);
	CHECK_EQUAL(kv_view_info(scene.view).members, 1);
	crew_call(&crew, 3);
	expect(&scene, 3 * CREW_CALLS);
	CHECK_EQUAL(kv_try_member_remove(scene.view, crew.pid), 0);
	crew_call(&crew, 3);
	expect(&scene, 4 * CREW_CALLS);
	CHECK_EQUAL(kv_try_member_remove(scene.view, crew.pid), -ENOENT);
	CHECK_EQUAL(kv_try_thread_remove(scene.view, crew.hands[1].tid), 0);
	crew_call(&crew, 3);
	expect(&scene, 4 * CREW_CALLS);
}

static void listed(void)
{
	struct crew crew = crew_new(3);
	int view = kv_view();
	struct kview_member_info info = { .size = sizeof(info), .view = kv_view_info(view).id };

	add(view, &crew, 1);
	add(view, &crew, 2);
	for (info.index = 0; info.index < 2; info.index++) {
		CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_MEMBER_INFO, &info));
		CHECK_EQUAL(info.pid, crew.pid);
		CHECK_EQUAL(info.tid, crew.hands[info.index + 1].tid);
		CHECK_EQUAL(info.threads, 1);
		CHECK_EQUAL(info.flags, KVIEW_MEMBER_THREAD);
	}
	CHECK(ioctl(kv_device(), KVIEW_IOC_MEMBER_INFO, &info) < 0 && errno == ENOENT);
}

static void exits(void)
{
	struct crew crew = crew_new(4);
	struct scene scene = scene_new();

	add(scene.view, &crew, 1);
	add(scene.view, &crew, 2);
	crew_exit(&crew, 1);
	WAIT_FOR(kv_view_info(scene.view).members == 1);
	expect_refused(kv_try_thread_remove(scene.view, crew.hands[1].tid), -ESRCH, KVIEW_WHY_NO_THREAD);
	crew_tell(&crew, 2, ORDER_CALL);
	crew_tell(&crew, 3, ORDER_CALL);
	expect(&scene, CREW_CALLS);
	crew_exit(&crew, 2);
	WAIT_FOR(!kv_view_info(scene.view).text_pages);
	CHECK_EQUAL(kv_view_info(scene.view).members, 0);
	crew_tell(&crew, 3, ORDER_CALL);
	expect(&scene, CREW_CALLS);
}

/* The first thread may go while others run on. */
static void first_exits(void)
{
	struct crew crew = crew_new(3);
	struct scene scene = scene_new();

	add(scene.view, &crew, 0);
	add(scene.view, &crew, 1);
	crew.hands[0].order = ORDER_EXIT;
	WAIT_FOR(kv_view_info(scene.view).members == 1);
	expect_refused(kv_try_thread(scene.view, crew.hands[0].tid), -ESRCH, KVIEW_WHY_THREAD_EXITING);
	crew_tell(&crew, 1, ORDER_CALL);
	crew_tell(&crew, 2, ORDER_CALL);
	expect(&scene, CREW_CALLS);
}

static void process_killed(void)
{
	struct crew crew = crew_new(3);
	struct scene scene = scene_new();

	add(scene.view, &crew, 1);
	kill(crew.pid, SIGKILL);
	test_wait(crew.pid);
	WAIT_FOR(!kv_view_info(scene.view).text_pages);
	CHECK_EQUAL(kv_view_info(scene.view).members, 0);
}

static void serve_next(struct crew *crew, int hand, pid_t tid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", tid - 1);
	test_set("/proc/sys/kernel/ns_last_pid", text);
	crew_start(&crew->hands[hand]);
	WAIT_FOR(crew->hands[hand].tid);
}

/* Another thread of the process gets the id, and perhaps the memory, of one that was a member. */
static void id_reused(void)
{
	struct crew crew = { .pid = getpid() };
	struct scene scene = scene_new();
	pid_t tid;

	crew.hands = mmap(NULL, HANDS_MAX * sizeof(struct hand), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(crew.hands != MAP_FAILED);
	crew_start(&crew.hands[1]);
	WAIT_FOR(crew.hands[1].tid);
	tid = crew.hands[1].tid;
	for (int i = 1; i < 12; i++) {
		add(scene.view, &crew, i);
		crew_tell(&crew, i, ORDER_CALL);
		expect(&scene, i * CREW_CALLS);
		crew_exit(&crew, i);
		serve_next(&crew, i + 1, tid);
		CHECK_EQUAL(crew.hands[i + 1].tid, tid);
		crew_tell(&crew, i + 1, ORDER_CALL);
		expect(&scene, i * CREW_CALLS);
	}
}

static void expect_exec(int member, int execs, uint64_t calls)
{
	struct crew crew = crew_new(3);
	struct scene scene = scene_new();
	struct kview_link_info info;

	add(scene.view, &crew, member);
	crew.hands[execs].order = ORDER_EXEC;
	CHECK_EQUAL(test_wait(crew.pid), 0);
	info = kv_link_info(scene.links[0]);
	CHECK_EQUAL(info.runs, calls);
	CHECK_EQUAL(kv_view_info(scene.view).members, 0);
}

/* The id of the first thread is the only one that is left, whoever execs. */
static void exec_by_first(void)
{
	expect_exec(0, 0, CREW_CALLS);
}

static void exec_by_other_than_first(void)
{
	expect_exec(0, 1, CREW_CALLS);
}

static void exec_by_member(void)
{
	expect_exec(1, 1, 0);
}

static void exec_by_other(void)
{
	expect_exec(1, 2, 0);
}

/* Nothing that the thread makes is the thread. */
static void children(void)
{
	struct crew crew = crew_new(2);
	struct scene scene = scene_new();

	add(scene.view, &crew, 1);
	crew_tell(&crew, 1, ORDER_FORK);
	crew_tell(&crew, 1, ORDER_VFORK);
	expect(&scene, 0);
	crew_tell(&crew, 1, ORDER_CALL);
	expect(&scene, CREW_CALLS);
}

/* The first thread's id is that of a process, too, and of threads by number only. */
static void refused(void)
{
	struct crew crew = crew_new(2);
	int view = kv_view();

	expect_refused(kv_try_thread(view, 0x7fffffff), -ESRCH, KVIEW_WHY_NO_THREAD);
	expect_refused(kv_try_thread(view, 2), -EINVAL, KVIEW_WHY_KERNEL_THREAD);
	CHECK_EQUAL(kv_try_thread(view, 0), -EINVAL);
	CHECK_EQUAL(try_flags(view, KVIEW_MEMBER_THREAD | KVIEW_MEMBER_FOLLOW, crew.hands[1].tid), -EINVAL);
	CHECK_EQUAL(try_flags(view, KVIEW_MEMBER_CGROUP, crew.hands[1].tid), -EINVAL);
	expect_refused(kv_try_thread_remove(view, crew.hands[1].tid), -ENOENT, KVIEW_WHY_NOT_MEMBER);
	add(view, &crew, 1);
	expect_refused(kv_try_thread(view, crew.hands[1].tid), -EEXIST, KVIEW_WHY_ALREADY_MEMBER);
	expect_refused(kv_try_thread_remove(view, crew.hands[0].tid), -ENOENT, KVIEW_WHY_NOT_MEMBER);
	expect_refused(kv_try_member_remove(view, crew.pid), -ENOENT, KVIEW_WHY_NOT_MEMBER);
}

static void too_many(void)
{
	struct crew crew = crew_new(KVIEW_THREADS_MAX + 2);
	struct scene scene;
	int view = kv_view();

	for (int i = 1; i <= KVIEW_THREADS_MAX; i++)
		add(view, &crew, i);
	expect_refused(kv_try_thread(view, crew.hands[KVIEW_THREADS_MAX + 1].tid), -E2BIG, KVIEW_WHY_TOO_MANY_THREADS);
	close(view);
	scene = scene_new();
	for (int i = 1; i <= KVIEW_THREADS_MAX; i++)
		add(scene.view, &crew, i);
	for (int i = KVIEW_THREADS_MAX - 1; i < KVIEW_THREADS_MAX + 2; i++)
		crew_tell(&crew, i, ORDER_CALL);
	expect(&scene, 2 * CREW_CALLS);
}

/* Threads come and go, and the one that stays misses nothing. */
static void others_come_and_go(void)
{
	struct crew crew = crew_new(4);
	struct scene scene = scene_new(), other = scene_new();

	add(scene.view, &crew, 1);
	for (int i = 1; i <= 20; i++) {
		crew.hands[1].order = ORDER_CALL;
		add(other.view, &crew, 2);
		CHECK_EQUAL(kv_try_thread_remove(other.view, crew.hands[2].tid), 0);
		WAIT_FOR(!crew.hands[1].order);
		expect(&scene, i * CREW_CALLS);
	}
	expect(&other, 0);
}

TEST_MAIN(TEST_CASE(one), TEST_CASE(first), TEST_CASE(some), TEST_CASE(two_processes), TEST_CASE(several_views),
	  TEST_CASE(process_and_thread), TEST_CASE(listed), TEST_CASE(exits), TEST_CASE(first_exits),
	  TEST_CASE(process_killed), TEST_CASE(id_reused), TEST_CASE(exec_by_first), TEST_CASE(exec_by_other_than_first),
	  TEST_CASE(exec_by_member), TEST_CASE(exec_by_other), TEST_CASE(children), TEST_CASE(refused), TEST_CASE(too_many),
	  TEST_CASE(others_come_and_go))

// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 120
/*
 * A live patch replaces the very function that is hooked. It takes effect for members as for all, its transition ends
 * while members call, and hooks count what they counted before.
 */
#include <sys/mman.h>
#include <sys/syscall.h>

#include "modules.h"
#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define FUNCTION "__x64_sys_getppid"
#define ENABLED "/sys/kernel/livepatch/test_livepatch/enabled"
#define TRANSITION "/sys/kernel/livepatch/test_livepatch/transition"
#define PATCHED 4242
#define CALLS 200
#define THREADS 2
#define ROUNDS 2

/* The file goes with the patch, at any moment: then there is no transition either. */
static bool in_transition(void)
{
	FILE *file = fopen(TRANSITION, "re");
	int value = 0;

	if (!file)
		return false;
	if (fscanf(file, "%d", &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

/* Nothing hurries a transition but tasks that pass into user space or are seen asleep; it takes a second or more. */
static void wait_for_transition(void)
{
	for (int i = 0; in_transition(); i++) {
		if (i == 3000)
			FAIL("the live patch's transition does not end");
		usleep(10000);
	}
}

static void patch(void)
{
	module_load_test("test_livepatch");
	wait_for_transition();
}

static void unpatch(void)
{
	test_set(ENABLED, "0");
	wait_for_transition();
	WAIT_FOR(access(ENABLED, F_OK));
	WAIT_FOR(!module_unload("test_livepatch"));
}

/* What getppid() returned last; subjects and the test share it. */
static volatile long *result;

static void call(void)
{
	*result = syscall(SYS_getppid);
}

/*
 * For calls without end: with its naps. Since Linux kernel commit e3ff7c609f39 ("livepatch,sched: Add livepatch task
 * switching to cond_resched()") (in v6.4) a transition rewrites some thousand calls of cond_resched() one by one, and each
 * waits for all CPUs, which under emulation means for the end of another CPU's time slice unless that CPU idles.
 */
static void call_and_nap(void)
{
	call();
	usleep(500);
}

struct scene {
	struct subject member, outsider;
	struct counter counter;
	int view, link;
};

static struct scene scene_new(void (*member_calls)(void))
{
	struct scene scene = { .counter = counter_new(BPF_PROG_TYPE_KPROBE) };

	result = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(result != MAP_FAILED);
	scene.member = subject_new_calling(THREADS, member_calls);
	scene.outsider = subject_new_calling(1, call);
	scene.view = kv_view();
	return scene;
}

static void hook(struct scene *scene)
{
	kv_member(scene->view, scene->member.pid);
	scene->link = kv_entry(scene->view, scene->counter.prog, FUNCTION);
}

/* Everybody calls: is the patch in force, and are the member's calls counted, if they should be? */
static void expect(struct scene *scene, bool counted, bool patched)
{
	*scene->counter.value = 0;
	subject_call(&scene->outsider, CALLS);
	CHECK_EQUAL(*scene->counter.value, 0);
	CHECK_EQUAL(*result == PATCHED, patched);
	subject_call(&scene->member, CALLS);
	CHECK_EQUAL(*scene->counter.value, counted ? CALLS * THREADS : 0);
	CHECK_EQUAL(*result == PATCHED, patched);
}

static void hooked_then_patched(void)
{
	struct scene scene = scene_new(call);

	hook(&scene);
	expect(&scene, true, false);
	patch();
	expect(&scene, true, true);
	unpatch();
	expect(&scene, true, false);
}

static void patched_then_hooked(void)
{
	struct scene scene = scene_new(call);

	patch();
	expect(&scene, false, true);
	hook(&scene);
	expect(&scene, true, true);
	close(scene.link);
	expect(&scene, false, true);
	unpatch();
	expect(&scene, false, false);
}

static void patch_goes_under_hook(void)
{
	struct scene scene = scene_new(call);

	patch();
	hook(&scene);
	expect(&scene, true, true);
	unpatch();
	expect(&scene, true, false);
	close(scene.view);
	expect(&scene, false, false);
}

/* Each call counts, whichever function it ends in, but for those in the windows that are counted, too. */
static void expect_all_seen(const struct scene *scene, uint64_t calls)
{
	struct kview_link_info info = kv_link_info(scene->link);
	struct kview_view_info view = kv_view_info(scene->view);

	test_note("%llu of %llu calls seen, %llu windows", (unsigned long long)(info.runs + info.missed),
		  (unsigned long long)calls, (unsigned long long)view.aside_count);
	CHECK(info.runs + info.missed <= calls);
	CHECK(info.runs + info.missed == calls || view.aside_count);
	CHECK_EQUAL(view.aside_now, 0);
}

/*
 * The live patch comes and goes while members call. A transition that takes a second try is ended by a worker of the kernel,
 * and for a task without address space that rewrites a hooked function, the page goes aside.
 */
static void under_load(void)
{
	struct scene scene = scene_new(call_and_nap);

	hook(&scene);
	subject_start(&scene.member);
	for (int i = 0; i < ROUNDS; i++) {
		patch();
		unpatch();
	}
	expect_all_seen(&scene, subject_stop(&scene.member));
	expect(&scene, true, false);
}

static void patch_and_unpatch(void *unused)
{
	(void)unused;
	patch();
	unpatch();
}

/* The member itself loads and removes the patch. */
static void from_inside(void)
{
	struct scene scene = scene_new(call_and_nap);

	hook(&scene);
	subject_start(&scene.member);
	for (int i = 0; i < ROUNDS; i++)
		subject_do(&scene.member, patch_and_unpatch, NULL);
	expect_all_seen(&scene, subject_stop(&scene.member));
	expect(&scene, true, false);
}

static void undo(void)
{
	long tries = test_write(ENABLED, "0") ? 1 : 100 * test_slow();

	while (tries-- && module_unload("test_livepatch") == -EWOULDBLOCK)
		usleep(100000);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST_CASE(hooked_then_patched), TEST_CASE(patched_then_hooked), TEST_CASE(patch_goes_under_hook),
		TEST_CASE(under_load),		TEST_CASE(from_inside),
	};

	test_undo = undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}

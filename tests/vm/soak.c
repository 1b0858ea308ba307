// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 400
/*
 * Attach and detach, many times, while all that could disturb it goes on: members and others that call, fork, exec and
 * end, tools that are killed, and everybody else who patches kernel text.
 *
 * KVIEW_SOAK: how many links to attach and detach (50; a release takes 10000). KVIEW_SOAK_SEED: to make the same choices as
 * an earlier run.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "attacher.h"
#include "modules.h"
#include "patchers.h"
#include "programs.h"
#include "storm.h"
#include "subject.h"
#include "symbols.h"
#include "tally.h"
#include "testlib.h"

#define THREADS 2
#define STORM 6 /* processes of which the first half may become members */

static struct {
	pid_t storm[STORM]; /* -1: has ended */
} *shared;

/* --- attach and detach --- */

static void join(int view, pid_t pid)
{
	once_in(3) ? attacher_join_thread(view, pid) : attacher_join(view, pid);
}

static void join_some(int view, pid_t also)
{
	for (int i = below(3); i; i--)
		join(view, shared->storm[below(STORM / 2)]);
	if (once_in(4))
		join(view, also);
}

/* A view of its own for a moment; it ends before or after its link. */
static void link_with_view(pid_t also)
{
	int view = attacher_view(), link;

	if (once_in(2))
		join_some(view, also);
	link = attacher_link(view);
	join_some(view, also);
	attacher_start(view);
	usleep(below(3000));
	if (once_in(2))
		close(view);
	close(link);
	close(view);
}

static void link_in(int view)
{
	int link = attacher_link(view);

	attacher_start(view);
	usleep(below(3000));
	if (link >= 0)
		close(link);
}

/* --- those who make trouble --- */

static void start_storm(void)
{
	storm_begin();
	for (int i = 0; i < STORM; i++)
		shared->storm[i] = storm_process();
}

static void forget(pid_t pid)
{
	for (int i = 0; i < STORM; i++) {
		if (shared->storm[i] == pid)
			shared->storm[i] = -1;
	}
}

/* Put new processes in the places of those that have ended. */
static void keep_storming(void)
{
	pid_t victim = shared->storm[below(STORM)], pid;

	if (victim > 0 && once_in(3))
		kill(victim, SIGKILL);
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		forget(pid);
	for (int i = 0; i < STORM; i++) {
		if (shared->storm[i] > 0)
			continue;
		shared->storm[i] = storm_process();
		tally(TALLY_STARTED);
	}
}

/* A tool holds views and is killed, whatever it does at that moment. */
static _Noreturn void tool_main(pid_t also)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	kv_device_close();
	for (;;) {
		int view = attacher_view();

		for (int i = below(6); i; i--) {
			join_some(view, also);
			attacher_link(view);
			usleep(below(5000));
		}
		if (once_in(2))
			close(view);
	}
}

static pid_t start_tool(pid_t also)
{
	uint64_t seed = draw();
	pid_t pid = CHECK_CALL(fork());

	if (!pid) {
		chance_seed(seed);
		tool_main(also);
	}
	return pid;
}

static pid_t replace_tool(pid_t tool, pid_t also)
{
	kill(tool, SIGKILL);
	waitpid(tool, NULL, 0);
	tally(TALLY_KILLED);
	return start_tool(also);
}

/* --- the members whose calls must all be counted --- */

/* Let others run, too. */
static void pause_sometimes(void)
{
	static __thread unsigned int calls;

	if (!(++calls % 128))
		usleep(5000);
}

static void call_getppid(void)
{
	syscall(SYS_getppid);
	pause_sometimes();
}

static void call_getpgid(void)
{
	syscall(SYS_getpgid, 0);
	pause_sometimes();
}

struct watched {
	const char *function;
	struct subject member;
	struct counter counter;
	int view, link;
};

static struct watched watch(const char *function, void (*call)(void))
{
	struct watched watched = { .function = function, .member = subject_new_calling(THREADS, call) };

	watched.counter = counter_of(BPF_PROG_TYPE_KPROBE, watched.member.pid);
	watched.view = kv_view();
	kv_member(watched.view, watched.member.pid);
	watched.link = kv_entry(watched.view, watched.counter.prog, function);
	subject_start(&watched.member);
	return watched;
}

/*
 * Others were members of the view, too, so its link has run and missed more often than for this one. Only what was
 * missed, or fell into a window the module told about, may be uncounted.
 */
static void expect_all_counted(struct watched *watched)
{
	unsigned long long calls = subject_stop(&watched->member), counted = *watched->counter.value;
	struct kview_link_info link = kv_link_info(watched->link);
	struct kview_view_info view = kv_view_info(watched->view);

	test_note("%s: %llu calls, %llu counted; %llu missed, aside %llu times, %llu us", watched->function, calls, counted,
		  link.missed, view.aside_count, view.aside_ns / 1000);
	CHECK(calls);
	CHECK(counted <= calls && counted <= link.runs);
	if (!view.aside_count)
		CHECK(counted + link.missed >= calls);
}

/* --- a run --- */

/* A line each minute: it may take hours. */
static void tell_progress(unsigned long links)
{
	static long told;

	if (!told)
		told = test_now();
	if (test_now() - told < 60000)
		return;
	told = test_now();
	test_note("%lu of %lu links", tally_of(TALLY_LINKS), links);
}

/* Until so many links have been made in all, with everything around them. Ends the process. */
static _Noreturn void run_main(unsigned long links)
{
	struct watched lone = watch(LONE_FUNCTION, call_getppid), patched_one = watch(PATCHED_FUNCTION, call_getpgid);
	pid_t tool;

	patchers_start();
	start_storm();
	tool = start_tool(lone.member.pid);
	while (tally_of(TALLY_LINKS) < links) {
		switch (below(4)) {
		case 0:
			link_in(lone.view);
			break;
		case 1:
			link_in(patched_one.view);
			break;
		default:
			link_with_view(once_in(2) ? lone.member.pid : patched_one.member.pid);
		}
		tally(TALLY_ROUNDS);
		tell_progress(links);
		keep_storming();
		if (once_in(10))
			tool = replace_tool(tool, lone.member.pid);
		if (once_in(10))
			join(once_in(2) ? lone.view : patched_one.view, shared->storm[below(STORM / 2)]);
	}
	patchers_stop();
	expect_all_counted(&lone);
	expect_all_counted(&patched_one);
	kill(tool, SIGKILL);
	subject_end(&lone.member);
	subject_end(&patched_one.member);
	storm_end();
	_exit(0);
}

static bool is_empty(void)
{
	struct kview_info info;

	kv_info(&info);
	return !info.views && !info.members && !info.links && !info.images && !info.text_pages && !info.shared_leaves &&
	       !info.retired;
}

static void run(unsigned long links)
{
	pid_t pid;

	pid = CHECK_CALL(fork());
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run_main(links);
	}
	CHECK_EQUAL(test_wait(pid), 0);
	WAIT_FOR(is_empty());
}

/* --- memory --- */

static const char *const measures[] = { "Slab:", "Percpu:", "VmallocUsed:" };
#define MEASURES 3

struct memory {
	long kib[MEASURES];
};

static struct memory measure(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	struct memory memory = {};
	char name[64];
	long kib;

	CHECK(file);
	while (fscanf(file, "%63s %ld%*[^\n]", name, &kib) == 2) {
		for (int i = 0; i < MEASURES; i++) {
			if (!strcmp(name, measures[i]))
				memory.kib[i] = kib;
		}
	}
	fclose(file);
	return memory;
}

/* Let go of what the kernel keeps for later. */
static void settle(void)
{
	sleep(2);
	test_set("/proc/sys/vm/drop_caches", "3");
	if (system("for f in /sys/kernel/slab/*/shrink; do echo 1 >$f; done") < 0)
		FAIL("shrink");
	sleep(1);
}

static void expect_no_leak(const struct memory *before, const struct memory *after)
{
	static const long allowed[MEASURES] = { 1024, 256, 512 };

	for (int i = 0; i < MEASURES; i++)
		test_note("%-12s %ld KiB, %ld KiB afterwards", measures[i], before->kib[i], after->kib[i]);
	for (int i = 0; i < MEASURES; i++) {
		if (after->kib[i] - before->kib[i] > allowed[i])
			FAIL("%s grew by %ld KiB", measures[i], after->kib[i] - before->kib[i]);
	}
}

static void soak(void)
{
	long links = test_parameter("KVIEW_SOAK", 50), seed = test_parameter("KVIEW_SOAK_SEED", time(NULL));
	struct memory before, after;
	long start;

	test_note("KVIEW_SOAK=%ld KVIEW_SOAK_SEED=%ld", links, seed);
	chance_seed(seed);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	tally_init();
	attacher_init();

	run(links / 10 + 25);
	settle();
	before = measure();
	start = test_now();
	run(tally_of(TALLY_LINKS) + links);
	test_note("%ld ms for the last %ld links", test_now() - start, links);
	tally_report();
	settle();
	after = measure();
	expect_no_leak(&before, &after);
}

/* --- afterwards --- */

/* One attaches long lists, so that links come to the view in another order than they got their ids in. */
struct attacher {
	pthread_t thread;
	int view, prog, count;
	const struct kview_target *targets;
};

#define EACH 20

static void *attach_again_and_again(void *argument)
{
	struct attacher *attacher = argument;

	for (int i = 0; i < EACH; i++)
		CHECK_CALL(kv_try_link(attacher->view, KVIEW_HOOK_ENTRY, attacher->prog, attacher->targets, attacher->count));
	return NULL;
}

static void expect_listed(int view)
{
	struct kview_link_info link = { .view = kv_view_info(view).id };
	struct kview_hook_info hook = { .view = link.view };
	unsigned int count = 0;

	for (;; count++) {
		link.size = sizeof(link);
		if (ioctl(kv_device(), KVIEW_IOC_NEXT_LINK, &link))
			break;
		hook.size = sizeof(hook);
		hook.link = link.id;
		CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_HOOK_INFO, &hook));
	}
	CHECK_EQUAL(errno, ENOENT);
	CHECK_EQUAL(count, 2 * EACH);
}

static void links_are_listed(void)
{
	struct kview_target lists[2][200];
	struct attacher attachers[2] = { { .targets = lists[0], .count = 200 }, { .targets = lists[1], .count = 1 } };
	struct targets all = targets_all();
	int view = kv_view();

	for (int i = 0; i < 200; i++)
		lists[0][i] = lists[1][i] = all.list[i * 37];
	for (int i = 0; i < 2; i++) {
		attachers[i].view = view;
		attachers[i].prog = program_nothing(BPF_PROG_TYPE_KPROBE);
		CHECK(!pthread_create(&attachers[i].thread, NULL, attach_again_and_again, &attachers[i]));
	}
	for (int i = 0; i < 2; i++)
		pthread_join(attachers[i].thread, NULL);
	expect_listed(view);
}

static void load(void)
{
	CHECK_EQUAL(module_load(module_path("kmod", "kview")), 0);
	WAIT_FOR(kv_loaded());
}

static void reload(void)
{
	struct subject member = subject_new(2);
	struct counter counter;
	int view;

	kv_device_close();
	CHECK_EQUAL(module_unload("kview"), 0);
	load();
	counter = counter_new(BPF_PROG_TYPE_KPROBE);
	view = kv_view();
	kv_member(view, member.pid);
	kv_entry(view, counter.prog, LONE_FUNCTION);
	subject_call(&member, 500);
	CHECK_EQUAL(*counter.value, 1000);
}

static void undo(void)
{
	patchers_undo();
	if (!kv_loaded())
		load();
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST_CASE(soak), TEST_CASE(links_are_listed), TEST_CASE(reload) };

	storm_main(argc, argv);
	test_undo = undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}

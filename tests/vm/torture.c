// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 240
/*
 * As much as possible at once, with no account kept: tools that attach and are killed, processes that fork, exec and
 * move between cgroups, everybody who patches kernel text, processors that come and go, modules that are loaded and
 * unloaded, requests that make no sense, and, where the kernel can, allocations that fail. It goes in rounds; in each
 * some of these are left out, and after each the module must hold nothing and can be replaced. It is the kernel that
 * says what was wrong, the more the better it was configured: see vm/debug.config.
 *
 * KVIEW_TORTURE_SECONDS: for how long (60). KVIEW_TORTURE_SEED: to make the same choices as an earlier run.
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "attacher.h"
#include "cgroups.h"
#include "faults.h"
#include "leaks.h"
#include "modules.h"
#include "patchers.h"
#include "storm.h"
#include "tally.h"
#include "testlib.h"

#define STORM 8
#define ACTORS 16
#define ROUND_SECONDS 10 /* on a stock kernel */

static struct {
	pid_t storm[STORM]; /* 0: to be started */
} *shared;

static pid_t any_process(void)
{
	return shared->storm[below(STORM)];
}

/* --- cgroups, of which some views want whoever is in them --- */

#define CGROUPS 2

static char cgroups[CGROUPS][256];
static int cgroup_fds[CGROUPS];

static void name_cgroups(void)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char path[128];

	CHECK(file && fscanf(file, "0::%127s", path) == 1);
	fclose(file);
	for (int i = 0; i < CGROUPS; i++)
		snprintf(cgroups[i], sizeof(cgroups[i]), "/sys/fs/cgroup%s/torture%d", path, i);
}

static void make_cgroups(void)
{
	for (int i = 0; i < CGROUPS; i++) {
		CHECK(!mkdir(cgroups[i], 0700) || errno == EEXIST);
		cgroup_fds[i] = CHECK_CALL(open(cgroups[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	}
}

/* --- the actors: each is a process that goes on until it is killed --- */

static _Noreturn void be_tool(unsigned int number)
{
	(void)number;
	for (;;) {
		int view = attacher_view();

		for (int i = below(8); i; i--) {
			once_in(3) ? attacher_join_thread(view, any_process()) : attacher_join(view, any_process());
			attacher_link(view);
			if (once_in(3))
				attacher_start(view);
			if (once_in(4))
				attacher_join_cgroup(view, cgroup_fds[below(CGROUPS)]);
			if (once_in(3))
				once_in(3) ? attacher_leave_thread(view, any_process()) : attacher_leave(view, any_process());
			usleep(below(5000));
		}
		if (once_in(2))
			close(view);
		if (once_in(8))
			_exit(0);
	}
}

/* A seed of its own each time, and an end of its own, if nobody kills it before. */
static _Noreturn void be_fuzzer(unsigned int number)
{
	char seed[24];

	(void)number;
	faults_spare();
	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)draw() >> 20);
	setenv("KVIEW_FUZZ_SEED", seed, 1);
	setenv("KVIEW_FUZZ_SECONDS", "5", 1);
	setenv("KVIEW_SHARED", "1", 1);
	execl("build/tests/fuzz/ioctl", "ioctl", "fuzz", NULL);
	FAIL("build/tests/fuzz/ioctl: %s", strerror(errno));
}

#define CPU1 "/sys/devices/system/cpu/cpu1/online"

static _Noreturn void be_hotplugger(unsigned int number)
{
	(void)number;
	for (;;) {
		test_set(CPU1, "0");
		tally(TALLY_HOTPLUGS);
		usleep(below(500000));
		test_set(CPU1, "1");
		usleep(below(2000000));
	}
}

static _Noreturn void be_loader(unsigned int number)
{
	(void)number;
	for (;;) {
		/* One that was killed may have left it loaded. */
		if (!module_load(module_path("tests/vm/kmod", "test_leaf")))
			tally(TALLY_LOADS);
		usleep(below(300000));
		module_unload("test_leaf");
		usleep(below(1000000));
	}
}

static void move_to(unsigned int cgroup)
{
	char path[300], pid[16];

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroups[cgroup]);
	snprintf(pid, sizeof(pid), "%d", any_process());
	/* It may have ended. */
	if (!test_write(path, pid))
		tally(TALLY_MOVES);
}

/* Without memory there is no child. */
static void clone_into(unsigned int cgroup)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP | (once_in(2) ? CLONE_VFORK : 0), .exit_signal = SIGCHLD,
				   .cgroup = cgroup_fds[cgroup] };
	pid_t pid = syscall(SYS_clone3, &args, sizeof(args));

	if (!pid) {
		storm_calls();
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static _Noreturn void be_mover(unsigned int number)
{
	(void)number;
	for (;;) {
		once_in(3) ? clone_into(below(CGROUPS)) : move_to(below(CGROUPS));
		usleep(below(50000));
	}
}

static const struct {
	void (*be)(unsigned int number);
	unsigned int number;
	bool always;
} actors[ACTORS] = {
	{ .be = be_tool, .always = true }, { .be = be_tool, .always = true }, { .be = be_tool },
	{ .be = be_fuzzer }, { .be = be_hotplugger }, { .be = be_loader }, { .be = be_mover },
	{ .be = patchers_be, .number = 0 }, { .be = patchers_be, .number = 1 }, { .be = patchers_be, .number = 2 },
	{ .be = patchers_be, .number = 3 }, { .be = patchers_be, .number = 4 },
};

static pid_t pids[ACTORS]; /* 0: not in this round */

static pid_t start_actor(int which)
{
	uint64_t seed = draw();
	pid_t pid = CHECK_CALL(fork());

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	chance_seed(seed);
	actors[which].be(actors[which].number);
	_exit(1);
}

/* --- a round --- */

/* A process of the storm or an actor has ended: let there be another in its place. */
static void replace(pid_t pid, int status)
{
	for (int i = 0; i < STORM; i++) {
		if (shared->storm[i] == pid)
			shared->storm[i] = 0;
	}
	for (int i = 0; i < ACTORS; i++) {
		if (pids[i] != pid)
			continue;
		if (status && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
			FAIL("actor %d ended with status %#x", i, status);
		pids[i] = start_actor(i);
	}
}

static void keep_going(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		replace(pid, status);
	for (int i = 0; i < STORM; i++) {
		if (shared->storm[i] > 0)
			continue;
		shared->storm[i] = storm_process();
		tally(TALLY_STARTED);
	}
}

static void kill_somebody(void)
{
	pid_t pid = once_in(2) ? any_process() : pids[below(ACTORS)];

	if (pid > 0 && !kill(pid, SIGKILL))
		tally(TALLY_KILLED);
}

/* The storm goes on: those who lose their views that way must not notice. */
static void end_actors(void)
{
	for (int i = 0; i < ACTORS; i++) {
		if (!pids[i])
			continue;
		kill(pids[i], SIGKILL);
		while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
			;
		pids[i] = 0;
	}
}

static void round_of(long seconds)
{
	long end;

	for (int i = 0; i < ACTORS; i++) {
		if (actors[i].be && (actors[i].always || !once_in(3)))
			pids[i] = start_actor(i);
	}
	/* With every access checked, to fork so many takes a minute. */
	keep_going();
	end = test_now() + seconds * 1000;
	while (test_now() < end) {
		keep_going();
		if (once_in(4))
			kill_somebody();
		usleep(20000 + below(100000));
	}
	end_actors();
	tally(TALLY_ROUNDS);
}

static bool is_empty(void)
{
	struct kview_info info;

	kv_info(&info);
	return !info.views && !info.members && !info.links && !info.images && !info.text_pages && !info.shared_leaves;
}

/* What cannot be seen from inside has been said by the kernel; later rounds could only bury it. */
static void expect_untroubled(void)
{
	long tainted = test_read_number("/proc/sys/kernel/tainted");

	if (tainted & (1 << 5 | 1 << 7 | 1 << 9 | 1 << 14))
		FAIL("the kernel is tainted: %#lx", tainted);
}

/* Fresh from the file, while former members run and trampolines wait to be freed. */
static void replace_module(void)
{
	/* Whom the fuzzer forked may be about to end. */
	WAIT_FOR(!module_unload("kview"));
	CHECK_EQUAL(module_load(module_path("kmod", "kview")), 0);
	WAIT_FOR(kv_loaded());
	tally(TALLY_RELOADS);
}

static void torture(void)
{
	long seconds = test_parameter("KVIEW_TORTURE_SECONDS", 60), seed = test_parameter("KVIEW_TORTURE_SEED", time(NULL));
	long longest = ROUND_SECONDS * test_slow(), end, left;

	test_note("KVIEW_TORTURE_SECONDS=%ld KVIEW_TORTURE_SEED=%ld%s", seconds, seed,
		  faults_possible() ? "" : "; allocations cannot be made to fail on this kernel");
	chance_seed(seed);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	make_cgroups();
	tally_init();
	attacher_init();
	patchers_init();
	kv_device_close();
	storm_begin();
	/* What comes before may take longer than the rest, on a busy machine. */
	end = test_now() + seconds * 1000;
	while ((left = end - test_now()) > 0) {
		bool fail = faults_possible() && once_in(2);

		if (fail) {
			faults_aim();
			faults_begin(1 + below(20));
			attacher_expect_no_memory(true);
		}
		round_of(left / 1000 < longest ? left / 1000 + 1 : longest);
		if (fail) {
			faults_begin(0);
			attacher_expect_no_memory(false);
		}
		test_note("round %lu%s: %lu views, %lu links, %lu members", tally_of(TALLY_ROUNDS),
			  fail ? " with failing allocations" : "", tally_of(TALLY_VIEWS), tally_of(TALLY_LINKS),
			  tally_of(TALLY_MEMBERS));
		WAIT_FOR(is_empty());
		expect_untroubled();
		replace_module();
	}
	storm_end();
	tally_report();
	CHECK(tally_of(TALLY_LINKS) && tally_of(TALLY_MEMBERS) && tally_of(TALLY_CGROUPS) && tally_of(TALLY_KILLED));
	/* One in three is to be a thread. */
	CHECK(tally_of(TALLY_THREADS) || tally_of(TALLY_MEMBERS) < 100);
}

static void leaks(void)
{
	if (leaks_possible())
		leaks_expect_none();
	else
		test_note("this kernel cannot look for them");
}

static void undo(void)
{
	patchers_undo();
	cgroup_undo();
	module_unload("test_leaf");
	test_write(CPU1, "1");
	for (int i = 0; i < CGROUPS; i++)
		rmdir(cgroups[i]);
	if (!kv_loaded())
		module_load(module_path("kmod", "kview"));
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST_CASE(torture), TEST_CASE(leaks) };

	storm_main(argc, argv);
	name_cgroups();
	test_undo = undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}

// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 600
/*
 * Attach and detach, many times, while members call what is hooked, processes fork and exec, others patch the same text,
 * and tools are killed. KVIEW_SOAK says how many cycles; the default is for every day, 10000 for a release.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define THREADS 2
#define CYCLES 400
#define SLACK_KB 4096 /* per-cpu caches and partial slabs that a warm-up has not filled yet */

static const char *const functions[] = { "__x64_sys_getppid", "__x64_sys_getpid", "vfs_read", "ksys_read",
					 "do_sys_openat2", "__x64_sys_gettid", "wake_up_new_task", "begin_new_exec" };

static const char *any_function(void)
{
	return functions[rand() % (sizeof(functions) / sizeof(functions[0]))];
}

/* A worker does one thing over and over, until the case ends. */
static pid_t work(void (*once)(void))
{
	pid_t pid = CHECK_CALL(fork());

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	srand(getpid());
	for (;;)
		once();
}

static void fork_and_exec(void)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static void patch(void)
{
	int event = kprobe_attach(program_nothing(BPF_PROG_TYPE_KPROBE), any_function(), 0, rand() % 2);

	usleep(1000);
	close(event);
	closefrom(3); /* the program */
}

/* A tool with a view of a busy member, killed at a random moment. */
static void be_killed(void)
{
	pid_t pid = fork();

	if (!pid) {
		int view = kv_view();

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		kv_member(view, getpid());
		for (;;)
			close(kv_entry(view, program_nothing(BPF_PROG_TYPE_KPROBE), any_function()));
	}
	usleep(rand() % 100000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void one_cycle(int view, int prog, int raw, int tracepoint)
{
	int kind = rand() % 4, link;

	if (kind == 0)
		link = kv_syscall(view, KVIEW_HOOK_RAW_ENTER, raw, 0);
	else if (kind == 1)
		link = kv_syscall(view, KVIEW_HOOK_TP_EXIT, tracepoint, SYS_getppid);
	else
		link = kv_entry(view, prog, any_function());
	close(link);
}

struct memory {
	long slab, percpu, vmalloc;
};

static long meminfo(const char *field)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char name[64];
	long value, found = -1;

	CHECK(file);
	while (fscanf(file, "%63s %ld%*[^\n]", name, &value) == 2) {
		if (!strcmp(name, field))
			found = value;
	}
	fclose(file);
	CHECK(found >= 0);
	return found;
}

static struct memory memory_now(void)
{
	kv_wait_retired();
	test_set("/proc/sys/vm/drop_caches", "3");
	sleep(1);
	return (struct memory){ meminfo("Slab:"), meminfo("Percpu:"), meminfo("VmallocUsed:") };
}

static void run_cycles(long cycles)
{
	struct subject member = subject_new(THREADS), passing = subject_new(1);
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int prog = program_nothing(BPF_PROG_TYPE_KPROBE), raw = program_nothing(BPF_PROG_TYPE_RAW_TRACEPOINT);
	int tracepoint = program_nothing(BPF_PROG_TYPE_TRACEPOINT), view = kv_view(), link;
	struct kview_link_info info;
	uint64_t calls;

	kv_member(view, member.pid);
	link = kv_entry(view, counter.prog, "__x64_sys_getppid");
	subject_start(&member);
	for (long i = 0; i < cycles; i++) {
		one_cycle(view, prog, raw, tracepoint);
		if (i % 10)
			continue;
		kv_member(view, passing.pid);
		subject_end(&passing);
		passing = subject_new(1);
	}
	calls = subject_stop(&member);
	info = kv_link_info(link);
	/* Nobody inside the member patches, so nothing may be lost. A patcher that dies may open a window, which counts. */
	if (!kv_view_info(view).aside_count)
		CHECK_EQUAL(info.runs + info.missed, calls);
	CHECK(info.runs + info.missed <= calls);
	CHECK_EQUAL(*counter.value, info.runs);
	test_note("%ld cycles: %llu calls, %llu runs, %llu missed, %llu windows", cycles, (unsigned long long)calls,
		  info.runs, info.missed, kv_view_info(view).aside_count);
	subject_end(&member);
	subject_end(&passing);
	close(link);
	close(view);
}

/* The cycles, with everybody else at work; then the memory that is left in use. */
static struct memory soak(long count)
{
	pid_t workers[] = { work(fork_and_exec), work(patch), work(be_killed) };

	run_cycles(count);
	for (size_t i = 0; i < sizeof(workers) / sizeof(workers[0]); i++) {
		kill(workers[i], SIGKILL);
		test_wait(workers[i]);
	}
	usleep(500000);
	return memory_now();
}

static void cycles(void)
{
	struct memory before = soak(CYCLES / 4), after = soak(test_parameter("KVIEW_SOAK", CYCLES));

	test_note("slab %ld -> %ld kB, percpu %ld -> %ld kB, vmalloc %ld -> %ld kB", before.slab, after.slab,
		  before.percpu, after.percpu, before.vmalloc, after.vmalloc);
	CHECK(after.slab - before.slab < SLACK_KB);
	CHECK(after.percpu - before.percpu < SLACK_KB / 4);
	CHECK(after.vmalloc - before.vmalloc < SLACK_KB);
}

TEST_MAIN(TEST_CASE(cycles))

// SPDX-License-Identifier: GPL-2.0-or-later
#include "patchers.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "attacher.h"
#include "programs.h"
#include "storm.h"
#include "tally.h"
#include "testlib.h"

#define TRACER "/sys/kernel/tracing/instances/kview_patchers/"

static atomic_bool *stop; /* shared with all of them */

/* All of them known to BTF. */
static const char *const patched[] = { PATCHED_FUNCTION, "__x64_sys_read", "vfs_read", "ksys_read", "vfs_open" };
#define PATCHED (sizeof(patched) / sizeof(patched[0]))

static void linger(void)
{
	usleep(1000 + below(20000));
}

/* At an entry a kprobe uses ftrace, elsewhere a breakpoint that may become a jump; one on returns begins at the entry. */
static void patch_kprobe(void)
{
	static int prog = -1;
	int offset = once_in(2) ? 0 : 5 + below(12), event;

	if (prog < 0)
		prog = program_nothing(BPF_PROG_TYPE_KPROBE);
	event = kprobe_attach(prog, patched[below(PATCHED)], offset, !offset && once_in(2));
	/* Not every byte begins an instruction. */
	if (event < 0)
		return;
	tally(TALLY_KPROBES);
	linger();
	close(event);
}

static void patch_fentry(void)
{
	static int progs[PATCHED];
	int at = below(PATCHED), link;

	if (!progs[at])
		progs[at] = counter_tracing(BPF_TRACE_FENTRY, patched[at], 0).prog;
	link = tracing_attach(progs[at]);
	tally(TALLY_FENTRIES);
	linger();
	close(link);
}

static void patch_tracer(void)
{
	test_set(TRACER "set_ftrace_filter", patched[below(PATCHED)]);
	test_set(TRACER "current_tracer", "function");
	tally(TALLY_TRACERS);
	linger();
	test_set(TRACER "current_tracer", "nop");
}

static void patch_keys(void)
{
	const char *key = once_in(2) ? "/proc/sys/kernel/sched_schedstats" : "/proc/sys/kernel/bpf_stats_enabled";

	test_set(key, "1");
	tally(TALLY_KEYS);
	linger();
	test_set(key, "0");
	linger();
}

static void patch_tracepoint(void)
{
	static int prog = -1;
	int event;

	if (prog < 0)
		prog = program_nothing(BPF_PROG_TYPE_RAW_TRACEPOINT);
	event = raw_tracepoint_attach(prog, once_in(2) ? "sched_switch" : "sys_enter");
	tally(TALLY_TRACEPOINTS);
	linger();
	close(event);
}

static void (*const patches[])(void) = { patch_kprobe, patch_fentry, patch_tracer, patch_keys, patch_tracepoint };
#define PATCHERS (sizeof(patches) / sizeof(patches[0]))

unsigned int patchers_count(void)
{
	return PATCHERS;
}

/* Patch from outside of all views, and from within one that hooks the same functions. */
_Noreturn void patchers_be(unsigned int number)
{
	int view = attacher_view(), nothing = program_nothing(BPF_PROG_TYPE_KPROBE);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < PATCHED; i++)
		attacher_entry(view, nothing, patched[i]);
	while (!*stop) {
		if (once_in(4))
			once_in(2) ? attacher_join(view, getpid()) : attacher_leave(view, getpid());
		patches[number]();
	}
	_exit(0);
}

void patchers_init(void)
{
	CHECK(!mkdir(TRACER, 0700) || errno == EEXIST);
	if (!stop) {
		stop = mmap(NULL, sizeof(*stop), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		CHECK(stop != MAP_FAILED);
	}
	*stop = false;
}

static pid_t pids[PATCHERS];

static pid_t start(unsigned int number)
{
	uint64_t seed = draw();
	pid_t pid = CHECK_CALL(fork());

	if (!pid) {
		chance_seed(seed);
		patchers_be(number);
	}
	return pid;
}

void patchers_start(void)
{
	patchers_init();
	for (size_t i = 0; i < PATCHERS; i++)
		pids[i] = start(i);
}

void patchers_stop(void)
{
	*stop = true;
	for (size_t i = 0; i < PATCHERS; i++)
		CHECK_EQUAL(test_wait(pids[i]), 0);
}

void patchers_undo(void)
{
	test_write(TRACER "current_tracer", "nop");
	rmdir(TRACER);
	test_write("/proc/sys/kernel/sched_schedstats", "0");
	test_write("/proc/sys/kernel/bpf_stats_enabled", "0");
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "ioctl_stock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <bpf/bpf.h>

#include "tests/vm/cgroups.h"
#include "tests/vm/programs.h"
#include "tests/vm/storm.h"
#include "tests/vm/symbols.h"
#include "tests/vm/testlib.h"

#define PROCESSES 6
#define SLOTS 10 /* descriptors of each kind */

static atomic_int pools[POOLS][SLOTS];
static atomic_int processes[PROCESSES];

/* Programs of all kinds the module takes, and some it does not. */
#define PROGRAMS 12
static int programs[PROGRAMS];
static struct targets functions;

uint64_t odd_number(void)
{
	static const uint64_t odd[] = { 0, 1, 2, 7, 8, 0x7f, 0xff, 0x100, 0xfff, 0x1000, 0x7fffffff, 0x80000000,
					0xffffffff, 0x100000000, INT64_MAX, -1ULL, -8ULL, -4096ULL, 65535, 65537 };

	return once_in(2) ? odd[below(sizeof(odd) / sizeof(odd[0]))] : draw() >> below(53);
}

/* --- descriptors --- */

int stock_fd(enum pool pool)
{
	if (once_in(30))
		return odd_number();
	if (once_in(30))
		return programs[below(PROGRAMS)];
	if (once_in(20))
		pool = below(POOLS);
	return pools[pool][below(SLOTS)];
}

void stock_keep(enum pool pool, int fd)
{
	int old = atomic_exchange(&pools[pool][below(SLOTS)], fd);

	if (old >= 0)
		close(old);
}

void stock_duplicate(void)
{
	enum pool pool = below(PIDFDS);
	int fd = fcntl(pools[pool][below(SLOTS)], F_DUPFD, 3);

	if (fd >= 0)
		stock_keep(pool, fd);
}

void stock_open_device(void)
{
	int fd = open(KVIEW_DEVICE, O_RDWR | (once_in(2) ? O_CLOEXEC : 0));

	if (fd >= 0)
		stock_keep(DEVICES, fd);
}

/* --- processes and cgroups --- */

static int cgroups[2];

pid_t stock_process(void)
{
	switch (below(40)) {
	case 0:
		return odd_number();
	case 1:
		return getpid();
	case 2:
		return below(300);
	default:
		return processes[below(PROCESSES)];
	}
}

void stock_replace_process(void)
{
	pid_t pid = storm_process(), old;
	int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	if (pid <= 0)
		return;
	if (pidfd >= 0)
		stock_keep(PIDFDS, pidfd);
	old = atomic_exchange(&processes[below(PROCESSES)], pid);
	if (old <= 0)
		return;
	if (once_in(2))
		kill(old, SIGKILL);
	else
		usleep(below(5000));
	/* Those that have ended stay around until now, and then make room. */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

int stock_cgroup(void)
{
	return cgroups[below(2)];
}

void stock_move(void)
{
	char text[16];
	pid_t pid = processes[below(PROCESSES)];

	snprintf(text, sizeof(text), "%d", pid);
	if (pid > 0)
		cgroup_try_write(once_in(2) ? "a" : "b", "cgroup.procs", text);
}

/* --- programs and their places --- */

static const char *const names[] = {
	"__x64_sys_getppid", "__x64_sys_getpid", "__x64_sys_read", "ksys_read", "vfs_read", "do_sys_openat2", "do_exit",
	"begin_new_exec", "schedule", "wake_up_new_task", "mmput", "handle_mm_fault", "x64_sys_call", "exit_mmap",
	"syscall_exit_to_user_mode_prepare", "__text_poke", "do_syscall_64", "type_show", "kview_view_new", "jiffies",
	"no_such_function", "",
};
#define NAMES (sizeof(names) / sizeof(names[0]))

/* Of tracepoints, and of events: some of either are none of the other. */
static const char *const events[] = {
	"sched_switch", "task_rename", "sched_process_exit", "sched/sched_switch", "task/task_rename",
	"sched/sched_process_fork", "sys_enter", "syscalls/sys_enter_read", "sched/", "/",
};
#define EVENTS (sizeof(events) / sizeof(events[0]))

const char *stock_name(void)
{
	return names[once_in(8) ? below(NAMES) : below(6)];
}

const char *stock_event(void)
{
	return events[below(EVENTS)];
}

unsigned long stock_function(void)
{
	return functions.list[below(functions.count)].value;
}

int stock_program(__u32 kind)
{
	static const unsigned int fitting[] = { [KVIEW_HOOK_ENTRY] = 0,   [KVIEW_HOOK_TP_ENTER] = 2, [KVIEW_HOOK_TP_EXIT] = 2,
					       [KVIEW_HOOK_RAW_ENTER] = 3, [KVIEW_HOOK_RAW_EXIT] = 3, [KVIEW_HOOK_RETURN] = 1,
					       [KVIEW_HOOK_FENTRY] = 8,    [KVIEW_HOOK_FEXIT] = 9,    [KVIEW_HOOK_SESSION] = 11,
					       [KVIEW_HOOK_RAW_TP] = 3,    [KVIEW_HOOK_BTF_TP] = 10,  [KVIEW_HOOK_TP] = 2 };

	if (once_in(20))
		return stock_fd(VIEWS);
	return programs[once_in(20) ? below(PROGRAMS) : fitting[kind]];
}

static int special_program(__u32 flags, int expected)
{
	const struct bpf_insn insns[] = { INSN_MOV(BPF_REG_0, 0), INSN_EXIT };
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = flags, .expected_attach_type = expected);

	return CHECK_CALL(bpf_prog_load(BPF_PROG_TYPE_KPROBE, "fuzz", "GPL", insns, 2, &opts));
}

static void make_programs(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	struct kview_info info;

	programs[0] = counter.prog;
	programs[1] = program_nothing(BPF_PROG_TYPE_KPROBE);
	programs[2] = program_nothing(BPF_PROG_TYPE_TRACEPOINT);
	programs[3] = program_nothing(BPF_PROG_TYPE_RAW_TRACEPOINT);
	programs[4] = program_nothing(BPF_PROG_TYPE_SOCKET_FILTER);
	programs[5] = special_program(BPF_F_SLEEPABLE, 0);
	programs[6] = special_program(0, BPF_TRACE_KPROBE_MULTI);
	programs[7] = counter.map;
	programs[8] = counter_tracing(BPF_TRACE_FENTRY, "vfs_read", 0).prog;
	programs[9] = counter_tracing(BPF_TRACE_FEXIT, "vfs_read", 0).prog;
	programs[10] = counter_tracing(BPF_TRACE_RAW_TP, "sched_switch", 0).prog;
	kv_info(&info);
	programs[11] = info.features & KVIEW_FEATURE_SESSION ? counter_multi(TRACE_KPROBE_SESSION).prog : programs[6];
}

/* --- the beginning --- */

void stock_fill(void)
{
	functions = targets_all();
	make_programs();
	cgroups[0] = cgroup_new("a");
	cgroups[1] = cgroup_new("b");
	for (int i = 0; i < POOLS * SLOTS; i++)
		pools[i / SLOTS][i % SLOTS] = -1;
	for (int i = 0; i < SLOTS; i++)
		pools[DEVICES][i] = CHECK_CALL(open(KVIEW_DEVICE, O_RDWR | O_CLOEXEC));
	for (int i = 0; i < PROCESSES; i++)
		processes[i] = -1;
}

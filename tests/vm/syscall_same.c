// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/*
 * The tracepoints of all system calls, attached by the kernel and through a view: the same calls, made by the same
 * process once for each, must be seen alike, those with numbers the kernel does not have among them, and whatever
 * denies or changes them on their way in.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <ucontext.h>

#include <bpf/bpf.h>

#include "programs.h"
#include "subject.h"
#include "syscall_same.h"
#include "syscall_same.skel.h"
#include "testlib.h"

#define MARK 0x6d61726b /* getpgid() of this begins and ends what is compared */
#define MAGIC 0x6d616769 /* getsid() of this is denied, or made another call */
#define DENIED 9998	/* by seccomp */
#define X32_BIT 0x40000000L

/* --- calls -------------------------------------------------------------------------------------------------------------- */

/* All registers that are written down have known values. */
static long call64(long number, long first)
{
	register long r10 __asm__("r10") = 4, r8 __asm__("r8") = 5, r9 __asm__("r9") = 6;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(first), "S"(2L), "d"(3L), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static long call32(long number, long first)
{
	register long r8 __asm__("r8") = 5, r9 __asm__("r9") = 6, r10 __asm__("r10") = 4;
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result), "+r"(r8), "+r"(r9), "+r"(r10)
			 : "a"(number), "b"(first), "c"(2L), "d"(3L), "S"(4L), "D"(5L)
			 : "r11", "memory");
	return result;
}

/* In and around the tables, which end below 600. */
static const long numbers[] = {
	SYS_getppid, 400, 451, 463, 512, 548, 600, 1023, 1024, 9999, DENIED, INT32_MAX, INT32_MIN, -1, -2, 0xffffffff,
	1L << 32 | SYS_getppid, 1L << 32 | 9999, X32_BIT | SYS_getppid, X32_BIT | 512, X32_BIT | 600,
};

static void make_calls(void)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		call64(numbers[i], 1);
	call64(-1, 0);
	call64(SYS_getsid, MAGIC);
	call64(9999, MAGIC);
	call64(-1, MAGIC);
}

static void make_calls32(void)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		call32(numbers[i], 1);
}

/* As a handler that came upon a call that failed with ENOSYS leaves them; the return makes its own number -1. */
static void on_signal(int signal, siginfo_t *info, void *context)
{
	ucontext_t *before = context;

	(void)signal;
	(void)info;
	before->uc_mcontext.gregs[REG_RAX] = -ENOSYS;
	before->uc_mcontext.gregs[REG_RCX] = before->uc_mcontext.gregs[REG_RIP];
}

static pid_t self;

static void handle_signals(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };

	self = getpid();
	sigaction(SIGINT, &action, NULL);
}

/* The second argument of all calls is SIGINT. */
static void make_signals(void)
{
	for (int i = 0; i < 3; i++) {
		call64(-1, 0);
		call64(SYS_tkill, self);
		call64(-1, 0);
	}
}

static void deny(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DENIED, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffff, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsid, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MAGIC, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		abort();
}

static volatile char selector;

static void on_dispatch(int signal)
{
	(void)signal;
	selector = SYSCALL_DISPATCH_FILTER_ALLOW;
}

static void dispatch_call(long number)
{
	selector = SYSCALL_DISPATCH_FILTER_BLOCK;
	call64(number, 0);
	selector = SYSCALL_DISPATCH_FILTER_ALLOW;
}

/* Syscall user dispatch: the process handles its calls itself. */
static void make_dispatched(void)
{
	signal(SIGSYS, on_dispatch);
	selector = SYSCALL_DISPATCH_FILTER_ALLOW;
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector))
		abort();
	dispatch_call(SYS_getppid);
	dispatch_call(9999);
	dispatch_call(-1);
	prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0);
}

struct script {
	void (*prepare)(void); /* once */
	void (*run)(void);
};

static void run_prepare(void *script)
{
	((struct script *)script)->prepare();
}

static void run_script(void *script)
{
	call64(SYS_getpgid, MARK);
	((struct script *)script)->run();
	call64(SYS_getpgid, MARK);
}

/* --- what was seen ------------------------------------------------------------------------------------------------------ */

struct log {
	uint32_t count[SYSCALL_PROGRAMS];
	struct syscall_event events[SYSCALL_PROGRAMS][SYSCALL_EVENTS];
};

static struct syscall_same *load(pid_t tgid)
{
	struct syscall_same *bpf = syscall_same__open();

	CHECK(bpf);
	bpf->rodata->tgid = tgid;
	CHECK(!syscall_same__load(bpf));
	return bpf;
}

static bool is_mark(const struct syscall_event *event)
{
	return event->program == RAW_ENTER && event->number == SYS_getpgid && event->args[0] == MARK;
}

/* Each program's events from mark to mark. */
static void take_log(struct syscall_same *bpf, struct log *log)
{
	uint32_t total = bpf->bss->count, marks = 0;

	CHECK(total < SYSCALL_EVENTS);
	memset(log, 0, sizeof(*log));
	for (uint32_t i = 0; i < total; i++) {
		struct syscall_event event;

		CHECK(!bpf_map_lookup_elem(bpf_map__fd(bpf->maps.events), &i, &event));
		marks += is_mark(&event);
		if (marks == 1)
			log->events[event.program][log->count[event.program]++] = event;
	}
	CHECK_EQUAL(marks, 2);
}

static void expect_same(const struct log *ours, const struct log *kernels)
{
	for (int program = 0; program < SYSCALL_PROGRAMS; program++) {
		CHECK(kernels->count[program]);
		for (uint32_t i = 0; i < kernels->count[program] || i < ours->count[program]; i++) {
			const struct syscall_event *a = &ours->events[program][i], *b = &kernels->events[program][i];

			if (memcmp(a, b, sizeof(*a)))
				FAIL("program %d, event %u of %u: %lld(%llx, %llx) = %lld, orig_ax %llx; the kernel's of %u: "
				     "%lld(%llx, %llx) = %lld, orig_ax %llx",
				     program, i, ours->count[program], a->number, a->args[0], a->args[1], a->result,
				     a->orig_ax, kernels->count[program], b->number, b->args[0], b->args[1], b->result,
				     b->orig_ax);
		}
	}
}

/* Has the log the entry of a call with this number? */
static bool has_entry(const struct log *log, long number)
{
	for (uint32_t i = 0; i < log->count[RAW_ENTER]; i++) {
		if (log->events[RAW_ENTER][i].number == number)
			return true;
	}
	return false;
}

/* --- both ways ---------------------------------------------------------------------------------------------------------- */

typedef void run_fn(struct subject *subject, struct script *script);

static void run_plainly(struct subject *subject, struct script *script)
{
	subject_do(subject, run_script, script);
}

static void log_kernel(struct subject *subject, struct script *script, run_fn *run, struct log *log)
{
	struct syscall_same *bpf = load(subject->pid);
	int events[] = {
		raw_tracepoint_attach(bpf_program__fd(bpf->progs.raw_enter), "sys_enter"),
		raw_tracepoint_attach(bpf_program__fd(bpf->progs.raw_exit), "sys_exit"),
		tracepoint_attach(bpf_program__fd(bpf->progs.tp_enter), "raw_syscalls/sys_enter"),
		tracepoint_attach(bpf_program__fd(bpf->progs.tp_exit), "raw_syscalls/sys_exit"),
		tracing_attach(bpf_program__fd(bpf->progs.btf_enter)),
		tracing_attach(bpf_program__fd(bpf->progs.btf_exit)),
	};

	run(subject, script);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		close(events[i]);
	take_log(bpf, log);
	syscall_same__destroy(bpf);
}

typedef void link_fn(int view, struct syscall_same *bpf);

static void link_by_number(int view, struct syscall_same *bpf)
{
	kv_syscall(view, KVIEW_HOOK_RAW_ENTER, bpf_program__fd(bpf->progs.raw_enter), 0);
	kv_syscall(view, KVIEW_HOOK_RAW_EXIT, bpf_program__fd(bpf->progs.raw_exit), 0);
	kv_syscall(view, KVIEW_HOOK_TP_ENTER, bpf_program__fd(bpf->progs.tp_enter), KVIEW_SYSCALL_ALL);
	kv_syscall(view, KVIEW_HOOK_TP_EXIT, bpf_program__fd(bpf->progs.tp_exit), KVIEW_SYSCALL_ALL);
}

static void link_named(int view, __u32 kind, struct bpf_program *prog, const char *name)
{
	struct kview_target target = { .name = (unsigned long)name };
	int link = kv_try_link(view, kind, bpf_program__fd(prog), &target, 1);

	if (link < 0)
		FAIL("%s: %s, %s", name, strerror(-link), kv_reason_name(kv_reason));
}

static void link_by_name(int view, struct syscall_same *bpf)
{
	link_named(view, KVIEW_HOOK_RAW_TP, bpf->progs.raw_enter, "sys_enter");
	link_named(view, KVIEW_HOOK_RAW_TP, bpf->progs.raw_exit, "sys_exit");
	link_named(view, KVIEW_HOOK_TP, bpf->progs.tp_enter, "raw_syscalls/sys_enter");
	link_named(view, KVIEW_HOOK_TP, bpf->progs.tp_exit, "raw_syscalls/sys_exit");
	/* Programs of other kinds in the same trampolines. */
	kv_entry(view, program_nothing(BPF_PROG_TYPE_KPROBE), "x64_sys_call");
	kv_entry(view, program_nothing(BPF_PROG_TYPE_KPROBE), "syscall_exit_to_user_mode_prepare");
}

static void log_view(struct subject *subject, struct script *script, run_fn *run, link_fn *link, struct log *log)
{
	struct syscall_same *bpf = load(subject->pid);
	int view = kv_view();

	link(view, bpf);
	link_named(view, KVIEW_HOOK_BTF_TP, bpf->progs.btf_enter, "sys_enter");
	link_named(view, KVIEW_HOOK_BTF_TP, bpf->progs.btf_exit, "sys_exit");
	kv_member(view, subject->pid);
	run(subject, script);
	close(view);
	take_log(bpf, log);
	syscall_same__destroy(bpf);
}

static struct log ours, kernels;

static void compare(struct script script, run_fn *run)
{
	struct subject subject = subject_new(1);

	if (script.prepare)
		subject_do(&subject, run_prepare, &script);
	log_view(&subject, &script, run, link_by_number, &ours);
	log_kernel(&subject, &script, run, &kernels);
	expect_same(&ours, &kernels);
	log_view(&subject, &script, run, link_by_name, &ours);
	expect_same(&ours, &kernels);
	subject_end(&subject);
}

static void plain(void)
{
	compare((struct script){ .run = make_calls }, run_plainly);
	CHECK(has_entry(&ours, 9999));
	CHECK(has_entry(&ours, -1));
}

static void compat(void)
{
	compare((struct script){ .run = make_calls32 }, run_plainly);
	CHECK(has_entry(&ours, 9999));
	CHECK(has_entry(&ours, -1));
}

static void signals(void)
{
	compare((struct script){ .prepare = handle_signals, .run = make_signals }, run_plainly);
}

static void denied(void)
{
	compare((struct script){ .prepare = deny, .run = make_calls }, run_plainly);
	CHECK(has_entry(&ours, 9999));
	CHECK(has_entry(&ours, -1));
	CHECK(!has_entry(&ours, DENIED));
}

static void dispatched(void)
{
	compare((struct script){ .run = make_dispatched }, run_plainly);
	CHECK(!has_entry(&ours, 9999));
}

/* --- tracers ------------------------------------------------------------------------------------------------------------ */

static struct user_regs_struct stop_at_call(pid_t pid, int how)
{
	struct user_regs_struct regs;
	int status;

	do {
		CHECK_CALL(ptrace(how, pid, 0, 0));
		CHECK_CALL(waitpid(pid, &status, __WALL));
	} while (!WIFSTOPPED(status) || WSTOPSIG(status) != (SIGTRAP | 0x80));
	CHECK_CALL(ptrace(PTRACE_GETREGS, pid, 0, &regs));
	return regs;
}

static void seize(struct subject *subject)
{
	int status;

	CHECK_CALL(ptrace(PTRACE_SEIZE, subject->pid, 0, PTRACE_O_TRACESYSGOOD));
	CHECK_CALL(ptrace(PTRACE_INTERRUPT, subject->pid, 0, 0));
	CHECK_CALL(waitpid(subject->pid, &status, __WALL));
}

/* At entry and exit of each call; the entry changes numbers. */
static void run_traced(struct subject *subject, struct script *script)
{
	struct user_regs_struct regs;
	int marks = 0;

	seize(subject);
	subject_begin(subject, run_script, script);
	while (marks < 2) {
		regs = stop_at_call(subject->pid, PTRACE_SYSCALL);
		if (regs.rax != (unsigned long)-ENOSYS)
			continue;
		if (regs.orig_rax == SYS_getpgid && regs.rdi == MARK)
			marks++;
		if (regs.orig_rax == SYS_getsid && regs.rdi == MAGIC)
			regs.orig_rax = -1;
		else if (regs.orig_rax == 9999 && regs.rdi == MAGIC)
			regs.orig_rax = SYS_getppid;
		else
			continue;
		CHECK_CALL(ptrace(PTRACE_SETREGS, subject->pid, 0, &regs));
	}
	CHECK_CALL(ptrace(PTRACE_DETACH, subject->pid, 0, 0));
	subject_done(subject);
}

static void traced(void)
{
	compare((struct script){ .run = make_calls }, run_traced);
	CHECK(has_entry(&ours, 9999));
}

static void traced_denied(void)
{
	compare((struct script){ .prepare = deny, .run = make_calls }, run_traced);
	CHECK(has_entry(&ours, 9999));
	CHECK(!has_entry(&ours, DENIED));
}

/* Calls between the marks are the tracer's, as in user-mode Linux. */
static void run_emulated(struct subject *subject, struct script *script)
{
	struct user_regs_struct regs;

	seize(subject);
	subject_begin(subject, run_script, script);
	do {
		regs = stop_at_call(subject->pid, PTRACE_SYSCALL);
	} while (regs.orig_rax != SYS_getpgid || regs.rdi != MARK);
	stop_at_call(subject->pid, PTRACE_SYSCALL);
	do {
		regs = stop_at_call(subject->pid, PTRACE_SYSEMU);
	} while (regs.orig_rax != SYS_getpgid || regs.rdi != MARK);
	/* The mark is not emulated: begin it again. */
	regs.rip -= 2;
	regs.rax = SYS_getpgid;
	CHECK_CALL(ptrace(PTRACE_SETREGS, subject->pid, 0, &regs));
	CHECK_CALL(ptrace(PTRACE_DETACH, subject->pid, 0, 0));
	subject_done(subject);
}

static void emulated(void)
{
	compare((struct script){ .run = make_calls }, run_emulated);
	CHECK(!has_entry(&ours, 9999));
}

TEST_MAIN(TEST_CASE(plain), TEST_CASE(compat), TEST_CASE(signals), TEST_CASE(denied),
	  TEST_CASE(dispatched), TEST_CASE(traced), TEST_CASE(traced_denied), TEST_CASE(emulated))

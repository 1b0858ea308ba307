// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/*
 * Calls that a program puts off: they have not begun when the signal is taken, and are made once afterwards. One process
 * at a time is the member; what it writes into a pipe, with a call nothing else of it makes, tells what happened.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "programs.h"
#include "put_off_record.h"
#include "put_off.skel.h"
#include "testlib.h"

#define ROUNDS 200
#define STATISTICS "/proc/sys/kernel/bpf_stats_enabled"
#define SYS_32_WRITEV 146

static struct put_off *skeleton;
static volatile struct put_off_told *told;
static int view, link_fd, go[2], out[2];

static void written(int signal)
{
	(void)signal;
	(void)!write(out[1], "h", 1);
}

static long send_one(void)
{
	struct iovec one = { .iov_base = "x", .iov_len = 1 };

	return syscall(SYS_writev, out[1], &one, 1);
}

/* The same as a 32-bit call, whose memory has to lie low. */
static long send_one_32(void)
{
	struct {
		uint32_t base, len;
		char text[8];
	} *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long result;

	low->base = (uintptr_t)low->text;
	low->len = 1;
	low->text[0] = 'x';
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(SYS_32_WRITEV), "b"((long)out[1]), "c"(low), "d"(1L)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

/* Is it in read(go[0], ...)? */
static bool reads(pid_t pid)
{
	char path[32], line[64] = "", want[32];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	snprintf(want, sizeof(want), "0 %#x ", go[0]);
	file = fopen(path, "r");
	if (!file)
		return false;
	(void)!fgets(line, sizeof(line), file);
	fclose(file);
	return !strncmp(line, want, strlen(want));
}

/* A member that makes @call so many times when it is told to; it exits with the number of times that went wrong. */
static pid_t member_new(long (*call)(void), int times)
{
	int i, wrong = 0;
	char byte;
	pid_t pid;

	CHECK_CALL(pipe2(go, O_CLOEXEC));
	CHECK_CALL(pipe2(out, O_CLOEXEC));
	pid = CHECK_CALL(fork());
	if (!pid) {
		signal(SIGUSR1, written);
		if (read(go[0], &byte, 1) != 1)
			_exit(100);
		for (i = 0; i < times; i++)
			wrong += call() != 1;
		_exit(wrong);
	}
	WAIT_FOR(reads(pid));
	kv_member(view, pid);
	return pid;
}

static void attach(__u32 flags, int number, int signal, int result)
{
	struct kview_target target = {};

	skeleton = put_off__open_and_load();
	CHECK(skeleton);
	told = &skeleton->bss->told;
	told->number = number;
	told->signal = signal;
	told->result = result;
	view = kv_view();
	link_fd = CHECK_CALL(kv_try_link_flags(view, KVIEW_HOOK_RAW_ENTER, flags,
					       bpf_program__fd(skeleton->progs.enter), &target, 1));
}

static void let_go(void)
{
	CHECK_EQUAL(write(go[1], "g", 1), 1);
}

/* All that the member has written, once it has ended. */
static size_t output(char *text, size_t size)
{
	ssize_t len;

	close(out[1]);
	len = CHECK_CALL(read(out[0], text, size - 1));
	text[len] = '\0';
	return len;
}

static void expect_nothing(void)
{
	char byte;

	CHECK_CALL(fcntl(out[0], F_SETFL, O_NONBLOCK));
	CHECK_EQUAL(read(out[0], &byte, 1), -1);
	CHECK_EQUAL(errno, EAGAIN);
}

/* The call is not made before the process goes on, and then once. */
static void expect_stopped_before(long (*call)(void), int number)
{
	char text[16];
	int status;
	pid_t pid;

	pid = member_new(call, 1);
	let_go();
	CHECK_EQUAL(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_EQUAL(told->number, number);
	CHECK_EQUAL(told->seen, 1);
	expect_nothing();
	CHECK_CALL(kill(pid, SIGCONT));
	CHECK_EQUAL(test_wait(pid), 0);
	CHECK_EQUAL(output(text, sizeof(text)), 1);
	CHECK_EQUAL(told->seen, 2);
}

static void stopped(void)
{
	attach(KVIEW_LINK_PUT_OFF, SYS_writev, SIGSTOP, 1);
	expect_stopped_before(send_one, SYS_writev);
	CHECK_EQUAL(kv_link_info(link_fd).missed, 0);
}

static void stopped_32(void)
{
	attach(KVIEW_LINK_PUT_OFF, SYS_32_WRITEV, SIGSTOP, 1);
	expect_stopped_before(send_one_32, SYS_32_WRITEV);
}

/* Programs that are timed run from C. */
static void timed(void)
{
	test_set(STATISTICS, "1");
	stopped();
}

/* With a program at the function's return, which does not come then. */
static void around(void)
{
	struct counter returns = counter_new(BPF_PROG_TYPE_KPROBE), exits = counter_new(BPF_PROG_TYPE_TRACEPOINT);
	struct kview_target target = { .name = (uintptr_t)"x64_sys_call" };

	attach(KVIEW_LINK_PUT_OFF, SYS_writev, SIGSTOP, 1);
	CHECK_CALL(kv_try_link(view, KVIEW_HOOK_RETURN, returns.prog, &target, 1));
	kv_syscall(view, KVIEW_HOOK_TP_EXIT, exits.prog, SYS_writev);
	expect_stopped_before(send_one, SYS_writev);
	CHECK_EQUAL(*returns.value, 1); /* that of writev in the end */
	CHECK_EQUAL(*exits.value, 2);	/* -ERESTARTNOINTR, and what it wrote */
}

/* A handler runs first, in front of the call. Again and again: each call is made once. */
static void handled(void)
{
	char text[2 * ROUNDS + 1];
	int i;
	pid_t pid;

	attach(KVIEW_LINK_PUT_OFF, SYS_writev, SIGUSR1, 1);
	pid = member_new(send_one, ROUNDS);
	let_go();
	CHECK_EQUAL(test_wait(pid), 0);
	CHECK_EQUAL(output(text, sizeof(text)), 2 * ROUNDS);
	for (i = 0; i < ROUNDS; i++)
		CHECK(text[2 * i] == 'h' && text[2 * i + 1] == 'x');
	CHECK_EQUAL(told->seen, 2 * ROUNDS);
}

static void killed(void)
{
	char text[16];
	int status;
	pid_t pid;

	attach(KVIEW_LINK_PUT_OFF, SYS_writev, SIGKILL, 1);
	pid = member_new(send_one, 1);
	let_go();
	status = test_wait(pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK_EQUAL(output(text, sizeof(text)), 0);
}

/* Made at once, and shown once: @flags, @signal, @result. A signal is taken when the call returns. */
static void expect_made(__u32 flags, int signal, int result)
{
	char text[16];
	pid_t pid;

	attach(flags, SYS_writev, signal, result);
	pid = member_new(send_one, 1);
	let_go();
	CHECK_EQUAL(test_wait(pid), 0);
	output(text, sizeof(text));
	CHECK(!strcmp(text, signal ? "xh" : "x"));
	CHECK_EQUAL(told->seen, 1);
}

static void made(void)
{
	expect_made(0, SIGUSR1, 1);
	close(view);
	expect_made(KVIEW_LINK_PUT_OFF, SIGUSR1, 0);
	close(view);
	expect_made(KVIEW_LINK_PUT_OFF, 0, 1);
}

static void refused(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_RAW_TRACEPOINT);
	struct kview_target target = {};
	int own = kv_view();

	CHECK_EQUAL(kv_try_link_flags(own, KVIEW_HOOK_RAW_EXIT, KVIEW_LINK_PUT_OFF, counter.prog, &target, 1), -EINVAL);
	CHECK_CALL(kv_try_link_flags(own, KVIEW_HOOK_RAW_ENTER, KVIEW_LINK_PUT_OFF, counter.prog, &target, 1));
}

static void undo(void)
{
	test_set(STATISTICS, "0");
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST_CASE(stopped), TEST_CASE(stopped_32), TEST_CASE(timed), TEST_CASE(around),
		TEST_CASE(handled), TEST_CASE(killed),	   TEST_CASE(made),  TEST_CASE(refused),
	};

	test_undo = undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}

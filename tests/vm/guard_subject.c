// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard_subject.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guard/profile.h"

static void on_signal(int signal)
{
	(void)signal;
	syscall(SYS_getgid);
}

long guard_call_32(long number)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number) : "memory", "r8", "r9", "r10", "r11");
	return result;
}

/* A handler in a handler ... */
static void nest(int signal)
{
	if (signal < SIGRTMIN + GUARD_FRAMES + SUBJECT_TOO_DEEP)
		raise(signal + 1);
}

static void handlers(void)
{
	int i;

	for (i = 1; i <= GUARD_FRAMES + SUBJECT_TOO_DEEP; i++)
		signal(SIGRTMIN + i, nest);
	raise(SIGRTMIN + 1);
}

static void usual(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		syscall(SYS_getppid);
		syscall(SYS_getuid);
		syscall(SYS_getppid);
	}
}

/* Processes, each the child of the one before, which have learned all this, but not the call after the fork. */
static void crowd(void)
{
	pid_t child;
	int i;

	for (i = 0; i < SUBJECT_CROWD; i++) {
		child = fork();
		if (child) {
			syscall(SYS_getsid, 0);
			waitpid(child, NULL, 0);
			_exit(0);
		}
		usual();
	}
}

static void many(void)
{
	int i;

	for (i = 0; i < 2000; i++)
		syscall(340 + i % 80); /* there are no such calls */
}

/* Submit an operation that does nothing. */
static void ring(void)
{
	struct io_uring_params params = {};
	int fd = syscall(SYS_io_uring_setup, 1, &params);
	struct io_uring_sqe *entry;
	unsigned int *array, *tail;
	char *at;

	entry = mmap(NULL, sizeof(*entry), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);
	if (fd < 0 || entry == MAP_FAILED || at == MAP_FAILED)
		_exit(2);
	entry->opcode = IORING_OP_NOP;
	array = (unsigned int *)(at + params.sq_off.array);
	tail = (unsigned int *)(at + params.sq_off.tail);
	array[0] = 0;
	__atomic_store_n(tail, 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, fd, 1, 0, 0, NULL, 0) != 1)
		_exit(3);
}

/* Where the guard can look. */
static void send_one(void)
{
	struct iovec one = { .iov_base = "x", .iov_len = 1 };

	syscall(SYS_writev, STDIN_FILENO, &one, 1);
}

/* A call that a signal makes the kernel begin anew, and another: libc forks by clone(). */
static void spawn(void)
{
	pid_t child = syscall(SYS_fork);

	if (!child)
		_exit(0);
	syscall(SYS_wait4, child, NULL, 0, NULL);
}

static void *pause_thread(void *data)
{
	for (;;)
		syscall(SYS_pause);
	return data;
}

/* One thread waits in a call that no handler lets go on, the other in one that goes on after SIGUSR1, but not SIGUSR2. */
static void wait_in_calls(void)
{
	const struct sigaction goes_on = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	const struct sigaction ends = { .sa_handler = on_signal };
	pthread_t thread;
	sigset_t both;
	char go;

	sigaction(SIGUSR1, &goes_on, NULL);
	sigaction(SIGUSR2, &ends, NULL);
	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGUSR2);
	sigprocmask(SIG_BLOCK, &both, NULL);
	if (pthread_create(&thread, NULL, pause_thread, NULL))
		_exit(2);
	sigprocmask(SIG_UNBLOCK, &both, NULL);
	while (read(STDIN_FILENO, &go, 1) < 0)
		;
}

static void *exec_thread(void *path)
{
	execl(path, path, "usual", NULL);
	_exit(127);
}

/* It becomes another program, but not by its first thread. */
static void exec_elsewhere(void)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, exec_thread, SUBJECT_ELSEWHERE))
		pthread_join(thread, NULL);
}

int guard_subject(const char *what)
{
	const struct timespec nap = { .tv_nsec = 300000000 };
	char go;

	usual();
	if (!strcmp(what, "wait"))
		return read(STDIN_FILENO, &go, 1) == 1 ? (usual(), 0) : 1;
	if (!strcmp(what, "order"))
		syscall(SYS_getuid), syscall(SYS_getuid), syscall(SYS_getuid);
	if (!strcmp(what, "new"))
		syscall(SYS_getsid, 0), syscall(SYS_getppid);
	if (!strcmp(what, "32"))
		guard_call_32(20); /* getpid; as a 64-bit call writev */
	if (!strcmp(what, "x32"))
		syscall(GUARD_X32_BIT | SYS_getpid); /* known or not, the number was asked for */
	if (!strcmp(what, "handlers"))
		handlers();
	if (!strcmp(what, "crowd"))
		crowd();
	if (!strcmp(what, "exec"))
		return syscall(SYS_getsid, 0), execl("/bin/true", "true", NULL), errno == EPERM ? 42 : 1;
	if (!strcmp(what, "start"))
		return execl("/bin/true", "true", NULL);
	if (!strcmp(what, "continue"))
		signal(SIGCONT, on_signal), raise(SIGCONT), usual();
	if (!strcmp(what, "send"))
		signal(SIGCONT, on_signal), raise(SIGCONT), usual(), send_one();
	if (!strcmp(what, "signal"))
		signal(SIGUSR1, on_signal), raise(SIGUSR1), usual();
	if (!strcmp(what, "fork") && !fork())
		usual(), _exit(0);
	if (!strcmp(what, "spawn"))
		spawn();
	if (!strcmp(what, "nap"))
		syscall(SYS_nanosleep, &nap, NULL);
	if (!strcmp(what, "waits"))
		wait_in_calls();
	if (!strcmp(what, "elsewhere"))
		exec_elsewhere();
	if (!strcmp(what, "crash"))
		signal(SIGSEGV, SIG_DFL), raise(SIGSEGV);
	if (!strcmp(what, "ring"))
		ring();
	if (!strcmp(what, "many"))
		many();
	return 0;
}

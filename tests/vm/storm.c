// SPDX-License-Identifier: GPL-2.0-or-later
#include "storm.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "testlib.h"

static __thread uint64_t chance = 1;
static char *program;
static pid_t group;

void chance_seed(uint64_t seed)
{
	chance = seed * 0x9e3779b97f4a7c15 + 1;
}

/* xorshift64* */
uint64_t draw(void)
{
	chance ^= chance >> 12;
	chance ^= chance << 25;
	chance ^= chance >> 27;
	return chance * 0x2545f4914f6cdd1d >> 11;
}

unsigned int below(unsigned int limit)
{
	return draw() % limit;
}

bool once_in(unsigned int times)
{
	return !below(times);
}

void storm_calls(void)
{
	char byte;

	for (int i = below(200); i; i--) {
		syscall(SYS_getppid);
		syscall(SYS_getpgid, 0);
		syscall(SYS_read, -1, &byte, 1);
	}
}

/* Long enough to be met by those who want one. */
static void *thread_main(void *seed)
{
	chance_seed((uintptr_t)seed);
	do {
		storm_calls();
		usleep(below(20000));
	} while (!once_in(4));
	return NULL;
}

static void start_thread(void)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, thread_main, (void *)draw()))
		once_in(2) ? pthread_join(thread, NULL) : pthread_detach(thread);
}

static void exec_program(char *what)
{
	char seed[32];
	char *argv[] = { program, "storm", what, seed, NULL };

	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)draw());
	execv(program, argv);
	_exit(0);
}

static void start_child(void)
{
	pid_t pid = once_in(2) ? vfork() : fork();

	if (!pid) {
		syscall(SYS_getppid);
		if (once_in(3))
			exec_program("end");
		_exit(0);
	}
	if (pid > 0 && !once_in(4))
		waitpid(pid, NULL, 0);
}

static _Noreturn void live(uint64_t seed)
{
	chance_seed(seed);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!once_in(60)) {
		switch (below(8)) {
		case 0:
			start_child();
			break;
		case 1:
			start_thread();
			break;
		case 2:
			if (once_in(3))
				exec_program("live");
			break;
		case 3:
		case 4:
		case 5:
			usleep(below(20000));
			break;
		default:
			storm_calls();
		}
	}
	_exit(0);
}

void storm_main(int argc, char **argv)
{
	program = realpath("/proc/self/exe", NULL);
	if (argc != 4 || strcmp(argv[1], "storm"))
		return;
	if (!strcmp(argv[2], "live"))
		live(strtoull(argv[3], NULL, 10));
	_exit(0);
}

/* The group's leader does nothing but be there. */
void storm_begin(void)
{
	CHECK_CALL(prctl(PR_SET_CHILD_SUBREAPER, 1));
	group = CHECK_CALL(fork());
	if (!group) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	CHECK_CALL(setpgid(group, group));
}

pid_t storm_process(void)
{
	uint64_t seed = draw();
	pid_t pid = fork();

	if (pid >= 0)
		setpgid(pid, group); /* in both, as neither can wait for the other */
	if (!pid)
		live(seed);
	return pid;
}

pid_t storm_thread(pid_t pid)
{
	char path[32];
	struct dirent *entry;
	pid_t thread = pid;
	unsigned int met = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	while (tasks && (entry = readdir(tasks))) {
		if (entry->d_name[0] != '.' && once_in(++met))
			thread = atoi(entry->d_name);
	}
	if (tasks)
		closedir(tasks);
	return thread;
}

void storm_end(void)
{
	/* Again after each: who was being forked at the first time is in the group by now. */
	do
		kill(-group, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
}

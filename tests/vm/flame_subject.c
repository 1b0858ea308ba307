// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program whose stacks are known. usage: flame_subject MODE SECONDS
 *
 *   burn   CPU time: three quarters in burn_most(), one quarter in burn_rest(), both below work()
 *   sleep  waits, below wait_here(): three quarters of the time in sleep_long(), one in sleep_short()
 *   jit    CPU time in a function made at run time, of which /tmp/perf-PID.map tells, called by run_made()
 *   child  burn, in a child that it forks
 *   thread burn, in a second thread; the first one waits
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TURN 1000000 /* rounds of a quarter */
#define NOINLINE __attribute__((noinline, noclone, noipa))

static volatile unsigned long sink;
static void *volatile frame;

/* Functions that call nobody get a frame only when they ask for it. */
#define WITH_FRAME() (frame = __builtin_frame_address(0))

/* Not static: a stripped program with -rdynamic would still export them; see tests/vm/cli_flame.sh. */
NOINLINE void burn_most(void);
NOINLINE void burn_rest(void);
NOINLINE void work(double seconds);
NOINLINE void sleep_long(void);
NOINLINE void sleep_short(void);
NOINLINE void wait_here(double seconds);
NOINLINE void run_made(double seconds);

static double cpu_seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

void burn_most(void)
{
	WITH_FRAME();
	for (unsigned long i = 0; i < 3 * TURN; i++)
		sink += i;
}

void burn_rest(void)
{
	WITH_FRAME();
	for (unsigned long i = 0; i < TURN; i++)
		sink += i;
}

void work(double seconds)
{
	double end = cpu_seconds() + seconds;

	while (cpu_seconds() < end) {
		burn_most();
		burn_rest();
	}
}

/* The C library's functions have no frame of their own, which would hide their caller. */
static inline __attribute__((always_inline)) void sleep_ms(long ms)
{
	struct timespec time = { .tv_nsec = ms * 1000000 };
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "0"(SYS_nanosleep), "D"(&time), "S"(0) : "rcx", "r11", "memory");
	sink += result;
}

void sleep_long(void)
{
	WITH_FRAME();
	sleep_ms(150);
}

void sleep_short(void)
{
	WITH_FRAME();
	sleep_ms(50);
}

void wait_here(double seconds)
{
	for (int turns = seconds * 5; turns > 0; turns--) {
		sleep_long();
		sleep_short();
	}
}

/* push %rbp; mov %rsp,%rbp; mov $TURN,%eax; 1: dec %eax; jnz 1b; pop %rbp; ret */
static const unsigned char code[] = { 0x55, 0x48, 0x89, 0xe5, 0xb8, 0x40, 0x42, 0x0f,
				      0x00, 0xff, 0xc8, 0x75, 0xfc, 0x5d, 0xc3 };

static void write_map(const void *at)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	file = fopen(path, "w");
	if (!file)
		exit(1);
	fprintf(file, "%lx %zx made<at>;run&time\n", (unsigned long)at, sizeof(code));
	fclose(file);
}

void run_made(double seconds)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	double end = cpu_seconds() + seconds;

	if (at == MAP_FAILED)
		exit(1);
	memcpy(at, code, sizeof(code));
	write_map(at);
	while (cpu_seconds() < end)
		for (int i = 0; i < 10; i++)
			((void (*)(void))at)();
	sink++;
}

static void *thread(void *data)
{
	work(*(double *)data);
	return NULL;
}

static int run(const char *mode, double seconds)
{
	pthread_t other;

	if (!strcmp(mode, "burn"))
		work(seconds);
	else if (!strcmp(mode, "sleep"))
		wait_here(seconds);
	else if (!strcmp(mode, "jit"))
		run_made(seconds);
	else if (!strcmp(mode, "child") && !fork())
		work(seconds);
	else if (!strcmp(mode, "child"))
		wait(NULL);
	else if (!strcmp(mode, "thread") && !pthread_create(&other, NULL, thread, &seconds))
		pthread_join(other, NULL);
	else
		return 2;
	return 0;
}

int main(int argc, char **argv)
{
	return argc == 3 ? run(argv[1], atof(argv[2])) : 2;
}

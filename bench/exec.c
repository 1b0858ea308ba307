// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tools as they are, by themselves and in kview exec: what a process that nobody traces pays beside each, and how long each
 * takes from its start to its end.
 *
 * A tool has attached when the process it traces pays for it; so there is no row of a tool that does nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "insns.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define KVIEW "build/cli/kview"
#define TOOL "build/tests/vm/exec_tool"

#define ATTACH_US 100000   /* between two looks whether it has attached */
#define ATTACH_TRIES 3000
#define ROUNDS 10	   /* of which the shortest counts */
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct {
	const char *label, *argv[4];
	bool ends; /* by itself, when its standard input does: it can be timed */
	bool long_start;
} tools[] = {
	{ "kprobe, by libbpf", { TOOL, "kprobe" }, true, false },
	{ "kretprobe, by libbpf", { TOOL, "kretprobe" }, true, false },
	{ "kprobe, by the ioctl, as bcc does", { TOOL, "plain" }, true, false },
	{ "tracepoint sys_enter_getppid", { TOOL, "tp_enter" }, true, false },
	{ "tracepoint raw_syscalls:sys_enter", { TOOL, "tp_all" }, true, false },
	{ "raw_tp/sys_enter", { TOOL, "raw" }, true, false },
	{ "libbpf-tools: syscount", { "syscount" }, false, true },
	{ "bpftrace: kprobe", { "bpftrace", "-e", "kprobe:__x64_sys_getppid { @ = count(); }" }, false, true },
	{ "bpftrace: kretprobe", { "bpftrace", "-e", "kretprobe:__x64_sys_getppid { @ = count(); }" }, false, true },
};

static struct row {
	double paid[2][CALLS];	 /* above nothing attached: by itself, in kview exec */
	uint64_t ticks[2];	 /* of the processor, from start to end; 0: it has no end */
} rows[COUNT(tools)];

static size_t row_count;

/* Start it as a process group of its own; its standard input is what @input is. */
static pid_t start(size_t tool, pid_t traced, bool in_kview, int input)
{
	const char *argv[16] = { KVIEW, "exec", "--pid", NULL, "--" };
	size_t count = in_kview ? 5 : 0;
	char pid[16];
	pid_t child;

	snprintf(pid, sizeof(pid), "%d", traced);
	argv[3] = in_kview ? pid : argv[3];
	for (size_t i = 0; i < COUNT(tools[tool].argv) && tools[tool].argv[i]; i++)
		argv[count++] = tools[tool].argv[i];
	argv[count] = NULL;
	child = fork();
	if (child)
		return child;
	dup2(input, 0);
	dup2(open("/dev/null", O_WRONLY), 1);
	dup2(1, 2);
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	execvp(argv[0], (char **)argv);
	_exit(127);
}

static int finish(pid_t child, int number, struct rusage *ret_usage)
{
	int status;

	if (number)
		kill(child, number);
	if (wait4(child, &status, 0, ret_usage) != child)
		return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ENOEXEC;
}

/* 0: the traced process pays. */
static int wait_attached(struct bench *bench, pid_t child)
{
	struct sample sample;
	int err;

	for (int i = 0; i < ATTACH_TRIES; i++) {
		err = subject_measure(bench->traced, CALL_GETPPID, &sample);
		if (err)
			return err;
		if (sample.min > results_bare(bench->results, CALL_GETPPID) + 1)
			return 0;
		if (waitpid(child, NULL, WNOHANG) == child)
			return -ENOEXEC;
		usleep(ATTACH_US);
	}
	return -ETIMEDOUT;
}

static int measure(struct bench *bench, size_t tool, bool in_kview)
{
	int err = 0;

	for (enum call call = 0; !err && call < bench->calls; call++) {
		struct result result = {
			.call = call,
			.method = in_kview ? "kview-other" : "tool",
			.kind = tools[tool].label,
		};

		err = subject_measure(bench->other, call, &result.sample);
		rows[tool].paid[in_kview][call] = result.sample.min - results_bare(bench->results, call);
		err = err ?: results_add(bench->results, &result);
	}
	return err;
}

static int run_beside(struct bench *bench, size_t tool, bool in_kview)
{
	_cleanup_(closep) int input = -1;
	int pipe_ends[2], err;
	pid_t child;

	if (pipe2(pipe_ends, O_CLOEXEC))
		return -errno;
	input = pipe_ends[1]; /* which stays open */
	child = start(tool, subject_pid(bench->traced), in_kview, pipe_ends[0]);
	close(pipe_ends[0]);
	if (child < 0)
		return -errno;
	err = wait_attached(bench, child) ?: measure(bench, tool, in_kview);
	finish(child, SIGTERM, NULL);
	return err;
}

/* Where an instruction takes a nanosecond: those of the command, and of all it started. How long files take is the host's affair. */
static uint64_t ticks_of(const struct rusage *usage)
{
	return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * NS_PER_SECOND +
	       (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1000UL;
}

static int time_one(struct bench *bench, size_t tool, bool in_kview)
{
	_cleanup_(closep) int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	uint64_t *best = &rows[tool].ticks[in_kview];
	int err = 0;

	for (int i = 0; !err && i < ROUNDS; i++) {
		pid_t child = start(tool, subject_pid(bench->traced), in_kview, input);
		struct rusage usage;

		err = child < 0 ? -errno : finish(child, 0, &usage);
		if (!err && (!*best || ticks_of(&usage) < *best))
			*best = ticks_of(&usage);
	}
	results_print(bench->results, "\"method\": \"%s\", \"kind\": \"%s\", \"whole_command\": true, \"least\": %lu",
		      in_kview ? "kview-exec" : "tool", tools[tool].label, *best);
	return err;
}

static int run(struct bench *bench)
{
	int err = 0;

	for (size_t tool = 0; !err && tool < COUNT(tools); tool++) {
		if (tools[tool].long_start && bench->quick)
			continue;
		for (int in_kview = 0; !err && in_kview < 2; in_kview++) {
			bench_progress("%s, %s", tools[tool].label, in_kview ? "in kview exec" : "by itself");
			err = run_beside(bench, tool, in_kview);
			if (!err && tools[tool].ends)
				err = time_one(bench, tool, in_kview);
		}
		row_count = tool + 1;
	}
	return err;
}

static void print_paid(const struct bench *bench, FILE *out)
{
	fprintf(out, "\nInstructions a system call of a process nobody traces takes more, beside a tool for another\n\n");
	fprintf(out, "  %-38s%24s%24s\n  %-38s", "", "tool by itself", "in kview exec", "");
	for (int in_kview = 0; in_kview < 2; in_kview++)
		for (enum call call = 0; call < bench->calls; call++)
			fprintf(out, "%12s", call_name(call));
	fputc('\n', out);
	for (size_t i = 0; i < row_count; i++) {
		fprintf(out, "    %-36s", tools[i].label);
		for (int in_kview = 0; in_kview < 2; in_kview++)
			for (enum call call = 0; call < bench->calls; call++)
				fprintf(out, "%+12.3f", rows[i].paid[in_kview][call]);
		fputc('\n', out);
	}
}

static void print_table(const struct bench *bench, FILE *out)
{
	print_paid(bench, out);
	fprintf(out, "\nFrom start to end, millions of instructions, kview's included: the least of %d\n\n", ROUNDS);
	fprintf(out, "  %-38s%24s%24s\n", "", "by itself", "in kview exec");
	for (size_t i = 0; i < row_count; i++) {
		if (rows[i].ticks[0])
			fprintf(out, "    %-36s%24.1f%24.1f\n", tools[i].label, rows[i].ticks[0] / 1e6,
				rows[i].ticks[1] / 1e6);
	}
}

const struct benchmark benchmark_exec = {
	.name = "exec",
	.help = "tools by themselves and in kview exec: what others pay, how long they take",
	.run = run,
	.table = print_table,
};

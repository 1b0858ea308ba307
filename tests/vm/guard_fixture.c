// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard_fixture.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>

#include "guard_subject.h"
#include "tracepoints.h"

#define RUNS 4

struct guarded guarded = { .path = SUBJECT };

const struct guard_kernel_opts guarded_whole = {
	.rule = GUARD_RULE_DEFAULTS,
	.profiles = 200,
	.blocks = 64,
	.stop_seconds = GUARDED_STOP_SECONDS,
};

const char *const subject_words[] = { "usual", "signal", "fork", NULL };

static uint32_t events_seen;

void guarded_start(const struct guard_kernel_opts *opts, struct kview *view)
{
	int err;

	if (view)
		tracepoint_need("sched_process_fork");
	err = guard_kernel_open(opts, &guarded.kernel);
	if (err)
		FAIL("guard_kernel_open: %s", strerror(-err));
	err = guard_kernel_attach(guarded.kernel, view);
	if (err)
		FAIL("guard_kernel_attach: %s, %s", strerror(-err), kview_reason(view));
}

void subject_copy(const char *path)
{
	char command[128];

	unlink(path);
	snprintf(command, sizeof(command), "cp /proc/%d/exe %s", getpid(), path);
	CHECK_EQUAL(system(command), 0);
}

void subject_make(void)
{
	subject_copy(SUBJECT);
}

pid_t subject_spawn_as(pid_t pid, const char *what, int input)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	pid_t child;

	if (pid) {
		args.set_tid = (uintptr_t)&pid;
		args.set_tid_size = 1;
	}
	child = CHECK_CALL(syscall(SYS_clone3, &args, sizeof(args)));
	if (child)
		return child;
	if (input >= 0)
		dup2(input, STDIN_FILENO);
	execl(guarded.path, SUBJECT, what, NULL);
	_exit(127);
}

pid_t subject_spawn(const char *what, int input)
{
	return subject_spawn_as(0, what, input);
}

bool subject_reads(pid_t pid)
{
	char path[32], line[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	return !strncmp(line, "0 0x0 ", 6);
}

int subject_run(const char *what)
{
	return test_wait(subject_spawn(what, -1));
}

static int on_record(void *data, void *record, size_t size)
{
	const struct guard_record *event = record;

	(void)data;
	CHECK_EQUAL(size, sizeof(*event));
	if (event->profile != guarded.number)
		return 0;
	events_seen |= event->events;
	if (event->events & GUARD_ALARMS)
		guarded.last = *event;
	return 0;
}

uint32_t guarded_events(void)
{
	events_seen = 0;
	CHECK_EQUAL(guard_kernel_events(guarded.kernel, on_record, NULL), 0);
	return events_seen;
}

void guarded_find(void)
{
	struct guard_identity identity;

	CHECK_EQUAL(guard_identity_of(guarded.path, &identity), 0);
	CHECK_EQUAL(guard_kernel_profile_find(guarded.kernel, &identity, &guarded.number), 0);
	guarded.profile = guard_kernel_profile(guarded.kernel, guarded.number);
	CHECK(guarded.profile);
}

void guarded_train(const char *const *words)
{
	const char *const *word;
	int i;

	for (i = 0; i < RUNS; i++)
		for (word = words; *word; word++)
			CHECK_EQUAL(subject_run(*word), 0);
	guarded_find();
	CHECK(!guarded.profile->normal);
	CHECK(guarded.profile->calls_seen > 60 * RUNS);
	guard_normalize(guard_kernel_env(guarded.kernel), guarded.profile);
	guarded_events();
	for (word = words; *word; word++)
		CHECK_EQUAL(subject_run(*word), 0);
	CHECK_EQUAL(guarded_events(), 0);
	CHECK_EQUAL(guarded.profile->anomalies, 0);
}

int guarded_main(int argc, char **argv, const struct test_case *cases, size_t count)
{
	if (argc == 2 && (!strcmp(argv[0], SUBJECT) || !strcmp(argv[0], SUBJECT_ELSEWHERE)))
		return guard_subject(argv[1]);
	return test_main(argc, argv, cases, count);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 400
/* The engine in the kernel: what it learns of real processes, and what it says about them. */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "cgroups.h"
#include "guard_fixture.h"
#include "guard_subject.h"

static void alarms(void)
{
	CHECK(!strcmp(guarded.profile->comm, "guard-subject"));
	CHECK_EQUAL(subject_run("order"), 0);
	CHECK_EQUAL(guarded_events(), GUARD_ANOMALY);
	CHECK_EQUAL(subject_run("new"), 0);
	CHECK_EQUAL(guarded_events(), GUARD_ANOMALY | GUARD_ALARM_CALL);
	CHECK_EQUAL(guarded.last.call, SYS_getsid);
	CHECK(!strcmp(guarded.last.comm, "guard-subject"));
}

static void tolerates(void)
{
	guard_tolerize(guard_kernel_env(guarded.kernel), guarded.profile);
	guarded_events();
	CHECK_EQUAL(subject_run("new"), 0);
	CHECK_EQUAL(subject_run("order"), 0);
	CHECK_EQUAL(guarded_events(), 0);
}

static void spaces(void)
{
	if (guard_call_32(20) != getpid())
		return; /* a kernel that does not take 32-bit calls */
	CHECK_EQUAL(subject_run("32"), 0);
	CHECK(guarded_events() & GUARD_ALARM_CALL);
	CHECK_EQUAL(guarded.last.call, guard_call_number(GUARD_SPACE_32, 20));
}

/* Neither 64-bit calls nor none at all. */
static void x32(void)
{
	CHECK_EQUAL(subject_run("x32"), 0);
	CHECK(guarded_events() & GUARD_ALARM_CALL);
	CHECK_EQUAL(guarded.last.call, guard_call_number(GUARD_SPACE_X32, SYS_getpid));
}

/* More handlers in each other than windows are kept for: those that are lost are counted, and so are returns to them. */
static void overflows(void)
{
	const struct guard_counters *counters = guard_kernel_counters(guarded.kernel);
	uint64_t lost = counters->lost_frames, unmatched = counters->unmatched_returns;

	CHECK_EQUAL(subject_run("handlers"), 0);
	CHECK(counters->lost_frames - lost >= SUBJECT_TOO_DEEP);
	CHECK(counters->unmatched_returns - unmatched >= SUBJECT_TOO_DEEP);
	guarded_events();
}

/* A task whose place is another's is seen, too. */
static void same_place(void)
{
	int pipes[2];
	pid_t first;

	CHECK_CALL(pipe2(pipes, O_CLOEXEC));
	first = subject_spawn("wait", pipes[0]);
	WAIT_FOR(subject_reads(first));
	guarded_events();
	CHECK_EQUAL(test_wait(subject_spawn_as(first + GUARD_PLACES, "new", -1)), 0);
	CHECK(guarded_events() & GUARD_ALARM_CALL);
	CHECK_EQUAL(guarded.last.tid, first + GUARD_PLACES);
	CHECK_EQUAL(write(pipes[1], "g", 1), 1);
	CHECK_EQUAL(test_wait(first), 0);
	guarded_events();
}

static int is_operation(void *data, void *record, size_t size)
{
	const struct guard_record *event = record;

	(void)size;
	if (event->profile == guarded.number && event->call == guard_call_number(GUARD_SPACE_IO_URING, IORING_OP_NOP))
		*(bool *)data = true;
	return 0;
}

/* What a ring submits is a call, too. */
static void operations(void)
{
	bool told = false;

	usleep(1100000); /* then there is room for ten anomalies to be told */
	CHECK_EQUAL(subject_run("ring"), 0);
	CHECK_EQUAL(guard_kernel_events(guarded.kernel, is_operation, &told), 0);
	CHECK(told);
}

/* More calls than fit a tile, from all over the table. */
static void many_calls(void)
{
	static const char *const words[] = { "usual", "many", NULL };

	subject_make();
	guarded_start(&guarded_whole, NULL);
	guarded_train(words);
	CHECK(guarded.profile->id_count > GUARD_TILE + 16);
	CHECK_EQUAL(guarded.profile->lost, 0);
	CHECK_EQUAL(subject_run("new"), 0);
	CHECK(guarded_events() & GUARD_ALARM_CALL);
}

/* More events than there is room for: those that are lost are counted, and later ones come. */
static void events_overflow(void)
{
	guarded_events();
	CHECK_EQUAL(subject_run("crowd"), 0);
	CHECK(guard_kernel_counters(guarded.kernel)->lost_events > 0);
	CHECK(guarded_events() & GUARD_ALARM_CALL);
	CHECK_EQUAL(subject_run("new"), 0);
	CHECK(guarded_events() & GUARD_ALARM_CALL);
}

/* Of an overlay: numbers of inodes with more than 32 bits, a device without a disk. The kernel and stat(2) agree. */
static void wide_inodes(void)
{
	struct guard_identity identity;

	mkdir("/tmp/guard-a", 0755);
	mkdir("/tmp/guard-b", 0755);
	mkdir("/tmp/guard-c", 0755);
	CHECK_CALL(mount("none", "/tmp/guard-a", "tmpfs", 0, NULL));
	CHECK_CALL(mount("none", "/tmp/guard-b", "tmpfs", 0, NULL));
	subject_copy("/tmp/guard-b/subject");
	CHECK_CALL(mount("none", "/tmp/guard-c", "overlay", 0, "xino=on,lowerdir=/tmp/guard-a:/tmp/guard-b"));
	guarded.path = "/tmp/guard-c/subject";
	CHECK_EQUAL(subject_run("usual"), 0);
	CHECK_EQUAL(guard_identity_of(guarded.path, &identity), 0);
	CHECK(identity.inode >> 32);
	guarded_find();
	CHECK(guarded.profile->calls_seen > 60);
	CHECK(!strcmp(guarded.profile->comm, "subject"));
}

/* A block of runs of which none is new: normal by itself. */
static void arms(void)
{
	struct guard_kernel_opts opts = guarded_whole;
	int i;

	opts.rule.spans = 16;
	opts.event_bytes = 4096;
	subject_make();
	guarded_start(&opts, NULL);
	for (i = 0; i < 32; i++)
		CHECK_EQUAL(subject_run("fork"), 0);
	guarded_find();
	CHECK(guarded.profile->normal);
	CHECK(guarded_events() & GUARD_BECAME_NORMAL);
	CHECK(guarded.profile->normal_novel <= 2);
	events_overflow();
	wide_inodes();
}

/* Does its profile know how it begins? */
static bool knows_start(const struct guard_profile *profile)
{
	return profile->start[GUARD_RECENT].none[0] || profile->start[GUARD_ACCEPTED].none[0];
}

/* Has the program @path begun, and ended, and was it seen to begin? */
static bool has_begun(const char *path)
{
	const struct guard_profile *profile;
	struct guard_identity identity;
	uint32_t number;

	if (guard_identity_of(path, &identity) || guard_kernel_profile_find(guarded.kernel, &identity, &number))
		return false;
	profile = guard_kernel_profile(guarded.kernel, number);
	if (profile->calls_seen < 60)
		return false;
	CHECK(knows_start(profile));
	return true;
}

/* What another thread than the first starts, and what the kernel itself does, begins, too. */
static void begins(void)
{
	static const char pattern[] = "/proc/sys/kernel/core_pattern";

	subject_copy(SUBJECT_ELSEWHERE);
	CHECK_EQUAL(subject_run("elsewhere"), 0);
	CHECK(has_begun(SUBJECT_ELSEWHERE));
	unlink(SUBJECT_ELSEWHERE);
	subject_copy(SUBJECT_ELSEWHERE);
	test_write(pattern, "|" SUBJECT_ELSEWHERE " usual");
	CHECK(WIFSIGNALED(subject_run("crash")));
	WAIT_FOR(has_begun(SUBJECT_ELSEWHERE));
	test_write(pattern, "core");
	guarded_events();
}

/* One that waits since before the guard was there goes on in the middle: nothing is wrong with that. */
static void meets(pid_t pid, int input)
{
	CHECK(subject_reads(pid));
	CHECK_EQUAL(write(input, "g", 1), 1);
	CHECK_EQUAL(test_wait(pid), 0);
	CHECK_EQUAL(guarded_events(), 0);
	CHECK_EQUAL(guarded.profile->anomalies, 0);
	close(input);
}

static int find_subject(const struct guard_task_record *record, void *data)
{
	if (record->task.profile == guarded.number && record->tgid == *(uint32_t *)data)
		*(uint32_t *)data = 0;
	return 0;
}

/* Begin to watch @pid, in the view or cgroup of the test. */
typedef void (*watch_fn)(void *data, pid_t pid);

/* A process is let go when @watch sees it: its calls are counted, and those of nobody else. Learned, then tested. */
static void sees_only(watch_fn watch, void *data)
{
	int pipes[2], i;
	pid_t pid;

	for (i = 1; i <= 3; i++) {
		CHECK_CALL(pipe2(pipes, O_CLOEXEC));
		pid = subject_spawn("wait", pipes[0]);
		WAIT_FOR(subject_reads(pid));
		watch(data, pid);
		CHECK_EQUAL(system("ls / >/dev/null"), 0);
		CHECK_EQUAL(guard_kernel_profile_count(guarded.kernel), i > 1);
		CHECK_EQUAL(write(pipes[1], "g", 1), 1);
		CHECK_EQUAL(test_wait(pid), 0);
		CHECK_EQUAL(guard_kernel_profile_count(guarded.kernel), 1);
		guarded_find();
		CHECK_EQUAL(guarded.profile->calls_seen, 61 * i); /* 60, and exit_group */
		CHECK_EQUAL(guarded.profile->anomalies, 0);
		CHECK(!knows_start(guarded.profile));
		if (i == 1)
			guard_normalize(guard_kernel_env(guarded.kernel), guarded.profile);
	}
}

static void watch_in_view(void *view, pid_t pid)
{
	CHECK_EQUAL(kview_follow_pid(view, pid), 0);
}

static void chosen(void)
{
	struct guard_kernel_opts opts = guarded_whole;
	struct kview *view;

	opts.chosen = true;
	subject_make();
	CHECK_EQUAL(
		kview_open(&(struct kview_open_opts){ .sz = sizeof(struct kview_open_opts), .mode = KVIEW_MODE_VIEW },
			   &view),
		0);
	guarded_start(&opts, view);
	sees_only(watch_in_view, view);
}

static void watch_in_cgroup(void *name, pid_t pid)
{
	cgroup_move(name, pid);
}

/* An ordinary tracepoint that looks at one cgroup. */
static void narrowed(void)
{
	struct guard_kernel_opts opts = guarded_whole;

	subject_make();
	CHECK_EQUAL(guard_kernel_open(&opts, &guarded.kernel), 0);
	CHECK_EQUAL(guard_kernel_add_cgroup(guarded.kernel, cgroup_new("guarded")), 0);
	CHECK_EQUAL(guard_kernel_attach(guarded.kernel, NULL), 0);
	CHECK_EQUAL(subject_run("usual"), 0);
	CHECK_EQUAL(guard_kernel_profile_count(guarded.kernel), 0);
	sees_only(watch_in_cgroup, "guarded");
}

static void undo(void)
{
	cgroup_undo();
	umount2("/tmp/guard-c", MNT_DETACH);
	umount2("/tmp/guard-b", MNT_DETACH);
	umount2("/tmp/guard-a", MNT_DETACH);
}

/* Tasks that run are listed. */
static void listed(void)
{
	uint32_t pid;
	pid_t process;
	int pipes[2];

	CHECK_CALL(pipe2(pipes, O_CLOEXEC));
	process = subject_spawn("wait", pipes[0]);
	WAIT_FOR(subject_reads(process));
	pid = process;
	CHECK_EQUAL(guard_kernel_each_task(guarded.kernel, find_subject, &pid), 0);
	CHECK_EQUAL(pid, 0);
	CHECK_EQUAL(write(pipes[1], "g", 1), 1);
	CHECK_EQUAL(test_wait(process), 0);
}

/* Loading the engine is what takes time here: one for all of these. */
static void trained(void)
{
	int pipes[2];
	pid_t before;

	subject_make();
	CHECK_CALL(pipe2(pipes, O_CLOEXEC));
	before = subject_spawn("wait", pipes[0]);
	WAIT_FOR(subject_reads(before));
	guarded_start(&guarded_whole, NULL);
	guarded_train(subject_words);
	CHECK_EQUAL(guard_kernel_counters(guarded.kernel)->unmatched_returns, 0);
	CHECK(knows_start(guarded.profile));
	meets(before, pipes[1]);
	begins();
	alarms();
	spaces();
	x32();
	overflows();
	same_place();
	operations();
	listed();
	tolerates();
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST_CASE(trained),
		TEST_CASE(many_calls),
		TEST_CASE(arms),
		TEST_CASE(chosen),
		TEST_CASE(narrowed),
	};

	test_undo = undo;
	return guarded_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}

// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 400
/* The engine in the kernel: what it learns of real processes, and what it says and does about them. */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "cgroups.h"
#include "guard/kernel.h"
#include "testlib.h"

#define SUBJECT "/tmp/guard-subject"
#define RUNS 4
#define STOP_SECONDS 1
#define CROWD 100 /* alarms of the subject "crowd": more than a page has room for */
#define TOO_DEEP 3 /* handlers more than the guard keeps windows for */

/* --- the subject: this program under another name --- */

static void on_signal(int signal)
{
	(void)signal;
	syscall(SYS_getgid);
}

static long call_32(long number)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number) : "memory", "r8", "r9", "r10", "r11");
	return result;
}

/* A handler in a handler ... */
static void nest(int signal)
{
	if (signal < SIGRTMIN + GUARD_FRAMES + TOO_DEEP)
		raise(signal + 1);
}

static void handlers(void)
{
	int i;

	for (i = 1; i <= GUARD_FRAMES + TOO_DEEP; i++)
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

	for (i = 0; i < CROWD; i++) {
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

/* What the subject was told to do. */
static int subject(const char *what)
{
	char go;

	usual();
	if (!strcmp(what, "wait"))
		return read(STDIN_FILENO, &go, 1) == 1 ? (usual(), 0) : 1;
	if (!strcmp(what, "order"))
		syscall(SYS_getuid), syscall(SYS_getuid), syscall(SYS_getuid);
	if (!strcmp(what, "new"))
		syscall(SYS_getsid, 0), syscall(SYS_getppid);
	if (!strcmp(what, "32"))
		call_32(20); /* getpid; as a 64-bit call writev */
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
	if (!strcmp(what, "signal"))
		signal(SIGUSR1, on_signal), raise(SIGUSR1), usual();
	if (!strcmp(what, "fork") && !fork())
		usual(), _exit(0);
	if (!strcmp(what, "ring"))
		ring();
	if (!strcmp(what, "many"))
		many();
	return 0;
}

/* --- */

static struct guard_kernel *kernel;
static struct guard_profile *profile; /* of the subject */
static uint32_t number, events_seen;
static struct guard_record last; /* alarm */
static const char *subject_path = SUBJECT;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static void start(const struct guard_kernel_opts *opts, struct kview *view)
{
	int err = guard_kernel_open(opts, &kernel);

	if (err)
		FAIL("guard_kernel_open: %s", strerror(-err));
	err = guard_kernel_attach(kernel, view);
	if (err)
		FAIL("guard_kernel_attach: %s, %s", strerror(-err), kview_reason(view));
}

static void copy_subject(const char *path)
{
	char command[128];

	unlink(path);
	snprintf(command, sizeof(command), "cp /proc/%d/exe %s", getpid(), path);
	CHECK_EQUAL(system(command), 0);
}

static void make_subject(void)
{
	copy_subject(SUBJECT);
}

static const struct guard_kernel_opts whole = {
	.rule = GUARD_RULE_DEFAULTS,
	.profiles = 200,
	.blocks = 64,
	.at_exec = true,
	.stop_seconds = STOP_SECONDS,
};

/* With the id @pid; 0: any. */
static pid_t spawn_as(pid_t pid, const char *what, int input)
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
	execl(subject_path, SUBJECT, what, NULL);
	_exit(127);
}

static pid_t spawn(const char *what, int input)
{
	return spawn_as(0, what, input);
}

/* Is it in read(STDIN_FILENO, ...)? */
static bool reads(pid_t pid)
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

static int run(const char *what)
{
	return test_wait(spawn(what, -1));
}

static int on_record(void *data, void *record, size_t size)
{
	const struct guard_record *event = record;

	(void)data;
	CHECK_EQUAL(size, sizeof(*event));
	if (event->profile != number)
		return 0;
	events_seen |= event->events;
	if (event->events & GUARD_ALARMS)
		last = *event;
	return 0;
}

/* The events of the subject since the last time. */
static uint32_t events(void)
{
	events_seen = 0;
	CHECK_EQUAL(guard_kernel_events(kernel, on_record, NULL), 0);
	return events_seen;
}

static void find_profile(void)
{
	struct guard_identity identity;

	CHECK_EQUAL(guard_identity_of(subject_path, &identity), 0);
	CHECK_EQUAL(guard_kernel_profile_find(kernel, &identity, &number), 0);
	profile = guard_kernel_profile(kernel, number);
	CHECK(profile);
}

/* The subject has been trained with all it is told in @words, and is normal. */
static void train(const char *const *words)
{
	const char *const *word;
	int i;

	make_subject();
	start(&whole, NULL);
	for (i = 0; i < RUNS; i++)
		for (word = words; *word; word++)
			CHECK_EQUAL(run(*word), 0);
	find_profile();
	CHECK(!profile->normal);
	CHECK(profile->calls_seen > 60 * RUNS);
	guard_normalize(guard_kernel_env(kernel), profile);
	events();
	for (word = words; *word; word++)
		CHECK_EQUAL(run(*word), 0);
	CHECK_EQUAL(events(), 0);
	CHECK_EQUAL(profile->anomalies, 0);
}

static const char *const usual_words[] = { "usual", "signal", "fork", NULL };

static void alarms(void)
{
	CHECK(!strcmp(profile->comm, "guard-subject"));
	CHECK_EQUAL(run("order"), 0);
	CHECK_EQUAL(events(), GUARD_ANOMALY);
	CHECK_EQUAL(run("new"), 0);
	CHECK_EQUAL(events(), GUARD_ANOMALY | GUARD_ALARM_CALL);
	CHECK_EQUAL(last.call, SYS_getsid);
	CHECK(!strcmp(last.comm, "guard-subject"));
}

static void tolerates(void)
{
	guard_tolerize(guard_kernel_env(kernel), profile);
	events();
	CHECK_EQUAL(run("new"), 0);
	CHECK_EQUAL(run("order"), 0);
	CHECK_EQUAL(events(), 0);
}

static void spaces(void)
{
	if (call_32(20) != getpid())
		return; /* a kernel that does not take 32-bit calls */
	CHECK_EQUAL(run("32"), 0);
	CHECK(events() & GUARD_ALARM_CALL);
	CHECK_EQUAL(last.call, guard_call_number(GUARD_SPACE_32, 20));
}

/* Neither 64-bit calls nor none at all. */
static void x32(void)
{
	CHECK_EQUAL(run("x32"), 0);
	CHECK(events() & GUARD_ALARM_CALL);
	CHECK_EQUAL(last.call, guard_call_number(GUARD_SPACE_X32, SYS_getpid));
}

/* More handlers in each other than windows are kept for: those that are lost are counted, and so are returns to them. */
static void overflows(void)
{
	const struct guard_counters *counters = guard_kernel_counters(kernel);
	uint64_t lost = counters->lost_frames, unmatched = counters->unmatched_returns;

	CHECK_EQUAL(run("handlers"), 0);
	CHECK(counters->lost_frames - lost >= TOO_DEEP);
	CHECK(counters->unmatched_returns - unmatched >= TOO_DEEP);
	events();
}

/* A task whose place is another's is seen, too. */
static void same_place(void)
{
	int pipes[2];
	pid_t first;

	CHECK_CALL(pipe2(pipes, O_CLOEXEC));
	first = spawn("wait", pipes[0]);
	WAIT_FOR(reads(first));
	events();
	CHECK_EQUAL(test_wait(spawn_as(first + GUARD_PLACES, "new", -1)), 0);
	CHECK(events() & GUARD_ALARM_CALL);
	CHECK_EQUAL(last.tid, first + GUARD_PLACES);
	CHECK_EQUAL(write(pipes[1], "g", 1), 1);
	CHECK_EQUAL(test_wait(first), 0);
	events();
}

static int is_operation(void *data, void *record, size_t size)
{
	const struct guard_record *event = record;

	(void)size;
	if (event->profile == number && event->call == guard_call_number(GUARD_SPACE_IO_URING, IORING_OP_NOP))
		*(bool *)data = true;
	return 0;
}

/* What a ring submits is a call, too. */
static void operations(void)
{
	bool told = false;

	usleep(1100000); /* then there is room for ten anomalies to be told */
	CHECK_EQUAL(run("ring"), 0);
	CHECK_EQUAL(guard_kernel_events(kernel, is_operation, &told), 0);
	CHECK(told);
}

static void kills(void)
{
	int status;

	profile->response = GUARD_RESPONSE_KILL;
	CHECK_EQUAL(run("order"), 0);
	status = run("new");
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK(events() & GUARD_KILLED);
	CHECK_EQUAL(guard_kernel_counters(kernel)->killed, 1);
	CHECK_EQUAL(run("usual"), 0);
}

/* Stopped, and let go again. */
static void stops(void)
{
	uint64_t start;

	profile->response = GUARD_RESPONSE_STOP;
	start = now_ns();
	CHECK_EQUAL(run("new"), 0);
	CHECK(now_ns() - start >= STOP_SECONDS * 1000000000ULL);
	CHECK(events() & GUARD_STOPPED);
	CHECK_EQUAL(run("usual"), 0);
	CHECK_EQUAL(guard_kernel_counters(kernel)->held, 1);
}

/* An exec that is the alarm itself begins when the process goes on, and not before. It is judged once. */
static void holds_exec(void)
{
	struct guard_kernel_opts opts = whole;
	uint64_t held = guard_kernel_counters(kernel)->held, anomalies = profile->anomalies;
	char link[32], path[64] = "";
	int status;
	pid_t pid;

	opts.stop_seconds = 100000; /* until it is told to go on, here */
	guard_kernel_set_times(kernel, &opts);
	profile->response = GUARD_RESPONSE_STOP;
	pid = spawn("start", -1);
	CHECK_EQUAL(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK(events() & GUARD_STOPPED);
	CHECK_EQUAL(last.call, SYS_execve);
	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	CHECK(readlink(link, path, sizeof(path) - 1) > 0);
	CHECK(!strcmp(path, SUBJECT));
	CHECK_CALL(kill(pid, SIGCONT));
	CHECK_EQUAL(test_wait(pid), 0);
	CHECK_EQUAL(guard_kernel_counters(kernel)->held - held, 1);
	CHECK_EQUAL(profile->anomalies - anomalies, 1);
	guard_kernel_set_times(kernel, &whole);
}

/* Twice as long for each anomaly. */
static void slows(void)
{
	uint64_t start;

	profile->response = GUARD_RESPONSE_SLOW;
	start = now_ns();
	CHECK_EQUAL(run("order"), 0);
	CHECK(events() & GUARD_SLOWED);
	CHECK(guard_kernel_counters(kernel)->held > 1);
	CHECK(now_ns() - start >= 100000000ULL);
}

/* After an alarm it starts nothing; those whom nothing is wrong with do. */
static void refuses(void)
{
	profile->response = GUARD_RESPONSE_REFUSE_EXEC;
	CHECK_EQUAL(WEXITSTATUS(run("exec")), 42);
	CHECK(events() & GUARD_REFUSED_EXEC);
	CHECK_EQUAL(guard_kernel_counters(kernel)->refused, 1);
	CHECK_EQUAL(system("/bin/true"), 0);
	profile->response = GUARD_RESPONSE_REFUSE_EXEC | GUARD_RESPONSE_SPARED;
	CHECK_EQUAL(run("exec"), 0);
	profile->response = 0;
}

/* More calls than fit a tile, from all over the table. */
static void many_calls(void)
{
	static const char *const words[] = { "usual", "many", NULL };

	train(words);
	CHECK(profile->id_count > GUARD_TILE + 16);
	CHECK_EQUAL(profile->lost, 0);
	CHECK_EQUAL(run("new"), 0);
	CHECK(events() & GUARD_ALARM_CALL);
}

/* More events than there is room for: those that are lost are counted, and later ones come. */
static void events_overflow(void)
{
	events();
	CHECK_EQUAL(run("crowd"), 0);
	CHECK(guard_kernel_counters(kernel)->lost_events > 0);
	CHECK(events() & GUARD_ALARM_CALL);
	CHECK_EQUAL(run("new"), 0);
	CHECK(events() & GUARD_ALARM_CALL);
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
	copy_subject("/tmp/guard-b/subject");
	CHECK_CALL(mount("none", "/tmp/guard-c", "overlay", 0, "xino=on,lowerdir=/tmp/guard-a:/tmp/guard-b"));
	subject_path = "/tmp/guard-c/subject";
	CHECK_EQUAL(run("usual"), 0);
	CHECK_EQUAL(guard_identity_of(subject_path, &identity), 0);
	CHECK(identity.inode >> 32);
	find_profile();
	CHECK(profile->calls_seen > 60);
	CHECK(!strcmp(profile->comm, "subject"));
}

/* A block of runs of which none is new: normal by itself. */
static void arms(void)
{
	struct guard_kernel_opts opts = whole;
	int i;

	opts.rule.spans = 16;
	opts.event_bytes = 4096;
	make_subject();
	start(&opts, NULL);
	for (i = 0; i < 32; i++)
		CHECK_EQUAL(run("fork"), 0);
	find_profile();
	CHECK(profile->normal);
	CHECK(events() & GUARD_BECAME_NORMAL);
	CHECK(profile->normal_novel <= 2);
	events_overflow();
	wide_inodes();
}

static int find_subject(const struct guard_task_record *record, void *data)
{
	if (record->task.profile == number && record->tgid == *(uint32_t *)data)
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
		pid = spawn("wait", pipes[0]);
		WAIT_FOR(reads(pid));
		watch(data, pid);
		CHECK_EQUAL(system("ls / >/dev/null"), 0);
		CHECK_EQUAL(guard_kernel_profile_count(kernel), i > 1);
		CHECK_EQUAL(write(pipes[1], "g", 1), 1);
		CHECK_EQUAL(test_wait(pid), 0);
		CHECK_EQUAL(guard_kernel_profile_count(kernel), 1);
		find_profile();
		CHECK_EQUAL(profile->calls_seen, 61 * i); /* 60, and exit_group */
		CHECK_EQUAL(profile->anomalies, 0);
		if (i == 1)
			guard_normalize(guard_kernel_env(kernel), profile);
	}
}

static void watch_in_view(void *view, pid_t pid)
{
	CHECK_EQUAL(kview_follow_pid(view, pid), 0);
}

static void chosen(void)
{
	struct guard_kernel_opts opts = whole;
	struct kview *view;

	opts.chosen = true;
	opts.at_exec = false;
	make_subject();
	CHECK_EQUAL(
		kview_open(&(struct kview_open_opts){ .sz = sizeof(struct kview_open_opts), .mode = KVIEW_MODE_VIEW },
			   &view),
		0);
	start(&opts, view);
	sees_only(watch_in_view, view);
}

static void watch_in_cgroup(void *name, pid_t pid)
{
	cgroup_move(name, pid);
}

/* An ordinary tracepoint that looks at one cgroup. */
static void narrowed(void)
{
	struct guard_kernel_opts opts = whole;

	opts.at_exec = false;
	make_subject();
	CHECK_EQUAL(guard_kernel_open(&opts, &kernel), 0);
	CHECK_EQUAL(guard_kernel_add_cgroup(kernel, cgroup_new("guarded")), 0);
	CHECK_EQUAL(guard_kernel_attach(kernel, NULL), 0);
	CHECK_EQUAL(run("usual"), 0);
	CHECK_EQUAL(guard_kernel_profile_count(kernel), 0);
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
	process = spawn("wait", pipes[0]);
	WAIT_FOR(reads(process));
	pid = process;
	CHECK_EQUAL(guard_kernel_each_task(kernel, find_subject, &pid), 0);
	CHECK_EQUAL(pid, 0);
	CHECK_EQUAL(write(pipes[1], "g", 1), 1);
	CHECK_EQUAL(test_wait(process), 0);
}

/* Loading the engine is what takes time here: one for all of these. */
static void trained(void)
{
	train(usual_words);
	CHECK_EQUAL(guard_kernel_counters(kernel)->unmatched_returns, 0);
	alarms();
	spaces();
	x32();
	overflows();
	same_place();
	operations();
	listed();
	kills();
	stops();
	holds_exec();
	slows();
	refuses();
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

	if (argc == 2 && !strcmp(argv[0], SUBJECT))
		return subject(argv[1]);
	test_undo = undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}

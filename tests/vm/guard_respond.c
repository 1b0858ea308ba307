// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 400
/* What the guard does about alarms and anomalies, as each profile says. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "guard_fixture.h"

static void kills(void)
{
	int status;

	guarded.profile->response = GUARD_RESPONSE_KILL;
	CHECK_EQUAL(subject_run("order"), 0);
	status = subject_run("new");
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK(guarded_events() & GUARD_KILLED);
	CHECK_EQUAL(guard_kernel_counters(guarded.kernel)->killed, 1);
	CHECK_EQUAL(subject_run("usual"), 0);
}

/* Stopped, and let go again. */
static void stops(void)
{
	long start;

	guarded.profile->response = GUARD_RESPONSE_STOP;
	start = test_now();
	CHECK_EQUAL(subject_run("new"), 0);
	CHECK(test_now() - start >= GUARDED_STOP_SECONDS * 1000);
	CHECK(guarded_events() & GUARD_STOPPED);
	CHECK_EQUAL(subject_run("usual"), 0);
	CHECK_EQUAL(guard_kernel_counters(guarded.kernel)->held, 1);
}

/* An exec that is the alarm itself begins when the process goes on, and not before. It is judged once. */
static void holds_exec(void)
{
	struct guard_kernel_opts opts = guarded_whole;
	uint64_t held = guard_kernel_counters(guarded.kernel)->held, anomalies = guarded.profile->anomalies;
	char link[32], path[64] = "";
	int status;
	pid_t pid;

	opts.stop_seconds = 100000; /* until it is told to go on, here */
	guard_kernel_set_times(guarded.kernel, &opts);
	guarded.profile->response = GUARD_RESPONSE_STOP;
	pid = subject_spawn("start", -1);
	CHECK_EQUAL(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK(guarded_events() & GUARD_STOPPED);
	CHECK_EQUAL(guarded.last.call, SYS_execve);
	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	CHECK(readlink(link, path, sizeof(path) - 1) > 0);
	CHECK(!strcmp(path, SUBJECT));
	CHECK_CALL(kill(pid, SIGCONT));
	CHECK_EQUAL(test_wait(pid), 0);
	CHECK_EQUAL(guard_kernel_counters(guarded.kernel)->held - held, 1);
	CHECK_EQUAL(guarded.profile->anomalies - anomalies, 1);
	guard_kernel_set_times(guarded.kernel, &guarded_whole);
}

/* Twice as long for each anomaly. */
static void slows(void)
{
	long start;

	guarded.profile->response = GUARD_RESPONSE_SLOW;
	start = test_now();
	CHECK_EQUAL(subject_run("order"), 0);
	CHECK(guarded_events() & GUARD_SLOWED);
	CHECK(guard_kernel_counters(guarded.kernel)->held > 1);
	CHECK(test_now() - start >= 100);
}

/* The subject does @what, and is slowed at @anomalies of its calls, and its children's. */
static void is_slowed(const char *what, uint64_t anomalies)
{
	uint64_t held = guard_kernel_counters(guarded.kernel)->held, before = guarded.profile->anomalies;
	pid_t pid = subject_spawn(what, -1);
	int status;

	while (!CHECK_CALL(waitpid(pid, &status, WNOHANG))) {
		CHECK(guard_kernel_counters(guarded.kernel)->held - held <= anomalies);
		usleep(10000);
	}
	CHECK_EQUAL(status, 0);
	CHECK_EQUAL(guarded.profile->anomalies - before, anomalies);
	CHECK_EQUAL(guard_kernel_counters(guarded.kernel)->held - held, anomalies);
}

/* What the kernel begins anew after a stop, in one way or the other, is judged once. Last comes the end, of each process. */
static void slows_restarted(void)
{
	guarded.profile->response = GUARD_RESPONSE_SLOW;
	is_slowed("spawn", 4);
	is_slowed("nap", 2);
	guarded.profile->response = 0;
}

/* After an alarm it starts nothing; those whom nothing is wrong with do. */
static void refuses(void)
{
	guarded.profile->response = GUARD_RESPONSE_REFUSE_EXEC;
	CHECK_EQUAL(WEXITSTATUS(subject_run("exec")), 42);
	CHECK(guarded_events() & GUARD_REFUSED_EXEC);
	CHECK_EQUAL(guard_kernel_counters(guarded.kernel)->refused, 1);
	CHECK_EQUAL(system("/bin/true"), 0);
	guarded.profile->response = GUARD_RESPONSE_REFUSE_EXEC | GUARD_RESPONSE_SPARED;
	CHECK_EQUAL(subject_run("exec"), 0);
	guarded.profile->response = 0;
}

/* Whatever else it says, one that is spared is left alone. */
static void spares(void)
{
	guarded.profile->response = GUARD_RESPONSES | GUARD_RESPONSE_SPARED;
	guarded_events();
	CHECK_EQUAL(subject_run("new"), 0);
	CHECK_EQUAL(guarded_events() & GUARD_RESPONSES_DONE, 0);
	CHECK(guarded_events() == 0);
	guarded.profile->response = 0;
}

/* Who is spared by its id, while it waits, is not slowed; others of its program are. How often somebody was held. */
static uint64_t held_while_waiting(bool spare)
{
	uint64_t held;
	int fds[2];
	pid_t pid;

	CHECK_CALL(pipe2(fds, O_CLOEXEC));
	guarded.profile->response = 0;
	pid = subject_spawn("wait", fds[0]);
	while (!subject_reads(pid))
		usleep(10000);
	if (spare)
		CHECK_EQUAL(guard_kernel_spare_process(guarded.kernel, pid), 0);
	held = guard_kernel_counters(guarded.kernel)->held;
	guarded.profile->response = GUARD_RESPONSE_SLOW;
	CHECK_EQUAL(write(fds[1], "x", 1), 1);
	CHECK_EQUAL(test_wait(pid), 0);
	guarded.profile->response = 0;
	close(fds[0]);
	close(fds[1]);
	return guard_kernel_counters(guarded.kernel)->held - held;
}

/* Nor is the guard, which is this process, whatever its profile says. */
static void spares_processes(void)
{
	struct guard_kernel_opts opts = guarded_whole;
	struct guard_identity identity;
	struct guard_profile *own;
	uint32_t number;
	uint64_t held;

	opts.delay_seconds = 1e-6;
	opts.delay_max_seconds = 1e-3;
	guard_kernel_set_times(guarded.kernel, &opts);
	CHECK_EQUAL(held_while_waiting(true), 0);
	CHECK(held_while_waiting(false) > 0);
	guard_kernel_set_times(guarded.kernel, &guarded_whole);
	CHECK_EQUAL(guard_kernel_spare_process(guarded.kernel, 0x7fffffff), -ESRCH);

	CHECK_EQUAL(guard_identity_of("/proc/self/exe", &identity), 0);
	CHECK_EQUAL(guard_kernel_profile_find(guarded.kernel, &identity, &number), 0);
	own = guard_kernel_profile(guarded.kernel, number);
	guard_normalize(guard_kernel_env(guarded.kernel), own);
	own->response = GUARD_RESPONSE_STOP | GUARD_RESPONSE_SLOW;
	held = guard_kernel_counters(guarded.kernel)->held;
	syscall(399);
	own->response = 0;
	CHECK(own->alarms > 0);
	CHECK_EQUAL(guard_kernel_counters(guarded.kernel)->held, held);
	guard_train(own);
}

/* --- until it is let go --- */

static const struct guard_kernel_opts forever = {
	.stop_seconds = 100000,
	.delay_seconds = 100000,
	.delay_max_seconds = 100000,
};

static void expect_stop(pid_t pid)
{
	int status;

	CHECK_EQUAL(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
}

/* User @uid's SIGCONT for @pid: 0 or an errno. */
static int continue_as(uid_t uid, pid_t pid)
{
	pid_t sender = fork();

	if (!sender) {
		if (setresuid(uid, uid, uid))
			_exit(255);
		_exit(kill(pid, SIGCONT) ? errno : 0);
	}
	return WEXITSTATUS(test_wait(sender));
}

/* One that has the same user, as its own children have, cannot let it go on; root can. */
static void stays_stopped(void)
{
	const uid_t nobody = 65534;
	uint64_t before = guard_kernel_counters(guarded.kernel)->not_continued;
	int status;
	pid_t pid;

	guard_kernel_set_times(guarded.kernel, &forever);
	guarded.profile->response = GUARD_RESPONSE_STOP;
	pid = fork();
	if (!pid) {
		if (setresuid(nobody, nobody, nobody))
			_exit(255);
		execl(guarded.path, SUBJECT, "new", NULL);
		_exit(127);
	}
	expect_stop(pid);
	CHECK_EQUAL(continue_as(nobody, pid), EPERM);
	CHECK_EQUAL(waitpid(pid, &status, WNOHANG | WCONTINUED), 0);
	CHECK_EQUAL(guard_kernel_counters(guarded.kernel)->not_continued - before, 1);
	CHECK_EQUAL(continue_as(0, pid), 0);
	CHECK_EQUAL(test_wait(pid), 0);
	guard_kernel_set_times(guarded.kernel, &guarded_whole);
}

static int count_fds(pid_t pid)
{
	char path[32];
	DIR *folder;
	int count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	folder = opendir(path);
	CHECK(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count - 2;
}

/* The map, the guard's end, the stops, what waits for them; and two for each process that is stopped. */
#define IDLE_FDS 4

static void wait_for_fds(pid_t pid, int count)
{
	while (count_fds(pid) != count)
		usleep(10000);
}

/* The kernel lets go whom it held; then another takes its place. */
static void holder_dies(void)
{
	const struct guard_settings *settings = guard_kernel_settings(guarded.kernel);
	pid_t holder = settings->holder_tgid, pid;
	siginfo_t how;

	wait_for_fds(holder, IDLE_FDS); /* it has noticed that all have ended */
	guard_kernel_set_times(guarded.kernel, &forever);
	guarded.profile->response = GUARD_RESPONSE_STOP;
	pid = subject_spawn("new", -1);
	expect_stop(pid);
	wait_for_fds(holder, IDLE_FDS + 2);
	CHECK_CALL(kill(holder, SIGKILL));
	CHECK_EQUAL(test_wait(pid), 0);
	CHECK_CALL(waitid(P_PID, holder, &how, WEXITED | WNOWAIT));
	guarded_events();
	CHECK_EQUAL(guard_kernel_counters(guarded.kernel)->holders_died, 1);
	CHECK(settings->holder_tgid != (__u32)holder);
	guard_kernel_set_times(guarded.kernel, &guarded_whole);
	guarded.profile->response = GUARD_RESPONSE_STOP;
	CHECK_EQUAL(subject_run("new"), 0);
	CHECK(guarded_events() & GUARD_STOPPED);
	guarded.profile->response = 0;
}

/* --- calls that end before their time --- */

/* Is thread @tid of @pid asleep in system call @number? */
static bool sleeps_in(pid_t pid, pid_t tid, int number)
{
	char path[64], line[256] = "", state = 0;
	FILE *file;
	int is = -1;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	if (file)
		fclose(file);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", pid, tid);
	file = fopen(path, "r");
	if (file && fgets(line, sizeof(line), file))
		sscanf(line, "%d", &is);
	if (file)
		fclose(file);
	return state == 'S' && is == number;
}

/* The other thread of @pid; 0: there is none yet. */
static pid_t other_thread(pid_t pid)
{
	struct dirent *entry;
	char path[32];
	pid_t tid = 0;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	folder = opendir(path);
	CHECK(folder);
	while ((entry = readdir(folder)))
		if (atoi(entry->d_name) > 0 && atoi(entry->d_name) != pid)
			tid = atoi(entry->d_name);
	closedir(folder);
	return tid;
}

static bool both_wait(pid_t pid)
{
	pid_t other = other_thread(pid);

	return other && sleeps_in(pid, other, SYS_pause) && sleeps_in(pid, pid, SYS_read);
}

static bool has_taken_signals(pid_t pid)
{
	char path[32], line[128];
	unsigned long long waiting = 1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "r");
	CHECK(file);
	while (waiting && fgets(line, sizeof(line), file))
		if (sscanf(line, "ShdPnd: %llx", &waiting) == 1)
			break;
	fclose(file);
	return !waiting;
}

/* How many calls were seen of a process whose threads wait in calls until it gets @signal; SIGSTOP: and goes on. */
static uint64_t calls_with(int signal)
{
	uint64_t calls = guarded.profile->calls_seen;
	int fds[2];
	pid_t pid;

	CHECK_CALL(pipe2(fds, O_CLOEXEC));
	pid = subject_spawn("waits", fds[0]);
	WAIT_FOR(both_wait(pid));
	if (signal)
		CHECK_CALL(kill(pid, signal));
	if (signal == SIGSTOP) {
		expect_stop(pid);
		CHECK_CALL(kill(pid, SIGCONT));
	}
	WAIT_FOR(has_taken_signals(pid) && both_wait(pid));
	CHECK_EQUAL(write(fds[1], "g", 1), 1);
	CHECK_EQUAL(test_wait(pid), 0);
	close(fds[0]);
	close(fds[1]);
	guarded_events();
	return guarded.profile->calls_seen - calls;
}

/* What the kernel begins anew is no call of the process's own, whichever of its threads; what it makes again itself is. */
static void counts_once(void)
{
	uint64_t calls;

	guarded.profile->response = 0;
	calls = calls_with(0);
	CHECK_EQUAL(calls_with(SIGSTOP), calls);
	CHECK_EQUAL(calls_with(SIGUSR1), calls + 1); /* the handler's; its end belongs to what begins anew */
	CHECK_EQUAL(calls_with(SIGUSR2), calls + 3); /* and its end, and the call that is made again */
}

/* Loading the engine is what takes time here: one for all of these. */
static void machine(void)
{
	subject_make();
	guarded_start(&guarded_whole, NULL);
	guarded_train(subject_words);
	CHECK_EQUAL(guard_kernel_prepare(guarded.kernel, GUARD_RESPONSES), 0);
	kills();
	stops();
	holds_exec();
	slows();
	slows_restarted();
	counts_once();
	refuses();
	spares();
	spares_processes();
	stays_stopped();
	holder_dies();
}

/* --- through a view: no call begins before its caller goes on --- */

/* The subject sends a byte to @fd, which is new. */
static pid_t sender(int *ret_fd)
{
	int fds[2];
	pid_t pid;

	CHECK_CALL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
	pid = subject_spawn("send", fds[1]);
	close(fds[1]);
	*ret_fd = fds[0];
	return pid;
}

/* How many bytes have come so far. */
static ssize_t come(int fd)
{
	char bytes[8];
	ssize_t len = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_PEEK);

	return len < 0 && errno == EAGAIN ? 0 : len;
}

/* Its handler of SIGCONT runs before the call that is made again, and nothing of that is judged twice. */
static void stops_before(void)
{
	uint64_t anomalies = guarded.profile->anomalies;
	pid_t pid;
	int fd;

	guarded.profile->response = GUARD_RESPONSE_STOP;
	pid = sender(&fd);
	expect_stop(pid);
	CHECK_EQUAL(come(fd), 0);
	CHECK(guarded_events() & GUARD_STOPPED);
	CHECK_EQUAL(guarded.last.call, SYS_writev);
	CHECK_CALL(kill(pid, SIGCONT));
	CHECK_EQUAL(test_wait(pid), 0);
	CHECK_EQUAL(come(fd), 1);
	CHECK_EQUAL(guarded.profile->anomalies - anomalies, 2); /* the call, and the end that comes after it */
	close(fd);
}

/* Each anomaly is waited for: the call, and then the end. */
static void slows_before(void)
{
	pid_t pid;
	int fd;

	guarded.profile->response = GUARD_RESPONSE_SLOW;
	pid = sender(&fd);
	expect_stop(pid);
	CHECK_EQUAL(come(fd), 0);
	CHECK_CALL(kill(pid, SIGCONT));
	expect_stop(pid);
	CHECK_EQUAL(come(fd), 1);
	CHECK_CALL(kill(pid, SIGCONT));
	CHECK_EQUAL(test_wait(pid), 0);
	CHECK_EQUAL(come(fd), 1);
	close(fd);
}

static void kills_before(void)
{
	int fd, status;

	guarded.profile->response = GUARD_RESPONSE_KILL;
	status = test_wait(sender(&fd));
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK_EQUAL(come(fd), 0);
	close(fd);
}

/* Without a program where all of the machine's execs pass. */
static void holds_exec_before(void)
{
	char link[32], path[64] = "";
	pid_t pid;

	guarded.profile->response = GUARD_RESPONSE_STOP;
	pid = subject_spawn("start", -1);
	expect_stop(pid);
	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	CHECK(readlink(link, path, sizeof(path) - 1) > 0);
	CHECK(!strcmp(path, SUBJECT));
	CHECK_CALL(kill(pid, SIGCONT));
	CHECK_EQUAL(test_wait(pid), 0);
}

static void view(void)
{
	static const char *const words[] = { "usual", "continue", NULL };
	const struct kview_open_opts how = { .sz = sizeof(how), .mode = KVIEW_MODE_VIEW };
	struct guard_kernel_opts opts = guarded_whole;
	struct kview *view;

	opts.chosen = true;
	subject_make();
	CHECK_EQUAL(kview_open(&how, &view), 0);
	guarded_start(&opts, view);
	CHECK_EQUAL(kview_follow_pid(view, getpid()), 0);
	guarded_train(words);
	counts_once();
	guard_kernel_set_times(guarded.kernel, &forever);
	stops_before();
	slows_before();
	kills_before();
	holds_exec_before();
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST_CASE(machine),
		TEST_CASE(view),
	};

	return guarded_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}

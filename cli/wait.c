// SPDX-License-Identifier: GPL-2.0-or-later
#include "wait.h"

#include <errno.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "cli.h"
#include "util/clock.h"

#define GRACE_SECONDS 2 /* for a command that has been asked to end; longer, and people would press Ctrl-C again */

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static const int passed_signals[] = { SIGUSR1, SIGUSR2 };

#define THREADS_NS 200000000

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static sigset_t signal_set(const int *signals, size_t count)
{
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < count; i++)
		sigaddset(&set, signals[i]);
	return set;
}

static int open_signals(struct wait *wait)
{
	sigset_t set = signal_set(ending_signals, COUNT(ending_signals)),
		 passed = signal_set(passed_signals, COUNT(passed_signals));

	/* Signals only a command has a use for keep their usual effect on us when there is none. */
	if (wait->targets->argv)
		sigorset(&set, &set, &passed);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	wait->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return wait->signals < 0 ? -errno : 0;
}

static int set_timer(const struct wait *wait, double seconds)
{
	struct itimerspec time = { .it_value.tv_sec = (time_t)seconds };

	time.it_value.tv_nsec = (long)((seconds - (double)time.it_value.tv_sec) * 1e9);
	return timerfd_settime(wait->timer, 0, &time, NULL) ? -errno : 0;
}

static bool command_runs(const struct wait *wait)
{
	return wait->targets->child.pid > 0 && !wait->targets->child.exited;
}

static void end(struct wait *wait, enum wait_end why)
{
	if (!wait->ending)
		wait->end = why;
	loop_end(wait->loop);
}

/* Begin to end: a command gets @signal (0: has got it) and a moment. */
static int begin_to_end(struct wait *wait, enum wait_end why, int signal)
{
	if (!command_runs(wait) || wait->ending) {
		end(wait, why);
		return 0;
	}
	wait->end = why;
	wait->ending = true;
	if (signal)
		pidfd_send_signal(wait->targets->child.pidfd, signal, NULL, 0);
	return set_timer(wait, GRACE_SECONDS);
}

static void release_signals(void)
{
	sigset_t set = signal_set(ending_signals, COUNT(ending_signals));

	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static bool is_passed(int signal)
{
	return signal == passed_signals[0] || signal == passed_signals[1];
}

static int take_signal(void *data)
{
	struct wait *wait = data;
	struct signalfd_siginfo info;

	if (read(wait->signals, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (is_passed(info.ssi_signo)) {
		pidfd_send_signal(wait->targets->child.pidfd, info.ssi_signo, NULL, 0);
		return 0;
	}
	release_signals();
	/* What the kernel itself sends, the terminal sends to its whole foreground group. */
	return begin_to_end(wait, WAIT_SIGNAL, info.ssi_code == SI_KERNEL ? 0 : (int)info.ssi_signo);
}

static int take_timer(void *data)
{
	struct wait *wait = data;
	uint64_t expirations;

	if (read(wait->timer, &expirations, sizeof(expirations)) != sizeof(expirations))
		return 0;
	return begin_to_end(wait, WAIT_DURATION, SIGTERM);
}

static int take_exit(void *data)
{
	struct wait *wait = data;

	if (!--wait->alive)
		end(wait, WAIT_EXIT);
	return LOOP_DONE;
}

static int take_threads(void *data)
{
	struct wait *wait = data;
	uint64_t expirations;
	size_t i;

	if (read(wait->threads, &expirations, sizeof(expirations)) != sizeof(expirations))
		return 0;
	for (i = 0; i < wait->targets->count; i++) {
		struct target *target = &wait->targets->list[i];

		if (target->kind != TARGET_THREAD || target->over || !target_thread_is_gone(target))
			continue;
		target->over = true;
		take_exit(wait);
	}
	return 0;
}

static int look_after_threads(struct wait *wait)
{
	const struct itimerspec time = { .it_value.tv_nsec = THREADS_NS, .it_interval.tv_nsec = THREADS_NS };

	wait->threads = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (wait->threads < 0 || timerfd_settime(wait->threads, 0, &time, NULL))
		return -errno;
	return loop_add(wait->loop, wait->threads, take_threads, wait);
}

static int take_child_exit(void *data)
{
	struct wait *wait = data;

	child_reap(&wait->targets->child);
	return take_exit(data);
}

static int open_loop(struct wait *wait)
{
	int err;

	err = loop_new(&wait->loop);
	if (!err)
		err = open_signals(wait);
	if (err)
		return err;
	wait->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (wait->timer < 0)
		return -errno;
	err = loop_add(wait->loop, wait->signals, take_signal, wait) ?: loop_add(wait->loop, wait->timer, take_timer, wait);
	return err;
}

int wait_open(struct wait *wait, struct targets *targets)
{
	int err;

	wait->targets = targets;
	err = open_loop(wait);
	return err ? cli_fail(err, NULL, "%s", targets->command) : CLI_OK;
}

void wait_deinit(struct wait *wait)
{
	loop_freep(&wait->loop);
	closep(&wait->signals);
	closep(&wait->timer);
	closep(&wait->threads);
}

static int watch_targets(struct wait *wait)
{
	const struct targets *targets = wait->targets;
	size_t i;
	int err;

	for (i = 0; i < targets->count; i++) {
		if (targets->list[i].kind == TARGET_THREAD)
			continue;
		err = loop_add(wait->loop, targets->list[i].pidfd, take_exit, wait);
		if (err)
			return err;
	}
	/* Cgroups do not end by themselves. */
	wait->alive = targets->count + (targets->child.pid > 0) + (targets->group_count > 0);
	if (targets_have_threads(targets)) {
		err = look_after_threads(wait);
		if (err)
			return err;
	}
	return targets->child.pid > 0 ? loop_add(wait->loop, targets->child.pidfd, take_child_exit, wait) : 0;
}

static const char *plural(const struct targets *targets)
{
	if (targets->count == 1)
		return "";
	return targets_have_threads(targets) ? "s" : "es";
}

/* On a terminal, somebody waits and may want to know for what. */
static void tell_start(const struct wait *wait, const struct kview *view)
{
	const struct targets *targets = wait->targets;

	if (!isatty(STDERR_FILENO) || targets->argv)
		return;
	if (targets->group_count)
		cli_note("tracing %zu cgroup%s%s; Ctrl-C ends", targets->group_count,
			 targets->group_count == 1 ? "" : "s", view ? " through a view" : "");
	else
		cli_note("tracing %zu %s%s%s; Ctrl-C ends", targets->count,
			 targets_have_threads(targets) ? "target" : "process", plural(targets),
			 view && kview_mode(view) == KVIEW_MODE_VIEW ? " through a view" : "");
}

/* Signals that came together with the end have done what they were sent for. */
static void drop_signals(const struct wait *wait)
{
	struct signalfd_siginfo info;

	while (read(wait->signals, &info, sizeof(info)) == sizeof(info))
		;
	release_signals();
}

void wait_start(struct wait *wait)
{
	wait->start_ns = clock_ns(CLOCK_MONOTONIC);
}

int wait_run(struct wait *wait, const struct kview *view, double duration)
{
	int err;

	tell_start(wait, view);
	err = watch_targets(wait);
	if (!err && duration > 0)
		err = set_timer(wait, duration);
	if (!err)
		err = loop_run(wait->loop);
	wait->end_ns = clock_ns(CLOCK_MONOTONIC);
	drop_signals(wait);
	return err ? cli_fail(err, NULL, "%s", wait->targets->command) : CLI_OK;
}

const char *wait_end_name(const struct wait *wait)
{
	static const char *const names[] = {
		[WAIT_EXIT] = "exit",
		[WAIT_SIGNAL] = "signal",
		[WAIT_DURATION] = "duration",
	};

	return names[wait->end];
}

double wait_seconds(const struct wait *wait)
{
	return ((wait->end_ns ?: clock_ns(CLOCK_MONOTONIC)) - wait->start_ns) / 1e9;
}

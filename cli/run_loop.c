// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The time in which a run traces.
 *
 * Ends: all processes have exited; the duration is over; SIGINT, SIGTERM, SIGHUP or SIGQUIT. In the latter two cases a
 * command of ours is told (SIGTERM, or the same signal unless the terminal has sent it to both of us) and given a moment
 * to end. After the first such signal the next one has its default effect: it ends kview at once.
 */
#include <errno.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "run.h"

#define GRACE_SECONDS 2 /* for a command that has been asked to end; longer, and people would press Ctrl-C again */

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static const int passed_signals[] = { SIGUSR1, SIGUSR2 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

uint64_t run_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static sigset_t signal_set(const int *signals, size_t count)
{
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < count; i++)
		sigaddset(&set, signals[i]);
	return set;
}

static int open_signals(struct run *run)
{
	sigset_t set = signal_set(ending_signals, COUNT(ending_signals)),
		 passed = signal_set(passed_signals, COUNT(passed_signals));

	/* Signals only a command has a use for keep their usual effect on us when there is none. */
	if (run->options->command)
		sigorset(&set, &set, &passed);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	run->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return run->signals < 0 ? -errno : 0;
}

static int set_timer(const struct run *run, double seconds)
{
	struct itimerspec time = { .it_value.tv_sec = (time_t)seconds };

	time.it_value.tv_nsec = (long)((seconds - (double)time.it_value.tv_sec) * 1e9);
	return timerfd_settime(run->timer, 0, &time, NULL) ? -errno : 0;
}

static bool command_runs(const struct run *run)
{
	return run->targets->child.pid > 0 && !run->targets->child.exited;
}

static void end(struct run *run, enum run_end why)
{
	if (!run->ending)
		run->end = why;
	loop_end(run->loop);
}

/* Begin to end: a command gets @signal (0: has got it) and a moment. */
static int begin_to_end(struct run *run, enum run_end why, int signal)
{
	if (!command_runs(run) || run->ending) {
		end(run, why);
		return 0;
	}
	run->end = why;
	run->ending = true;
	if (signal)
		pidfd_send_signal(run->targets->child.pidfd, signal, NULL, 0);
	return set_timer(run, GRACE_SECONDS);
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
	struct run *run = data;
	struct signalfd_siginfo info;

	if (read(run->signals, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (is_passed(info.ssi_signo)) {
		pidfd_send_signal(run->targets->child.pidfd, info.ssi_signo, NULL, 0);
		return 0;
	}
	release_signals();
	/* What the kernel itself sends, the terminal sends to its whole foreground group. */
	return begin_to_end(run, RUN_SIGNAL, info.ssi_code == SI_KERNEL ? 0 : (int)info.ssi_signo);
}

static int take_timer(void *data)
{
	struct run *run = data;
	uint64_t expirations;

	if (read(run->timer, &expirations, sizeof(expirations)) != sizeof(expirations))
		return 0;
	return begin_to_end(run, RUN_DURATION, SIGTERM);
}

static int take_exit(void *data)
{
	struct run *run = data;

	if (!--run->alive)
		end(run, RUN_EXIT);
	return LOOP_DONE;
}

static int take_child_exit(void *data)
{
	struct run *run = data;

	child_reap(&run->targets->child);
	return take_exit(data);
}

static int watch_output(struct run *run)
{
	int err;

	err = records_watch(run->records, run->loop);
	if (!err && run->printk)
		err = printk_watch(run->printk, run->loop);
	return err;
}

static int open_loop(struct run *run)
{
	int err;

	err = loop_new(&run->loop);
	if (!err)
		err = open_signals(run);
	if (err)
		return err;
	run->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (run->timer < 0)
		return -errno;
	err = loop_add(run->loop, run->signals, take_signal, run) ?: loop_add(run->loop, run->timer, take_timer, run);
	return err ?: watch_output(run);
}

int run_loop_open(struct run *run)
{
	int err = open_loop(run);

	return err ? cli_fail(err, NULL, "run") : CLI_OK;
}

static int watch_targets(struct run *run)
{
	const struct targets *targets = run->targets;
	size_t i;
	int err;

	for (i = 0; i < targets->count; i++) {
		err = loop_add(run->loop, targets->list[i].pidfd, take_exit, run);
		if (err)
			return err;
	}
	/* Cgroups do not end by themselves. */
	run->alive = targets->count + (targets->child.pid > 0) + (targets->group_count > 0);
	return targets->child.pid > 0 ? loop_add(run->loop, targets->child.pidfd, take_child_exit, run) : 0;
}

/* On a terminal, somebody waits and may want to know for what. */
static void tell_start(const struct run *run)
{
	if (!isatty(STDERR_FILENO) || run->options->command)
		return;
	if (run->targets->group_count)
		cli_note("tracing %zu cgroup%s through a view; Ctrl-C ends", run->targets->group_count,
			 run->targets->group_count == 1 ? "" : "s");
	else
		cli_note("tracing %zu process%s%s; Ctrl-C ends", run->targets->count, run->targets->count == 1 ? "" : "es",
			 kview_mode(run->view) == KVIEW_MODE_VIEW ? " through a view" : "");
}

/* Signals that came together with the end have done what they were sent for. */
static void drop_signals(const struct run *run)
{
	struct signalfd_siginfo info;

	while (read(run->signals, &info, sizeof(info)) == sizeof(info))
		;
	release_signals();
}

int run_loop(struct run *run)
{
	int err;

	tell_start(run);
	err = watch_targets(run);
	if (!err && run->options->duration > 0)
		err = set_timer(run, run->options->duration);
	if (!err)
		err = loop_run(run->loop);
	run->end_ns = run_now();
	drop_signals(run);
	return err ? cli_fail(err, NULL, "run") : CLI_OK;
}

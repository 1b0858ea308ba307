// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard/holder.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/deadman.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define LOOK_MS 1000 /* at most between looks while somebody is stopped: the machine may have slept */
#define LAST_LOOK_MS 10
#define ORDERLY_LOOKS 3
#define LAST_LOOKS 300 /* after the guard's death: its programs end a moment later */

enum { HELD_FD, ALIVE_FD, STOPS_FD, FIRST_FREE_FD };

struct guard_holder {
	pid_t pid;
	int pid_fd;
	int alive_fd; /* our end of a socket: what the process sees of us */
};

/* What the process knows. */
struct holding {
	struct guard_holder_opts opts;
	struct held {
		uint32_t tgid;
		struct guard_deadman deadman;
	} held[GUARD_HELD_MAX];
	size_t count;
};

/* From here on it may be stopped again, which is another entry. */
static void let_go(int held_fd, uint32_t tgid)
{
	bpf_map_delete_elem(held_fd, &tgid);
	kill(tgid, SIGCONT);
}

/* --- the process --- */

static bool is_armed(const struct holding *holding, uint32_t tgid)
{
	size_t i;

	for (i = 0; i < holding->count; i++)
		if (holding->held[i].tgid == tgid)
			return true;
	return false;
}

/* Nobody is stopped whom our death would leave so. */
static void arm(struct holding *holding, uint32_t tgid)
{
	struct held *held = &holding->held[holding->count];

	if (is_armed(holding, tgid))
		return;
	if (holding->count < GUARD_HELD_MAX && !guard_deadman_arm(&held->deadman, tgid)) {
		held->tgid = tgid;
		holding->count++;
		return;
	}
	let_go(holding->opts.held_fd, tgid);
	__sync_fetch_and_add(&holding->opts.counters->not_held, 1);
}

/* Those who are let go, and not stopped again meanwhile. */
static void disarm(struct holding *holding)
{
	struct guard_hold how;
	size_t i;

	for (i = 0; i < holding->count;) {
		if (!bpf_map_lookup_elem(holding->opts.held_fd, &holding->held[i].tgid, &how)) {
			i++;
			continue;
		}
		guard_deadman_release(&holding->held[i].deadman);
		holding->held[i] = holding->held[--holding->count];
	}
}

/* Let go whose time is over at @now, or who has ended, and be ready to die for all others. When to look again. */
static uint64_t look(struct holding *holding, uint64_t now)
{
	int held_fd = holding->opts.held_fd, err;
	uint64_t next = UINT64_MAX;
	struct guard_hold how;
	uint32_t key, after;

	/* Its successor is asked for before one goes, else the walk would begin again; who is missed comes next time. */
	for (err = bpf_map_get_next_key(held_fd, NULL, &after); !err;) {
		key = after;
		err = bpf_map_get_next_key(held_fd, &key, &after);
		if (bpf_map_lookup_elem(held_fd, &key, &how))
			continue;
		if (how.until <= now || (kill(key, 0) && errno == ESRCH)) {
			let_go(held_fd, key);
			continue;
		}
		arm(holding, key);
		if (how.until < next)
			next = how.until;
	}
	disarm(holding);
	return next;
}

/* In ms, for poll(2). */
static int wait_ms(uint64_t next, uint64_t now)
{
	if (next == UINT64_MAX)
		return -1;
	if (next <= now)
		return 0;
	return next - now < LOOK_MS * 1000000ULL ? (next - now) / 1000000 + 1 : LOOK_MS;
}

static int ignore_stop(void *data, void *record, size_t size)
{
	(void)data;
	(void)record;
	(void)size;
	return 0;
}

static void hold(struct holding *holding, struct ring_buffer *stops)
{
	struct pollfd fds[] = { { .fd = ALIVE_FD, .events = POLLIN },
				{ .fd = ring_buffer__epoll_fd(stops), .events = POLLIN } };
	uint64_t next;
	char orderly;
	int looks;

	do {
		ring_buffer__consume(stops);
		next = look(holding, clock_ns(CLOCK_BOOTTIME));
		poll(fds, 2, wait_ms(next, clock_ns(CLOCK_BOOTTIME)));
	} while (!fds[0].revents);
	holding->opts.settings->released = 1;
	looks = read(ALIVE_FD, &orderly, 1) == 1 ? ORDERLY_LOOKS : LAST_LOOKS;
	while (looks--) {
		look(holding, UINT64_MAX);
		poll(NULL, 0, LAST_LOOK_MS);
	}
}

/* Two descriptors for each who is stopped. Without the right to more, fewer are held. */
static void raise_limit(void)
{
	const rlim_t wanted = 2 * GUARD_HELD_MAX + 64;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted;
	if (limit.rlim_max < wanted)
		limit.rlim_max = wanted;
	if (!setrlimit(RLIMIT_NOFILE, &limit))
		return;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* It has no descriptors but these, so that nothing of the guard outlives the guard. */
static int keep_fds(const struct guard_holder_opts *opts, int alive_fd)
{
	/* Out of the way of those they get next. */
	int held = fcntl(opts->held_fd, F_DUPFD, FIRST_FREE_FD), alive = fcntl(alive_fd, F_DUPFD, FIRST_FREE_FD),
	    stops = fcntl(opts->stops_fd, F_DUPFD, FIRST_FREE_FD);

	if (dup2(held, HELD_FD) != HELD_FD || dup2(alive, ALIVE_FD) != ALIVE_FD || dup2(stops, STOPS_FD) != STOPS_FD)
		return -errno;
	return close_range(FIRST_FREE_FD, ~0U, 0) ? -errno : 0;
}

static _Noreturn void run(const struct guard_holder_opts *opts, int alive_fd)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	static struct holding holding;
	struct ring_buffer *stops;
	sigset_t none;
	size_t i;

	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, "kview-holder");
	if (keep_fds(opts, alive_fd))
		_exit(1);
	raise_limit();
	stops = ring_buffer__new(STOPS_FD, ignore_stop, NULL, NULL);
	if (!stops)
		_exit(1);
	holding.opts = *opts;
	holding.opts.held_fd = HELD_FD;
	hold(&holding, stops);
	_exit(0);
}

/* --- the guard --- */

/* Whom another one has left. */
static void let_all_go(int held_fd)
{
	uint32_t key;

	while (!bpf_map_get_next_key(held_fd, NULL, &key))
		let_go(held_fd, key);
}

int guard_holder_start(const struct guard_holder_opts *opts, struct guard_holder **ret_holder)
{
	_cleanup_(freep) struct guard_holder *holder = calloc(1, sizeof(*holder));
	_cleanup_(closep) int alive = -1;
	int ends[2], err;

	if (!holder)
		return -ENOMEM;
	let_all_go(opts->held_fd);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -errno;
	alive = ends[1];
	holder->pid = fork();
	if (!holder->pid)
		run(opts, ends[0]);
	err = holder->pid < 0 ? -errno : 0;
	close(ends[0]);
	if (err)
		return err;
	holder->pid_fd = pidfd_open(holder->pid, 0);
	if (holder->pid_fd < 0) {
		err = -errno;
		kill(holder->pid, SIGKILL);
		waitpid(holder->pid, NULL, 0);
		return err;
	}
	holder->alive_fd = TAKE_FD(alive);
	opts->settings->holder_tgid = holder->pid;
	opts->settings->released = 0;
	*ret_holder = TAKE_PTR(holder);
	return 0;
}

int guard_holder_fd(const struct guard_holder *holder)
{
	return holder->pid_fd;
}

int guard_holder_died(const struct guard_holder *holder)
{
	siginfo_t how = {};

	if (waitid(P_PID, holder->pid, &how, WEXITED | WNOHANG | WNOWAIT) || !how.si_pid)
		return 0;
	return how.si_code == CLD_EXITED ? -ECHILD : 1;
}

void guard_holder_stop(struct guard_holder *holder)
{
	if (!holder)
		return;
	(void)!send(holder->alive_fd, "", 1, MSG_NOSIGNAL); /* else the end of it tells it, and it looks longer */
	close(holder->alive_fd);
	while (waitpid(holder->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(holder->pid_fd);
	free(holder);
}

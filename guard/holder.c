// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard/holder.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"

#define IDLE_MS 100 /* how late a stop may be noticed */
#define BUSY_MS 10  /* and how late it may end */
#define ORDERLY_LOOKS 3
#define LAST_LOOKS 300 /* after the guard's death: its programs end a moment later */

struct guard_holder {
	pid_t pid;
	int alive_fd; /* the writing end of the pipe */
};

static uint64_t boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

int guard_holder_release(int held_fd, uint32_t tgid)
{
	if (bpf_map_delete_elem(held_fd, &tgid))
		return -errno;
	return kill(tgid, SIGCONT) && errno != ESRCH ? -errno : 0;
}

/* Let go whose time was over at @now; how many are still held. */
static int release_before(int held_fd, uint64_t now)
{
	uint32_t key, next;
	uint64_t until;
	int count = 0, err;

	for (err = bpf_map_get_next_key(held_fd, NULL, &next); !err; err = bpf_map_get_next_key(held_fd, &key, &next)) {
		key = next;
		if (bpf_map_lookup_elem(held_fd, &key, &until))
			continue;
		if (until > now) {
			count++;
			continue;
		}
		/* Its successor is asked for before it goes, else the walk would begin again; who is missed comes next time. */
		err = bpf_map_get_next_key(held_fd, &key, &next);
		guard_holder_release(held_fd, key);
		if (err)
			break;
		count++;
	}
	return count;
}

static void hold(int held_fd, struct guard_settings *settings, int alive_fd)
{
	struct pollfd alive = { .fd = alive_fd, .events = POLLIN };
	int count = 0, looks;
	char orderly;

	while (!poll(&alive, 1, count ? BUSY_MS : IDLE_MS))
		count = release_before(held_fd, boot_ns());
	settings->released = 1;
	looks = read(alive_fd, &orderly, 1) == 1 ? ORDERLY_LOOKS : LAST_LOOKS;
	while (looks--) {
		while (release_before(held_fd, UINT64_MAX) > 0)
			;
		poll(NULL, 0, BUSY_MS);
	}
}

/* It has no descriptors but these two, so that nothing of the guard outlives the guard. */
static void run(int held_fd, struct guard_settings *settings, int alive_fd)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	sigset_t none;
	size_t i;

	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, "kview-holder");
	held_fd = dup2(held_fd, 0);
	alive_fd = dup2(alive_fd, 1);
	if (held_fd || alive_fd != 1 || close_range(2, ~0U, 0))
		_exit(1);
	hold(held_fd, settings, alive_fd);
	_exit(0);
}

int guard_holder_start(int held_fd, struct guard_settings *settings, struct guard_holder **ret_holder)
{
	struct guard_holder *holder = calloc(1, sizeof(*holder));
	int pipes[2], high[2];

	if (!holder)
		return -ENOMEM;
	if (pipe2(pipes, O_CLOEXEC))
		goto fail;
	holder->pid = fork();
	if (holder->pid < 0) {
		close(pipes[0]);
		close(pipes[1]);
		goto fail;
	}
	if (!holder->pid) {
		/* Out of the way of 0 and 1, which they get next. */
		high[0] = fcntl(held_fd, F_DUPFD, 3);
		high[1] = fcntl(pipes[0], F_DUPFD, 3);
		run(high[0], settings, high[1]);
	}
	close(pipes[0]);
	holder->alive_fd = pipes[1];
	settings->holder_tgid = holder->pid;
	*ret_holder = holder;
	return 0;
fail:
	free(holder);
	return -errno;
}

void guard_holder_stop(struct guard_holder *holder)
{
	if (!holder)
		return;
	(void)!write(holder->alive_fd, "", 1); /* else the end of the pipe tells it, and it looks longer */
	close(holder->alive_fd);
	while (waitpid(holder->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(holder);
}

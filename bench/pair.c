// SPDX-License-Identifier: GPL-2.0-or-later
#include "pair.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "insns.h"
#include "util/cleanup.h"

#define ROUNDS 3000

/* Pipes: what each may read from. */
enum { TO_PARENT, TO_FIRST, TO_SECOND, PIPES };

struct shared {
	uint64_t rounds[ROUNDS];
};

struct pair {
	pid_t pids[2];
	int pipes[PIPES][2];
	struct shared *shared;
};

DEFINE_CLEANUP(struct pair *, pair_stop)

static int take(struct pair *pair, int pipe)
{
	char byte;

	return read(pair->pipes[pipe][0], &byte, 1) == 1 ? 0 : -EIO;
}

static int give(struct pair *pair, int pipe)
{
	return write(pair->pipes[pipe][1], "", 1) == 1 ? 0 : -EIO;
}

/* The parent begins it with a byte of its own, in the pipe the second one writes to. */
static void first(struct pair *pair)
{
	while (!take(pair, TO_FIRST)) {
		for (int i = 0; i < ROUNDS; i++) {
			uint64_t start = insns_now();

			if (give(pair, TO_SECOND) || take(pair, TO_FIRST))
				return;
			pair->shared->rounds[i] = insns_now() - start;
		}
		give(pair, TO_PARENT);
	}
}

static void second(struct pair *pair)
{
	while (!take(pair, TO_SECOND) && !give(pair, TO_FIRST))
		;
}

static int start_process(struct pair *pair, int which)
{
	pair->pids[which] = fork();
	if (pair->pids[which] < 0)
		return -errno;
	if (pair->pids[which] == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (which == 0)
			first(pair);
		else
			second(pair);
		_exit(0);
	}
	return 0;
}

int pair_start(struct pair **ret_pair)
{
	_cleanup_(pair_stopp) struct pair *pair = calloc(1, sizeof(*pair));
	int err = 0;

	if (!pair)
		return -ENOMEM;
	memset(pair->pipes, -1, sizeof(pair->pipes));
	pair->shared = mmap(NULL, sizeof(*pair->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (pair->shared == MAP_FAILED) {
		pair->shared = NULL;
		return -ENOMEM;
	}
	for (int i = 0; !err && i < PIPES; i++)
		err = pipe2(pair->pipes[i], O_CLOEXEC) ? -errno : 0;
	for (int i = 0; !err && i < 2; i++)
		err = start_process(pair, i);
	if (err)
		return err;
	*ret_pair = TAKE_PTR(pair);
	return 0;
}

void pair_stop(struct pair *pair)
{
	if (!pair)
		return;
	for (int i = 0; i < 2; i++) {
		if (pair->pids[i] > 0) {
			kill(pair->pids[i], SIGKILL);
			waitpid(pair->pids[i], NULL, 0);
		}
	}
	for (int i = 0; i < PIPES; i++) {
		closep(&pair->pipes[i][0]);
		closep(&pair->pipes[i][1]);
	}
	if (pair->shared)
		munmap(pair->shared, sizeof(*pair->shared));
	free(pair);
}

pid_t pair_pid(const struct pair *pair, int which)
{
	return pair->pids[which];
}

int pair_measure(struct pair *pair, struct figure *ret_round)
{
	int err = give(pair, TO_FIRST);

	if (!err)
		err = take(pair, TO_PARENT);
	if (!err)
		samples_sum_up(pair->shared->rounds, ROUNDS, ret_round);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process to trace: calls getppid() of the C library COUNT times, which nothing else here does.
 *
 * usage: cli_calls COUNT [PAUSE_MS [ROUNDS]]   then pauses and does it again, ROUNDS times in all (0: for ever)
 */
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 1000, pause = argc > 2 ? atol(argv[2]) : 0, i;
	long rounds = argc > 3 ? atol(argv[3]) : 1, round;

	for (round = 0; round < rounds || !rounds; round++) {
		for (i = 0; i < count; i++)
			getppid();
		usleep(pause * 1000);
	}
	return 0;
}

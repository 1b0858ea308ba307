// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that nobody traces. For each line it reads it measures its system calls and prints a line, such as
 * "getppid 321.000 read 1144.000 ...": instructions per call. So whoever starts something can ask what others pay for it.
 */
#include <err.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "insns.h"

#define QUEUES 4
#define QUEUED 8 /* datagrams that a queue takes at any rate */

/*
 * What a call allocates lies in slabs. Where those of a batch reach over the end of one, the batch takes more; whether they
 * do changes with all that anybody allocates. So they are moved on, one datagram that stays in a queue after the other.
 */
static double least(enum call call, const struct call_site *site)
{
	int queues[QUEUES][2];
	double least = INFINITY;

	for (int i = 0; i < QUEUES; i++) {
		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, queues[i]))
			err(EXIT_FAILURE, "bystander: socketpair");
		for (int sent = 0; sent < QUEUED; sent++) {
			struct sample sample;

			insns_measure(call, site, &sample);
			least = sample.min < least ? sample.min : least;
			if (send(queues[i][0], "", 1, MSG_DONTWAIT) != 1)
				err(EXIT_FAILURE, "bystander: send");
		}
	}
	for (int i = 0; i < QUEUES; i++) {
		close(queues[i][0]);
		close(queues[i][1]);
	}
	return least;
}

static void measure(const struct call_site sites[CALLS])
{
	for (enum call call = 0; call < CALLS; call++)
		printf("%s%s %.3f", call ? " " : "", call_name(call), least(call, &sites[call]));
	putchar('\n');
	fflush(stdout);
}

int main(void)
{
	struct call_site sites[CALLS];
	char line[16];

	if (!insns_counted()) {
		fprintf(stderr, "bystander: the time stamp counter does not count instructions (vm/run --icount)\n");
		return EXIT_FAILURE;
	}
	for (enum call call = 0; call < CALLS; call++) {
		int err = call_open(call, &sites[call]);

		if (err) {
			fprintf(stderr, "bystander: %s: %s\n", call_name(call), strerror(-err));
			return EXIT_FAILURE;
		}
	}
	while (fgets(line, sizeof(line), stdin))
		measure(sites);
	return EXIT_SUCCESS;
}

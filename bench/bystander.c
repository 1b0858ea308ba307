// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that nobody traces. For each line it reads it measures its system calls and prints a line, such as
 * "getppid 321.000 read 1144.000 ...": instructions per call. So whoever starts something can ask what others pay for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "insns.h"

static void measure(const struct call_site sites[CALLS])
{
	for (enum call call = 0; call < CALLS; call++) {
		struct sample sample;

		insns_measure(call, &sites[call], &sample);
		printf("%s%s %.3f", call ? " " : "", call_name(call), sample.min);
	}
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

// SPDX-License-Identifier: GPL-2.0-or-later
/* What /proc says of processes, whose names are their own choice. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/daemon/process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char before[] = "7 (", behind[] = ") S 1 7 7 0 -1 2097216 11 0 22 0 0 0 0 0 20 0 3 0 44 55 66 0";
	char *text = malloc(size + 1), *named = malloc(sizeof(before) + sizeof(behind) + size);
	struct process_stat stat;
	uint64_t inode;
	uint16_t port;

	if (!text || !named)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	process_stat_parse(text, &stat);
	process_listener_parse(text, &port, &inode);
	/* Whatever the name, the rest is found. */
	if (strlen(text) == size) {
		strcat(strcat(strcpy(named, before), text), behind);
		if (process_stat_parse(named, &stat) || stat.minor_faults != 11 || stat.major_faults != 22 ||
		    stat.threads != 3 || stat.start != 44 || !stat.kernel)
			abort();
	}
	free(named);
	free(text);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Configurations of anybody: read, or refused with words. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "monitor/daemon/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *in = size ? fmemopen((void *)data, size, "r") : NULL;
	struct monitor_config config;
	struct monitor_error error;
	int err;

	if (!in)
		return 0;
	err = monitor_config_read(in, &config, &error);
	fclose(in);
	if (err == -EINVAL && !*error.why)
		abort();
	if (!err)
		monitor_config_deinit(&config);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Configurations, with whatever somebody may have put into them. */
#include <stdlib.h>
#include <string.h>

#include "shield/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *in = fmemopen((void *)data, size ?: 1, "r");
	struct shield_error error = {};
	struct shield_config config;
	struct shield_ruleset set;
	int err;

	/* Files of this machine are not its business. */
	if (!in || memchr(data, '@', size)) {
		if (in)
			fclose(in);
		return 0;
	}
	err = shield_config_read(in, "none", &config, &error);
	fclose(in);
	if (err && !error.why[0])
		abort();
	if (err)
		return 0;
	if (shield_ruleset_build(&config, &set))
		abort();
	shield_ruleset_deinit(&set);
	shield_config_deinit(&config);
	return 0;
}

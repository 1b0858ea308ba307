// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "shield.h"
#include "util/cleanup.h"

/* "FILE:LINE: WHY" */
static char *describe(const char *path, int err, const struct shield_error *error)
{
	const char *file = error->file[0] ? error->file : path;
	char *text;

	if (err != -EINVAL)
		return asprintf(&text, "%s: %s", path, strerror(-err)) < 0 ? NULL : text;
	if (!error->line)
		return asprintf(&text, "%s: %s", file, error->why) < 0 ? NULL : text;
	return asprintf(&text, "%s:%u: %s", file, error->line, error->why) < 0 ? NULL : text;
}

int shield_file_read(const char *path, struct shield_config *ret_config, char **ret_why)
{
	_cleanup_(fclosep) FILE *in = fopen(path, "re");
	_cleanup_(freep) char *why = NULL;
	struct shield_error error = {};
	int err;

	err = in ? shield_config_read(in, path, ret_config, &error) : -errno;
	if (!err)
		return CLI_OK;
	why = describe(path, err, &error);
	if (ret_why)
		*ret_why = TAKE_PTR(why);
	else
		cli_note("%s", why ?: strerror(ENOMEM));
	return cli_exit_code(err);
}

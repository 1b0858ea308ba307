// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of cgroups and containers: whoever starts one names it. The input is three lines, and what conmon was told. */
#include <stdlib.h>
#include <string.h>

#include "lib/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = strndup((const char *)data, size), *rest = copy, path[64], id[KVIEW_CONTAINER_ID];
	const char *name = strsep(&rest, "\n"), *wanted = rest ? strsep(&rest, "\n") : "";

	if (!copy)
		abort();
	kview_container_is(name, wanted);
	if (rest && !kview_container_path(rest, wanted, path, sizeof(path)) && (path[0] != '/' || strchr(path, '\n')))
		abort();
	free(copy);
	if (!kview_conmon_parse((const char *)data, size, "web", id) && !*id)
		abort();
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Option structures that may grow: callers built against an older or a newer header work as long as they can. */
#include <errno.h>
#include <string.h>

#include "internal.h"

static bool all_zero(const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i])
			return false;
	return true;
}

int kview_opts_copy(void *opts, size_t size, const void *from)
{
	size_t from_size;

	memset(opts, 0, size);
	if (!from)
		return 0;
	memcpy(&from_size, from, sizeof(from_size));
	if (from_size < sizeof(from_size))
		return -EINVAL;
	if (from_size > size && !all_zero((const char *)from + size, from_size - size))
		return -EINVAL;
	memcpy(opts, from, from_size < size ? from_size : size);
	return 0;
}

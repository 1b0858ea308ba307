// SPDX-License-Identifier: GPL-2.0-or-later
/* Recorded traces come from anywhere. The first byte chooses the format. */
#include <stdlib.h>
#include <string.h>

#include <kview/kview.h>

#include "guard/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of the library, without all it brings. */
const char *kview_syscall_name(unsigned int number)
{
	static const char *const names[] = { "read", "write", "open", "close", "newstat" };

	return number < sizeof(names) / sizeof(names[0]) ? names[number] : NULL;
}

static int on_event(const struct guard_trace_event *event, void *data)
{
	(void)data;
	if (event->kind == GUARD_TRACE_EXEC && (!event->name || memchr(event->name, '"', event->name_len)))
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guard_names *names = guard_names_new();
	struct guard_trace_error error = {};
	char *text;
	int err;

	if (!names || !size)
		goto out;
	text = malloc(size); /* of exactly that size: what is read behind it is found */
	memcpy(text, data + 1, size - 1);
	err = guard_trace_read(text, size - 1, data[0] % 4, names, on_event, NULL, &error);
	if (err && (err != -EINVAL || !error.line || !error.why[0]))
		abort();
	free(text);
out:
	guard_names_free(names);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Near matches of a name the user typed, among names of the kernel: both lines of the input. */
#include <stdlib.h>
#include <string.h>

#include "lib/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *wanted = strndup((const char *)data, size), *rest = wanted, *name, text[64];
	struct kview_near near = {};

	if (!wanted)
		abort();
	name = strsep(&rest, "\n");
	while ((name = strsep(&rest, "\n")))
		kview_near_offer(&near, wanted, name);
	kview_near_text(&near, text, sizeof(text));
	if (near.count > KVIEW_NEAR_MAX || strlen(text) >= sizeof(text))
		abort();
	free(wanted);
	return 0;
}

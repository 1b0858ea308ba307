// SPDX-License-Identifier: GPL-2.0-or-later
/* Section names come from whatever file a user names. */
#include <stdlib.h>
#include <string.h>

#include "lib/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_known_by_program(enum kview_kind kind)
{
	return kind == KVIEW_KIND_FENTRY || kind == KVIEW_KIND_FEXIT || kind == KVIEW_KIND_TP_BTF;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *name = strndup((const char *)data, size);
	struct kview_section section;

	if (!name)
		abort();
	if (!kview_section_parse(name, &section) != !section.why || (section.why && section.name))
		abort();
	if (!section.why && !section.name != is_known_by_program(section.kind))
		abort();
	free(section.name);
	free(name);
	return 0;
}

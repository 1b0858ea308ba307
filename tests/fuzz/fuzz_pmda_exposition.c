// SPDX-License-Identifier: GPL-2.0-or-later
/* Whatever answers where kview-monitord should. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/pmda/exposition.h"
#include "monitor/pmda/naming.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What becomes of each sample that was understood. */
static void use(const struct exposition *exposition, const struct exposition_sample *sample)
{
	const struct exposition_family *family = &exposition->families[sample->family];
	_cleanup_(freep) char *json = NULL, *text = NULL;
	char name[NAMING_MAX];
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out || naming_json(sample->labels, sample->label_count, &json) || sample->label_count > EXPOSITION_LABELS)
		abort();
	naming_instance(sample, out);
	fclose(out);
	if (strpbrk(text, " \n\t"))
		abort();
	if (!naming_metric(family->name, sample->part, name) && strncmp(name, "kview.", 6))
		abort();
	naming_desc(family->name, family->type, sample->part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(exposition_freep) struct exposition *exposition = NULL;
	char *text = malloc(size + 1);
	size_t line = 0;

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	if (exposition_read(text, &exposition, &line)) {
		if (!line)
			abort();
		return 0;
	}
	for (size_t i = 0; i < exposition->sample_count; i++)
		use(exposition, &exposition->samples[i]);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace_format.h"

#include <string.h>

static const char *const folders[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

FILE *trace_format_open(const char *event)
{
	char path[256];
	FILE *file;
	size_t i;

	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/events/%s/format", folders[i], event);
		file = fopen(path, "re");
		if (file)
			return file;
	}
	return NULL;
}

/* "const char * filename" or "char comm[16]" */
static bool split(char *declaration, struct trace_field *field)
{
	char *name = strrchr(declaration, ' '), *array;

	if (!name)
		return false;
	*name++ = '\0';
	array = strchr(name, '[');
	snprintf(field->type, sizeof(field->type), "%.40s%.20s", declaration, array ?: "");
	if (array)
		*array = '\0';
	snprintf(field->name, sizeof(field->name), "%.63s", name);
	return true;
}

/* "	field:const char * filename;	offset:24;	size:8;	signed:0;" */
static bool parse(char *line, struct trace_field *field)
{
	static const char start[] = "\tfield:";
	unsigned int is_signed = 0;
	char *end;

	if (strncmp(line, start, strlen(start)))
		return false;
	end = strchr(line, ';');
	if (!end || sscanf(end, "; offset:%u; size:%u; signed:%u;", &field->offset, &field->size, &is_signed) < 2)
		return false;
	*end = '\0';
	field->is_signed = is_signed;
	return split(line + strlen(start), field);
}

bool trace_format_next(FILE *format, struct trace_field *ret_field)
{
	char line[512];

	while (fgets(line, sizeof(line), format))
		if (parse(line, ret_field))
			return true;
	return false;
}

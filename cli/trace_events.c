// SPDX-License-Identifier: GPL-2.0-or-later
/* The fields of tracepoints' records, as tracefs declares them. */
#include <stdlib.h>
#include <string.h>

#include "trace_format.h"
#include "trace_hooks.h"
#include "util/cleanup.h"

static bool begins(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static enum trace_show show_of(const struct trace_field *field)
{
	if (begins(field->type, "__data_loc char"))
		return TRACE_SHOW_LOCATION;
	if (strchr(field->type, '['))
		return begins(field->type, "char[") || begins(field->type, "const char[") ? TRACE_SHOW_CHARS : TRACE_SHOW_BYTES;
	if (field->size != 1 && field->size != 2 && field->size != 4 && field->size != 8)
		return TRACE_SHOW_BYTES;
	if (strchr(field->type, '*') || strstr(field->name, "flag") || strstr(field->name, "mask"))
		return TRACE_SHOW_HEX;
	return field->is_signed ? TRACE_SHOW_SIGNED : TRACE_SHOW_UNSIGNED;
}

static void describe_hook(struct trace_hook *hook)
{
	_cleanup_(fclosep) FILE *file = trace_format_open(hook->name);
	struct trace_field field;
	struct trace_param param;

	while (file && trace_format_next(file, &field)) {
		if (field.offset + field.size > TRACE_DATA_LEN)
			return;
		hook->info.size = field.offset + field.size;
		/* The first fields are the same in all events, and what they tell is told anyway. */
		if (begins(field.name, "common_"))
			continue;
		param = (struct trace_param){ .offset = field.offset, .size = field.size, .show = show_of(&field) };
		if (trace_hook_add_param(hook, field.name, &param))
			return;
	}
}

void trace_describe_events(struct trace_hooks *hooks)
{
	size_t i;

	for (i = 0; i < hooks->count; i++)
		if (hooks->list[i].kind == TRACE_KIND_EVENT)
			describe_hook(&hooks->list[i]);
}

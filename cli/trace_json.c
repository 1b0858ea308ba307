// SPDX-License-Identifier: GPL-2.0-or-later
/* An event of `kview trace` as a JSON record. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "trace_print.h"
#include "trace_text.h"
#include "util/cleanup.h"

static json_t *value_json(const struct trace_param *param, uint64_t value)
{
	char hex[32];

	switch (param->show) {
	case TRACE_SHOW_FOLDER:
	case TRACE_SHOW_SIGNED:
		return json_integer(trace_signed(param, value));
	case TRACE_SHOW_UNSIGNED:
	case TRACE_SHOW_OCTAL:
		value = trace_unsigned(param, value);
		if (value <= INT64_MAX)
			return json_integer(value);
		break;
	default:
		value = trace_unsigned(param, value);
		break;
	}
	snprintf(hex, sizeof(hex), "%#" PRIx64, value);
	return json_string(hex);
}

static json_t *bytes_json(const struct trace_shown *shown, const struct trace_param *param)
{
	_cleanup_(freep) char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	trace_shown_bytes(out, shown, param);
	return fclose(out) ? NULL : json_string(text);
}

static json_t *arg_json(const struct trace_shown *shown, size_t index)
{
	const struct trace_param *param = &shown->hook->params[index];
	struct trace_shown_text text = trace_shown_text(shown, index);

	if (text.bytes)
		return trace_text_json(text.bytes, text.length);
	if (param->show == TRACE_SHOW_BYTES)
		return bytes_json(shown, param);
	return value_json(param, trace_shown_value(shown, index));
}

static json_t *args_json(const struct trace_shown *shown)
{
	const struct trace_hook *hook = shown->hook;
	json_t *json = json_object();
	size_t i;

	for (i = 0; i < hook->param_count; i++)
		json_object_set_new(json, hook->params[i].name, arg_json(shown, i));
	return json;
}

static int add_result(json_t *json, const struct trace_shown *shown)
{
	struct trace_param whole = { .size = 8, .show = trace_shown_is_address(shown) ? TRACE_SHOW_HEX : TRACE_SHOW_SIGNED };
	int64_t result = shown->event->result;
	int error = trace_shown_error(shown);

	if (shown->hook->info.result == TRACE_RESULT_NONE)
		return 0;
	if (shown->hook->info.result == TRACE_RESULT_INT || error)
		whole.show = TRACE_SHOW_SIGNED;
	if (shown->hook->info.result == TRACE_RESULT_INT)
		result = (int32_t)result;
	if (json_object_set_new(json, "result", value_json(&whole, result)))
		return -ENOMEM;
	if (!error || !trace_error_name(error))
		return 0;
	return json_object_set_new(json, "error", json_string(trace_error_name(error))) ? -ENOMEM : 0;
}

int trace_print_json(const struct trace_printer *printer, const struct trace_shown *shown)
{
	const struct trace_event *event = shown->event;
	_cleanup_(json_decrefp) json_t *json = NULL;

	json = json_pack("{s:s, s:f, s:i, s:i, s:o, s:s}", "event", "hit", "seconds", trace_printer_seconds(printer, event), "pid",
			 (int)event->pid, "tid", (int)event->tid, "comm",
			 trace_text_json(event->comm, strnlen(event->comm, TRACE_COMM_LEN)), "hook", shown->hook->label);
	if (!json)
		return -ENOMEM;
	if ((event->flags & (TRACE_HAS_ARGS | TRACE_HAS_RECORD)) && json_object_set_new(json, "args", args_json(shown)))
		return -ENOMEM;
	if ((event->flags & TRACE_HAS_RESULT) && add_result(json, shown))
		return -ENOMEM;
	if ((event->flags & TRACE_HAS_DURATION) &&
	    json_object_set_new(json, "duration_ns", json_integer(event->duration_ns)))
		return -ENOMEM;
	if ((event->flags & TRACE_UNFINISHED) && json_object_set_new(json, "unfinished", json_true()))
		return -ENOMEM;
	return cli_print_record(printer->out, json);
}

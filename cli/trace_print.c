// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace_print.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "format.h"
#include "options.h"
#include "trace_text.h"
#include "util/cleanup.h"

#define BUFFER_LEN 64 /* shown of text that is no path */
#define ERRNO_MAX 4095

/* An event with what is known of its hook. */
struct shown {
	const struct trace_event *event;
	const struct trace_hook *hook;
};

const char *trace_error_name(int number)
{
	/* include/linux/errno.h: seen by those who look inside the kernel, as the call is begun again */
	static const char *const internal[] = {
		[0] = "ERESTARTSYS",   [1] = "ERESTARTNOINTR",	      [2] = "ERESTARTNOHAND",
		[3] = "ENOIOCTLCMD",   [4] = "ERESTART_RESTARTBLOCK", [5] = "EPROBE_DEFER",
		[6] = "EOPENSTALE",
	};

	if (number >= 512 && number < 512 + (int)(sizeof(internal) / sizeof(internal[0])))
		return internal[number - 512];
	return strerrorname_np(number);
}

/* The value in its width, sign-extended where it has one. */
static int64_t signed_value(const struct trace_param *param, uint64_t value)
{
	unsigned int unused = 64 - 8 * param->size;

	return (int64_t)(value << unused) >> unused;
}

static uint64_t unsigned_value(const struct trace_param *param, uint64_t value)
{
	unsigned int unused = 64 - 8 * param->size;

	return value << unused >> unused;
}

/* A text that was read with the event. */
struct text {
	const char *bytes; /* NULL: there is none */
	size_t length;
	bool buffer; /* with a length of its own */
	bool cut;
};

static struct text text_of(const struct shown *shown, size_t index)
{
	const struct trace_event *event = shown->event;
	const struct trace_text_arg *arg;
	struct text text = {};
	size_t i;

	for (i = 0; i < TRACE_TEXTS; i++) {
		arg = &shown->hook->info.texts[i];
		if (arg->arg != index + 1 || !event->data_len || !event->sizes[i])
			continue;
		text.bytes = event->data + i * TRACE_TEXT_LEN;
		text.buffer = arg->length;
		text.length = text.buffer ? event->sizes[i] : event->sizes[i] - 1;
		text.cut = text.buffer ? event->args[arg->length - 1] > text.length : event->sizes[i] == TRACE_TEXT_LEN;
	}
	return text;
}

static void print_text(FILE *out, struct text text)
{
	if (text.buffer && text.length > BUFFER_LEN) {
		text.length = BUFFER_LEN;
		text.cut = true;
	}
	fputc('"', out);
	trace_text_print(out, text.bytes, text.length);
	fputs(text.cut ? "\"..." : "\"", out);
}

static void print_value(FILE *out, const struct trace_param *param, uint64_t value)
{
	switch (param->show) {
	case TRACE_SHOW_FOLDER:
		if ((int)value == AT_FDCWD) {
			fputs("AT_FDCWD", out);
			return;
		}
		/* fall through */
	case TRACE_SHOW_SIGNED:
		fprintf(out, "%" PRId64, signed_value(param, value));
		return;
	case TRACE_SHOW_UNSIGNED:
		fprintf(out, "%" PRIu64, unsigned_value(param, value));
		return;
	case TRACE_SHOW_OCTAL:
		fprintf(out, "%#" PRIo64, unsigned_value(param, value));
		return;
	default:
		fprintf(out, "%#" PRIx64, unsigned_value(param, value));
	}
}

static void print_args(FILE *out, const struct shown *shown)
{
	const struct trace_hook *hook = shown->hook;
	struct text text;
	size_t i;

	for (i = 0; i < hook->param_count; i++) {
		fprintf(out, "%s%s: ", i ? ", " : "", hook->params[i].name);
		text = text_of(shown, i);
		if (text.bytes)
			print_text(out, text);
		else
			print_value(out, &hook->params[i], shown->event->args[i]);
	}
}

/* The errno a result stands for; 0: it is no error. */
static int error_of(const struct shown *shown)
{
	int64_t result = shown->event->result;

	switch (shown->hook->info.result) {
	case TRACE_RESULT_INT:
		result = (int32_t)result;
		break;
	case TRACE_RESULT_LONG:
	case TRACE_RESULT_POINTER:
		break;
	default:
		return 0;
	}
	return result < 0 && result >= -ERRNO_MAX ? (int)-result : 0;
}

/* Addresses, which some results are, are easier to read in hexadecimal. */
static bool is_address(const struct shown *shown)
{
	int64_t result = shown->event->result;

	return shown->hook->info.result == TRACE_RESULT_POINTER || result > UINT32_MAX || result < INT32_MIN;
}

static void print_result(FILE *out, const struct shown *shown)
{
	int64_t result = shown->event->result;
	int error = error_of(shown);

	if (shown->hook->info.result == TRACE_RESULT_NONE)
		return;
	if (error && trace_error_name(error))
		fprintf(out, " = -%s", trace_error_name(error));
	else if (shown->hook->info.result == TRACE_RESULT_INT)
		fprintf(out, " = %d", (int32_t)result);
	else if (is_address(shown) && !error)
		fprintf(out, " = %#" PRIx64, (uint64_t)result);
	else
		fprintf(out, " = %" PRId64, result);
}

static double seconds_of(const struct trace_printer *printer, const struct trace_event *event)
{
	return (int64_t)(event->ns - printer->start_ns) / 1e9;
}

static void print_line(const struct trace_printer *printer, const struct shown *shown)
{
	const struct trace_event *event = shown->event;
	char duration[FORMAT_LEN] = "";
	FILE *out = printer->out;

	if (event->flags & TRACE_HAS_DURATION)
		format_ns(duration, event->duration_ns);
	fprintf(out, "%12.6f %9s  %.*s/%u", seconds_of(printer, event), duration, TRACE_COMM_LEN, event->comm, event->pid);
	if (event->tid != event->pid)
		fprintf(out, "/%u", event->tid);
	fprintf(out, "  %s", shown->hook->kind == TRACE_KIND_SYSCALL ? shown->hook->name : shown->hook->label);
	if (event->flags & TRACE_HAS_ARGS) {
		fputc('(', out);
		print_args(out, shown);
		fputc(')', out);
	}
	if (event->flags & TRACE_HAS_RESULT)
		print_result(out, shown);
	if (event->flags & TRACE_UNFINISHED)
		fputs(" = ?", out);
	fputc('\n', out);
}

static json_t *value_json(const struct trace_param *param, uint64_t value)
{
	char hex[32];

	switch (param->show) {
	case TRACE_SHOW_FOLDER:
	case TRACE_SHOW_SIGNED:
		return json_integer(signed_value(param, value));
	case TRACE_SHOW_UNSIGNED:
	case TRACE_SHOW_OCTAL:
		value = unsigned_value(param, value);
		if (value <= INT64_MAX)
			return json_integer(value);
		break;
	default:
		value = unsigned_value(param, value);
		break;
	}
	snprintf(hex, sizeof(hex), "%#" PRIx64, value);
	return json_string(hex);
}

static json_t *args_json(const struct shown *shown)
{
	const struct trace_hook *hook = shown->hook;
	json_t *json = json_object();
	struct text text;
	size_t i;

	for (i = 0; i < hook->param_count; i++) {
		text = text_of(shown, i);
		json_object_set_new(json, hook->params[i].name,
				    text.bytes ? trace_text_json(text.bytes, text.length) :
						 value_json(&hook->params[i], shown->event->args[i]));
	}
	return json;
}

static int add_result(json_t *json, const struct shown *shown)
{
	struct trace_param whole = { .size = 8, .show = is_address(shown) ? TRACE_SHOW_HEX : TRACE_SHOW_SIGNED };
	int64_t result = shown->event->result;
	int error = error_of(shown);

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

static int print_json(const struct trace_printer *printer, const struct shown *shown)
{
	const struct trace_event *event = shown->event;
	_cleanup_(json_decrefp) json_t *json = NULL;

	json = json_pack("{s:s, s:f, s:i, s:i, s:o, s:s}", "event", "hit", "seconds", seconds_of(printer, event), "pid",
			 (int)event->pid, "tid", (int)event->tid, "comm",
			 trace_text_json(event->comm, strnlen(event->comm, TRACE_COMM_LEN)), "hook", shown->hook->label);
	if (!json)
		return -ENOMEM;
	if ((event->flags & TRACE_HAS_ARGS) && json_object_set_new(json, "args", args_json(shown)))
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

int trace_print_event(const struct trace_printer *printer, const struct trace_event *event, size_t size)
{
	struct shown shown = { .event = event };

	if (size < sizeof(*event) || size < sizeof(*event) + event->data_len || event->hook >= printer->hooks->count)
		return -EPROTO;
	shown.hook = &printer->hooks->list[event->hook];
	if (printer->json)
		return print_json(printer, &shown);
	print_line(printer, &shown);
	return 0;
}

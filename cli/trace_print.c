// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace_print.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "format.h"
#include "trace_text.h"

#define BUFFER_LEN 64 /* shown of text that is no path */

static void print_text(FILE *out, struct trace_shown_text text)
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
		fprintf(out, "%" PRId64, trace_signed(param, value));
		return;
	case TRACE_SHOW_UNSIGNED:
		fprintf(out, "%" PRIu64, trace_unsigned(param, value));
		return;
	case TRACE_SHOW_OCTAL:
		fprintf(out, "%#" PRIo64, trace_unsigned(param, value));
		return;
	default:
		fprintf(out, "%#" PRIx64, trace_unsigned(param, value));
	}
}

static void print_args(FILE *out, const struct trace_shown *shown)
{
	const struct trace_hook *hook = shown->hook;
	struct trace_shown_text text;
	size_t i;

	for (i = 0; i < hook->param_count; i++) {
		fprintf(out, "%s%s: ", i ? ", " : "", hook->params[i].name);
		text = trace_shown_text(shown, i);
		if (text.bytes)
			print_text(out, text);
		else if (hook->params[i].show == TRACE_SHOW_BYTES)
			trace_shown_bytes(out, shown, &hook->params[i]);
		else
			print_value(out, &hook->params[i], trace_shown_value(shown, i));
	}
}

static void print_result(FILE *out, const struct trace_shown *shown)
{
	int64_t result = shown->event->result;
	int error = trace_shown_error(shown);

	if (shown->hook->info.result == TRACE_RESULT_NONE)
		return;
	if (error && trace_error_name(error))
		fprintf(out, " = -%s", trace_error_name(error));
	else if (shown->hook->info.result == TRACE_RESULT_INT)
		fprintf(out, " = %d", (int32_t)result);
	else if (trace_shown_is_address(shown) && !error)
		fprintf(out, " = %#" PRIx64, (uint64_t)result);
	else
		fprintf(out, " = %" PRId64, result);
}

double trace_printer_seconds(const struct trace_printer *printer, const struct trace_event *event)
{
	return (int64_t)(event->ns - printer->start_ns) / 1e9;
}

static void print_line(const struct trace_printer *printer, const struct trace_shown *shown)
{
	const struct trace_event *event = shown->event;
	char duration[FORMAT_LEN] = "";
	FILE *out = printer->out;

	if (event->flags & TRACE_HAS_DURATION)
		format_ns(duration, event->duration_ns);
	fprintf(out, "%12.6f %9s  %.*s/%u", trace_printer_seconds(printer, event), duration, TRACE_COMM_LEN, event->comm, event->pid);
	if (event->tid != event->pid)
		fprintf(out, "/%u", event->tid);
	fprintf(out, "  %s", shown->hook->kind == TRACE_KIND_SYSCALL ? shown->hook->name : shown->hook->label);
	if (event->flags & (TRACE_HAS_ARGS | TRACE_HAS_RECORD)) {
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

int trace_print_event(const struct trace_printer *printer, const struct trace_event *event, size_t size)
{
	struct trace_shown shown = { .event = event };

	if (size < sizeof(*event) || size < sizeof(*event) + event->data_len || event->hook >= printer->hooks->count)
		return -EPROTO;
	shown.hook = &printer->hooks->list[event->hook];
	if (printer->json)
		return trace_print_json(printer, &shown);
	print_line(printer, &shown);
	return 0;
}

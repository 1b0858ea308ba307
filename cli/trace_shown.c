// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace_shown.h"

#include <string.h>

#define BYTES_LEN 32 /* shown of arrays */
#define ERRNO_MAX 4095

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

int64_t trace_signed(const struct trace_param *param, uint64_t value)
{
	unsigned int unused = param->size < sizeof(value) ? 64 - 8 * param->size : 0;

	return (int64_t)(value << unused) >> unused;
}

uint64_t trace_unsigned(const struct trace_param *param, uint64_t value)
{
	unsigned int unused = param->size < sizeof(value) ? 64 - 8 * param->size : 0;

	return value << unused >> unused;
}

/* The bytes of a record from @offset on; {} where they were not read. */
static struct trace_shown_text record_text(const struct trace_event *event, size_t offset, size_t size)
{
	if (offset > event->sizes[0] || size > event->sizes[0] - offset)
		return (struct trace_shown_text){};
	return (struct trace_shown_text){ .bytes = event->data + offset, .length = strnlen(event->data + offset, size) };
}

uint64_t trace_shown_value(const struct trace_shown *shown, size_t index)
{
	const struct trace_param *param = &shown->hook->params[index];
	uint64_t value = 0;

	if (!(shown->event->flags & TRACE_HAS_RECORD))
		return shown->event->args[index];
	if (param->size <= sizeof(value) && param->offset + param->size <= shown->event->sizes[0])
		memcpy(&value, shown->event->data + param->offset, param->size);
	return value;
}

struct trace_shown_text trace_shown_text(const struct trace_shown *shown, size_t index)
{
	const struct trace_param *param = &shown->hook->params[index];
	const struct trace_event *event = shown->event;
	const struct trace_text_arg *arg;
	struct trace_shown_text text = {};
	uint32_t location;
	size_t i;

	if (param->show == TRACE_SHOW_CHARS)
		return record_text(event, param->offset, param->size);
	if (param->show == TRACE_SHOW_LOCATION) {
		location = trace_shown_value(shown, index);
		return record_text(event, location & 0xffff, location >> 16);
	}
	for (i = 0; i < TRACE_TEXTS; i++) {
		arg = &shown->hook->info.texts[i];
		if (event->flags & TRACE_HAS_RECORD || arg->arg != index + 1 || !event->data_len || !event->sizes[i])
			continue;
		text.bytes = event->data + i * TRACE_TEXT_LEN;
		text.buffer = arg->length;
		text.length = text.buffer ? event->sizes[i] : event->sizes[i] - 1;
		text.cut = text.buffer ? event->args[arg->length - 1] > text.length : event->sizes[i] == TRACE_TEXT_LEN;
	}
	return text;
}

void trace_shown_bytes(FILE *out, const struct trace_shown *shown, const struct trace_param *param)
{
	size_t i;

	for (i = 0; i < param->size && i < BYTES_LEN && param->offset + i < shown->event->sizes[0]; i++)
		fprintf(out, "%02x", (unsigned char)shown->event->data[param->offset + i]);
	if (param->size > BYTES_LEN)
		fputs("...", out);
}

int trace_shown_error(const struct trace_shown *shown)
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
bool trace_shown_is_address(const struct trace_shown *shown)
{
	int64_t result = shown->event->result;

	return shown->hook->info.result == TRACE_RESULT_POINTER || result > UINT32_MAX || result < INT32_MIN;
}

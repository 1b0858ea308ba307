// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

/* Bytes of the character at @text; 0: it is no UTF-8. The library that judges in the end is asked. */
static size_t utf8_length(const char *text, size_t left)
{
	json_t *json;
	size_t length;

	for (length = 2; length <= 4 && length <= left; length++) {
		json = json_stringn(text, length);
		json_decref(json);
		if (json)
			return length;
	}
	return 0;
}

static bool print_escape(FILE *out, unsigned char byte)
{
	static const char letters[] = "\nn\tt\rr\"\"\\\\";
	const char *letter;

	for (letter = letters; *letter; letter += 2)
		if (*letter == (char)byte) {
			fprintf(out, "\\%c", letter[1]);
			return true;
		}
	if (byte >= ' ' && byte < 0x7f)
		return false;
	fprintf(out, "\\x%02x", byte);
	return true;
}

void trace_text_print(FILE *out, const char *text, size_t length)
{
	size_t i, wide;

	for (i = 0; i < length; i++) {
		wide = text[i] & 0x80 ? utf8_length(text + i, length - i) : 0;
		if (wide) {
			fwrite(text + i, 1, wide, out);
			i += wide - 1;
		} else if (!print_escape(out, text[i])) {
			fputc(text[i], out);
		}
	}
}

json_t *trace_text_json(const char *text, size_t length)
{
	_cleanup_(freep) char *escaped = NULL;
	json_t *json = json_stringn(text, length);
	size_t size;
	FILE *out;

	if (json)
		return json;
	out = open_memstream(&escaped, &size);
	if (!out)
		return NULL;
	trace_text_print(out, text, length);
	return fclose(out) ? NULL : json_string(escaped);
}

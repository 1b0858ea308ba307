/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of a traced process as text. */
#ifndef KVIEW_CLI_TRACE_TEXT_H
#define KVIEW_CLI_TRACE_TEXT_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* Print what is UTF-8 as it is, and control characters, quotes and all else as escapes of C. */
void trace_text_print(FILE *out, const char *text, size_t length);

/* A string, with escapes where it is no UTF-8. NULL: out of memory. */
json_t *trace_text_json(const char *text, size_t length);

#endif /* KVIEW_CLI_TRACE_TEXT_H */

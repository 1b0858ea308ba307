/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a view's programs are attached to, and what they have seen. */
#ifndef KVIEW_CLI_HOOKS_H
#define KVIEW_CLI_HOOKS_H

#include <jansson.h>
#include <stdio.h>

#include <kview/kview.h>

/* Add the members "runs", "missed" and, as the mode has them, "skipped" or "rejected" to @json. -ENOMEM. */
int hooks_add_counts(json_t *json, const struct kview_counts *counts, enum kview_mode mode);

/* A list with one object per program: program, section, counts, hooks: list of {kind, name, counts}. NULL: out of memory. */
json_t *hooks_read(struct kview *view);

/* Print what hooks_read() returned as a table. */
int hooks_print(const json_t *programs, FILE *out);

/* Events missed at all hooks together. */
json_int_t hooks_missed(const json_t *programs);

#endif /* KVIEW_CLI_HOOKS_H */

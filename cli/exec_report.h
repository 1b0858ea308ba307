/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a tool has attached where: collected while it runs, printed at its end. */
#ifndef KVIEW_CLI_EXEC_REPORT_H
#define KVIEW_CLI_EXEC_REPORT_H

#include <jansson.h>
#include <stdbool.h>

#include "exec/exec.h"

struct exec_report {
	json_t *list; /* NULL: nothing yet */
};

/* To be an exec_options.record, with the report as its data. */
void exec_report_add(void *report, const struct exec_record *record);

/* Print all of it on standard output. */
void exec_report_print(const struct exec_report *report, bool json);
void exec_report_deinit(struct exec_report *report);

#endif /* KVIEW_CLI_EXEC_REPORT_H */

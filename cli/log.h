/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libbpf says: kept silently, shown when asked for or when it explains a failure. */
#ifndef KVIEW_CLI_LOG_H
#define KVIEW_CLI_LOG_H

#include <stddef.h>

/* Take libbpf's messages over. Call first of all. */
void log_init(void);

/* 0: print nothing (the default); 1: also print warnings and notes as they come; 2: everything. */
void log_set_verbosity(int verbosity);

/* Forget what was kept. */
void log_clear(void);

/* The first warning since log_clear(), from which the others follow, without libbpf's prefix; "" when there is none. */
const char *log_cause(void);

/* Print the verifier's last words, if it was the verifier who refused, each line indented. */
void log_print_verifier(void);

#endif /* KVIEW_CLI_LOG_H */

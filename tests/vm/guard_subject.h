/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program that tests of the guard teach it, under a name of its own: what it does is said by one word. */
#ifndef TESTS_VM_GUARD_SUBJECT_H
#define TESTS_VM_GUARD_SUBJECT_H

#define SUBJECT_CROWD 100 /* alarms of "crowd": more than a page has room for */
#define SUBJECT_TOO_DEEP 3 /* handlers in each other of "handlers", more than the guard keeps windows for */
#define SUBJECT_ELSEWHERE "/tmp/guard-elsewhere" /* another copy of it, which "elsewhere" becomes */

/* What main() of the subject returns. */
int guard_subject(const char *what);

long guard_call_32(long number);

#endif

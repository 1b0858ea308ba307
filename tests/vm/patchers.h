/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everybody else who patches kernel text: processes that attach and detach kprobes, trampolines, tracers and
 * tracepoints and throw static keys, again and again, from outside of all views and from within.
 */
#ifndef TESTS_VM_PATCHERS_H
#define TESTS_VM_PATCHERS_H

/* Start one process of each kind, since most of them wait for RCU most of the time. They die with the caller. */
void patchers_start(void);

/* Let them finish what they are about; a failure of one of them is the caller's. */
void patchers_stop(void);

/* Or start them oneself: get ready, then be number 0, 1, ... patchers_count() - 1 in a process each, until it is killed. */
void patchers_init(void);
unsigned int patchers_count(void);
_Noreturn void patchers_be(unsigned int number);

/* What killed ones left behind. */
void patchers_undo(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all commands share: their descriptor, the exit codes, and how a failure is told in one line. */
#ifndef KVIEW_CLI_CLI_H
#define KVIEW_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

/* Documented in kview(1); scripts rely on them. */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_UNSUPPORTED = 3,  /* not permitted, or not supported by this machine */
	CLI_NO_COMMAND = 127, /* `kview run`: the command could not be executed; the shell's number for it */
};

/* A command. @run gets its own name as argv[0] and returns an enum cli_exit. */
struct cli_command {
	const char *name;
	const char *help; /* one line for `kview --help` */
	int (*run)(int argc, char **argv);
};

extern const struct cli_command cli_cmd_run;
extern const struct cli_command cli_cmd_trace;
extern const struct cli_command cli_cmd_exec;
extern const struct cli_command cli_cmd_list;
extern const struct cli_command cli_cmd_show;
extern const struct cli_command cli_cmd_cost;
extern const struct cli_command cli_cmd_info;
extern const struct cli_command cli_cmd_guard;
extern const struct cli_command cli_cmd_flame;
extern const struct cli_command cli_cmd_shield;
extern const struct cli_command cli_cmd_monitor;
extern const struct cli_command cli_cmd_top;

/* The exit code that belongs to a negative errno. */
int cli_exit_code(int err);

/* Print "kview: WHAT: WHY" and return the exit code for @err. @why NULL or "": the words strerror() has for @err. */
int cli_fail(int err, const char *why, const char *what_fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same for a refusal of libkview: @reason is kview_reason(), a line with its own subject; without one as cli_fail(). */
int cli_refused(int err, const char *reason, const char *what_fmt, ...) __attribute__((format(printf, 3, 4)));

/* Print "kview: NOTE". */
void cli_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Print "kview: WHAT" and leave with CLI_USAGE. */
void cli_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The one of @names[@count] that @word is a likely misspelling of, else NULL. */
const char *cli_near_match(const char *word, const char *const *names, size_t count);

#endif /* KVIEW_CLI_CLI_H */

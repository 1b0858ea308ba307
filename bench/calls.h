/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system calls whose cost is measured. */
#ifndef BENCH_CALLS_H
#define BENCH_CALLS_H

enum call {
	CALL_GETPPID,
	CALL_READ,
	CALL_WRITE,
	CALL_SENDMSG,
	CALLS,
};

/* One call, ready to be made again and again. */
struct call_site {
	long number;
	long args[3]; /* none of these calls takes more */
	int fd;
};

/* "read", "__x64_sys_read"; the function is one that BTF knows, too */
const char *call_name(enum call call);
const char *call_function(enum call call);

/* Open what @call works on, which is never closed. Negative errno. */
int call_open(enum call call, struct call_site *ret_site);

/* Undo what @count calls did, outside of the measurement. */
void call_settle(enum call call, const struct call_site *site, unsigned int count);

#endif

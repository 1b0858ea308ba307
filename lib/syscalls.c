// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Names and numbers of system calls.
 *
 * The running kernel does not tell the numbers: tracefs has the names alone. They are part of the ABI, so a table made
 * at build time can lack new calls but not be wrong.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

static const char *const names[] = {
#include "syscalls.inc"
};

const char *kview_syscall_name(unsigned int number)
{
	return number < ARRAY_SIZE(names) ? names[number] : NULL;
}

int kview_syscall_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i] && !strcmp(names[i], name))
			return i;
	return -ENOENT;
}

unsigned int kview_syscall_end(void)
{
	return ARRAY_SIZE(names);
}

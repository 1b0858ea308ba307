// SPDX-License-Identifier: GPL-2.0-only
/* The same work at the entries of system calls, one program for each, as views take them: by section name. */
#include "record.bpf.h"
#include "syscalls.h"

const volatile _Bool idle = 0; /* do nothing at all */

#define PROGRAM(call)                                    \
	SEC("tracepoint/syscalls/sys_enter_" #call)      \
	int enter_##call(void *ctx)                      \
	{                                                \
		return idle ? 0 : record();              \
	}

BENCH_SYSCALLS(PROGRAM)

SEC("raw_tp/sys_enter")
int enter_any(void *ctx)
{
	return idle ? 0 : record();
}

char LICENSE[] SEC("license") = "GPL";

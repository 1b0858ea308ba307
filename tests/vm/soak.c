// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 600
/* Attach and detach, many times, while everything else that touches kernel text or members goes on. */
#include "programs.h"
#include "testlib.h"

static void cycles(void)
{
	int view = kv_view(), prog = program_nothing(BPF_PROG_TYPE_KPROBE);

	for (long i = test_parameter("KVIEW_SOAK", 300); i; i--)
		close(kv_entry(view, prog, "__x64_sys_getppid"));
}

TEST_MAIN(TEST_CASE(cycles))

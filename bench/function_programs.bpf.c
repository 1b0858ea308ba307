// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs for any kind of hook: they do not look at their context, so their code can be loaded for each type again.
 */
#include "record.bpf.h"

const volatile __u32 traced = 0; /* process the filter lets through */

SEC("kprobe")
int empty(void *ctx)
{
	return 0;
}

SEC("kprobe")
int count(void *ctx)
{
	return record();
}

SEC("kprobe")
int filter(void *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 != traced)
		return 0;
	return record();
}

char LICENSE[] SEC("license") = "GPL";

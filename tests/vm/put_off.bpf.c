// SPDX-License-Identifier: GPL-2.0-only
/* Sends a signal at a call, and says what it is told to say about it. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "put_off_record.h"

struct put_off_told told = {};

SEC("raw_tp/sys_enter")
int enter(struct bpf_raw_tracepoint_args *ctx)
{
	if (ctx->args[1] != told.number)
		return 0;
	/* Every second time: the call is seen again when it has been put off. */
	if (told.seen++ & 1)
		return 0;
	if (told.signal)
		bpf_send_signal(told.signal);
	return told.result;
}

char LICENSE[] SEC("license") = "GPL";

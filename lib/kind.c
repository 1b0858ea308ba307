// SPDX-License-Identifier: LGPL-2.1-or-later
/* The kinds of hook: their word, their number in the module's ABI, and the type of program that goes there. */
#include <errno.h>
#include <linux/bpf.h>

#include "internal.h"

/* Newer than Debian 12's headers: since Linux commit 535a3692ba72 ("bpf: Add support for kprobe session attach") (in v6.10). */
#define BPF_TRACE_KPROBE_SESSION_TYPE 56

static const struct kview_kind_info kinds[] = {
	[KVIEW_KIND_ENTRY] = { "entry", KVIEW_HOOK_ENTRY, BPF_PROG_TYPE_KPROBE, .feature = KVIEW_FEATURE_ENTRY,
			       .interrupts = true },
	[KVIEW_KIND_TP_ENTER] = { "tp_enter", KVIEW_HOOK_TP_ENTER, BPF_PROG_TYPE_TRACEPOINT,
				  .feature = KVIEW_FEATURE_SYSCALL, .naming = KVIEW_NAMED_SYSCALL },
	[KVIEW_KIND_TP_EXIT] = { "tp_exit", KVIEW_HOOK_TP_EXIT, BPF_PROG_TYPE_TRACEPOINT,
				 .feature = KVIEW_FEATURE_SYSCALL, .naming = KVIEW_NAMED_SYSCALL },
	[KVIEW_KIND_RAW_ENTER] = { "raw_enter", KVIEW_HOOK_RAW_ENTER, BPF_PROG_TYPE_RAW_TRACEPOINT,
				   .feature = KVIEW_FEATURE_SYSCALL, .naming = KVIEW_NAMED_NOTHING },
	[KVIEW_KIND_RAW_EXIT] = { "raw_exit", KVIEW_HOOK_RAW_EXIT, BPF_PROG_TYPE_RAW_TRACEPOINT,
				  .feature = KVIEW_FEATURE_SYSCALL, .naming = KVIEW_NAMED_NOTHING },
	[KVIEW_KIND_RETURN] = { "return", KVIEW_HOOK_RETURN, BPF_PROG_TYPE_KPROBE, .feature = KVIEW_FEATURE_RETURN },
	[KVIEW_KIND_FENTRY] = { "fentry", KVIEW_HOOK_FENTRY, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY,
				KVIEW_FEATURE_TRACING, .interrupts = true },
	[KVIEW_KIND_FEXIT] = { "fexit", KVIEW_HOOK_FEXIT, BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, KVIEW_FEATURE_TRACING },
	[KVIEW_KIND_SESSION] = { "session", KVIEW_HOOK_SESSION, BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_SESSION_TYPE,
				 KVIEW_FEATURE_SESSION },
	[KVIEW_KIND_RAW_TP] = { "raw_tp", KVIEW_HOOK_RAW_TP, BPF_PROG_TYPE_RAW_TRACEPOINT,
				.feature = KVIEW_FEATURE_TRACEPOINT, .naming = KVIEW_NAMED_TRACEPOINT,
				.interrupts = true },
	[KVIEW_KIND_TP_BTF] = { "tp_btf", KVIEW_HOOK_BTF_TP, BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP,
				KVIEW_FEATURE_TRACEPOINT, KVIEW_NAMED_TRACEPOINT, .interrupts = true },
	[KVIEW_KIND_TP] = { "tp", KVIEW_HOOK_TP, BPF_PROG_TYPE_TRACEPOINT, .feature = KVIEW_FEATURE_TRACEPOINT,
			    .naming = KVIEW_NAMED_EVENT },
};

const struct kview_kind_info *kview_kind_info(enum kview_kind kind)
{
	return &kinds[kind];
}

bool kview_kind_is_function(enum kview_kind kind)
{
	return kinds[kind].naming == KVIEW_NAMED_FUNCTION;
}

int kview_kind_from_uapi(uint32_t uapi, enum kview_kind *ret_kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].uapi != uapi)
			continue;
		*ret_kind = i;
		return 0;
	}
	return -EPROTO;
}

const char *kview_kind_name(enum kview_kind kind)
{
	return (size_t)kind < ARRAY_SIZE(kinds) ? kinds[kind].name : "unknown";
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* The kinds of hook: their word, their number in the module's ABI, and the type of program that goes there. */
#include <errno.h>
#include <linux/bpf.h>

#include "internal.h"

static const struct kind_info {
	const char *name;
	uint32_t uapi;
	enum bpf_prog_type prog_type;
	enum bpf_attach_type attach_type; /* of programs of type tracing */
	uint64_t feature;		  /* the module's that it needs */
} kinds[] = {
	[KVIEW_KIND_ENTRY] = { "entry", KVIEW_HOOK_ENTRY, BPF_PROG_TYPE_KPROBE, .feature = KVIEW_FEATURE_ENTRY },
	[KVIEW_KIND_TP_ENTER] = { "tp_enter", KVIEW_HOOK_TP_ENTER, BPF_PROG_TYPE_TRACEPOINT,
				  .feature = KVIEW_FEATURE_SYSCALL },
	[KVIEW_KIND_TP_EXIT] = { "tp_exit", KVIEW_HOOK_TP_EXIT, BPF_PROG_TYPE_TRACEPOINT,
				 .feature = KVIEW_FEATURE_SYSCALL },
	[KVIEW_KIND_RAW_ENTER] = { "raw_enter", KVIEW_HOOK_RAW_ENTER, BPF_PROG_TYPE_RAW_TRACEPOINT,
				   .feature = KVIEW_FEATURE_SYSCALL },
	[KVIEW_KIND_RAW_EXIT] = { "raw_exit", KVIEW_HOOK_RAW_EXIT, BPF_PROG_TYPE_RAW_TRACEPOINT,
				  .feature = KVIEW_FEATURE_SYSCALL },
	[KVIEW_KIND_RETURN] = { "return", KVIEW_HOOK_RETURN, BPF_PROG_TYPE_KPROBE, .feature = KVIEW_FEATURE_RETURN },
	[KVIEW_KIND_FENTRY] = { "fentry", KVIEW_HOOK_FENTRY, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY,
				KVIEW_FEATURE_TRACING },
	[KVIEW_KIND_FEXIT] = { "fexit", KVIEW_HOOK_FEXIT, BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, KVIEW_FEATURE_TRACING },
};

unsigned int kview_kind_prog_type(enum kview_kind kind)
{
	return kinds[kind].prog_type;
}

unsigned int kview_kind_attach_type(enum kview_kind kind)
{
	return kinds[kind].attach_type;
}

uint64_t kview_kind_feature(enum kview_kind kind)
{
	return kinds[kind].feature;
}

bool kview_kind_is_function(enum kview_kind kind)
{
	switch (kind) {
	case KVIEW_KIND_ENTRY:
	case KVIEW_KIND_RETURN:
	case KVIEW_KIND_FENTRY:
	case KVIEW_KIND_FEXIT:
		return true;
	default:
		return false;
	}
}

uint32_t kview_kind_uapi(enum kview_kind kind)
{
	return kinds[kind].uapi;
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

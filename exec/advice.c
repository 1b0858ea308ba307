// SPDX-License-Identifier: GPL-2.0-or-later
#include "advice.h"

#include <kview/kview.h>
#include <stddef.h>
#include <uapi/kview.h>

#define BY_ITSELF "run the tool by itself, for the whole machine"
#define CALLER "hook a function that calls it, or " BY_ITSELF

/* Of what a link can be refused for; who is traced is kview's own matter, not the tool's. */
static const char *const todo[] = {
	[KVIEW_WHY_NO_SYMBOL] = "kview list shows what there is",
	[KVIEW_WHY_AMBIGUOUS] = "hook a function that calls it, or give its address",
	[KVIEW_WHY_MODULE_TEXT] = "hook a function of the kernel itself that calls it, or " BY_ITSELF,
	[KVIEW_WHY_NOT_TEXT] = "give the address of a function, as /proc/kallsyms has it",
	[KVIEW_WHY_NOT_TRACEABLE] = CALLER,
	[KVIEW_WHY_NOT_ENTRY] = "hook its entry",
	[KVIEW_WHY_CROSSES_PAGE] = CALLER,
	[KVIEW_WHY_UNKNOWN_CODE] = CALLER,
	[KVIEW_WHY_PROG_TYPE] = "load the program for this kind of hook",
	[KVIEW_WHY_PROG_CONTEXT] = "attach it where it was loaded for, or build it for this kernel",
	[KVIEW_WHY_PROG_OVERRIDE] = BY_ITSELF,
	[KVIEW_WHY_PROG_NOT_JITED] = "and start the tool again",
	[KVIEW_WHY_PROG_SLEEPABLE] = "load it as one that does not (fentry, not fentry.s), or " BY_ITSELF,
	[KVIEW_WHY_PROG_FAR] = "start the tool again",
	[KVIEW_WHY_NO_SUCH_SYSCALL] = "kview list shows what there is",
	[KVIEW_WHY_NO_SYSCALL_SITE] = "hook the functions __x64_sys_* instead",
	[KVIEW_WHY_DUPLICATE] = "name it once",
	[KVIEW_WHY_PROG_MULTI] = "let the tool attach kprobes one by one, or " BY_ITSELF,
	[KVIEW_WHY_PROG_FD] = "give the descriptor of a loaded BPF program",
	[KVIEW_WHY_NO_PROTOTYPE] = CALLER,
	[KVIEW_WHY_OTHER_FUNCTION] = "attach it where it was loaded for",
	[KVIEW_WHY_NOT_IN_KERNEL] = BY_ITSELF,
	[KVIEW_WHY_NO_TRACEPOINT] = "kview list shows what there is",
	[KVIEW_WHY_TP_UNUSED] = "kview list shows which can be had",
	[KVIEW_WHY_TP_IN_MODULE] = "hook a function that comes by there, or " BY_ITSELF,
	[KVIEW_WHY_TP_GLOBAL] = BY_ITSELF,
	[KVIEW_WHY_TP_NO_TYPE] = "attach to it as tracepoint or raw_tracepoint",
	[KVIEW_WHY_TEXT_BUSY] = "try again when the other tracer has ended",
	[KVIEW_WHY_PROG_OTHER_TP] = "attach it where it was loaded for",
	[KVIEW_WHY_NO_RECORD] = "attach to it as raw_tracepoint or tp_btf",
	[KVIEW_WHY_TOO_MANY_PROGRAMS] = "attach the others by a second kview exec",
};

const char *advice_why(uint32_t why)
{
	/* The library tells those who load programs themselves what to call. */
	if (why == KVIEW_WHY_PROG_MULTI)
		return "a program that was loaded for many functions at once (kprobe.multi) cannot be had on this kernel";
	return kview_why_text(why);
}

const char *advice_todo(uint32_t why)
{
	return why < sizeof(todo) / sizeof(todo[0]) && todo[why] ? todo[why] : BY_ITSELF;
}

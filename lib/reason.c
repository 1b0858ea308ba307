// SPDX-License-Identifier: LGPL-2.1-or-later
/* Why something was refused, in words: one line without a full stop. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

const char kview_not_loaded[] = "kview.ko is not loaded: modprobe kview";
const char kview_no_put_off[] = "only a program for raw_tp/sys_enter in a view can put calls off";
const char kview_kind_unknown[] = "this kview.ko does not know such hooks: install matching versions of kview.ko and libkview";
const char kview_needs_group[] = "only root and the group kview may open " KVIEW_DEVICE;
const char kview_needs_privilege[] = "needs CAP_BPF and CAP_PERFMON: run as root";

/* Calls without a view have nowhere else to leave their reason. */
static __thread char thread_reason[KVIEW_REASON_LEN];

/* Each follows "SUBJECT: ". */
static const char *const why_texts[] = {
	[KVIEW_WHY_NO_PROCESS] = "there is no such process",
	[KVIEW_WHY_KERNEL_THREAD] = "this is a kernel thread, which has no address space to give a view",
	[KVIEW_WHY_EXITING] = "the process is exiting",
	[KVIEW_WHY_ALREADY_MEMBER] = "the process is a member already",
	[KVIEW_WHY_NOT_MEMBER] = "the process is not a member",
	[KVIEW_WHY_NO_SYMBOL] = "the kernel has no function",
	[KVIEW_WHY_AMBIGUOUS] = "the kernel has several functions of this name",
	[KVIEW_WHY_MODULE_TEXT] = "it lives in a module, whose text all views share",
	[KVIEW_WHY_NOT_TEXT] = "the address is not in the kernel's text",
	[KVIEW_WHY_NOT_TRACEABLE] = "the function has no ftrace entry (it is notrace, noinstr, inlined or assembly)",
	[KVIEW_WHY_NOT_ENTRY] = "the address is inside a function, not at its entry",
	[KVIEW_WHY_CROSSES_PAGE] = "the patch would span two pages, which cannot be switched at once",
	[KVIEW_WHY_UNKNOWN_CODE] = "the code there has a shape kview.ko does not know",
	[KVIEW_WHY_PROG_TYPE] = "the program's type does not fit this kind of hook",
	[KVIEW_WHY_PROG_CONTEXT] = "the program reads beyond the context it gets there",
	[KVIEW_WHY_PROG_OVERRIDE] = "the program uses bpf_override_return, which kview does not support",
	[KVIEW_WHY_PROG_NOT_JITED] = "the program was not compiled to machine code: sysctl net.core.bpf_jit_enable=1",
	[KVIEW_WHY_PROG_SLEEPABLE] = "the program may sleep, and must not there",
	[KVIEW_WHY_PROG_FAR] = "the program lies further than 2 GiB from the kernel's text",
	[KVIEW_WHY_NO_SUCH_SYSCALL] = "the kernel has no system call",
	[KVIEW_WHY_NO_SYSCALL_SITE] = "kview.ko does not know how this kernel enters and leaves system calls",
	[KVIEW_WHY_DUPLICATE] = "it is in the list twice",
	[KVIEW_WHY_PROG_MULTI] = "the program was loaded for many functions at once (kprobe.multi), which cannot be had "
				  "here: kview_prepare_object() loads it otherwise",
	[KVIEW_WHY_PROG_FD] = "this is not the descriptor of a loaded BPF program",
	[KVIEW_WHY_NO_PROTOTYPE] = "the kernel's type information (BTF) does not tell where the function's arguments lie",
	[KVIEW_WHY_OTHER_FUNCTION] = "the program was loaded for another function",
	[KVIEW_WHY_NOT_IN_KERNEL] = "the program was loaded for a function of a module, whose text all views share, or of a "
				    "BPF program",
	[KVIEW_WHY_NO_CGROUP] = "this is not a directory of the cgroup v2 file system",
	[KVIEW_WHY_NO_TRACEPOINT] = "the kernel has no tracepoint",
	[KVIEW_WHY_TP_UNUSED] = "no code of this kernel calls the tracepoint",
	[KVIEW_WHY_TP_IN_MODULE] = "a loaded module calls the tracepoint, too, and all views share its text",
	[KVIEW_WHY_TP_GLOBAL] = "the tracepoint can only be switched on for the whole machine",
	[KVIEW_WHY_TP_NO_TYPE] = "the kernel's type information (BTF) does not have the tracepoint's arguments",
	[KVIEW_WHY_TEXT_BUSY] = "a breakpoint of somebody else (a kprobe) stands in the code to be hooked",
	[KVIEW_WHY_PROG_OTHER_TP] = "the program was loaded for another tracepoint",
	[KVIEW_WHY_NO_RECORD] = "perf's record buffers cannot be had on this kernel",
	[KVIEW_WHY_NO_THREAD] = "there is no such thread",
	[KVIEW_WHY_THREAD_EXITING] = "the thread is exiting",
	[KVIEW_WHY_TOO_MANY_THREADS] = "its process has 64 threads that are members; add the process instead",
	[KVIEW_WHY_TOO_MANY_PROGRAMS] = "there are more programs on one hook than a trampoline takes",
};

const char *kview_why_text(uint32_t why)
{
	return why < ARRAY_SIZE(why_texts) ? why_texts[why] : NULL;
}

static bool why_ends_in_name(uint32_t why)
{
	return why == KVIEW_WHY_NO_SYMBOL || why == KVIEW_WHY_NO_SUCH_SYSCALL || why == KVIEW_WHY_NO_TRACEPOINT;
}

static char *reason_of(struct kview *view)
{
	return view ? view->reason : thread_reason;
}

void kview_reason_clear(struct kview *view)
{
	reason_of(view)[0] = '\0';
}

const char *kview_reason(const struct kview *view)
{
	return view ? view->reason : thread_reason;
}

int kview_refuse(struct kview *view, int err, const char *fmt, ...)
{
	char line[KVIEW_REASON_LEN]; /* an argument may be the reason that is being replaced */
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	strcpy(reason_of(view), line);
	return err;
}

static const char *errno_text(int err)
{
	switch (err) {
	case -EPERM:
	case -EACCES:
		return kview_needs_privilege;
	case -ENOTTY:
		return "this kview.ko does not know the call: install matching versions of kview.ko and libkview";
	default:
		return strerror(-err);
	}
}

int kview_refuse_why(struct kview *view, int err, uint32_t why, const char *subject, const char *name)
{
	const char *text = kview_why_text(why);

	if (!text)
		return kview_refuse(view, err, "%s: %s", subject, errno_text(err));
	if (why_ends_in_name(why))
		return kview_refuse(view, err, "%s: %s %s", subject, text, name);
	return kview_refuse(view, err, "%s: %s", subject, text);
}

/* "; near: vfs_read, vfs_readv" */
static void near_functions(const char *wanted, char *text, size_t size)
{
	struct kview_near near = {};
	struct kview_symbols symbols;

	if (kview_symbols_read("/proc/kallsyms", NULL, &symbols))
		return;
	for (size_t i = 0; i < symbols.count; i++)
		kview_near_offer(&near, wanted, symbols.symbols[i].name);
	kview_near_text(&near, text, size);
	kview_symbols_deinit(&symbols);
}

static void near_tracepoints(const char *wanted, char *text, size_t size)
{
	struct kview_near near = {};
	struct kview_symbols symbols;

	if (kview_symbols_read("/proc/kallsyms", NULL, &symbols))
		return;
	for (size_t i = 0; i < symbols.tracepoint_count; i++)
		kview_near_offer(&near, wanted, symbols.tracepoints[i].name);
	kview_near_text(&near, text, size);
	if (kview_symbols_find_tracepoint(&symbols, wanted))
		snprintf(text, size, "; %s", kview_why_text(KVIEW_WHY_MODULE_TEXT));
	kview_symbols_deinit(&symbols);
}

static void near_events(const char *wanted, char *text, size_t size)
{
	char path[KVIEW_TRACEFS_PATH_LEN];
	struct kview_near near = {};
	struct kview_names names;

	if (kview_tracefs_path("available_events", path) || kview_names_read_events(path, &names))
		return;
	for (size_t i = 0; i < names.count; i++)
		kview_near_offer(&near, wanted, names.names[i]);
	kview_near_text(&near, text, size);
	kview_names_deinit(&names);
}

static void near_syscalls(const char *wanted, char *text, size_t size)
{
	struct kview_near near = {};

	for (unsigned int i = 0; i < kview_syscall_end(); i++)
		if (kview_syscall_name(i))
			kview_near_offer(&near, wanted, kview_syscall_name(i));
	kview_near_text(&near, text, size);
}

static const char *link_subject(const struct kview_link *link, size_t index)
{
	if (link->section[0])
		return link->section;
	return index < link->count ? link->sites[index].name : link->program;
}

int kview_refuse_site(const struct kview_link *link, size_t index, int err, uint32_t why)
{
	const char *name = index < link->count ? link->sites[index].name : "";
	char near[KVIEW_REASON_LEN / 2] = "";

	kview_refuse_why(link->view, err, why, link_subject(link, index), name);
	if (why == KVIEW_WHY_NO_SYMBOL)
		near_functions(name, near, sizeof(near));
	else if (why == KVIEW_WHY_NO_TRACEPOINT && link->kind == KVIEW_KIND_TP)
		near_events(name, near, sizeof(near));
	else if (why == KVIEW_WHY_NO_TRACEPOINT)
		near_tracepoints(name, near, sizeof(near));
	else if (why == KVIEW_WHY_NO_SUCH_SYSCALL)
		near_syscalls(name, near, sizeof(near));
	return near[0] ? kview_refuse(link->view, err, "%s%s", link->view->reason, near) : err;
}

int kview_refuse_link(const struct kview_link *link, int err, const char *fmt, ...)
{
	char text[KVIEW_REASON_LEN / 2];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return kview_refuse(link->view, err, "%s: %s", link_subject(link, link->count), text);
}

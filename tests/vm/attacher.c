// SPDX-License-Identifier: GPL-2.0-or-later
#include "attacher.h"

#include <sys/syscall.h>

#include "programs.h"
#include "storm.h"
#include "symbols.h"
#include "tally.h"
#include "testlib.h"

static const char *const functions[] = {
	LONE_FUNCTION, PATCHED_FUNCTION, "__x64_sys_getpid", "__x64_sys_gettid", "vfs_read", "ksys_read", "vfs_open",
	"do_sys_openat2", "wake_up_new_task", "begin_new_exec", "do_exit", "mmput", "exit_mmap", "handle_mm_fault",
	"schedule", "x64_sys_call",
};
#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

/* Those that return to their callers, and have types in BTF. */
static const char *const returning[] = {
	PATCHED_FUNCTION, "__x64_sys_read", "vfs_read", "ksys_read", "vfs_open", "handle_mm_fault",
};
#define RETURNING (sizeof(returning) / sizeof(returning[0]))

static const int calls[] = { SYS_getppid, SYS_getpgid, SYS_read, SYS_openat, SYS_clone, SYS_execve, SYS_exit_group };

static struct targets all, all_returning;
static int programs[KVIEW_HOOK_RETURN + 1]; /* one for each kind of hook on any number of functions */
static int tracing[2][RETURNING];	    /* fentry and fexit programs, each for its function */
static bool memory_fails;

void attacher_init(void)
{
	all = targets_all();
	all_returning = targets_of(KVIEW_HOOK_RETURN);
	programs[KVIEW_HOOK_ENTRY] = counter_new(BPF_PROG_TYPE_KPROBE).prog;
	programs[KVIEW_HOOK_TP_ENTER] = counter_new(BPF_PROG_TYPE_TRACEPOINT).prog;
	programs[KVIEW_HOOK_TP_EXIT] = programs[KVIEW_HOOK_TP_ENTER];
	programs[KVIEW_HOOK_RAW_ENTER] = counter_new(BPF_PROG_TYPE_RAW_TRACEPOINT).prog;
	programs[KVIEW_HOOK_RAW_EXIT] = programs[KVIEW_HOOK_RAW_ENTER];
	programs[KVIEW_HOOK_RETURN] = programs[KVIEW_HOOK_ENTRY];
	for (size_t i = 0; i < RETURNING; i++) {
		tracing[0][i] = counter_tracing(BPF_TRACE_FENTRY, returning[i], 0).prog;
		tracing[1][i] = counter_tracing(BPF_TRACE_FEXIT, returning[i], 0).prog;
	}
}

void attacher_expect_no_memory(bool expect)
{
	memory_fails = expect;
}

static bool is_expected(int err)
{
	/* A view there was no memory for is no descriptor. */
	return memory_fails && (err == -ENOMEM || err == -EBADF);
}

int attacher_view(void)
{
	int view = kv_try_view();

	if (view < 0 && !is_expected(view))
		FAIL("view: %s", strerror(-view));
	if (view >= 0)
		tally(TALLY_VIEWS);
	return view;
}

static struct kview_target some_call(unsigned int at)
{
	return (struct kview_target){ .value = calls[at % (sizeof(calls) / sizeof(calls[0]))] };
}

static struct kview_target some_function(unsigned int at)
{
	if (once_in(3))
		return (struct kview_target){ .value = all.list[at * 37 % all.count].value };
	return (struct kview_target){ .name = (unsigned long)functions[at % FUNCTIONS] };
}

static struct kview_target some_returning(unsigned int at)
{
	if (once_in(3))
		return (struct kview_target){ .value = all_returning.list[at * 37 % all_returning.count].value };
	return (struct kview_target){ .name = (unsigned long)returning[at % RETURNING] };
}

/* Different ones: steps through lists whose lengths have no divisor in common with them. */
static int link_targets(int view, __u32 kind)
{
	__u32 count = kind == KVIEW_HOOK_RAW_ENTER || kind == KVIEW_HOOK_RAW_EXIT ? 1 : 1 + below(4);
	struct kview_target targets[4];
	unsigned int at = below(1000);

	for (__u32 i = 0; i < count; i++, at++) {
		targets[i] = kind == KVIEW_HOOK_ENTRY ? some_function(at) :
			     kind == KVIEW_HOOK_RETURN ? some_returning(at) : some_call(at);
		targets[i].cookie = draw();
	}
	return kv_try_link(view, kind, programs[kind], targets, count);
}

static int link_tracing(int view, __u32 kind)
{
	unsigned int at = below(RETURNING);
	struct kview_target target = { .name = (unsigned long)returning[at] };

	return kv_try_link(view, kind, tracing[kind == KVIEW_HOOK_FEXIT][at], &target, 1);
}

int attacher_link(int view)
{
	__u32 kind = once_in(3) ? KVIEW_HOOK_ENTRY : 1 + below(KVIEW_HOOK_FEXIT);
	int link = kind >= KVIEW_HOOK_FENTRY ? link_tracing(view, kind) : link_targets(view, kind);

	/* The same function by its name and by its address, now and then. */
	if (link < 0 && kv_reason != KVIEW_WHY_DUPLICATE && !is_expected(link))
		FAIL("kind %u: %s, %s", kind, strerror(-link), kv_reason_name(kv_reason));
	if (link >= 0)
		tally(TALLY_LINKS);
	return link;
}

int attacher_entry(int view, int prog, const char *function)
{
	int link = kv_try_entry(view, prog, function);

	if (link < 0 && !is_expected(link))
		FAIL("%s: %s, %s", function, strerror(-link), kv_reason_name(kv_reason));
	return link;
}

void attacher_join(int view, pid_t pid)
{
	int err = pid <= 0 ? -ESRCH : once_in(3) ? kv_try_follow(view, pid) : kv_try_member(view, pid);

	if (err && err != -ESRCH && err != -EEXIST && !is_expected(err))
		FAIL("member: %s, %s", strerror(-err), kv_reason_name(kv_reason));
	if (!err)
		tally(TALLY_MEMBERS);
}

void attacher_leave(int view, pid_t pid)
{
	int err = pid > 0 ? kv_try_member_remove(view, pid) : -ESRCH;

	if (err && err != -ESRCH && err != -ENOENT && !is_expected(err))
		FAIL("no member: %s, %s", strerror(-err), kv_reason_name(kv_reason));
}

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

static const int calls[] = { SYS_getppid, SYS_getpgid, SYS_read, SYS_openat, SYS_clone, SYS_execve, SYS_exit_group };

static struct targets all;
static int programs[KVIEW_HOOK_RAW_EXIT + 1]; /* one for each kind of hook */
static bool memory_fails;

void attacher_init(void)
{
	all = targets_all();
	programs[KVIEW_HOOK_ENTRY] = counter_new(BPF_PROG_TYPE_KPROBE).prog;
	programs[KVIEW_HOOK_TP_ENTER] = counter_new(BPF_PROG_TYPE_TRACEPOINT).prog;
	programs[KVIEW_HOOK_TP_EXIT] = programs[KVIEW_HOOK_TP_ENTER];
	programs[KVIEW_HOOK_RAW_ENTER] = counter_new(BPF_PROG_TYPE_RAW_TRACEPOINT).prog;
	programs[KVIEW_HOOK_RAW_EXIT] = programs[KVIEW_HOOK_RAW_ENTER];
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

/* Different ones: two steps through a list whose length is a prime to both. */
static void fill_targets(struct kview_target *targets, __u32 count, __u32 kind)
{
	unsigned int at = below(1000);

	for (__u32 i = 0; i < count; i++, at++) {
		targets[i] = (struct kview_target){ .cookie = draw() };
		if (kind != KVIEW_HOOK_ENTRY)
			targets[i].value = calls[at % (sizeof(calls) / sizeof(calls[0]))];
		else if (once_in(3))
			targets[i].value = all.list[(at * 37 + i) % all.count].value;
		else
			targets[i].name = (unsigned long)functions[at % FUNCTIONS];
	}
}

int attacher_link(int view)
{
	__u32 kind = once_in(2) ? KVIEW_HOOK_ENTRY : 1 + below(KVIEW_HOOK_RAW_EXIT);
	__u32 count = kind >= KVIEW_HOOK_RAW_ENTER ? 1 : 1 + below(4);
	struct kview_target targets[4];
	int link;

	fill_targets(targets, count, kind);
	link = kv_try_link(view, kind, programs[kind], targets, count);
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
	int err = pid > 0 ? kv_try_member(view, pid) : -ESRCH;

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

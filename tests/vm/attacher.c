// SPDX-License-Identifier: GPL-2.0-or-later
#include "attacher.h"

#include <sys/syscall.h>

#include "programs.h"
#include "storm.h"
#include "symbols.h"
#include "tally.h"
#include "testlib.h"
#include "tracepoints.h"

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
#define CALLS (sizeof(calls) / sizeof(calls[0]))

/* With the category of the event of each. Not every kernel lets all of them be hooked. */
static const char *const events[] = {
	"sched/sched_switch", "sched/sched_waking", "sched/sched_process_fork", "sched/sched_process_exec",
	"sched/sched_process_exit", "task/task_rename", "kmem/mm_page_alloc", "kmem/kmem_cache_alloc", "kmem/rss_stat",
	"signal/signal_generate", "timer/hrtimer_start", "timer/timer_start", "cgroup/cgroup_attach_task",
};
#define EVENTS (sizeof(events) / sizeof(events[0]))

/* Those of @events that can be hooked. */
static unsigned int hookable[EVENTS], hookable_count;

static struct targets all, all_returning;
static int programs[KVIEW_HOOK_TP + 1]; /* one for each kind of hook that takes any place */
static int multi;			/* the same for entries and returns, loaded for kprobe.multi */
static int tracing[2][RETURNING];	/* fentry and fexit programs, each for its function */
static int typed[EVENTS];		/* tp_btf programs, each for its tracepoint */
static bool memory_fails;

/* "sched_switch" of "sched/sched_switch" */
static const char *tracepoint_of(const char *event)
{
	return strchr(event, '/') + 1;
}

static void load_multi(void)
{
	struct kview_info info;

	kv_info(&info);
	multi = programs[KVIEW_HOOK_SESSION] = -1;
	if (info.features & KVIEW_FEATURE_MULTI)
		multi = counter_multi(BPF_TRACE_KPROBE_MULTI).prog;
	if (info.features & KVIEW_FEATURE_SESSION)
		programs[KVIEW_HOOK_SESSION] = counter_multi(TRACE_KPROBE_SESSION).prog;
}

static void load_tracing(void)
{
	unsigned int checked = 0;

	for (size_t i = 0; i < RETURNING; i++) {
		tracing[0][i] = counter_tracing(BPF_TRACE_FENTRY, returning[i], 0).prog;
		tracing[1][i] = counter_tracing(BPF_TRACE_FEXIT, returning[i], 0).prog;
	}
	for (size_t i = 0; i < EVENTS; i++) {
		checked += tracepoint_is_checked(tracepoint_of(events[i]));
		if (tracepoint_reason(tracepoint_of(events[i])))
			continue;
		typed[i] = counter_tracing(BPF_TRACE_RAW_TP, tracepoint_of(events[i]), 0).prog;
		hookable[hookable_count++] = i;
	}
	CHECK(hookable_count + checked > EVENTS / 2);
}

void attacher_init(void)
{
	all = targets_all();
	all_returning = targets_of(KVIEW_HOOK_RETURN);
	programs[KVIEW_HOOK_ENTRY] = counter_new(BPF_PROG_TYPE_KPROBE).prog;
	programs[KVIEW_HOOK_RETURN] = programs[KVIEW_HOOK_ENTRY];
	programs[KVIEW_HOOK_TP_ENTER] = counter_new(BPF_PROG_TYPE_TRACEPOINT).prog;
	programs[KVIEW_HOOK_TP_EXIT] = programs[KVIEW_HOOK_TP] = programs[KVIEW_HOOK_TP_ENTER];
	programs[KVIEW_HOOK_RAW_ENTER] = counter_new(BPF_PROG_TYPE_RAW_TRACEPOINT).prog;
	programs[KVIEW_HOOK_RAW_EXIT] = programs[KVIEW_HOOK_RAW_TP] = programs[KVIEW_HOOK_RAW_ENTER];
	load_multi();
	load_tracing();
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

static struct kview_target call_target(unsigned int at)
{
	return (struct kview_target){ .value = calls[at % CALLS] };
}

static struct kview_target function_target(unsigned int at)
{
	if (once_in(3))
		return (struct kview_target){ .value = all.list[at * 37 % all.count].value };
	return (struct kview_target){ .name = (unsigned long)functions[at % FUNCTIONS] };
}

static struct kview_target returning_target(unsigned int at)
{
	if (once_in(3))
		return (struct kview_target){ .value = all_returning.list[at * 37 % all_returning.count].value };
	return (struct kview_target){ .name = (unsigned long)returning[at % RETURNING] };
}

static struct kview_target event_target(unsigned int at)
{
	return (struct kview_target){ .name = (unsigned long)events[hookable[at % hookable_count]] };
}

static struct kview_target tracepoint_target(unsigned int at)
{
	return (struct kview_target){ .name = (unsigned long)tracepoint_of(events[hookable[at % hookable_count]]) };
}

static struct kview_target no_target(unsigned int at)
{
	(void)at;
	return (struct kview_target){};
}

/* How many places a link of each kind may have, and which. */
static const struct {
	unsigned int most; /* 0: no such kind */
	struct kview_target (*target)(unsigned int at);
} kinds[] = {
	[KVIEW_HOOK_ENTRY] = { 4, function_target },	 [KVIEW_HOOK_RETURN] = { 4, returning_target },
	[KVIEW_HOOK_SESSION] = { 4, returning_target },	 [KVIEW_HOOK_TP_ENTER] = { 4, call_target },
	[KVIEW_HOOK_TP_EXIT] = { 4, call_target },	 [KVIEW_HOOK_RAW_ENTER] = { 1, no_target },
	[KVIEW_HOOK_RAW_EXIT] = { 1, no_target },	 [KVIEW_HOOK_FENTRY] = { 1, returning_target },
	[KVIEW_HOOK_FEXIT] = { 1, returning_target },	 [KVIEW_HOOK_RAW_TP] = { 4, tracepoint_target },
	[KVIEW_HOOK_BTF_TP] = { 1, tracepoint_target },	 [KVIEW_HOOK_TP] = { 4, event_target },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* A program for a link of @kind whose only place may be the one with number @at. */
static int program_for(__u32 kind, unsigned int at)
{
	if (kind == KVIEW_HOOK_FENTRY || kind == KVIEW_HOOK_FEXIT)
		return tracing[kind == KVIEW_HOOK_FEXIT][at % RETURNING];
	if (kind == KVIEW_HOOK_BTF_TP)
		return typed[hookable[at % hookable_count]];
	if ((kind == KVIEW_HOOK_ENTRY || kind == KVIEW_HOOK_RETURN) && multi >= 0 && once_in(3))
		return multi;
	return programs[kind];
}

static bool is_possible(__u32 kind)
{
	if (kind >= KVIEW_HOOK_RAW_TP && !hookable_count)
		return false;
	return kinds[kind].most && (kind != KVIEW_HOOK_SESSION || programs[kind] >= 0);
}

static __u32 some_kind(void)
{
	__u32 kind;

	do
		kind = once_in(3) ? KVIEW_HOOK_ENTRY : 1 + below(KINDS - 1);
	while (!is_possible(kind));
	return kind;
}

static __u32 some_flags(__u32 kind)
{
	bool possible = kind == KVIEW_HOOK_ENTRY || kind == KVIEW_HOOK_FENTRY || kind == KVIEW_HOOK_RAW_TP ||
			kind == KVIEW_HOOK_BTF_TP;

	return (possible && once_in(4) ? KVIEW_LINK_INTERRUPTS : 0) | (once_in(4) ? KVIEW_LINK_HELD : 0);
}

/* Different ones: steps through lists whose lengths have no divisor in common with them. */
int attacher_link_of(int view, __u32 kind)
{
	unsigned int at = below(1000);
	__u32 count = 1 + below(kinds[kind].most);
	struct kview_target targets[4];
	int link, prog = program_for(kind, at);

	for (__u32 i = 0; i < count; i++) {
		targets[i] = kinds[kind].target(at + i);
		targets[i].cookie = draw();
	}
	/* Such a program knows its function itself. */
	if (kind == KVIEW_HOOK_FENTRY || kind == KVIEW_HOOK_FEXIT)
		targets[0].name = targets[0].value = 0;
	link = kv_try_link_flags(view, kind, some_flags(kind), prog, targets, count);
	/* The same function by its name and by its address, now and then. */
	if (link < 0 && kv_reason != KVIEW_WHY_DUPLICATE && !is_expected(link))
		FAIL("kind %u: %s, %s", kind, strerror(-link), kv_reason_name(kv_reason));
	if (link >= 0)
		tally(TALLY_LINKS);
	return link;
}

int attacher_link(int view)
{
	return attacher_link_of(view, some_kind());
}

void attacher_start(int view)
{
	struct kview_links_start request = { .size = sizeof(request) };
	int err = ioctl(view, KVIEW_IOC_LINKS_START, &request) ? -errno : 0;

	if (err && !is_expected(err))
		FAIL("start: %s", strerror(-err));
}

int attacher_entry(int view, int prog, const char *function)
{
	int link = kv_try_entry(view, prog, function);

	if (link < 0 && !is_expected(link))
		FAIL("%s: %s, %s", function, strerror(-link), kv_reason_name(kv_reason));
	return link;
}

static void joined(int err, enum tally what)
{
	if (err && err != -ESRCH && err != -EEXIST && !is_expected(err))
		FAIL("member: %s, %s", strerror(-err), kv_reason_name(kv_reason));
	if (!err)
		tally(what);
}

static void left(int err)
{
	if (err && err != -ESRCH && err != -ENOENT && !is_expected(err))
		FAIL("no member: %s, %s", strerror(-err), kv_reason_name(kv_reason));
}

void attacher_join(int view, pid_t pid)
{
	joined(pid <= 0 ? -ESRCH : once_in(3) ? kv_try_follow(view, pid) : kv_try_member(view, pid), TALLY_MEMBERS);
}

void attacher_leave(int view, pid_t pid)
{
	left(pid <= 0 ? -ESRCH : kv_try_member_remove(view, pid));
}

void attacher_join_thread(int view, pid_t pid)
{
	joined(pid <= 0 ? -ESRCH : kv_try_thread(view, storm_thread(pid)), TALLY_THREADS);
}

void attacher_leave_thread(int view, pid_t pid)
{
	left(pid <= 0 ? -ESRCH : kv_try_thread_remove(view, storm_thread(pid)));
}

void attacher_join_cgroup(int view, int fd)
{
	int err = kv_try_cgroup(view, fd);

	if (err && err != -EEXIST && !is_expected(err))
		FAIL("cgroup: %s, %s", strerror(-err), kv_reason_name(kv_reason));
	if (!err)
		tally(TALLY_CGROUPS);
}

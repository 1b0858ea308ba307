// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <kview/kview.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls.h"
#include "util/cleanup.h"

#define DESCRIPTORS_MAX (2 * HOOKS_MAX) /* a perf event and a link for each hook or program */

struct attachment {
	struct plan plan;
	const struct programs *programs;
	const struct path *path;
	struct kview *view;
	int progs[HOOKS_MAX]; /* one for each hook or program */
	size_t prog_count;
	int fds[DESCRIPTORS_MAX];
	size_t fd_count;
};

DEFINE_CLEANUP(struct attachment *, attachment_free)

#define NAME(call) #call,
static const char *const syscalls[] = { BENCH_SYSCALLS(NAME) };
_Static_assert(sizeof(syscalls) / sizeof(*syscalls) == HOOKS_MAX, "as many system calls as hooks");
_Static_assert(CALLS < HOOKS_MAX, "the measured ones are among them");

/* The @i-th system call to hook: the measured one, then all others. */
static const char *nth_syscall(enum call call, size_t i)
{
	if (i == 0)
		return call_name(call);
	return syscalls[i <= call ? i - 1 : i];
}

static int read_number(const char *format, const char *name)
{
	_cleanup_(fclosep) FILE *file = NULL;
	char path[128];
	int number;

	snprintf(path, sizeof(path), format, name);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	return fscanf(file, "%d", &number) == 1 ? number : -EIO;
}

/* Of process @pid wherever it runs; -1: of everybody, on the one processor. */
static int open_event(struct perf_event_attr *attr, pid_t pid)
{
	int fd;

	attr->size = sizeof(*attr);
	attr->sample_period = 1;
	attr->wakeup_events = 1;
	fd = syscall(SYS_perf_event_open, attr, pid, pid < 0 ? 0 : -1, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int attach_open_kprobe(const char *function)
{
	struct perf_event_attr attr = { .config1 = (uintptr_t)function };
	int type = read_number("/sys/bus/event_source/devices/%s/type", "kprobe");

	if (type < 0)
		return type;
	attr.type = type;
	return open_event(&attr, -1);
}

static int open_tracepoint(const char *name, pid_t pid)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT };
	int id = read_number("/sys/kernel/tracing/events/syscalls/sys_enter_%s/id", name);

	if (id < 0)
		return id;
	attr.config = id;
	return open_event(&attr, pid);
}

static int hold(struct attachment *attachment, int fd)
{
	if (fd < 0)
		return fd;
	attachment->fds[attachment->fd_count++] = fd;
	return 0;
}

static int hook_event(struct attachment *attachment, int prog, int event)
{
	int err = hold(attachment, event);

	return err ?: hold(attachment, bpf_link_create(prog, event, BPF_PERF_EVENT, NULL));
}

/* Ways that need a call for each hook and program: @i counts either. */
static int hook_kprobe(struct attachment *attachment, size_t i, size_t hook)
{
	return hook_event(attachment, attachment->progs[i],
			  attach_open_kprobe(attachment->path->functions[hook].name));
}

static int hook_fentry(struct attachment *attachment, size_t i, size_t hook)
{
	(void)hook;
	return hold(attachment, bpf_raw_tracepoint_open(NULL, attachment->progs[i]));
}

static int hook_tracepoint(struct attachment *attachment, size_t i, size_t hook)
{
	return hook_event(attachment, attachment->progs[i],
			  open_tracepoint(nth_syscall(attachment->plan.call, hook), -1));
}

/* No program: what perf itself does when it is told whom to look at. */
static int hook_perf(struct attachment *attachment, size_t i, size_t hook)
{
	(void)i;
	return hold(attachment, open_tracepoint(nth_syscall(attachment->plan.call, hook), attachment->plan.member));
}

static int hook_raw_tracepoint(struct attachment *attachment, size_t i, size_t hook)
{
	(void)hook;
	return hold(attachment, bpf_raw_tracepoint_open("sys_enter", attachment->progs[i]));
}

/* All functions at once, for the first hook of each program. */
static int hook_view_functions(struct attachment *attachment, size_t i, size_t hook)
{
	const char *names[HOOKS_MAX];

	if (hook)
		return 0;
	for (size_t j = 0; j < attachment->plan.hooks; j++)
		names[j] = attachment->path->functions[j].name;
	return kview_attach_entries(attachment->view, attachment->progs[i], names, NULL, attachment->plan.hooks, NULL);
}

static int hook_view_syscall(struct attachment *attachment, const char *name)
{
	const struct bpf_program *program =
		program_for_syscall(attachment->programs, attachment->plan.program, name);

	return program ? kview_attach_program(attachment->view, program, NULL, NULL) : -ENOENT;
}

static int hook_view_tracepoint(struct attachment *attachment, size_t i, size_t hook)
{
	(void)i;
	return hook_view_syscall(attachment, nth_syscall(attachment->plan.call, hook));
}

static int hook_view_raw(struct attachment *attachment, size_t i, size_t hook)
{
	(void)i;
	(void)hook;
	return hook_view_syscall(attachment, NULL);
}

static const struct {
	const char *kind;
	enum bpf_prog_type type; /* of the programs to load; 0: none, they are loaded already */
	bool view;
	int (*hook)(struct attachment *attachment, size_t i, size_t hook);
} ways[WAYS] = {
	[WAY_KPROBE] = { "function", BPF_PROG_TYPE_KPROBE, false, hook_kprobe },
	[WAY_FENTRY] = { "function", BPF_PROG_TYPE_TRACING, false, hook_fentry },
	[WAY_TRACEPOINT] = { "tracepoint", BPF_PROG_TYPE_TRACEPOINT, false, hook_tracepoint },
	[WAY_PERF] = { "tracepoint", 0, false, hook_perf },
	[WAY_RAW_TRACEPOINT] = { "raw_tp", BPF_PROG_TYPE_RAW_TRACEPOINT, false, hook_raw_tracepoint },
	[WAY_VIEW_FUNCTION] = { "function", BPF_PROG_TYPE_KPROBE, true, hook_view_functions },
	[WAY_VIEW_SYSCALL] = { "tracepoint", 0, true, hook_view_tracepoint },
	[WAY_VIEW_RAW] = { "raw_tp", 0, true, hook_view_raw },
};

const char *way_kind(enum way way)
{
	return ways[way].kind;
}

static bool hooks_functions(enum way way)
{
	return way == WAY_KPROBE || way == WAY_FENTRY || way == WAY_VIEW_FUNCTION;
}

unsigned int plan_hits(const struct plan *plan, const struct path *path)
{
	unsigned int hits = 0;

	if (!hooks_functions(plan->way))
		return plan->programs;
	for (size_t i = 0; i < plan->hooks; i++)
		hits += path->functions[i].hits;
	return hits * plan->programs;
}

static int load_programs(struct attachment *attachment)
{
	const struct plan *plan = &attachment->plan;
	size_t hooks = plan->way == WAY_VIEW_FUNCTION ? 1 : plan->hooks;

	if (!ways[plan->way].type)
		return 0;
	while (attachment->prog_count < hooks * plan->programs) {
		size_t hook = attachment->prog_count % plan->hooks;
		int fd = program_load(attachment->programs, plan->program, ways[plan->way].type,
				      attachment->path->functions[hook].id);

		if (fd < 0)
			return fd;
		attachment->progs[attachment->prog_count++] = fd;
	}
	return 0;
}

static int open_view(struct attachment *attachment)
{
	struct kview_open_opts opts = { .sz = sizeof(opts), .name = "bench", .mode = KVIEW_MODE_VIEW };
	int err;

	if (!ways[attachment->plan.way].view)
		return 0;
	err = kview_open(&opts, &attachment->view);
	return err ?: kview_add_pid(attachment->view, attachment->plan.member);
}

int attachment_new(const struct plan *plan, const struct programs *programs, const struct path *path,
		   struct attachment **ret_attachment)
{
	_cleanup_(attachment_freep) struct attachment *attachment = calloc(1, sizeof(*attachment));
	int err;

	if (!attachment)
		return -ENOMEM;
	attachment->plan = *plan;
	attachment->programs = programs;
	attachment->path = path;
	err = load_programs(attachment);
	if (!err)
		err = open_view(attachment);
	if (err)
		return err;
	*ret_attachment = TAKE_PTR(attachment);
	return 0;
}

int attachment_hook(struct attachment *attachment)
{
	const struct plan *plan = &attachment->plan;
	int err = 0;

	for (size_t i = 0; !err && i < plan->hooks * plan->programs; i++)
		err = ways[plan->way].hook(attachment, i, i % plan->hooks);
	return err;
}

void attachment_unhook(struct attachment *attachment)
{
	while (attachment->fd_count)
		close(attachment->fds[--attachment->fd_count]);
	kview_close(attachment->view);
	attachment->view = NULL;
}

void attachment_free(struct attachment *attachment)
{
	if (!attachment)
		return;
	attachment_unhook(attachment);
	while (attachment->prog_count)
		close(attachment->progs[--attachment->prog_count]);
	free(attachment);
}

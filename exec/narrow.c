// SPDX-License-Identifier: GPL-2.0-or-later
#include "narrow.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <kview/kview.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "util/clock.h"

/* A clock that ticks less often is a timer of the tool's, not a sampler. */
#define SAMPLES_PER_SECOND_MIN 20

/* What is traced, as the view lists it. */
struct scope {
	unsigned int cgroups, members;
	char path[PATH_MAX]; /* of the one cgroup */
	pid_t pid;	     /* of the one member */
	unsigned int threads;
	bool followed;
};

static int add_cgroup(const struct kview_cgroup_status *cgroup, void *data)
{
	struct scope *scope = data;

	scope->cgroups++;
	snprintf(scope->path, sizeof(scope->path), "/sys/fs/cgroup%s", cgroup->path);
	return 0;
}

static int add_member(const struct kview_member_status *member, void *data)
{
	struct scope *scope = data;

	if (!member->added)
		return 0;
	scope->members++;
	scope->pid = member->pid;
	scope->threads = member->threads;
	scope->followed = member->followed;
	return 0;
}

static int read_scope(const struct supervisor *sup, struct scope *ret_scope)
{
	uint32_t id = kview_id(sup->options->members);

	*ret_scope = (struct scope){};
	return kview_each_cgroup_of(id, add_cgroup, ret_scope) ?: kview_each_member_of(id, add_member, ret_scope);
}

/* @request.attr.size bytes of it are the tool's; we keep the descriptor close-on-exec ourselves. */
static struct answer open_event(const struct perf_request *request, pid_t pid, int cpu, unsigned long flags)
{
	int fd = syscall(SYS_perf_event_open, request->bytes, pid, cpu, -1, flags | PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? answer_value(-errno) : answer_fd(fd, request->flags & PERF_FLAG_FD_CLOEXEC);
}

/* The file as the tool sees it, under a name of ours. */
static int find_file(const struct call *call, uint64_t address, char *path, size_t size)
{
	char name[PATH_MAX];
	int err;

	err = call_read_string(call, address, name, sizeof(name));
	if (err)
		return err;
	if (!strncmp(name, "/proc/self/", 11))
		err = snprintf(path, size, "/proc/%d/%s", call->process, name + 11) >= (int)size;
	else if (name[0] == '/')
		err = snprintf(path, size, "/proc/%d/root%s", call->process, name) >= (int)size;
	else
		err = snprintf(path, size, "/proc/%d/cwd/%s", call->process, name) >= (int)size;
	return err ? -ENAMETOOLONG : 0;
}

static bool is_tools_own(const struct call *call, const char *path)
{
	struct stat file, program;
	char exe[64];

	snprintf(exe, sizeof(exe), "/proc/%d/exe", call->process);
	return !stat(path, &file) && !stat(exe, &program) && file.st_dev == program.st_dev &&
	       file.st_ino == program.st_ino;
}

/* The process that uprobes are kept to; 0: none, which is told. */
static pid_t uprobe_process(struct supervisor *sup, const struct call *call)
{
	struct scope scope;

	if (!call_reaches_files(call)) {
		supervisor_note(sup, "uprobes are placed for all processes: "
				     "the tool has fewer rights to files than kview, which would place them for it");
		return 0;
	}
	if (!read_scope(sup, &scope) && !scope.cgroups && scope.members == 1 && !scope.followed)
		return scope.pid;
	supervisor_note(sup, "uprobes are placed for all processes: "
			     "the kernel keeps them to one process, and more are traced");
	return 0;
}

static enum exec_scope scope_of(bool narrowed)
{
	return narrowed ? EXEC_KERNEL : EXEC_MACHINE;
}

/* In a dry run: an event that never happens, to be listed when it gets its program. */
static struct answer pretend(struct supervisor *sup, const struct perf_request *request, const char *label,
			     bool narrowed)
{
	struct hook *hook;
	int err, fd;

	err = hook_new(0, NULL, 0, &hook, "%s", label);
	if (err)
		return answer_value(err);
	hook->scope = scope_of(narrowed);
	fd = pending_open(&sup->pending, hook);
	return fd < 0 ? answer_value(fd) : answer_fd(fd, request->flags & PERF_FLAG_FD_CLOEXEC);
}

struct answer narrow_uprobe(struct supervisor *sup, const struct call *call, const struct perf_request *request)
{
	struct perf_request ours = *request;
	char path[PATH_MAX + 64];
	pid_t pid;

	if (request->pid != -1 || !call_may_attach(call))
		return answer_kernel(); /* the tool has chosen itself */
	if (find_file(call, request->attr.uprobe_path, path, sizeof(path)) || is_tools_own(call, path))
		return answer_kernel();
	pid = uprobe_process(sup, call);
	if (sup->options->dry_run)
		return pretend(sup, request, "uprobe", pid);
	if (!pid)
		return answer_kernel();
	ours.attr.uprobe_path = (uintptr_t)path;
	return open_event(&ours, pid, -1, 0);
}

struct answer narrow_defined_uprobe(struct supervisor *sup, const struct call *call, const struct perf_request *request)
{
	if (request->pid != -1 || !call_may_attach(call))
		return answer_kernel();
	if (sup->options->dry_run)
		return pretend(sup, request, "uprobe of uprobe_events", false);
	supervisor_note(sup, "uprobes of uprobe_events are placed for all processes: "
			     "the kernel keeps those of perf_event_open() to one");
	return answer_kernel();
}

/* What BPF_LINK_CREATE takes for several uprobes; later than the headers we are built with. */
struct uprobes_request {
	uint32_t prog_fd, target_fd, attach_type, link_flags;
	uint64_t path, offsets, ref_ctr_offsets, cookies; /* addresses */
	uint32_t count, flags, pid, zero;
};

_Static_assert(sizeof(struct uprobes_request) == 64, "as linux/bpf.h has it");

#define UPROBES_MAX (1U << 20) /* the kernel's own limit */

/* Replace the address of a list of the tool's by that of a copy, which is the caller's. */
static int copy_list(const struct call *call, uint64_t *address, uint32_t count, uint64_t **ret_list)
{
	_cleanup_(freep) uint64_t *list = NULL;
	int err;

	if (!*address)
		return 0;
	list = calloc(count, sizeof(*list));
	if (!list)
		return -ENOMEM;
	err = call_read(call, *address, list, count * sizeof(*list));
	if (err)
		return err;
	*address = (uintptr_t)list;
	*ret_list = TAKE_PTR(list);
	return 0;
}

static struct answer link_uprobes(const struct call *call, struct uprobes_request request)
{
	_cleanup_(freep) uint64_t *offsets = NULL, *counters = NULL, *cookies = NULL;
	int err, fd;

	err = copy_list(call, &request.offsets, request.count, &offsets) ?:
	      copy_list(call, &request.ref_ctr_offsets, request.count, &counters) ?:
	      copy_list(call, &request.cookies, request.count, &cookies);
	if (err)
		return answer_value(err);
	fd = syscall(SYS_bpf, BPF_LINK_CREATE, &request, sizeof(request));
	return fd < 0 ? answer_value(-errno) : answer_fd(fd, true);
}

struct answer narrow_uprobes(struct supervisor *sup, const struct call *call, const union bpf_attr *attr, int program)
{
	struct uprobes_request request;
	char path[PATH_MAX + 64];
	int err, link = -1;

	memcpy(&request, attr, sizeof(request));
	if (request.pid || !request.count || request.count > UPROBES_MAX)
		return answer_kernel();
	if (find_file(call, request.path, path, sizeof(path)) || is_tools_own(call, path))
		return answer_kernel();
	request.prog_fd = program;
	request.path = (uintptr_t)path;
	request.pid = uprobe_process(sup, call);
	if (sup->options->dry_run) {
		err = attach_nowhere(sup, "uprobe.multi", scope_of(request.pid), program, &link);
		return err ? answer_value(err) : answer_fd(link, true);
	}
	return request.pid ? link_uprobes(call, request) : answer_kernel();
}

static bool is_timer(const struct perf_event_attr *attr)
{
	if (attr->type != PERF_TYPE_SOFTWARE ||
	    (attr->config != PERF_COUNT_SW_CPU_CLOCK && attr->config != PERF_COUNT_SW_TASK_CLOCK))
		return false;
	if (attr->freq)
		return attr->sample_freq < SAMPLES_PER_SECOND_MIN;
	return attr->sample_period > NS_PER_SECOND / SAMPLES_PER_SECOND_MIN;
}

/* Rings for output, and events that never happen. */
static bool is_no_event(const struct perf_event_attr *attr)
{
	return attr->type == PERF_TYPE_SOFTWARE &&
	       (attr->config == PERF_COUNT_SW_DUMMY || attr->config == PERF_COUNT_SW_BPF_OUTPUT);
}

/* Of a whole processor: what the tool limits itself, and what only counts, is its own business. */
static bool is_sampler(const struct perf_request *request)
{
	return request->pid == -1 && request->cpu >= 0 && request->group_fd < 0 &&
	       !(request->flags & PERF_FLAG_PID_CGROUP) && request->attr.sample_period && !is_no_event(&request->attr);
}

static struct answer sample_cgroup(const struct perf_request *request, const char *path)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? answer_value(-errno) : open_event(request, fd, request->cpu, PERF_FLAG_PID_CGROUP);
}

/* With the threads it will make, and what it forks where that is traced. */
static struct answer sample_process(struct supervisor *sup, const struct perf_request *request,
				    const struct scope *scope)
{
	struct perf_request ours = *request;
	struct answer answer;
	int err;

	ours.attr.inherit = 1;
	ours.attr.inherit_thread = !scope->followed;
	answer = open_event(&ours, scope->pid, request->cpu, 0);
	if (answer.kind != ANSWER_FD || request->attr.type != PERF_TYPE_TRACEPOINT)
		return answer;
	err = inherited_add(&sup->inherited, answer.fd, request->attr.config);
	if (!err)
		return answer;
	close(answer.fd);
	return answer_value(err);
}

struct answer narrow_event(struct supervisor *sup, const struct call *call, const struct perf_request *request)
{
	bool cgroup = false, process = false;
	struct scope scope;

	if (!is_sampler(request) || !call_may_attach(call))
		return answer_kernel();
	if (is_timer(&request->attr)) {
		pass_timers(sup);
		return answer_kernel();
	}
	if (!read_scope(sup, &scope)) {
		cgroup = scope.cgroups == 1 && !scope.members;
		process = !scope.cgroups && scope.members == 1 && scope.threads == 1;
	}
	if (!cgroup && !process)
		supervisor_note(sup, "samples are taken of the whole machine: the kernel keeps them to one cgroup, "
				     "or to one process that has a single thread when they begin");
	if (sup->options->dry_run)
		return pretend(sup, request, "samples", cgroup || process);
	if (cgroup)
		return sample_cgroup(request, scope.path);
	return process ? sample_process(sup, request, &scope) : answer_kernel();
}

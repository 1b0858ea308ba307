// SPDX-License-Identifier: GPL-2.0-or-later
/* perf_event_open(2): which events are hooks for a program, which can be narrowed, and which are none of our business. */
#include <errno.h>
#include <kview/kview.h>
#include <linux/perf_event.h>
#include <string.h>
#include <uapi/kview.h>

#include "narrow.h"
#include "supervisor.h"

#define RETURN_PROBE 1 /* bit of attr.config, see the "retprobe" format of both sources */

/*
 * An event that is opened for a program to be attached to says next to nothing about samples and counts; perf(1) and
 * others who want those themselves do.
 */
static bool is_for_program(const struct perf_request *request)
{
	const uint64_t samples = ~(uint64_t)(PERF_SAMPLE_RAW | PERF_SAMPLE_CALLCHAIN);

	return !request->attr.read_format && !(request->attr.sample_type & samples) && request->group_fd < 0;
}

static int kprobe_hook(const struct call *call, const struct perf_event_attr *attr, struct hook **ret_hook)
{
	bool at_return = attr->config & RETURN_PROBE;
	uint32_t kind = at_return ? KVIEW_HOOK_RETURN : KVIEW_HOOK_ENTRY;
	const char *word = at_return ? "kretprobe" : "kprobe";
	char name[512];
	int err;

	if (!attr->kprobe_func)
		return hook_new(kind, NULL, attr->kprobe_addr, ret_hook, "%s 0x%llx", word,
				(unsigned long long)attr->kprobe_addr);
	err = call_read_string(call, attr->kprobe_func, name, sizeof(name));
	if (err)
		return err;
	if (!attr->probe_offset)
		return hook_new(kind, name, 0, ret_hook, "%s %s", word, name);
	err = hook_new(kind, name, 0, ret_hook, "%s %s+%llu", word, name, (unsigned long long)attr->probe_offset);
	if (!err)
		(*ret_hook)->why = KVIEW_WHY_NOT_ENTRY;
	return err;
}

/* @hook becomes the event's. What the kernel does not have is said now, as it would; the rest with the program. */
static struct answer open_pending(struct supervisor *sup, const struct perf_request *request, struct hook *hook)
{
	uint32_t why;
	int fd;

	if (!hook->why && attach_check(sup, hook, &why) == -ENOENT) {
		hook_free(hook);
		return answer_value(-ENOENT);
	}
	fd = pending_open(&sup->pending, hook);
	return fd < 0 ? answer_value(fd) : answer_fd(fd, request->flags & PERF_FLAG_FD_CLOEXEC);
}

static struct answer open_kprobe(struct supervisor *sup, const struct call *call, const struct perf_request *request)
{
	struct hook *hook;
	int err;

	if (!is_for_program(request)) {
		sup->reads_hooks = true;
		supervisor_note(sup, "perf's own kprobe events work for the whole machine: "
				     "only what BPF programs are attached to is moved");
		return answer_kernel();
	}
	err = kprobe_hook(call, &request->attr, &hook);
	return err ? answer_value(err) : open_pending(sup, request, hook);
}

static struct answer open_tracepoint(struct supervisor *sup, const struct call *call,
				     const struct perf_request *request)
{
	const struct tracepoint *point;
	struct hook *hook;
	int err;

	if (!is_for_program(request)) {
		sup->reads_hooks = true;
		return narrow_event(sup, call, request);
	}
	err = tracepoints_find(&sup->points, request->attr.config, &point);
	if (err == -ENOENT)
		return answer_kernel(); /* which has no such tracepoint either */
	err = err ?: tracepoint_hook(point, &hook);
	if (err == -EXDEV)
		return narrow_defined_uprobe(sup, call, request);
	return err ? answer_value(err) : open_pending(sup, request, hook);
}

struct answer perf_open_call(struct supervisor *sup, const struct call *call)
{
	struct perf_request request;

	if (perf_request_read(call, &request))
		return answer_kernel(); /* which says what is wrong with it */
	if (request.attr.type == PERF_TYPE_TRACEPOINT)
		return supervisor_lets_attach(sup, call) ? open_tracepoint(sup, call, &request) : answer_value(-EACCES);
	if (request.attr.type == sup->types.kprobe)
		return supervisor_lets_attach(sup, call) ? open_kprobe(sup, call, &request) : answer_value(-EACCES);
	if (request.attr.type == sup->types.uprobe)
		return narrow_uprobe(sup, call, &request);
	return narrow_event(sup, call, &request);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* bpf(2): what creates links, and what is asked about those that are the view's. */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <uapi/kview.h>

#include "narrow.h"
#include "programs.h"
#include "supervisor.h"

/* Later than the headers we are built with. */
#define ATTACH_STRUCT_OPS 44	 /* BPF_STRUCT_OPS */
#define ATTACH_UPROBE_MULTI 48	 /* BPF_TRACE_UPROBE_MULTI */
#define ATTACH_KPROBE_SESSION 56 /* BPF_TRACE_KPROBE_SESSION */
#define ATTACH_UPROBE_SESSION 57 /* BPF_TRACE_UPROBE_SESSION */

#define NAME_MAX_LEN 512

/* Copy the call's union; what the tool does not give is zero. */
static int read_attr(const struct call *call, union bpf_attr *ret_attr)
{
	union bpf_attr attr = {};
	size_t size = call->notif.data.args[2];
	int err;

	err = call_read(call, call->notif.data.args[1], &attr, size < sizeof(attr) ? size : sizeof(attr));
	if (!err)
		*ret_attr = attr;
	return err;
}

/* The link's descriptor for the tool, which like all of bpf(2) is close-on-exec. */
static struct answer answer_link(int err, int link)
{
	return err ? answer_value(err) : answer_fd(link, true);
}

static uint32_t program_type(int prog_fd)
{
	struct bpf_prog_info info;

	program_info(prog_fd, &info);
	return info.type;
}

static int raw_hook(const struct call *call, uint64_t address, struct hook **ret_hook)
{
	char name[NAME_MAX_LEN];
	int err;

	err = call_read_string(call, address, name, sizeof(name));
	if (err)
		return err;
	if (!strcmp(name, "sys_enter"))
		return hook_new(KVIEW_HOOK_RAW_ENTER, NULL, 0, ret_hook, "raw_tracepoint %s", name);
	if (!strcmp(name, "sys_exit"))
		return hook_new(KVIEW_HOOK_RAW_EXIT, NULL, 0, ret_hook, "raw_tracepoint %s", name);
	return hook_new(KVIEW_HOOK_RAW_TP, name, 0, ret_hook, "raw_tracepoint %s", name);
}

static struct answer attach_raw(struct supervisor *sup, const struct call *call, uint64_t name, int program,
				uint64_t cookie)
{
	_cleanup_(hook_freep) struct hook *hook = NULL;
	int err, link = -1;

	err = raw_hook(call, name, &hook) ?: attach_hook(sup, hook, program, cookie, &link);
	return answer_link(err, link);
}

static struct answer attach_typed(struct supervisor *sup, uint32_t attach_type, int program, uint64_t cookie)
{
	int err, link = -1;

	if (program_type(program) != BPF_PROG_TYPE_TRACING)
		return answer_kernel(); /* which wants a tracepoint's name with it */
	err = attach_tracing(sup, attach_type, program, cookie, &link);
	return answer_link(err, link);
}

static struct answer raw_tracepoint_open(struct supervisor *sup, const struct call *call, const union bpf_attr *attr,
					 int program)
{
	/* Since Linux 6.10 with a cookie, 8 bytes behind the descriptor. */
	uint64_t cookie = 0;

	memcpy(&cookie, (const char *)attr + 16, sizeof(cookie));
	if (attr->raw_tracepoint.name)
		return attach_raw(sup, call, attr->raw_tracepoint.name, program, cookie);
	return attach_typed(sup, 0, program, cookie);
}

/* A link for an event that was opened for a hook. */
static struct answer link_event(struct supervisor *sup, const struct call *call, const union bpf_attr *attr,
				int program)
{
	_cleanup_(closep) int event = call_take_fd(call, attr->link_create.target_fd);
	const struct hook *hook;
	int err, link = -1;

	if (event < 0 || call_file_kind(call, attr->link_create.target_fd) != FILE_PERF_EVENT)
		return answer_kernel();
	hook = pending_find(&sup->pending, event);
	if (!hook)
		return answer_kernel();
	err = attach_hook(sup, hook, program, attr->link_create.perf_event.bpf_cookie, &link);
	return answer_link(err, link);
}

/* The tool's list of functions. */
struct functions {
	uint32_t count;
	struct kview_target *targets;
	char *names; /* @count times NAME_MAX_LEN bytes, or NULL */
};

static void functions_deinit(struct functions *functions)
{
	free(functions->targets);
	free(functions->names);
}

static int read_names(const struct call *call, struct functions *functions, const uint64_t *pointers)
{
	char *name;
	int err = 0;

	functions->names = calloc(functions->count, NAME_MAX_LEN);
	if (!functions->names)
		return -ENOMEM;
	for (uint32_t i = 0; !err && i < functions->count; i++) {
		name = functions->names + (size_t)i * NAME_MAX_LEN;
		functions->targets[i].name = (uintptr_t)name;
		err = call_read_string(call, pointers[i], name, NAME_MAX_LEN);
	}
	return err;
}

static int read_functions(const struct call *call, const union bpf_attr *attr, struct functions *functions)
{
	const uint64_t syms = attr->link_create.kprobe_multi.syms, addrs = attr->link_create.kprobe_multi.addrs;
	const uint64_t cookies = attr->link_create.kprobe_multi.cookies;
	size_t size = functions->count * sizeof(uint64_t);
	_cleanup_(freep) uint64_t *list = malloc(size);
	int err;

	functions->targets = calloc(functions->count, sizeof(*functions->targets));
	if (!list || !functions->targets)
		return -ENOMEM;
	err = call_read(call, syms ?: addrs, list, size);
	for (uint32_t i = 0; !err && !syms && i < functions->count; i++)
		functions->targets[i].value = list[i];
	if (!err && syms)
		err = read_names(call, functions, list);
	if (err || !cookies)
		return err;
	err = call_read(call, cookies, list, size);
	for (uint32_t i = 0; !err && i < functions->count; i++)
		functions->targets[i].cookie = list[i];
	return err;
}

static struct answer link_multi(struct supervisor *sup, const struct call *call, const union bpf_attr *attr,
				int program)
{
	_cleanup_(functions_deinit) struct functions functions = { .count = attr->link_create.kprobe_multi.cnt };
	bool at_return = attr->link_create.kprobe_multi.flags & BPF_F_KPROBE_MULTI_RETURN;
	uint32_t kind = at_return ? KVIEW_HOOK_RETURN : KVIEW_HOOK_ENTRY;
	int err, link = -1;

	/* What the kernel refuses, it refuses best; it looks at these before it looks at functions. */
	if (!functions.count || functions.count > KVIEW_TARGETS_MAX ||
	    !attr->link_create.kprobe_multi.syms == !attr->link_create.kprobe_multi.addrs)
		return answer_kernel();
	if (attr->link_create.attach_type == ATTACH_KPROBE_SESSION)
		kind = KVIEW_HOOK_SESSION;
	err = read_functions(call, attr, &functions) ?:
	      attach_many(sup, kind, functions.targets, functions.count, program, &link);
	return answer_link(err, link);
}

static struct answer link_create(struct supervisor *sup, const struct call *call, const union bpf_attr *attr,
				 int program)
{
	switch ((uint32_t)attr->link_create.attach_type) {
	case BPF_PERF_EVENT:
		return link_event(sup, call, attr, program);
	case BPF_TRACE_KPROBE_MULTI:
	case ATTACH_KPROBE_SESSION:
		return link_multi(sup, call, attr, program);
	case BPF_TRACE_FENTRY:
	case BPF_TRACE_FEXIT:
	case BPF_TRACE_RAW_TP:
	case BPF_MODIFY_RETURN:
		if (attr->link_create.target_fd || attr->link_create.target_btf_id)
			return pass_link(sup, program); /* another BPF program's function */
		return attach_typed(sup, attr->link_create.attach_type, program, attr->link_create.tracing.cookie);
	case ATTACH_UPROBE_MULTI:
	case ATTACH_UPROBE_SESSION:
		return narrow_uprobes(sup, call, attr, program);
	case BPF_TRACE_ITER:
		return answer_kernel(); /* runs when the tool reads it */
	default:
		return pass_link(sup, program);
	}
}

/* The two calls that attach a program, with the tool's program in hand. */
static struct answer attach_call(struct supervisor *sup, const struct call *call, const union bpf_attr *attr)
{
	bool raw = call->notif.data.args[0] == BPF_RAW_TRACEPOINT_OPEN;
	int theirs = raw ? attr->raw_tracepoint.prog_fd : attr->link_create.prog_fd;
	_cleanup_(closep) int program = -1;

	if (!raw && attr->link_create.attach_type == ATTACH_STRUCT_OPS)
		return pass_struct_ops(sup); /* has a map in the program's place */
	program = call_take_fd(call, theirs);
	if (program < 0)
		return answer_value(-EBADF);
	if (program_reach(program_type(program)) != REACH_EVENTS)
		return pass_link(sup, program);
	if (!supervisor_lets_attach(sup, call))
		return answer_value(-EPERM);
	return raw ? raw_tracepoint_open(sup, call, attr, program) : link_create(sup, call, attr, program);
}

static uint32_t kernel_link_type(uint32_t kind)
{
	switch (kind) {
	case KVIEW_HOOK_FENTRY:
	case KVIEW_HOOK_FEXIT:
	case KVIEW_HOOK_BTF_TP:
		return BPF_LINK_TYPE_TRACING;
	case KVIEW_HOOK_RAW_ENTER:
	case KVIEW_HOOK_RAW_EXIT:
	case KVIEW_HOOK_RAW_TP:
		return BPF_LINK_TYPE_RAW_TRACEPOINT;
	default:
		return BPF_LINK_TYPE_PERF_EVENT;
	}
}

/* What bpf_link_info has of it; the rest stays zero. */
static struct answer link_info(const struct call *call, const union bpf_attr *attr)
{
	_cleanup_(closep) int fd = call_take_fd(call, attr->info.bpf_fd);
	struct kview_link_info info = { .size = sizeof(info) };
	struct bpf_link_info link = {};
	uint32_t size = attr->info.info_len < sizeof(link) ? attr->info.info_len : sizeof(link);
	int err;

	if (fd < 0 || ioctl(fd, KVIEW_IOC_LINK_INFO, &info))
		return answer_value(-EBADF);
	link.type = kernel_link_type(info.kind);
	link.id = info.id;
	link.prog_id = info.prog_id;
	err = call_write(call, attr->info.info, &link, size);
	if (!err)
		err = call_write(call, call->notif.data.args[1] + offsetof(union bpf_attr, info.info_len), &size,
				 sizeof(size));
	return answer_value(err);
}

/* What cannot be done to a link of a view, and what to do instead. */
static struct answer refuse_link(struct supervisor *sup, const struct call *call, int theirs, const char *text)
{
	char label[KVIEW_SYMBOL_LEN + 64];

	attach_describe(call, theirs, label, sizeof(label));
	supervisor_note(sup, "%s: a link of a view %s", label, text);
	return answer_value(-EOPNOTSUPP);
}

static bool is_ours(const struct call *call, int fd)
{
	return call_file_kind(call, fd) == FILE_KVIEW_LINK;
}

struct answer bpf_call(struct supervisor *sup, const struct call *call)
{
	union bpf_attr attr;

	if (read_attr(call, &attr))
		return answer_value(-EFAULT);
	switch (call->notif.data.args[0]) {
	case BPF_LINK_CREATE:
	case BPF_RAW_TRACEPOINT_OPEN:
		return attach_call(sup, call, &attr);
	case BPF_PROG_ATTACH:
		return pass_prog_attach(sup, call, &attr);
	case BPF_PROG_LOAD:
		return pass_load(sup, call, &attr);
	case BPF_OBJ_GET_INFO_BY_FD:
		return is_ours(call, attr.info.bpf_fd) ? link_info(call, &attr) : answer_kernel();
	case BPF_OBJ_PIN:
		if (!is_ours(call, attr.bpf_fd))
			return answer_kernel();
		return refuse_link(sup, call, attr.bpf_fd,
				   "cannot be pinned: it ends with the tool; let that go on running");
	case BPF_LINK_UPDATE:
		if (!is_ours(call, attr.link_update.link_fd))
			return answer_kernel();
		return refuse_link(sup, call, attr.link_update.link_fd,
				   "keeps its program; close it and attach the other program anew");
	case BPF_LINK_DETACH:
		if (!is_ours(call, attr.link_detach.link_fd))
			return answer_kernel();
		return refuse_link(sup, call, attr.link_detach.link_fd, "is not detached while it is open; close it");
	default:
		return answer_kernel();
	}
}

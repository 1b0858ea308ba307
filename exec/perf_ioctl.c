// SPDX-License-Identifier: GPL-2.0-or-later
/* The ioctls of perf: a hook's event gets its program here, and is a link from then on. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <uapi/kview.h>

#include "supervisor.h"

static int attach_pending(struct supervisor *sup, const struct call *call, int event, int prog_fd)
{
	const struct hook *hook = pending_find(&sup->pending, event);
	_cleanup_(closep) int program = -1;
	_cleanup_(closep) int link = -1;
	int err;

	program = call_take_fd(call, prog_fd);
	if (program < 0)
		return program;
	err = attach_hook(sup, hook, program, 0, &link);
	return err ?: call_replace_fd(call, call->notif.data.args[0], link);
}

/*
 * A program for an event that is not ours to move: of samples, of uprobes, of the tool itself. perf(1) has BPF programs
 * beside what it reads of a tracepoint; they run for everybody, whatever the event is kept to.
 */
static struct answer attach_to_own(struct supervisor *sup, const struct call *call, int event)
{
	_cleanup_(closep) int program = -1;
	_cleanup_(closep) int link = -1;
	int err;

	if (!sup->reads_hooks)
		return answer_kernel();
	program = call_take_fd(call, call->notif.data.args[2]);
	if (program < 0)
		return answer_value(program);
	if (sup->options->dry_run)
		return answer_value(attach_nowhere(sup, "event of the tool's own", EXEC_MACHINE, program, &link));
	supervisor_note(sup, "programs on events that the tool reads itself run for the whole machine");
	if (!supervisor_lets_attach(sup, call))
		return answer_value(-EPERM);
	err = inherited_attach(&sup->inherited, event, program);
	return err == -ENOENT ? answer_kernel() : answer_value(err);
}

static struct answer event_ioctl(struct supervisor *sup, const struct call *call)
{
	_cleanup_(closep) int event = call_take_fd(call, call->notif.data.args[0]);
	int err;

	if ((uint32_t)call->notif.data.args[1] != PERF_EVENT_IOC_SET_BPF || event < 0)
		return answer_kernel();
	if (!pending_find(&sup->pending, event))
		return attach_to_own(sup, call, event);
	if (!supervisor_lets_attach(sup, call))
		return answer_value(-EPERM);
	err = attach_pending(sup, call, event, call->notif.data.args[2]);
	if (!err)
		pending_forget(&sup->pending, event);
	return answer_value(err);
}

/* struct perf_event_query_bpf, of one program. */
static struct answer query_programs(const struct call *call, uint32_t prog_id)
{
	const uint64_t address = call->notif.data.args[2];
	uint32_t room, one = 1;
	int err;

	err = call_read(call, address, &room, sizeof(room));
	if (!err)
		err = call_write(call, address + sizeof(room), &one, sizeof(one));
	if (!err && room)
		err = call_write(call, address + sizeof(room) + sizeof(one), &prog_id, sizeof(prog_id));
	return answer_value(err ?: room ? 0 : -ENOSPC);
}

static struct answer number_of_link(const struct call *call, uint64_t id)
{
	return answer_value(call_write(call, call->notif.data.args[2], &id, sizeof(id)));
}

/* The ids of a link, which is the view's or (leaving.h) the kernel's own, which has no ioctls that could be meant. */
static int read_ids(int link, enum file_kind kind, struct kview_link_info *info)
{
	struct bpf_link_info of_kernel = {};
	uint32_t size = sizeof(of_kernel);

	if (kind == FILE_KVIEW_LINK)
		return ioctl(link, KVIEW_IOC_LINK_INFO, info) ? -errno : 0;
	if (bpf_obj_get_info_by_fd(link, &of_kernel, &size))
		return -errno;
	info->id = of_kernel.id;
	info->prog_id = of_kernel.prog_id;
	return 0;
}

/* What a link cannot do in an event's place, and what to do instead. */
static struct answer refuse_ioctl(struct supervisor *sup, const struct call *call, uint32_t request)
{
	static const struct {
		uint32_t request;
		const char *text;
	} texts[] = {
		{ PERF_EVENT_IOC_SET_FILTER, "has no filter (PERF_EVENT_IOC_SET_FILTER); let the program look itself" },
		{ PERF_EVENT_IOC_SET_OUTPUT,
		  "has no records (PERF_EVENT_IOC_SET_OUTPUT); let the program write to a perf or ring buffer" },
		{ PERF_EVENT_IOC_MODIFY_ATTRIBUTES,
		  "stays where it is (PERF_EVENT_IOC_MODIFY_ATTRIBUTES); close it and open another one" },
	};
	const char *text = "does not know this call of perf's; run the tool by itself, for the whole machine";
	char label[KVIEW_SYMBOL_LEN + 64];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].request == request)
			text = texts[i].text;
	attach_describe(call, call->notif.data.args[0], label, sizeof(label));
	supervisor_note(sup, "%s: an event that has its program in a view %s", label, text);
	return answer_value(-EOPNOTSUPP);
}

/*
 * The kernel runs the program of a kprobe's or tracepoint's event from PERF_EVENT_IOC_SET_BPF to the last close, on or
 * off. So does the link.
 */
static struct answer link_ioctl(struct supervisor *sup, const struct call *call, enum file_kind kind)
{
	_cleanup_(closep) int link = call_take_fd(call, call->notif.data.args[0]);
	struct kview_link_info info = { .size = sizeof(info) };

	if (link < 0 || read_ids(link, kind, &info))
		return answer_value(-EBADF);
	switch ((uint32_t)call->notif.data.args[1]) {
	case PERF_EVENT_IOC_ENABLE:
	case PERF_EVENT_IOC_DISABLE:
	case PERF_EVENT_IOC_REFRESH:
	case PERF_EVENT_IOC_RESET:
	case PERF_EVENT_IOC_PERIOD:
	case PERF_EVENT_IOC_PAUSE_OUTPUT:
		return answer_value(0);
	case PERF_EVENT_IOC_SET_BPF:
		return answer_value(-EEXIST);
	case PERF_EVENT_IOC_ID:
		return number_of_link(call, info.id);
	case PERF_EVENT_IOC_QUERY_BPF:
		return query_programs(call, info.prog_id);
	default:
		return refuse_ioctl(sup, call, call->notif.data.args[1]);
	}
}

struct answer perf_ioctl_call(struct supervisor *sup, const struct call *call)
{
	enum file_kind kind = call_file_kind(call, call->notif.data.args[0]);

	switch (kind) {
	case FILE_PERF_EVENT:
		return event_ioctl(sup, call);
	case FILE_KVIEW_LINK:
	case FILE_BPF_LINK:
		return link_ioctl(sup, call, kind);
	default:
		return answer_kernel();
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What acts beyond processes passes through, with one note for each kind of it. What netlink attaches, or the update of a
 * map, is not handed to us; so programs that can go no other way are told of when they are loaded.
 *
 * In a dry run nothing passes: what we see is answered without the kernel, and netlink refuses a tool that lacks
 * CAP_NET_ADMIN (tool.h).
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "programs.h"
#include "supervisor.h"

#define INSNS 4096	  /* of a program, looked at at once */
#define INSNS_MAX 1000000 /* the kernel's own limit */

static void note_type(struct supervisor *sup, uint32_t type)
{
	supervisor_note(sup, "programs of type %s cannot be kept to one application: they are attached as the tool asks",
			program_type_name(type));
}

/* @reason: why it does not pass, in a dry run; else NULL. */
static void list(struct supervisor *sup, uint32_t type, const char *program, const char *reason)
{
	char label[64];
	struct exec_record record = { .hook = label, .program = program, .scope = EXEC_MACHINE, .reason = reason };

	snprintf(label, sizeof(label), "program of type %s", program_type_name(type));
	sup->options->record(sup->options->data, &record);
}

/* Tell of a program that the tool attaches, where we see that. Returns whether it passes to the kernel. */
static bool passes(struct supervisor *sup, int prog_fd)
{
	struct bpf_prog_info info;

	program_info(prog_fd, &info);
	if (info.type == BPF_PROG_TYPE_UNSPEC)
		return true; /* no program: the kernel has a word for that */
	if (!sup->options->dry_run)
		note_type(sup, info.type);
	else if (program_reach(info.type) != REACH_UNSEEN)
		list(sup, info.type, info.name, NULL);
	return !sup->options->dry_run;
}

struct answer pass_link(struct supervisor *sup, int prog_fd)
{
	int fd;

	if (passes(sup, prog_fd))
		return answer_kernel();
	fd = pending_dummy();
	return fd < 0 ? answer_value(fd) : answer_fd(fd, true);
}

/* A program attached by a call that returns no descriptor. */
static struct answer pass_attached(struct supervisor *sup, const struct call *call, int theirs)
{
	_cleanup_(closep) int program = call_take_fd(call, theirs);

	return program < 0 || passes(sup, program) ? answer_kernel() : answer_value(0);
}

struct answer pass_prog_attach(struct supervisor *sup, const struct call *call, const union bpf_attr *attr)
{
	return pass_attached(sup, call, attr->attach_bpf_fd);
}

/* Programs of the tool's own sockets, which may get the packets of everybody. */
struct answer pass_socket(struct supervisor *sup, const struct call *call)
{
	int theirs;

	if ((uint32_t)call->notif.data.args[4] < sizeof(theirs) ||
	    call_read(call, call->notif.data.args[3], &theirs, sizeof(theirs)))
		return answer_kernel();
	return pass_attached(sup, call, theirs);
}

static bool calls_timer(const struct bpf_insn *insns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (insns[i].code == (BPF_JMP | BPF_CALL) && !insns[i].src_reg && insns[i].imm == BPF_FUNC_timer_start)
			return true;
	return false;
}

static bool starts_timers(const struct call *call, const union bpf_attr *attr)
{
	struct bpf_insn insns[INSNS];
	size_t count;

	if (attr->insn_cnt > INSNS_MAX)
		return false;
	for (size_t i = 0; i < attr->insn_cnt; i += count) {
		count = attr->insn_cnt - i < INSNS ? attr->insn_cnt - i : INSNS;
		if (call_read(call, attr->insns + i * sizeof(insns[0]), insns, count * sizeof(insns[0])))
			return false;
		if (calls_timer(insns, count))
			return true;
	}
	return false;
}

void pass_timers(struct supervisor *sup)
{
	supervisor_note(sup, "timers cannot be kept to one application: they run as the tool asks");
}

/* The update of a map registers it, which a dry run cannot keep back. */
static struct answer refuse_struct_ops(struct supervisor *sup, const char *program)
{
	static const char reason[] = "not loaded in a dry run, where its map could not be kept from being registered; "
				     "run the tool without --dry-run";

	list(sup, BPF_PROG_TYPE_STRUCT_OPS, program, reason);
	supervisor_note(sup, "program of type struct_ops: %s", reason);
	return answer_value(-EPERM);
}

static struct answer load_unseen(struct supervisor *sup, uint32_t type, const char *program)
{
	if (!sup->options->dry_run) {
		note_type(sup, type);
		return answer_kernel();
	}
	if (type == BPF_PROG_TYPE_STRUCT_OPS)
		return refuse_struct_ops(sup, program);
	list(sup, type, program, NULL);
	supervisor_note(sup, "programs of type %s: in a dry run the tool lacks CAP_NET_ADMIN, so that netlink attaches none",
			program_type_name(type));
	return answer_kernel();
}

struct answer pass_load(struct supervisor *sup, const struct call *call, const union bpf_attr *attr)
{
	char name[BPF_OBJ_NAME_LEN + 1] = "";

	if (starts_timers(call, attr))
		pass_timers(sup);
	if (program_reach(attr->prog_type) != REACH_UNSEEN)
		return answer_kernel();
	memcpy(name, attr->prog_name, BPF_OBJ_NAME_LEN);
	return load_unseen(sup, attr->prog_type, name);
}

struct answer pass_struct_ops(struct supervisor *sup)
{
	note_type(sup, BPF_PROG_TYPE_STRUCT_OPS);
	return answer_kernel();
}

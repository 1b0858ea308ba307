// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The descriptors of all processes: who holds BPF programs and links, and what perf events with a program hook.
 *
 * Processes come and go meanwhile: whatever cannot be read has gone.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "cost_programs.h"
#include "util/cleanup.h"

static void keep_holder(const struct cost_programs *programs, uint32_t id, pid_t pid)
{
	struct cost_program *program = cost_programs_find(programs, id);
	_cleanup_(fclosep) FILE *file = NULL;
	char path[64];

	if (!program || program->holder.pid)
		return;
	program->holder.pid = pid;
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (!file || !fgets(program->holder.comm, sizeof(program->holder.comm), file))
		return;
	program->holder.comm[strcspn(program->holder.comm, "\n")] = '\0';
}

/* Which program a descriptor of a program or link stands for; 0: it tells none. */
static uint32_t program_of(pid_t pid, const char *fd)
{
	_cleanup_(fclosep) FILE *file = NULL;
	char path[300], line[128];
	uint32_t id = 0;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", pid, fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "prog_id: %u", &id) == 1)
			break;
	return id;
}

static const char *event_kind(uint32_t type)
{
	static const char *const kinds[] = {
		[BPF_FD_TYPE_RAW_TRACEPOINT] = "raw_tp", [BPF_FD_TYPE_TRACEPOINT] = "tracepoint",
		[BPF_FD_TYPE_KPROBE] = "kprobe",	 [BPF_FD_TYPE_KRETPROBE] = "kretprobe",
		[BPF_FD_TYPE_UPROBE] = "uprobe",	 [BPF_FD_TYPE_URETPROBE] = "uretprobe",
	};

	return type < sizeof(kinds) / sizeof(kinds[0]) ? kinds[type] : "perf_event";
}

static int add_event(const struct cost_programs *programs, pid_t pid, const char *fd)
{
	char name[128] = "", place[192];
	uint32_t length = sizeof(name), id, type;
	__u64 offset, addr;

	/* An event without a program, or gone. */
	if (bpf_task_fd_query(pid, atoi(fd), 0, name, &length, &id, &type, &offset, &addr))
		return 0;
	snprintf(place, sizeof(place), "%s %s", event_kind(type), name);
	keep_holder(programs, id, pid);
	return cost_programs_add_place(programs, id, place);
}

static int add_descriptor(const struct cost_programs *programs, pid_t pid, const char *fd)
{
	char path[300], target[64] = "";
	uint32_t id;

	snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid, fd);
	if (readlink(path, target, sizeof(target) - 1) < 0)
		return 0;
	if (!strcmp(target, "anon_inode:[perf_event]"))
		return add_event(programs, pid, fd);
	if (strcmp(target, "anon_inode:bpf-prog") && strcmp(target, "anon_inode:bpf_link") &&
	    strcmp(target, "anon_inode:bpf-link"))
		return 0;
	id = program_of(pid, fd);
	if (id)
		keep_holder(programs, id, pid);
	return 0;
}

static int add_process(const struct cost_programs *programs, pid_t pid)
{
	_cleanup_(closedirp) DIR *folder = NULL;
	struct dirent *entry;
	char path[64];
	int err = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	folder = opendir(path);
	while (folder && !err && (entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			err = add_descriptor(programs, pid, entry->d_name);
	return err;
}

int cost_find_holders(const struct cost_programs *programs)
{
	_cleanup_(closedirp) DIR *folder = opendir("/proc");
	struct dirent *entry;
	int err = 0;
	pid_t pid;

	if (!folder)
		return -errno;
	while (!err && (entry = readdir(folder))) {
		pid = atoi(entry->d_name);
		if (pid > 0 && pid != getpid())
			err = add_process(programs, pid);
	}
	return err;
}

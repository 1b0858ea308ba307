// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the kernel says of a loaded program. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "program.h"

/* bpf_obj_get_info_by_fd() takes maps and links as well, and fills in something else. */
static bool is_program(int fd)
{
	static const char kind[] = "anon_inode:bpf-prog";
	char path[32], target[sizeof(kind)] = "";
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, target, sizeof(target));
	return len == sizeof(kind) - 1 && !memcmp(target, kind, len);
}

int kview_program_info(int fd, struct bpf_prog_info *ret_info)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	int err;

	if (!is_program(fd))
		return -EBADF;
	err = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (err)
		return err;
	*ret_info = info;
	return 0;
}

int kview_program_insns(int fd, struct bpf_insn **ret_insns, size_t *ret_count)
{
	_cleanup_(freep) struct bpf_insn *insns = NULL;
	struct bpf_prog_info info;
	uint32_t size = sizeof(info), bytes;
	int err;

	err = kview_program_info(fd, &info);
	if (err)
		return err;
	bytes = info.xlated_prog_len;
	insns = malloc(bytes);
	if (!insns)
		return -ENOMEM;
	info = (struct bpf_prog_info){ .xlated_prog_len = bytes, .xlated_prog_insns = (uintptr_t)insns };
	err = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (err)
		return err;
	/* Of a call to another part of the program the distance has moved. */
	for (size_t i = 0; i < bytes / sizeof(*insns); i++)
		if (insns[i].code == (BPF_JMP | BPF_CALL) && insns[i].src_reg == BPF_PSEUDO_CALL)
			insns[i].imm = insns[i].off;
	*ret_insns = TAKE_PTR(insns);
	*ret_count = bytes / sizeof(*insns);
	return 0;
}

/*
 * Programs for kprobe.multi and the like are of type kprobe, too, but their helpers read another kind of record around
 * the context, and must not run elsewhere. Nothing tells them apart by name, so ask the kernel to attach, with arguments
 * it cannot accept: what it complains about first shows what it takes the program for.
 */
bool kview_program_is_multi(int fd)
{
	const char *nowhere = (const char *)1;
	LIBBPF_OPTS(bpf_link_create_opts, opts, .kprobe_multi = { .cnt = 1, .syms = &nowhere });

	/* Since Linux v6.7 an attach type the program was not loaded for is refused before the bad target is seen. */
	if (bpf_link_create(fd, -1, BPF_PERF_EVENT, NULL) == -EINVAL)
		return true;
	/* Before that, kprobe.multi was the only other one. The name cannot be read: only such a program gets this far. */
	return bpf_link_create(fd, 0, BPF_TRACE_KPROBE_MULTI, &opts) == -EFAULT;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The types of BPF programs there are, and for whom those of each run. */
#ifndef KVIEW_EXEC_PROGRAMS_H
#define KVIEW_EXEC_PROGRAMS_H

#include <stdint.h>

enum program_reach {
	REACH_EVENTS, /* at functions, tracepoints, system calls, samples: what the view, or the kernel, keeps to some */
	REACH_CALLER,  /* when the tool runs it */
	REACH_MACHINE, /* for everybody; bpf(2) and setsockopt(2) attach it, where we see it */
	REACH_UNSEEN,  /* for everybody; netlink attaches it, or an update of a map, where we do not */
};

#define PROGRAM_TYPES 33 /* of Linux 6.12, which has all of 6.1's */

/* Types we do not know, of later kernels, reach the machine. */
enum program_reach program_reach(uint32_t type);

/* Its name as bpftool has it; "unknown". */
const char *program_type_name(uint32_t type);

struct bpf_prog_info;

/* What the kernel says of the program @fd; all zero when it is none. */
void program_info(int fd, struct bpf_prog_info *ret_info);

#endif /* KVIEW_EXEC_PROGRAMS_H */

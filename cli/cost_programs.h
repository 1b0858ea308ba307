/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The BPF programs of the machine, what they have cost so far, where they are attached and who holds them. */
#ifndef KVIEW_CLI_COST_PROGRAMS_H
#define KVIEW_CLI_COST_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A process that holds a program, or a link of it. */
struct cost_holder {
	pid_t pid; /* 0: nobody; it is pinned, or held by the kernel alone */
	char comm[16];
};

struct cost_program {
	uint32_t id;
	uint32_t type; /* enum bpf_prog_type */
	char name[16];
	uint64_t runs; /* as long as statistics were on */
	uint64_t ns;
	uint64_t missed; /* could not run, because it was running already */
	struct cost_holder holder;
	char **places; /* "kprobe vfs_read", ... */
	size_t place_count;
};

/* Sorted by id. */
struct cost_programs {
	struct cost_program *list;
	size_t count;
};

/* Counters alone; everything else is found by the functions below. -EPERM: needs CAP_SYS_ADMIN. */
int cost_programs_read(struct cost_programs *programs);
void cost_programs_deinit(struct cost_programs *programs);

/* NULL when there is none. */
struct cost_program *cost_programs_find(const struct cost_programs *programs, uint32_t id);

/* Take from the counters what they were before, and drop programs that were not there. */
void cost_programs_subtract(struct cost_programs *programs, const struct cost_programs *before);

/* "kprobe", "raw_tracepoint", ... */
const char *cost_program_type(uint32_t type);

/* Program @id is attached there: a copy is kept. */
int cost_programs_add_place(const struct cost_programs *programs, uint32_t id, const char *place);

/* cost_places.c: where links lead. */
int cost_find_places(const struct cost_programs *programs);

/* cost_holders.c: the descriptors of all processes: who holds what, and where perf events are. */
int cost_find_holders(const struct cost_programs *programs);

#endif /* KVIEW_CLI_COST_PROGRAMS_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What requests of the fuzzer are about: descriptors, processes, cgroups, programs and their places. All threads have
 * them in common, so each may go while another uses it; and some are none of what they should be.
 */
#ifndef TESTS_FUZZ_IOCTL_STOCK_H
#define TESTS_FUZZ_IOCTL_STOCK_H

#include <stdint.h>
#include <sys/types.h>

#include <linux/types.h>

void stock_fill(void);

/* Numbers that are more often wrong in an interesting way. */
uint64_t odd_number(void);

enum pool { DEVICES, VIEWS, LINKS, PIDFDS, POOLS };

/* A descriptor, mostly of that kind. */
int stock_fd(enum pool pool);

/* In the place of another, which is closed while somebody may be using it. */
void stock_keep(enum pool pool, int fd);

/* Two descriptors of one file; and one of a file of its own. */
void stock_duplicate(void);
void stock_open_device(void);

pid_t stock_process(void);

/* A new one in the place of another, which may not be done yet. */
void stock_replace_process(void);

/* A cgroup's descriptor; and a process goes into one of them. */
int stock_cgroup(void);
void stock_move(void);

/* A program, mostly one that fits a hook of @kind. */
int stock_program(__u32 kind);

/* Where it may be attached: the name of a function, the address of one, the name of a tracepoint or an event. */
const char *stock_name(void);
unsigned long stock_function(void);
const char *stock_event(void);

#endif /* TESTS_FUZZ_IOCTL_STOCK_H */

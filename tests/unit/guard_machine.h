/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine for the guard's service without BPF: guard/kernel.h over memory. Tests make processes and their calls; these
 * go through the engine as those of guard.bpf.c, and records of the same form come of them.
 */
#ifndef TESTS_UNIT_GUARD_MACHINE_H
#define TESTS_UNIT_GUARD_MACHINE_H

#include "guard/kernel.h"

/* What guard_kernel_open() is on a real machine. */
struct guard_kernel *machine_new(const struct guard_rule *rule, uint32_t profiles, uint32_t blocks);
void machine_free(struct guard_kernel *machine);

/* Time passes only here. */
void machine_sleep(struct guard_kernel *machine, double seconds);

/* Process @tgid begins with the program of the file @path, which need not be there. */
void machine_exec(struct guard_kernel *machine, uint32_t tgid, const char *path);
void machine_exit(struct guard_kernel *machine, uint32_t tgid);
void machine_call(struct guard_kernel *machine, uint32_t tgid, uint32_t call);

/* Records since the last time, as guard_kernel_events() has them. */
int machine_take(struct guard_kernel *machine, guard_record_fn fn, void *data);

#endif /* TESTS_UNIT_GUARD_MACHINE_H */

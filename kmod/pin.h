/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pin: a function that images patch for the module's own sake, where members' address spaces come to be and end.
 *
 * Its stub calls @run before the programs that are hooked there, in the member's task and with preemption on. What it
 * calls may sleep; no RCU flavour waits for that, so kview_run_pinned() is a reader of an SRCU domain of its own.
 */
#ifndef KVIEW_PIN_H
#define KVIEW_PIN_H

#include <linux/ptrace.h>
#include <linux/types.h>

struct kview_pin {
	const char *function;
	unsigned long site; /* its 5 bytes */
	/* Returns whether it may have slept. */
	bool (*run)(struct pt_regs *regs);
};

enum kview_pin_id {
	KVIEW_PIN_EXEC,	   /* begin_new_exec(): in every image, as the next two */
	KVIEW_PIN_RELEASE, /* exec_mm_release() */
	KVIEW_PIN_EXIT,	   /* exit_mm_release() */
	KVIEW_PIN_FORK,	   /* wake_up_new_task(): in images of views with members that are followed */
	KVIEW_PINS,
};

/* Find the sites; -EOPNOTSUPP where one cannot be patched. */
int kview_pin_init(void);

const struct kview_pin *kview_pin(enum kview_pin_id id);

/* The pin at @site, or NULL. */
const struct kview_pin *kview_pin_at(unsigned long site);

#endif

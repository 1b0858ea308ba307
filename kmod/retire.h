/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stubs wait here until nobody can be inside them.
 *
 * A preempted task may sit between two instructions of a stub: synchronize_rcu_tasks() waits until every task has
 * scheduled voluntarily. The idle tasks, which it does not wait for, and interrupts run stubs with preemption off:
 * synchronize_rcu(). A task in kview_run_pinned() may sleep: SRCU. A stub that stays on the stack while its function
 * runs is looked for there (stack.h).
 */
#ifndef KVIEW_RETIRE_H
#define KVIEW_RETIRE_H

struct kview_stub;

/* Free @stub when it is safe. It must be unreachable: no page maps a call to it. NULL is allowed. Any lock may be held. */
void kview_retire(struct kview_stub *stub);

/* Stubs that wait. */
unsigned int kview_retired(void);

/*
 * Free what can be freed of the stubs retired so far; those somebody will still return to stay. Sleeps for RCU; no lock may
 * be held.
 */
void kview_retire_wait(void);

/* Wait until all stubs are freed. All links are closed, and nobody retires any more. */
void kview_retire_exit(void);

#endif

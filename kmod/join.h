/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes and threads that are asked to join a view, or to leave it, each by itself. */
#ifndef KVIEW_JOIN_H
#define KVIEW_JOIN_H

#include <linux/types.h>

struct kview_view;
struct task_struct;

/*
 * Make the process of @task see @view too, for @reasons, or @task alone for KVIEW_MEMBER_THREAD. Writes a KVIEW_WHY_*. Takes
 * kview_lock.
 */
int kview_join(struct kview_view *view, struct task_struct *task, u8 reasons, u32 *why);

/* Undo. */
int kview_leave(struct kview_view *view, struct task_struct *task, u8 reasons, u32 *why);

#endif

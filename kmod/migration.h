/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Migrations of processes between cgroups, watched while any view has a cgroup.
 *
 * Tracepoints of the kernel wake a worker, which makes true what views want (crowd.h): so no event has to carry anything,
 * and none can be lost for lack of memory. Who is about to clone into a cgroup is made a scout (scout.h).
 */
#ifndef KVIEW_MIGRATION_H
#define KVIEW_MIGRATION_H

#include <linux/types.h>

int kview_migration_init(void);
void kview_migration_exit(void);

/* Watch for one cgroup more, or for @count fewer. No lock held. */
int kview_migration_watch(void);
void kview_migration_unwatch(u32 count);

/* Wait until everybody who is in has joined, but for those in the middle of an exec; -EINTR. No lock held. */
int kview_migration_reconcile(void);

#endif

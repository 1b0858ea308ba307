/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flame graphs of what a target does now, for as long as somebody asks for them: one after the other is recorded, each by
 * a process of its own, so that neither its time nor its memory are the daemon's.
 */
#ifndef KVIEW_MONITOR_FLAMES_H
#define KVIEW_MONITOR_FLAMES_H

#include <stdint.h>
#include <stdio.h>

#include "metrics.h"
#include "scope.h"

struct flames;

/* What the processes cost is among the @metrics. */
int flames_new(const struct monitor_scope *scope, struct metrics *metrics, struct flames **ret_flames);
void flames_free(struct flames *flames);

/*
 * Write the last picture (SVG) of the CPU time of @target, and let the next one be recorded. -EINPROGRESS: there is none
 * yet; -EBUSY: another target is being recorded; -ENOENT: there is no such target; -EIO: it cannot be recorded. Of these
 * a line that tells so is written.
 */
int flames_ask(struct flames *flames, const char *target, uint64_t now, FILE *out);

/* End what is being recorded, and forget the picture: numbers of targets will mean others. */
void flames_reset(struct flames *flames);

/* Call it every second or so: looks after the process that has ended, and forgets a picture nobody asks for. */
void flames_look(struct flames *flames, uint64_t now);

#endif /* KVIEW_MONITOR_FLAMES_H */

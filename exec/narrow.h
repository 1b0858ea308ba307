/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events that are no hooks of a view, but that the kernel can keep to some processes itself: uprobes and samples. Where
 * it offers that for what is traced, the event is opened with that limit; elsewhere it is opened as the tool asks, with a
 * note.
 */
#ifndef KVIEW_EXEC_NARROW_H
#define KVIEW_EXEC_NARROW_H

#include "supervisor.h"

/* A uprobe: kept to the process, when just one is traced. */
struct answer narrow_uprobe(struct supervisor *sup, const struct call *call, const struct perf_request *request);

/* One that was defined in uprobe_events: the kernel keeps those to nobody, which is told. */
struct answer narrow_defined_uprobe(struct supervisor *sup, const struct call *call, const struct perf_request *request);

union bpf_attr;

/* Several uprobes at once, as bpf(2) has them (BPF_LINK_CREATE, in @attr): likewise. */
struct answer narrow_uprobes(struct supervisor *sup, const struct call *call, const union bpf_attr *attr, int program);

/* Anything else: samples of a process or a cgroup. Timers pass, with a note; what only counts is left as it is. */
struct answer narrow_event(struct supervisor *sup, const struct call *call, const struct perf_request *request);

#endif /* KVIEW_EXEC_NARROW_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the probes use of the kernel's types, besides bpf/vmlinux.h. Fields are found by name when a program is loaded;
 * what follows three underscores in a name is no part of it for that.
 */
#ifndef KVIEW_MONITOR_KERNEL_H
#define KVIEW_MONITOR_KERNEL_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define MAP_TYPE_LRU_HASH 9
#define MAP_TYPE_LPM_TRIE 11

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
	__u64 id;
};

struct cgroup;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct sched_info {
	unsigned long long run_delay;
};

struct task_struct___monitor {
	int tgid, pid;
	unsigned int __state, flags;
	struct sched_entity se;
	struct sched_info sched_info;
	unsigned long nvcsw, nivcsw;
	struct css_set *cgroups;
};

#pragma clang attribute pop

#endif /* KVIEW_MONITOR_KERNEL_H */

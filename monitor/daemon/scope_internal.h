/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of a scope share. */
#ifndef KVIEW_MONITOR_SCOPE_INTERNAL_H
#define KVIEW_MONITOR_SCOPE_INTERNAL_H

#include "scope.h"

/* A cgroup that a target names, and that is there. */
struct known_cgroup {
	uint64_t id;
	uint32_t target;
	size_t selector; /* of the target's */
	char *path;
};

struct monitor_scope {
	struct scope *bpf;
	struct ring_buffer *news;
	struct kview *view;
	const struct monitor_config *config;
	char *names[MONITOR_TARGETS + 1]; /* by number */
	bool released[MONITOR_TARGETS + 1]; /* and nobody has been taken in since */
	struct known_cgroup *cgroups;
	size_t cgroup_count;
	unsigned int generation;
	bool look_for_cgroups;
	uint64_t missed; /* news there was no room for, and that have been made up for */
};

/* The number of a target; 0: it has none. */
uint32_t monitor_scope_number(const struct monitor_scope *scope, const char *name);

/* Cgroups that targets name, and that are there by now, are taken in; those that have gone are forgotten. */
void monitor_scope_find_cgroups(struct monitor_scope *scope);

/* Those of one target are let go; those of all are forgotten, at the end. */
void monitor_scope_release_cgroups(struct monitor_scope *scope, uint32_t target);
void monitor_scope_forget_cgroups(struct monitor_scope *scope);

#endif /* KVIEW_MONITOR_SCOPE_INTERNAL_H */

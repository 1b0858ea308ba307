/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes and cgroups belong to which target, now and later. Targets have numbers, which programs count
 * under; a target keeps its number as long as its name is in the configuration.
 */
#ifndef KVIEW_MONITOR_SCOPE_H
#define KVIEW_MONITOR_SCOPE_H

#include <stdbool.h>

#include "config.h"

struct bpf_map;
struct kview;
struct monitor_scope;

/*
 * Load the programs that follow forks and cgroups. With kview.ko a view is opened, too, which the targets are members
 * of. -EPERM: needs CAP_BPF and CAP_PERFMON.
 */
int monitor_scope_open(struct monitor_scope **ret_scope);
void monitor_scope_close(struct monitor_scope *scope);
DEFINE_CLEANUP(struct monitor_scope *, monitor_scope_close)

/*
 * A new configuration, in two steps: let go of the targets that are not in it, or mean somebody else there; then take
 * in those that are new. In between, what programs have counted for the former can be cleared. @config must live as
 * long as it is in force.
 */
void monitor_scope_release(struct monitor_scope *scope, const struct monitor_config *config);
int monitor_scope_apply(struct monitor_scope *scope, const struct monitor_config *config);

/* Poll this for input and call monitor_scope_read() then: processes and cgroups join. */
int monitor_scope_fd(const struct monitor_scope *scope);
int monitor_scope_read(struct monitor_scope *scope);

/* Changes when somebody has joined who has not been forked by a member. */
unsigned int monitor_scope_generation(const struct monitor_scope *scope);

/* Name of a target; NULL: no target has this number. The highest number there can be is MONITOR_TARGETS. */
const char *monitor_scope_name(const struct monitor_scope *scope, uint32_t number);

/*
 * Whether what has been noted under this number is the target's. Not if there is none, nor, between the two steps of a
 * new configuration, if its name means somebody else from now on: its counts go on, its sockets are not its own.
 */
bool monitor_scope_holds(const struct monitor_scope *scope, uint32_t number);

/* The same of all numbers, for programs. */
void monitor_scope_tell_held(const struct monitor_scope *scope, uint8_t held[MONITOR_TARGETS + 1]);

/* NULL: there is none, programs are attached in the ordinary way. */
struct kview *monitor_scope_view(const struct monitor_scope *scope);

struct bpf_map *monitor_scope_tasks(const struct monitor_scope *scope);
struct bpf_map *monitor_scope_cgroups(const struct monitor_scope *scope);
uint64_t monitor_scope_lost(const struct monitor_scope *scope);
struct bpf_object *monitor_scope_object(const struct monitor_scope *scope);

/* What targets name of networks and interfaces: the programs of the probe tcp ask for these themselves. */
typedef int (*monitor_selector_fn)(const struct monitor_selector *selector, uint32_t target, void *data);
int monitor_scope_each_link(const struct monitor_scope *scope, monitor_selector_fn fn, void *data);

/* Every process of every target. Anything but 0 from @fn ends the walk and is the result. */
typedef int (*monitor_process_fn)(pid_t pid, uint32_t target, void *data);
int monitor_scope_each_process(const struct monitor_scope *scope, monitor_process_fn fn, void *data);

/*
 * The cgroups that hold all of the targets' sockets: those of targets, and those that other members are in; the root
 * where a target names a network or an interface. @path lies in the cgroup file system.
 */
typedef int (*monitor_cgroup_fn)(const char *path, uint64_t id, void *data);
int monitor_scope_each_cgroup(const struct monitor_scope *scope, monitor_cgroup_fn fn, void *data);

#endif /* KVIEW_MONITOR_SCOPE_H */

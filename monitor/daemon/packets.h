/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pair of programs that all packets of the targets pass, in the cgroups that hold their sockets, and nobody else's. */
#ifndef KVIEW_MONITOR_PACKETS_H
#define KVIEW_MONITOR_PACKETS_H

#include "scope.h"

struct bpf_program;
struct packets;

/* @name (for messages), @in and @out stay the caller's. -ENOMEM */
int packets_new(const char *name, struct bpf_program *in, struct bpf_program *out, struct packets **ret_packets);

/* Detaches. */
void packets_free(struct packets *packets);

/*
 * Attach to the cgroups there are now, and detach from those that are no target's any more. No packet passes the
 * programs twice but in the moment when a cgroup's parent is attached to in its place.
 */
int packets_follow(struct packets *packets, const struct monitor_scope *scope);

#endif /* KVIEW_MONITOR_PACKETS_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is monitored, how, and where the results go: the one file of kview-monitord, kview-monitord(8). */
#ifndef KVIEW_MONITOR_CONFIG_H
#define KVIEW_MONITOR_CONFIG_H

#include <netinet/in.h>
#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "catalog.h"
#include "network.h"
#include "outputs.h"
#include "util/cleanup.h"

#define MONITOR_TARGETS 64 /* what the probes' maps have room for */

enum monitor_select {
	MONITOR_BY_CGROUP, /* a path, or the name of a directory that occurs once: a unit */
	MONITOR_BY_CONTAINER,
	MONITOR_BY_PID,
	MONITOR_BY_NAME, /* a regular expression that the process's name matches */
	MONITOR_BY_PORT, /* who listens there */
	MONITOR_BY_NETWORK, /* TCP sessions from or to there */
	MONITOR_BY_INTERFACE, /* ... that go out by it */
};

/* One way to belong to a target. */
struct monitor_selector {
	enum monitor_select by;
	char *text; /* as it was written */
	uint32_t number; /* pid or port */
	regex_t regex;
	struct monitor_network network;
};

struct monitor_target {
	char *name;
	struct monitor_selector *selectors;
	size_t selector_count;
	unsigned int line;
};

struct monitor_probe_config {
	bool on;
	uint64_t options[MONITOR_OPTIONS];
};

struct monitor_config {
	struct monitor_target *targets;
	size_t target_count;
	struct monitor_probe_config probes[MONITOR_PROBES];
	struct monitor_outputs outputs;
	bool times; /* the kernel keeps times of programs */
	uint64_t series, forget; /* how many there can be; ns without a change after which one is dropped */
};

struct monitor_error {
	unsigned int line; /* 0: about the file as a whole */
	char why[256];
};

/*
 * Read a configuration. -EINVAL: @ret_error tells what is wrong and where; -ENOMEM. @ret_config is the caller's to
 * monitor_config_deinit().
 */
int monitor_config_read(FILE *in, struct monitor_config *ret_config, struct monitor_error *ret_error);
void monitor_config_deinit(struct monitor_config *config);

/* The same for the file at @path; errors of opening it are told in @ret_error, too. */
int monitor_config_open(const char *path, struct monitor_config *ret_config, struct monitor_error *ret_error);

#endif /* KVIEW_MONITOR_CONFIG_H */

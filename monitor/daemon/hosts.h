/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon may be called by those who ask it. */
#ifndef KVIEW_MONITOR_HOSTS_H
#define KVIEW_MONITOR_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#define HOSTS_MAX 16

struct hosts {
	char *names[HOSTS_MAX];
	size_t count;
};

/*
 * Whether @host, as in a request's header, is an address, localhost, this machine's name, or one of @hosts; with a port
 * or without. Any other name can be a stranger's that leads here for a moment, to make a browser take the daemon for a
 * part of the stranger's site (DNS rebinding); no address can.
 */
bool hosts_has(const struct hosts *hosts, const char *host);

void hosts_deinit(struct hosts *hosts);

#endif /* KVIEW_MONITOR_HOSTS_H */

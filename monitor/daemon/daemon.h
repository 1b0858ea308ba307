/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kview-monitord, without its command line. */
#ifndef KVIEW_MONITOR_DAEMON_H
#define KVIEW_MONITOR_DAEMON_H

struct monitor_config;

/*
 * Monitor until SIGTERM or SIGINT; SIGHUP reads @path again. @config is taken over. What goes wrong is told on standard
 * error. 0, or a negative errno: it could not begin, or could not go on.
 */
int monitor_daemon_run(const char *path, struct monitor_config *config);

#endif /* KVIEW_MONITOR_DAEMON_H */

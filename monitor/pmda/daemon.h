/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kview-monitord, asked over HTTP. */
#ifndef KVIEW_MONITOR_PMDA_DAEMON_H
#define KVIEW_MONITOR_PMDA_DAEMON_H

#include "util/cleanup.h"

struct daemon;

/* At @url. -ENOMEM */
int daemon_open(const char *url, struct daemon **ret_daemon);
void daemon_close(struct daemon *daemon);
DEFINE_CLEANUP(struct daemon *, daemon_close)

/* Its answer, which is the caller's; why there is none is told once. -ENOTCONN */
int daemon_ask(void *daemon, char **ret_text);

#endif /* KVIEW_MONITOR_PMDA_DAEMON_H */

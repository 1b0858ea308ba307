/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines for whoever runs the daemon: "kview-monitord: NOTE" on standard error, which systemd keeps. */
#ifndef KVIEW_MONITOR_NOTE_H
#define KVIEW_MONITOR_NOTE_H

void monitor_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* KVIEW_MONITOR_NOTE_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where each kview-monitord leaves the address and the key of its page (page/key.h); kview monitor --page looks there. */
#ifndef KVIEW_MONITOR_KEY_FILE_H
#define KVIEW_MONITOR_KEY_FILE_H

#define KEY_FOLDER "/run/kview"
#define KEY_PREFIX "monitor-" /* and where it listens, as it is written in the configuration */
#define KEY_SUFFIX ".page"

#endif /* KVIEW_MONITOR_KEY_FILE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/kview and the files it hands out: decode and check ioctls, nothing else. */
#ifndef KVIEW_CHARDEV_H
#define KVIEW_CHARDEV_H

int kview_chardev_init(void);
void kview_chardev_exit(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The body of a request: read, and compressed as its receiver wants it. */
#ifndef KVIEW_MONITOR_PUSH_BODY_H
#define KVIEW_MONITOR_PUSH_BODY_H

#include <stddef.h>
#include <stdint.h>

enum body_encoding {
	BODY_PLAIN,
	BODY_GZIP,
	BODY_SNAPPY, /* one block, without frames */
};

/* All of the file @fd. The caller's is *ret_bytes. -EIO, -ENOMEM */
int body_read(int fd, enum body_encoding encoding, uint8_t **ret_bytes, size_t *ret_len);

#endif /* KVIEW_MONITOR_PUSH_BODY_H */

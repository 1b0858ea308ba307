/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVIEW_MONITOR_IO_RECORD_H
#define KVIEW_MONITOR_IO_RECORD_H

/* Keys: struct monitor_key; the first extra of a sample sums bytes. */
enum io_what {
	IO_READ,
	IO_WRITE,
	IO_OTHER, /* of blocks: discards, flushes... */
	IO_SYNC,  /* of files */
	IO_WHATS,
};

#endif /* KVIEW_MONITOR_IO_RECORD_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that begin alike. */
#ifndef KVIEW_MONITOR_NETWORK_H
#define KVIEW_MONITOR_NETWORK_H

#include <stdint.h>

struct monitor_network {
	uint8_t address[16]; /* of version 6; one of version 4 behind ::ffff:0:0/96. Nothing but 0 behind the prefix */
	uint32_t bits;	     /* of these so many count */
};

/* ADDRESS or ADDRESS/BITS, of either version. -EINVAL: neither, or with bits that do not count. */
int monitor_network_parse(const char *text, struct monitor_network *ret_network);

#endif /* KVIEW_MONITOR_NETWORK_H */

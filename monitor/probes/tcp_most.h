/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of sessions that come one by one, those with most bytes. */
#ifndef KVIEW_MONITOR_TCP_MOST_H
#define KVIEW_MONITOR_TCP_MOST_H

#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>

#include "tcp_record.h"

struct tcp_most {
	struct tcp_told *list;
	size_t count, max;
	uint64_t seen; /* how many have come */
};

/* @max > 0. -ENOMEM */
int tcp_most_init(struct tcp_most *most, size_t max);
void tcp_most_deinit(struct tcp_most *most);
void tcp_most_add(struct tcp_most *most, const struct tcp_told *told);

/* When all have come: from most to least. */
void tcp_most_sort(struct tcp_most *most);

#endif /* KVIEW_MONITOR_TCP_MOST_H */

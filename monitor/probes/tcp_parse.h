/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TCP headers. The same code runs in the kernel and in tests; the one who includes it brings the fixed-width types.
 */
#ifndef KVIEW_MONITOR_TCP_PARSE_H
#define KVIEW_MONITOR_TCP_PARSE_H

#include "ip_parse.h"

#define TCP_LEAST_BYTES 20 /* of a header that tcp_head() looks at */
#define TCP_FLAG_SYN 2

struct tcp_head {
	__u32 seq, ack;
	__u32 data; /* offset of what it carries */
	__u8 flags;
};

static __always_inline __u32 tcp_word(const __u8 *b)
{
	return (__u32)b[0] << 24 | (__u32)b[1] << 16 | (__u32)b[2] << 8 | b[3];
}

/* By the first bytes of a header at @offset. 0: it cannot be one. */
static __always_inline int tcp_head(const __u8 *b, __u32 offset, struct tcp_head *head)
{
	__u32 len = (b[12] >> 4) * 4;

	if (len < TCP_LEAST_BYTES)
		return 0;
	head->seq = tcp_word(b + 4);
	head->ack = tcp_word(b + 8);
	head->flags = b[13];
	head->data = offset + len;
	return 1;
}

/* What has been seen of one direction of a connection. */
struct tcp_order {
	__u32 next;	/* number of the byte that comes next */
	__u32 from, to; /* bytes before it that are missing, from the first one; the same: none */
	__u32 seen;	/* whether any of that is known */
};

/* How far byte number @seq lies ahead of byte number @next; negative: it has been there before. */
static __always_inline __s32 tcp_ahead(__u32 seq, __u32 next)
{
	return (__s32)(seq - next);
}

/* Whether a packet with data of before begins with a part of what is missing. */
static __always_inline int tcp_is_late(struct tcp_order *order, __u32 seq, __u32 len)
{
	__u32 from = order->from, to = order->to, end = seq + len;

	if (from == to || tcp_ahead(end, from) <= 0 || tcp_ahead(seq, to) >= 0)
		return 0;
	if (tcp_ahead(seq, from) > 0) {
		order->to = seq;
		return 1;
	}
	order->from = tcp_ahead(end, to) < 0 ? end : to;
	return seq == from;
}

/*
 * Whether a packet's data is new: what is sent again comes by again. Of what is missing the first part is kept, which
 * comes by sooner or later; the others are not known when they come.
 */
static __always_inline int tcp_is_new(struct tcp_order *order, __u32 seq, __u32 len)
{
	__s32 ahead = order->seen ? tcp_ahead(seq, order->next) : 0;

	if (ahead < 0)
		return tcp_is_late(order, seq, len);
	if (ahead > 0 && order->from == order->to) {
		order->from = order->next;
		order->to = seq;
	}
	order->seen = 1;
	order->next = seq + len;
	return 1;
}

#endif /* KVIEW_MONITOR_TCP_PARSE_H */

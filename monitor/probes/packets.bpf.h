/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets of the targets' TCP sessions, as cgroup_skb programs get them: each packet of their cgroups comes by, and
 * leaves at once unless its socket is one of theirs and it carries data.
 */
#ifndef KVIEW_MONITOR_PACKETS_BPF_H
#define KVIEW_MONITOR_PACKETS_BPF_H

#include "monitor/probes/sessions.bpf.h"
#include "monitor/probes/tcp_parse.h"

#define PACKET_IN 0
#define PACKET_OUT 1

/* As include/uapi/linux/bpf.h has it. */
struct __sk_buff {
	__u32 len, others[18];
	__u32 data, data_end; /* of what lies in one piece */
};

/* Headers of any length, wherever they lie. */
static __always_inline int load_headers(struct __sk_buff *skb, struct tcp_head *tcp)
{
	__u8 header[TCP_LEAST_BYTES];
	__u32 offset;

	if (bpf_skb_load_bytes(skb, 0, header, IP_LEAST_BYTES))
		return 0;
	offset = ip_payload(header, IP_TCP);
	return offset && !bpf_skb_load_bytes(skb, offset, header, TCP_LEAST_BYTES) && tcp_head(header, offset, tcp);
}

/* They lie where they can be read without a copy, nearly always, and IP's has no options. */
static __always_inline int read_headers(struct __sk_buff *skb, struct tcp_head *tcp)
{
	const __u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	__u32 offset;

	if (data + IP_LEAST_BYTES + TCP_LEAST_BYTES > end)
		return load_headers(skb, tcp);
	offset = ip_payload(data, IP_TCP);
	if (offset == IP_LEAST_BYTES)
		return tcp_head(data + IP_LEAST_BYTES, offset, tcp);
	if (offset == IP6_BYTES && data + IP6_BYTES + TCP_LEAST_BYTES <= end)
		return tcp_head(data + IP6_BYTES, offset, tcp);
	return load_headers(skb, tcp);
}

/* The session whose data a packet carries, and its header; NULL: nobody's, or no data. */
static __always_inline struct tcp_session *read_packet(struct __sk_buff *skb, __u64 cookie, struct tcp_head *tcp)
{
	struct tcp_session *session = cookie ? bpf_map_lookup_elem(&sessions, &cookie) : NULL;

	/* The compiler copies it even where it has not been read. */
	*tcp = (struct tcp_head){};
	if (!session || !read_headers(skb, tcp) || tcp->data >= skb->len || (tcp->flags & TCP_FLAG_SYN))
		return NULL;
	return session;
}

#endif /* KVIEW_MONITOR_PACKETS_BPF_H */

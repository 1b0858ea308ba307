// SPDX-License-Identifier: GPL-2.0-only
/*
 * HTTP/1 on the targets' TCP sessions: each packet of their cgroups comes by, and leaves at once unless its socket is
 * one of theirs and it carries data. A message is recognised where a packet's data begins with its first line.
 */
#include "monitor/probes/sessions.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define HTTP_IN 0
#define HTTP_OUT 1

__u64 lost;
const volatile __u32 paths_max;

static const struct monitor_sample empty;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, HTTP_KEYS);
	__uint(map_flags, 1); /* BPF_F_NO_PREALLOC */
	__type(key, struct http_key);
	__type(value, struct monitor_sample);
} samples SEC(".maps");

/* Paths that get series of their own. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, char[HTTP_PATH]);
	__type(value, __u8);
} paths SEC(".maps");

struct __sk_buff {
	__u32 len;
};

static __always_inline struct monitor_sample *sample_for(const struct tcp_session *session)
{
	struct http_key key = { .target = session->target,
				.status = session->http.status,
				.method = session->http.method,
				.client = !session->server };

	__builtin_memcpy(key.path, session->http.path, HTTP_PATH);
	return sample_of(&samples, &key, &empty);
}

/* The head lies in a map, not on the stack, where the verifier would follow every value it can have. */
static long step(__u32 i, struct tcp_session **session)
{
	(void)i;
	return http_path_step(&(*session)->http.head);
}

/* A path that has no place of its own is one of the others. */
static __always_inline void keep_path(struct tcp_http *http)
{
	const struct http_head *head = &http->head;
	const __u8 one = 1;

	__builtin_memset(http->path, 0, HTTP_PATH);
	if (!paths_max)
		return;
	if (bpf_map_lookup_elem(&paths, head->path) || !bpf_map_update_elem(&paths, head->path, &one, BPF_NOEXIST))
		__builtin_memcpy(http->path, head->path, HTTP_PATH);
}

static __always_inline void take_request(struct tcp_session *session, __u8 method, __u32 at)
{
	struct tcp_http *http = &session->http;

	http->head.at = at;
	http->head.out = http->head.part = http->head.digits = 0;
	bpf_loop(HTTP_STEPS, step, &session, 0);
	http_path_end(&http->head);
	http->method = method;
	keep_path(http);
	http->status = 0;
	http->asked_at = bpf_ktime_get_ns();
	http->asked = 0;
	http->waiting = 1;
}

static __always_inline void take_answer(struct tcp_session *session, __u16 status)
{
	struct monitor_sample *sample;

	/* 100 and the like come before the answer. */
	if (!session->http.waiting || status < 200)
		return;
	session->http.status = status;
	session->http.waiting = 0;
	sample = sample_for(session);
	if (!sample)
		return;
	sample_add_shared(sample, bpf_ktime_get_ns() - session->http.asked_at);
	__sync_fetch_and_add(&sample->extra[0], session->http.asked);
}

static __always_inline void add_bytes(struct tcp_session *session, __u32 is_request, __u32 len)
{
	struct monitor_sample *sample;

	if (is_request) {
		session->http.asked += len;
	} else if (session->http.status && !session->http.waiting) {
		sample = sample_for(session);
		if (sample)
			__sync_fetch_and_add(&sample->extra[1], len);
	}
}

/* Whether these bytes are new: what is sent again comes by again. */
static __always_inline int advance(struct tcp_http *http, __u32 direction, const struct http_tcp *tcp, __u32 len)
{
	int known = http->seen[direction];

	if (known && (__s32)(tcp->seq - http->next[direction]) < 0)
		return 0;
	http->seen[direction] = 1;
	http->next[direction] = tcp->seq + len;
	return 1;
}

static __always_inline void take_data(struct __sk_buff *skb, struct tcp_session *session, const struct http_tcp *tcp,
				      __u32 len, __u32 direction)
{
	__u32 is_request = direction == (session->server ? HTTP_IN : HTTP_OUT), n = len, at = 0;
	struct http_head *head = &session->http.head;
	__u8 method;

	if (!advance(&session->http, direction, tcp, len))
		return;
	/* 6.1 forgets that a copy of a number is as large as the number: what is compared must be what is used. */
	asm volatile("" : "+r"(n));
	if (n > HTTP_HEAD_BYTES)
		n = HTTP_HEAD_BYTES;
	if (n >= HTTP_LEAST_BYTES && !bpf_skb_load_bytes(skb, tcp->data, head->bytes, n)) {
		head->len = n;
		method = is_request ? http_method(head, &at) : HTTP_NONE;
		if (method)
			take_request(session, method, at);
		else if (!is_request)
			take_answer(session, http_status(head));
	}
	add_bytes(session, is_request, len);
}

static __always_inline int take_packet(struct __sk_buff *skb, __u32 direction)
{
	__u64 cookie = bpf_get_socket_cookie(skb);
	struct tcp_session *session = cookie ? bpf_map_lookup_elem(&sessions, &cookie) : NULL;
	__u8 header[40];
	struct http_tcp tcp;
	__u32 offset;

	if (!session || bpf_skb_load_bytes(skb, 0, header, sizeof(header)))
		return 1;
	offset = ip_payload(header, IP_TCP);
	if (!offset || bpf_skb_load_bytes(skb, offset, header, 20) || !http_tcp(header, offset, &tcp) ||
	    tcp.data >= skb->len || (tcp.flags & HTTP_TCP_SYN))
		return 1;
	take_data(skb, session, &tcp, skb->len - tcp.data, direction);
	return 1;
}

SEC("cgroup_skb/ingress")
int monitor_http_in(struct __sk_buff *skb)
{
	return take_packet(skb, HTTP_IN);
}

SEC("cgroup_skb/egress")
int monitor_http_out(struct __sk_buff *skb)
{
	return take_packet(skb, HTTP_OUT);
}

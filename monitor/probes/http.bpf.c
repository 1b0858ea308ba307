// SPDX-License-Identifier: GPL-2.0-only
/* HTTP/1 on the targets' TCP sessions. A message is recognised where a packet's data begins with its first line. */
#include "monitor/probes/packets.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define TCP_CLOSE 7 /* include/net/tcp_states.h */

struct sock;

__u64 lost;
const volatile __u32 paths_max;

#define PLACE_LASTS 1000000000ULL /* ns at the least, which no series is forgotten in */

static const struct monitor_sample empty;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, HTTP_KEYS);
	__uint(map_flags, 1); /* BPF_F_NO_PREALLOC */
	__type(key, struct http_key);
	__type(value, struct monitor_sample);
} samples SEC(".maps");

/* Paths that get series of their own. User space takes those away whose series have been forgotten. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, char[HTTP_PATH]);
	__type(value, __u8);
} paths SEC(".maps");

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

static __always_inline int is_same(const __u64 *one, const __u64 *other)
{
	__u32 i;

	for (i = 0; i < HTTP_HEAD_BYTES / sizeof(*one); i++)
		if (one[i] != other[i])
			return 0;
	return 1;
}

/* Who asks for the same again, with the same first bytes, is not read again. */
static __always_inline int read_request(struct tcp_session *session, const __u64 *bytes, __u32 len)
{
	struct http_head *head = &session->http.head;
	__u32 at = 0;
	__u8 method;

	if (head->len == len && is_same(bytes, (const __u64 *)head->bytes))
		return 1;
	__builtin_memcpy(head->bytes, bytes, HTTP_HEAD_BYTES);
	head->len = len;
	method = http_method(head->bytes, head->len, &at);
	if (!method) {
		head->len = 0;
		return 0;
	}
	head->at = at;
	head->out = head->part = head->part_at = head->kind = 0;
	bpf_loop(HTTP_STEPS, step, &session, 0);
	http_path_end(head);
	session->http.method = method;
	session->http.path[0] = 0;
	return 1;
}

static __always_inline void take_request(struct __sk_buff *skb, struct tcp_session *session, __u32 offset, __u32 len)
{
	__u64 bytes[HTTP_HEAD_BYTES / 8] = {};
	struct tcp_http *http = &session->http;
	__u64 now;

	/* 6.1 forgets that a copy of a number is as large as the number: what is compared must be what is used. */
	asm volatile("" : "+r"(len));
	if (len > HTTP_HEAD_BYTES)
		len = HTTP_HEAD_BYTES;
	if (len < HTTP_LEAST_BYTES || bpf_skb_load_bytes(skb, offset, bytes, len) || !read_request(session, bytes, len))
		return;
	now = bpf_ktime_get_ns();
	/* For the same path again, too, unless it had its place just now: it may have lost it since, or can have one now. */
	if (!http->path[0] || now - http->asked_at > PLACE_LASTS)
		keep_path(http);
	http->status = 0;
	http->asked_at = now;
	http->asked = 0;
	http->waiting = 1;
	http->silent = 1;
}

/* The request that waits waits no more. Its sample; NULL: there is no room. */
static __always_inline struct monitor_sample *end_request(struct tcp_session *session, __u16 status)
{
	struct monitor_sample *sample;

	session->http.status = status;
	session->http.waiting = 0;
	sample = sample_for(session);
	if (!sample)
		return NULL;
	sample_add_shared(sample, bpf_ktime_get_ns() - session->http.asked_at);
	__sync_fetch_and_add(&sample->extra[0], session->http.asked);
	return sample;
}

static __always_inline __u16 load_status(struct __sk_buff *skb, __u32 offset, __u32 len)
{
	__u8 bytes[HTTP_LEAST_BYTES];

	if (len < HTTP_LEAST_BYTES || bpf_skb_load_bytes(skb, offset, bytes, sizeof(bytes)))
		return 0;
	return http_status(bytes, sizeof(bytes));
}

/* Its sample; NULL: it answers no request that was seen, or there is no room. */
static __always_inline struct monitor_sample *take_answer(struct __sk_buff *skb, struct tcp_session *session,
							  __u32 offset, __u32 len)
{
	__u16 status;

	if (!session->http.waiting)
		return NULL;
	status = load_status(skb, offset, len);
	if (!status)
		session->http.silent = 0;
	/* 100 and the like come before the answer; behind 101 something else follows. */
	if (status < 200 && status != HTTP_SWITCHING)
		return NULL;
	return end_request(session, status);
}

/* @sample: NULL when this is no beginning of an answer. */
static __always_inline void add_answer_bytes(struct tcp_session *session, struct monitor_sample *sample, __u32 len)
{
	if (!session->http.status || session->http.waiting)
		return;
	sample = sample ?: sample_for(session);
	if (sample)
		__sync_fetch_and_add(&sample->extra[1], len);
	if (session->http.status == HTTP_SWITCHING)
		session->http.status = 0;
}

static __always_inline void take_data(struct __sk_buff *skb, struct tcp_session *session, const struct tcp_head *tcp,
				      __u32 len, __u32 direction)
{
	if (!tcp_is_new(&session->http.order[direction], tcp->seq, len))
		return;
	if (direction == (session->server ? PACKET_IN : PACKET_OUT)) {
		take_request(skb, session, tcp->data, len);
		session->http.asked += len;
	} else {
		add_answer_bytes(session, take_answer(skb, session, tcp->data, len), len);
	}
}

static __always_inline int take_packet(struct __sk_buff *skb, __u32 direction)
{
	struct tcp_head tcp;
	struct tcp_session *session = read_packet(skb, bpf_get_socket_cookie(skb), &tcp);

	if (session)
		take_data(skb, session, &tcp, skb->len - tcp.data, direction);
	return 1;
}

SEC("cgroup_skb/ingress")
int monitor_http_in(struct __sk_buff *skb)
{
	return take_packet(skb, PACKET_IN);
}

SEC("cgroup_skb/egress")
int monitor_http_out(struct __sk_buff *skb)
{
	return take_packet(skb, PACKET_OUT);
}

/* A request whose connection ends before anything has come back. This runs before or after the end is tcp.bpf.c's. */
SEC("tp_btf/inet_sock_set_state")
int monitor_http_state(__u64 *ctx)
{
	struct tcp_session *session;
	__u64 cookie;

	if ((int)ctx[2] != TCP_CLOSE)
		return 0;
	cookie = bpf_get_socket_cookie((struct sock *)ctx[0]);
	session = bpf_map_lookup_elem(&sessions, &cookie);
	if (!session || !session->http.waiting)
		return 0;
	if (session->http.silent)
		end_request(session, HTTP_UNANSWERED);
	session->http.waiting = 0;
	if (session->http.ended)
		bpf_map_delete_elem(&sessions, &cookie);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * HTTP/1 on the targets' TCP sessions. All requests are looked at from head to head; answers only where a packet's data
 * begins with one's first line, until a session has sent a request while another waited, or was still being answered,
 * or something else came before an answer: from then on its answers are looked at from head to head, too.
 */
#include "monitor/probes/packets.bpf.h"

struct http_packet {
	struct __sk_buff *skb;
	struct tcp_session *session;
	__u64 cookie;
	__u32 mark; /* offset of what belongs to no message yet */
	__u32 messages; /* that have begun in it */
};

#define http_load(packet, offset, to, len) bpf_skb_load_bytes((packet)->skb, offset, to, len)
#include "monitor/probes/http_stream.h"

char LICENSE[] SEC("license") = "GPL";

#define TCP_CLOSE 7 /* include/net/tcp_states.h */

struct sock;

__u64 lost;
const volatile __u32 paths_max;

#define PIPELINES 1024 /* sessions with one */
#define PIPELINE 32    /* requests of it, that is answered and those that wait: a power of two */
/* Steps for a packet: heads and chunks have more than so many bytes a line, but who wants us busy need not write such. */
#define STEPS_LEAST 64
#define STEP_BYTES 4
#define REQUESTS_MAX 65536 /* of a session that nobody answers */
#define PLACE_LASTS 1000000000ULL /* ns at the least, which no series is forgotten in */

struct http_pipeline {
	struct http_asked asked[PIPELINE]; /* by the last bits of their numbers */
};

static const struct monitor_sample empty;
static const struct http_pipeline new_pipeline;

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

/* By the sockets' cookies. User space takes those away whose sessions are gone. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PIPELINES);
	__uint(map_flags, 1); /* BPF_F_NO_PREALLOC: most machines have none */
	__type(key, __u64);
	__type(value, struct http_pipeline);
} pipelines SEC(".maps");

static __always_inline struct monitor_sample *sample_for(const struct tcp_session *session,
							 const struct http_asked *asked)
{
	struct http_key key = { .target = session->target,
				.status = asked->status,
				.method = asked->method,
				.client = !session->server };

	__builtin_memcpy(key.path, asked->path, HTTP_PATH);
	return sample_of(&samples, &key, &empty);
}

/* @extra: 0 for a request's own bytes, 1 for its answer's. */
static __always_inline void add_bytes(const struct tcp_session *session, const struct http_asked *asked, __u32 extra,
				      __u32 len)
{
	struct monitor_sample *sample = sample_for(session, asked);

	if (sample)
		__sync_fetch_and_add(&sample->extra[extra], len);
}

/* The place of a request; NULL: its pipeline is gone. */
static __always_inline struct http_asked *place_of(struct tcp_session *session, __u64 cookie, __u32 number)
{
	struct http_pipeline *pipeline;

	if (!session->http.piped || (__s32)(number - session->http.piped_from) < 0)
		return &session->http.pair[number & 1];
	pipeline = bpf_map_lookup_elem(&pipelines, &cookie);
	if (!pipeline)
		return NULL;
	/* Not before it is known to be there: the compiler would. */
	asm volatile("" : "+r"(pipeline));
	return &pipeline->asked[number % PIPELINE];
}

/* Through a packet. 1: it has too many steps. */
#define walk(step, packet, len)                                      \
	({                                                           \
		__u32 steps = STEPS_LEAST + (len) / STEP_BYTES;      \
		bpf_loop(steps, step, packet, 0) == (long)steps;     \
	})

#include "monitor/probes/http_requests.bpf.h"
#include "monitor/probes/http_answers.bpf.h"

/* --- packets ------------------------------------------------------------------------------------------------------ */

/* What comes late, or behind something that is missing, tells nothing of what comes next. */
static __always_inline void take_data(struct http_packet *packet, const struct tcp_head *tcp, __u32 len,
				      __u32 direction)
{
	struct tcp_session *session = packet->session;
	struct tcp_order *order = &session->http.order[direction & 1];
	int is_next = order->seen && tcp->seq == order->next, is_late;

	if (session->http.switched || !tcp_is_new(order, tcp->seq, len))
		return;
	is_late = order->next != tcp->seq + len;
	if (direction != (session->server ? PACKET_IN : PACKET_OUT)) {
		if (!session->http.spoken)
			find_unseen(packet, len, tcp->ack);
		take_answers(packet, len, is_next);
		if (is_late)
			http_stream_lose(&session->http.answers);
		return;
	}
	if (!is_next)
		http_stream_lose(&session->http.requests);
	take_requests(packet, len);
	if (is_late)
		http_stream_lose(&session->http.requests);
}

static __always_inline int take_packet(struct __sk_buff *skb, __u32 direction)
{
	struct http_packet packet = { .skb = skb, .cookie = bpf_get_socket_cookie(skb) };
	struct tcp_head tcp;

	packet.session = read_packet(skb, packet.cookie, &tcp);
	if (!packet.session)
		return 1;
	packet.mark = tcp.data;
	take_data(&packet, &tcp, skb->len - tcp.data, direction);
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

/* --- the end ------------------------------------------------------------------------------------------------------ */

static long step_unanswered(__u32 i, struct http_packet *packet)
{
	struct http_asked *asked = next_asked(packet->session, packet->cookie);

	(void)i;
	if (asked)
		end_request(packet->session, asked, HTTP_UNANSWERED);
	return !asked;
}

/* Requests whose connection ends before anything has come back. This runs before or after the end is tcp.bpf.c's. */
SEC("tp_btf/inet_sock_set_state")
int monitor_http_state(__u64 *ctx)
{
	struct http_packet packet = {};
	struct tcp_http *http;

	if ((int)ctx[2] != TCP_CLOSE)
		return 0;
	packet.cookie = bpf_get_socket_cookie((struct sock *)ctx[0]);
	packet.session = bpf_map_lookup_elem(&sessions, &packet.cookie);
	if (!packet.session)
		return 0;
	http = &packet.session->http;
	if (http_waiting(http) && http->silent)
		bpf_loop(REQUESTS_MAX, step_unanswered, &packet, 0);
	http->asked = http->answered;
	if (http->piped)
		bpf_map_delete_elem(&pipelines, &packet.cookie);
	http->piped = 0;
	if (http->ended)
		bpf_map_delete_elem(&sessions, &packet.cookie);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * WebSocket on the targets' TCP sessions, and Interledger's packets in its messages. A session is known by the answer
 * that opens it, or, if it was there before, by its frames; most are neither, which two bytes of a packet tell.
 */
#include "monitor/probes/packets.bpf.h"
#include "monitor/probes/websocket_record.h"

char LICENSE[] SEC("license") = "GPL";

#define TCP_CLOSE 7 /* include/net/tcp_states.h */
#define WS_STEPS 16384 /* for a packet: its frames are at most four for each */
#define WS_TRIES 256 /* packets of a session that was there before, until it is none of WebSocket */

struct ws_packet {
	struct __sk_buff *skb;
	struct ws_stream *stream;
	struct ws_flow *flow; /* of it: what the packet goes on with */
	__u64 cookie;
	__u32 direction;
};

#define ws_load(packet, offset, to, len) bpf_skb_load_bytes((packet)->skb, offset, to, len)
#include "monitor/probes/btp_parse.h"
#include "monitor/probes/websocket_parse.h"

struct sock;
struct bpf_map;

__u64 lost;
__u64 open_sessions[WS_TARGETS];
__u8 alive[WS_TARGETS]; /* whether a target still has this number */
__u64 started; /* sessions of before may be in their midst */
const volatile __u8 with_ilp;

static const struct monitor_sample empty;
static const struct ws_stream new_stream;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WS_KEYS);
	__uint(map_flags, 1); /* BPF_F_NO_PREALLOC */
	__type(key, struct ws_key);
	__type(value, struct monitor_sample);
} samples SEC(".maps");

/* By the sockets' cookies. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WS_STREAMS);
	__uint(map_flags, 1); /* BPF_F_NO_PREALLOC: most machines have few */
	__type(key, __u64);
	__type(value, struct ws_stream);
} streams SEC(".maps");

/* When they were made. */
struct {
	__uint(type, MAP_TYPE_LRU_HASH);
	__uint(max_entries, WS_REQUESTS);
	__type(key, struct ws_request);
	__type(value, __u64);
} requests SEC(".maps");

/* --- counting ----------------------------------------------------------------------------------------------------- */

static __always_inline struct monitor_sample *sample_for(__u32 target, __u8 what, __u8 direction, __u16 detail)
{
	struct ws_key key = { .target = target, .what = what, .direction = direction, .detail = detail };

	return sample_of(&samples, &key, &empty);
}

static __always_inline void count(__u32 target, __u8 what, __u8 direction, __u16 detail, __u64 value)
{
	struct monitor_sample *sample = sample_for(target, what, direction, detail);

	if (sample)
		sample_add_shared(sample, value);
}

static __always_inline void count_bytes(const struct ws_packet *packet, __u8 what, __u16 detail, __u64 bytes)
{
	struct monitor_sample *sample = sample_for(packet->stream->target, what, packet->direction, detail);

	if (!sample)
		return;
	__sync_fetch_and_add(&sample->count, 1);
	__sync_fetch_and_add(&sample->extra[0], bytes);
}

/* --- Interledger -------------------------------------------------------------------------------------------------- */

static __always_inline void take_answer(const struct ws_packet *packet, const struct btp_packet *btp)
{
	struct ws_request request = { .cookie = packet->cookie,
				      .number = btp->request,
				      .direction = !packet->direction };
	__u64 *asked = bpf_map_lookup_elem(&requests, &request);
	__u8 kind = btp->kind == ILP_FULFILL || btp->kind == ILP_REJECT ? btp->kind : ILP_NONE;

	if (!asked)
		return;
	count(packet->stream->target, WS_ILP_ANSWERED, request.direction, kind, bpf_ktime_get_ns() - *asked);
	bpf_map_delete_elem(&requests, &request);
}

static __always_inline void take_btp(const struct ws_packet *packet, const struct btp_packet *btp, __u64 bytes)
{
	struct ws_request request = { .cookie = packet->cookie,
				      .number = btp->request,
				      .direction = packet->direction };
	__u64 now = bpf_ktime_get_ns();

	count_bytes(packet, WS_BTP, btp->type, bytes);
	if (btp->kind != ILP_NONE)
		count_bytes(packet, WS_ILP, btp->kind, 0);
	if (btp->kind == ILP_REJECT)
		count_bytes(packet, WS_ILP_REJECTED, btp->code, 0);
	if (btp->type == BTP_MESSAGE && btp->kind == ILP_PREPARE)
		bpf_map_update_elem(&requests, &request, &now, BPF_ANY);
	else if (btp->type == BTP_RESPONSE || btp->type == BTP_ERROR)
		take_answer(packet, btp);
}

/* --- frames ------------------------------------------------------------------------------------------------------- */

/* Frames that were kept until they were believed, and from now on all. */
static __always_inline void believe(struct ws_packet *packet, struct ws_flow *flow)
{
	__u32 i;

	if (!packet->stream->known)
		count_bytes(packet, WS_FOUND, 0, 0);
	for (i = 0; i < WS_PROOF; i++) {
		if (i >= flow->kept)
			break;
		count_bytes(packet, WS_FRAMES, flow->kept_opcode[i], flow->kept_len[i]);
	}
	flow->kept = 0;
	ws_know(packet->stream, packet->direction);
}

static __always_inline void take_close(struct ws_stream *stream, const struct ws_flow *flow)
{
	if (!stream->closing)
		stream->code = ws_close_code(flow);
	stream->closing = 1;
}

/* A message of BTP's proves more than a chain of frames. */
static __always_inline void take_peek(struct ws_packet *packet, struct ws_flow *flow)
{
	struct btp_packet btp;

	if (flow->opcode == WS_CLOSE) {
		if (flow->state == WS_KNOWN)
			take_close(packet->stream, flow);
		return;
	}
	if (!with_ilp || !btp_parse((const __u8 *)flow->peek, flow->want, flow->len, &btp))
		return;
	if (flow->state == WS_PROVING) {
		ws_prove(flow);
		believe(packet, flow);
	}
	take_btp(packet, &btp, flow->len);
}

static __always_inline void take_frame(struct ws_packet *packet, struct ws_flow *flow)
{
	count_bytes(packet, WS_FRAMES, flow->opcode, flow->len);
	/* One without a code. */
	if (flow->opcode == WS_CLOSE && !flow->len)
		packet->stream->closing = 1;
}

static __always_inline void open_session(struct ws_packet *packet)
{
	struct ws_stream *stream = packet->stream;

	stream->opened = 1;
	stream->began = bpf_ktime_get_ns();
	count_bytes(packet, WS_OPENED_HERE, packet->direction == PACKET_IN, 0);
	ws_know(stream, packet->direction);
}

static long step(__u32 i, struct ws_packet *packet)
{
	struct ws_flow *flow = packet->flow;

	(void)i;
	switch (ws_step(packet, flow)) {
	case WS_END:
	case WS_REFUSED:
		return 1;
	case WS_FRAME:
		take_frame(packet, flow);
		break;
	case WS_PEEKED:
		take_peek(packet, flow);
		break;
	case WS_PROVEN:
		believe(packet, flow);
		break;
	case WS_OPENED:
		open_session(packet);
		break;
	case WS_LOST:
		count_bytes(packet, WS_STRAYED, 0, 0);
		break;
	default:
		break;
	}
	return 0;
}

/* --- sessions ----------------------------------------------------------------------------------------------------- */

static __always_inline struct ws_stream *add_stream(struct tcp_session *session, __u64 cookie)
{
	struct ws_stream *stream;

	if (bpf_map_update_elem(&streams, &cookie, &new_stream, BPF_NOEXIST))
		__sync_fetch_and_add(&lost, 1);
	stream = bpf_map_lookup_elem(&streams, &cookie);
	if (!stream)
		return NULL;
	stream->target = session->target;
	session->websocket.stream = 1;
	return stream;
}

/* Whether a session may have become one of WebSocket before anybody looked. */
static __always_inline int may_be_found(const struct tcp_session *session)
{
	return (session->old || session->began < started) && session->websocket.tries < WS_TRIES;
}

/* Who listens answers; of sessions that were there before it may not be known who that is. */
static __always_inline int may_answer(const struct tcp_session *session, __u32 direction)
{
	return session->old || direction == (session->server ? PACKET_OUT : PACKET_IN);
}

/* The stream that a packet makes one; NULL: it does not. */
static __always_inline struct ws_stream *new_session(struct __sk_buff *skb, struct tcp_session *session, __u64 cookie,
						     const struct tcp_head *tcp, __u32 direction)
{
	__u32 len = skb->len - tcp->data;
	__u8 bytes[HTTP_LEAST_BYTES];
	struct ws_stream *stream;

	if (may_answer(session, direction) && len >= sizeof(bytes) &&
	    !bpf_skb_load_bytes(skb, tcp->data, bytes, sizeof(bytes)) &&
	    http_status(bytes, sizeof(bytes)) == HTTP_SWITCHING) {
		stream = add_stream(session, cookie);
		if (stream)
			ws_begin(stream, direction, tcp->ack);
		return stream;
	}
	if (!may_be_found(session) || len < 2 || bpf_skb_load_bytes(skb, tcp->data, bytes, 2))
		return NULL;
	if (!ws_may_begin(bytes[0], bytes[1])) {
		session->websocket.tries++;
		return NULL;
	}
	stream = add_stream(session, cookie);
	if (stream)
		ws_find(stream);
	return stream;
}

static __always_inline void forget_session(struct tcp_session *session, __u64 cookie)
{
	session->websocket.stream = 0;
	session->websocket.tries++;
	bpf_map_delete_elem(&streams, &cookie);
}

static __always_inline void take_data(struct ws_packet *packet, struct tcp_session *session,
				      const struct tcp_head *tcp)
{
	struct ws_stream *stream = packet->stream;
	__u32 len = packet->skb->len - tcp->data, direction = packet->direction;
	struct ws_flow *flow = ws_choose(stream, direction, tcp->seq, len);
	enum ws_event event = ws_enter(stream, flow, direction, tcp->seq, tcp->data, len);

	if (event == WS_END)
		return;
	if (event == WS_LOST)
		count_bytes(packet, WS_STRAYED, 0, 0);
	packet->flow = flow;
	bpf_loop(WS_STEPS, step, packet, 0);
	if (flow->at < flow->end && ws_give_up(flow) == WS_LOST)
		count_bytes(packet, WS_STRAYED, 0, 0);
	if (flow == &stream->holes[direction & 1] && ws_fill(stream, direction) == WS_PROVEN)
		believe(packet, &stream->flows[direction & 1]);
	/* Neither an answer that opens a session nor a chain of frames. */
	if (!stream->known && stream->flows[0].state != WS_PROVING && stream->flows[1].state != WS_PROVING &&
	    flow->state == WS_SEARCHING)
		forget_session(session, packet->cookie);
}

static __always_inline int take_packet(struct __sk_buff *skb, __u32 direction)
{
	struct ws_packet packet = { .skb = skb, .cookie = bpf_get_socket_cookie(skb), .direction = direction };
	struct tcp_head tcp;
	struct tcp_session *session = read_packet(skb, packet.cookie, &tcp);

	if (!session)
		return 1;
	if (session->websocket.stream)
		packet.stream = bpf_map_lookup_elem(&streams, &packet.cookie);
	if (!packet.stream)
		packet.stream = new_session(skb, session, packet.cookie, &tcp, direction);
	if (packet.stream)
		take_data(&packet, session, &tcp);
	return 1;
}

SEC("cgroup_skb/ingress")
int monitor_ws_in(struct __sk_buff *skb)
{
	return take_packet(skb, PACKET_IN);
}

SEC("cgroup_skb/egress")
int monitor_ws_out(struct __sk_buff *skb)
{
	return take_packet(skb, PACKET_OUT);
}

/* RFC 6455 has 1000 to 1015, and leaves 3000 to 4999 to others. */
static __always_inline __u16 close_label(const struct ws_stream *stream)
{
	__u16 code = stream->code;

	if (!stream->closing)
		return WS_NO_CLOSE;
	if (!code || (code >= 1000 && code < 1016))
		return code ?: WS_NO_CODE;
	return code >= 3000 && code < 5000 ? code / 1000 * 1000 : WS_OTHER_CODE;
}

SEC("tp_btf/inet_sock_set_state")
int monitor_ws_state(__u64 *ctx)
{
	struct ws_stream *stream;
	__u64 cookie;

	if ((int)ctx[2] != TCP_CLOSE)
		return 0;
	cookie = bpf_get_socket_cookie((struct sock *)ctx[0]);
	stream = bpf_map_lookup_elem(&streams, &cookie);
	if (!stream)
		return 0;
	if (stream->known)
		count(stream->target, WS_CLOSED, 0, close_label(stream), 0);
	if (stream->opened)
		count(stream->target, WS_LIVED, 0, 0, bpf_ktime_get_ns() - stream->began);
	bpf_map_delete_elem(&streams, &cookie);
	return 0;
}

/* --- when user space looks ---------------------------------------------------------------------------------------- */

static long look_at(struct bpf_map *map, __u64 *cookie, struct ws_stream *stream, void *data)
{
	__u32 target = stream->target;

	(void)data;
	if (target >= WS_TARGETS || !alive[target])
		bpf_map_delete_elem(map, cookie);
	else if (stream->known)
		open_sessions[target]++;
	return 0;
}

SEC("raw_tp")
int monitor_ws_look(void *ctx)
{
	__u32 i;

	(void)ctx;
	for (i = 0; i < WS_TARGETS; i++)
		open_sessions[i] = 0;
	bpf_for_each_map_elem(&streams, look_at, NULL, 0);
	return 0;
}

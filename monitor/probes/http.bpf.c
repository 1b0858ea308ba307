// SPDX-License-Identifier: GPL-2.0-only
/*
 * HTTP/1 on the targets' TCP sessions. All requests are looked at from head to head; answers only where a packet's data
 * begins with one's first line, until a session has sent a request while another waited, or was still being answered:
 * from then on its answers are looked at from head to head, too.
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
#define PACKET_STEPS 65538 /* for a packet: each but the first and the last takes a byte or more */
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

/* --- requests ----------------------------------------------------------------------------------------------------- */

/* The head lies in a map, not on the stack, where the verifier would follow every value it can have. */
static long step_path(__u32 i, struct tcp_session **session)
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

static __always_inline int is_same(const struct http_stream *line, const struct http_head *head)
{
	const __u64 *words = (const __u64 *)head->bytes;
	__u32 i;

	for (i = 0; i < HTTP_LINE_BYTES / 8; i++)
		if (line->words[i] != words[i])
			return 0;
	return 1;
}

/* Who asks for the same again, with the same first bytes, is not read again. 0: this is no request's first line. */
static __always_inline int read_request(struct tcp_session *session)
{
	const struct http_stream *line = &session->http.requests;
	struct http_head *head = &session->http.head;
	__u32 at = 0;
	__u8 method;

	if (head->len == line->len && is_same(line, head))
		return 1;
	__builtin_memcpy(head->bytes, line->bytes, HTTP_HEAD_BYTES);
	head->len = line->len;
	method = http_method(head->bytes, head->len, &at);
	if (!method) {
		head->len = 0;
		return 0;
	}
	head->at = at;
	head->out = head->part = head->part_at = head->kind = 0;
	bpf_loop(HTTP_STEPS, step_path, &session, 0);
	http_path_end(head);
	session->http.method = method;
	session->http.path[0] = 0;
	return 1;
}

/* From now on requests have places in a pipeline. */
static __always_inline int begin_pipeline(struct tcp_session *session, __u64 cookie)
{
	long err = bpf_map_update_elem(&pipelines, &cookie, &new_pipeline, BPF_ANY);

	if (err) {
		__sync_fetch_and_add(&lost, 1);
		return err;
	}
	session->http.piped_from = session->http.asked;
	session->http.piped = 1;
	return 0;
}

/* Nobody knows any more whom the next answer is for: requests that wait are none any more. */
static __always_inline void forget_requests(struct tcp_session *session, __u64 cookie)
{
	struct tcp_http *http = &session->http;
	struct http_asked *last = place_of(session, cookie, http->answered - 1);

	if (http->piped)
		__sync_fetch_and_add(&lost, http_waiting(http));
	http->asked = http->answered;
	if (last)
		last->more = 0;
}

/* A place for a request; NULL: there is none, or it is one of many, and counted with the last that has one. */
static __always_inline struct http_asked *find_place(struct tcp_session *session, __u64 cookie, int is_sure)
{
	struct tcp_http *http = &session->http;
	struct http_asked *last;

	if (http_waiting(http) && (!is_sure || http->missed))
		forget_requests(session, cookie);
	if (!http_waiting(http)) {
		http->asked = http->answered;
		http->silent = 1;
		http->missed = 0;
	} else if (!http->piped && begin_pipeline(session, cookie)) {
		return NULL;
	}
	if (http_waiting(http) < PIPELINE - 1)
		return place_of(session, cookie, http->asked);
	last = place_of(session, cookie, http->asked - 1);
	if (last)
		last->more++;
	return NULL;
}

/* The request of the head begins. @is_sure: it does for sure. */
static __always_inline void add_request(struct tcp_session *session, __u64 cookie, int is_sure)
{
	struct tcp_http *http = &session->http;
	struct http_asked *asked = find_place(session, cookie, is_sure);
	__u64 now = bpf_ktime_get_ns();

	if (!asked)
		return;
	/* For the same path again, too, unless it had its place just now: it may have lost it since, or can have one now. */
	if (!http->path[0] || now - http->asked_at > PLACE_LASTS)
		keep_path(http);
	http->asked_at = now;
	asked->at = now;
	asked->bytes = asked->more = 0;
	asked->status = 0;
	asked->method = http->method;
	__builtin_memcpy(asked->path, http->path, HTTP_PATH);
	/* Answers come by on another CPU, perhaps. */
	asm volatile("" ::: "memory");
	http->asked++;
}

static __always_inline void add_request_bytes(struct http_packet *packet, __u32 until)
{
	struct tcp_session *session = packet->session;
	struct http_asked *last = place_of(session, packet->cookie, session->http.asked - 1);
	__u32 len = until - packet->mark;
	struct monitor_sample *sample;

	packet->mark = until;
	if (!len || !last)
		return;
	if (!last->status) {
		last->bytes += len;
		return;
	}
	/* It was answered before all of it was there. */
	sample = sample_for(session, last);
	if (sample)
		__sync_fetch_and_add(&sample->extra[0], len);
}

static __always_inline void take_request(struct http_packet *packet)
{
	struct http_stream *stream = &packet->session->http.requests;
	int is_sure = stream->state != HTTP_LOST;

	add_request_bytes(packet, stream->line);
	if (!read_request(packet->session)) {
		http_stream_lose(stream);
		return;
	}
	add_request(packet->session, packet->cookie, is_sure);
	http_stream_begin(stream, 1);
	packet->messages++;
}

static long step_requests(__u32 i, struct http_packet *packet)
{
	enum http_event event = http_step(packet, &packet->session->http.requests);

	(void)i;
	if (event == HTTP_FIRST)
		take_request(packet);
	return event == HTTP_END;
}

/* Whether a packet is the last request once more, and nothing else. */
static __always_inline int is_again(struct http_packet *packet, __u32 len)
{
	struct tcp_http *http = &packet->session->http;
	struct http_stream *stream = &http->requests;

	if (!len || len != http->alone || stream->state > HTTP_BETWEEN || stream->kept)
		return 0;
	if (len > HTTP_LINE_BYTES)
		len = HTTP_LINE_BYTES;
	/* Behind it there are zeros: the last packet that was read was as long, and nothing of a line was kept before it. */
	return !bpf_skb_load_bytes(packet->skb, packet->mark, stream->bytes, parse_bounded(len, 127)) &&
	       is_same(stream, &http->head);
}

/* Most of what is no HTTP goes no further. */
static __always_inline int may_begin(struct http_packet *packet, __u32 len)
{
	__u8 bytes[HTTP_LEAST_BYTES];
	__u32 at;

	return len >= sizeof(bytes) && !bpf_skb_load_bytes(packet->skb, packet->mark, bytes, sizeof(bytes)) &&
	       http_method(bytes, sizeof(bytes), &at);
}

static __always_inline void take_requests(struct http_packet *packet, __u32 len)
{
	struct tcp_http *http = &packet->session->http;
	struct http_stream *stream = &http->requests;
	int is_beginning = stream->state <= HTTP_BETWEEN && !stream->kept;

	if (is_again(packet, len)) {
		add_request(packet->session, packet->cookie, stream->state != HTTP_LOST);
		stream->state = HTTP_BETWEEN;
		add_request_bytes(packet, packet->mark + len);
		return;
	}
	if (stream->state == HTTP_LOST && !may_begin(packet, len)) {
		add_request_bytes(packet, packet->mark + len);
		return;
	}
	http_stream_take(stream, packet->mark, packet->mark + len);
	packet->mark -= stream->kept;
	bpf_loop(PACKET_STEPS, step_requests, packet, 0);
	add_request_bytes(packet, stream->end - stream->kept);
	http->alone = is_beginning && packet->messages == 1 && stream->state == HTTP_BETWEEN && !stream->kept ? len : 0;
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

/* A request waits no more. Its sample; NULL: there is no room. */
static __always_inline struct monitor_sample *end_request(const struct tcp_session *session, struct http_asked *asked,
							  __u16 status)
{
	struct monitor_sample *sample;

	asked->status = status;
	sample = sample_for(session, asked);
	if (!sample)
		return NULL;
	sample_add_shared(sample, bpf_ktime_get_ns() - asked->at);
	__sync_fetch_and_add(&sample->extra[0], asked->bytes);
	/* Those that have no place have the same bytes, which are counted with it. */
	asked->bytes = 0;
	return sample;
}

/* 100 and the like come before the answer; behind 101 something else follows. */
static __always_inline int is_answer(__u16 status)
{
	return status >= 200 || status == HTTP_SWITCHING;
}

static __always_inline __u16 load_status(struct __sk_buff *skb, __u32 offset, __u32 len)
{
	__u8 bytes[HTTP_LEAST_BYTES];

	if (len < HTTP_LEAST_BYTES || bpf_skb_load_bytes(skb, offset, bytes, sizeof(bytes)))
		return 0;
	return http_status(bytes, sizeof(bytes));
}

/* What comes of a session that has one request at a time: an answer's beginning, or more of it. */
static __always_inline void take_answer(struct http_packet *packet, __u16 status, __u32 len)
{
	struct tcp_session *session = packet->session;
	struct tcp_http *http = &session->http;
	struct monitor_sample *sample = NULL;
	struct http_asked *asked;

	if (http_waiting(http) && is_answer(status)) {
		asked = &http->pair[http->answered & 1];
		http->answered++;
		http->switched = status == HTTP_SWITCHING;
		sample = end_request(session, asked, status);
	} else {
		asked = &http->pair[(http->answered - 1) & 1];
		sample = asked->status ? sample_for(session, asked) : NULL;
	}
	if (sample)
		__sync_fetch_and_add(&sample->extra[1], len);
}

/* The request the next answer is for; NULL: none. */
static __always_inline struct http_asked *next_asked(struct tcp_session *session, __u64 cookie)
{
	struct tcp_http *http = &session->http;
	struct http_asked *asked = place_of(session, cookie, http->answered - 1);

	if (asked && asked->status && asked->more) {
		asked->more--;
		return asked;
	}
	if (!http_waiting(http))
		return NULL;
	asked = place_of(session, cookie, http->answered);
	http->answered++;
	return asked;
}

static __always_inline void add_answer_bytes(struct http_packet *packet, __u32 until)
{
	struct tcp_session *session = packet->session;
	struct http_asked *asked = place_of(session, packet->cookie, session->http.answered - 1);
	__u32 len = until - packet->mark;
	struct monitor_sample *sample;

	packet->mark = until;
	sample = len && asked && asked->status ? sample_for(session, asked) : NULL;
	if (sample)
		__sync_fetch_and_add(&sample->extra[1], len);
}

static __always_inline void take_next_answer(struct http_packet *packet, struct http_stream *stream)
{
	__u16 status = http_status(stream->bytes, stream->len);
	struct http_asked *asked = NULL;

	add_answer_bytes(packet, stream->line);
	if (!status) {
		http_stream_lose(stream);
		return;
	}
	packet->messages++;
	if (is_answer(status))
		asked = next_asked(packet->session, packet->cookie);
	if (asked)
		end_request(packet->session, asked, status);
	packet->session->http.silent = 1;
	http_stream_begin(stream, status >= 200 && status != 204 && status != 304 &&
					  !(asked && asked->method == HTTP_HEAD));
	packet->session->http.switched = status == HTTP_SWITCHING;
}

static long step_answers(__u32 i, struct http_packet *packet)
{
	struct http_stream *stream = &packet->session->http.answers;
	enum http_event event = http_step(packet, stream);

	(void)i;
	if (event == HTTP_FIRST)
		take_next_answer(packet, stream);
	return event == HTTP_END;
}

/* From head to head. */
static __always_inline void walk_answers(struct http_packet *packet, __u32 len)
{
	struct tcp_http *http = &packet->session->http;
	struct http_stream *stream = &http->answers;

	http_stream_take(stream, packet->mark, packet->mark + len);
	packet->mark -= stream->kept;
	if (stream->state != HTTP_LOST || http_waiting(http))
		bpf_loop(PACKET_STEPS, step_answers, packet, 0);
	add_answer_bytes(packet, stream->end - stream->kept);
	http->silent &= packet->messages || stream->state != HTTP_LOST;
}

static __always_inline void take_answers(struct http_packet *packet, __u32 len, int is_next)
{
	struct tcp_http *http = &packet->session->http;
	__u32 waiting = http_waiting(http);
	__u16 status = 0;

	if (!is_next) {
		http->missed = waiting;
		http_stream_lose(&http->answers);
	}
	if (!http->walked && !http->piped && waiting)
		status = load_status(packet->skb, packet->mark, len);
	/* What comes before the answer is the end of another one. */
	http->walked |= http->piped || (waiting && !status);
	if (http->walked)
		walk_answers(packet, len);
	else
		take_answer(packet, status, len);
}

/* --- packets ------------------------------------------------------------------------------------------------------ */

/* What comes late, or behind something that is missing, tells nothing of what comes next. */
static __always_inline void take_data(struct http_packet *packet, __u32 seq, __u32 len, __u32 direction)
{
	struct tcp_session *session = packet->session;
	struct tcp_order *order = &session->http.order[direction & 1];
	int is_next = order->seen && seq == order->next, is_late;

	if (session->http.switched || !tcp_is_new(order, seq, len))
		return;
	is_late = order->next != seq + len;
	if (direction != (session->server ? PACKET_IN : PACKET_OUT)) {
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
	take_data(&packet, tcp.seq, skb->len - tcp.data, direction);
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
		bpf_loop(PACKET_STEPS, step_unanswered, &packet, 0);
	http->asked = http->answered;
	if (http->piped)
		bpf_map_delete_elem(&pipelines, &packet.cookie);
	http->piped = 0;
	if (http->ended)
		bpf_map_delete_elem(&sessions, &packet.cookie);
	return 0;
}

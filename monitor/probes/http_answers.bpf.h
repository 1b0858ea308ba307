/* SPDX-License-Identifier: GPL-2.0-only */
/* Answers to them, for http.bpf.c, which has struct http_packet and the maps before it. */
#ifndef KVIEW_MONITOR_HTTP_ANSWERS_BPF_H
#define KVIEW_MONITOR_HTTP_ANSWERS_BPF_H

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
		sample = asked->status && !http->stray ? sample_for(session, asked) : NULL;
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

	packet->mark = until;
	if (len && asked && asked->status)
		add_bytes(session, asked, 1, len);
}

static __always_inline void take_next_answer(struct http_packet *packet, struct http_stream *stream)
{
	struct tcp_http *http = &packet->session->http;
	__u16 status = http_status(stream->bytes, stream->len);
	struct http_asked *asked;

	add_answer_bytes(packet, stream->line);
	if (!status) {
		/* There should be one: the last did not end where it said. */
		http->missed = 1;
		http_stream_lose(stream);
		return;
	}
	packet->messages++;
	http->silent = 1;
	if (!is_answer(status)) {
		http_stream_begin(stream, 0);
		return;
	}
	http->switched = status == HTTP_SWITCHING;
	asked = next_asked(packet->session, packet->cookie);
	if (!asked) {
		/* Nobody knows whether it has the body that it tells of. */
		http_stream_lose(stream);
		return;
	}
	end_request(packet->session, asked, status);
	http_stream_begin(stream, status != 204 && status != 304 && asked->method != HTTP_HEAD);
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
	if ((stream->state != HTTP_LOST || http_waiting(http)) && walk(step_answers, packet, len)) {
		http->missed = 1;
		http_stream_lose(stream);
	}
	add_answer_bytes(packet, stream->end - stream->kept);
	http->silent &= packet->messages || stream->state != HTTP_LOST;
}

/*
 * What comes with the packet that makes a connection, as first requests do where TCP_DEFER_ACCEPT is set, comes to the
 * socket that listens. The answer tells that it was there, and its acknowledgement how long it was.
 */
static __always_inline void find_unseen(struct http_packet *packet, __u32 len, __u32 acknowledged)
{
	struct tcp_session *session = packet->session;
	struct tcp_http *http = &session->http;

	http->spoken = 1;
	if (http->asked || http->stray || !session->server || session->old ||
	    acknowledged == http->order[PACKET_IN].next || !load_status(packet->skb, packet->mark, len))
		return;
	http->pair[0].at = session->began;
	http->pair[0].bytes = acknowledged - http->order[PACKET_IN].next;
	http->asked = 1;
	http->silent = 1;
	http->order[PACKET_IN].next = acknowledged;
	http->requests.state = HTTP_BETWEEN;
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
	/* What comes before the answer is the end of another one, or one that is none, which may have it behind itself. */
	http->walked |= http->piped || (waiting && !is_answer(status));
	if (http->walked)
		walk_answers(packet, len);
	else
		take_answer(packet, status, len);
}

#endif /* KVIEW_MONITOR_HTTP_ANSWERS_BPF_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests on their way, for http.bpf.c, which has struct http_packet and the maps before it. */
#ifndef KVIEW_MONITOR_HTTP_REQUESTS_BPF_H
#define KVIEW_MONITOR_HTTP_REQUESTS_BPF_H

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

	http->stray = 0;
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

	packet->mark = until;
	if (!len || !last || session->http.stray)
		return;
	/* Else it was answered before all of it was there. */
	if (!last->status)
		last->bytes += len;
	else
		add_bytes(session, last, 0, len);
}

static __always_inline void take_request(struct http_packet *packet)
{
	struct http_stream *stream = &packet->session->http.requests;
	int is_sure = stream->state != HTTP_LOST;

	add_request_bytes(packet, stream->line);
	if (!read_request(packet->session)) {
		packet->session->http.stray = 1;
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
	if (walk(step_requests, packet, len))
		http_stream_lose(stream);
	add_request_bytes(packet, stream->end - stream->kept);
	http->alone = is_beginning && packet->messages == 1 && stream->state == HTTP_BETWEEN && !stream->kept ? len : 0;
}

#endif /* KVIEW_MONITOR_HTTP_REQUESTS_BPF_H */

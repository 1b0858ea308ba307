/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages of HTTP/1 (RFC 9112) one behind the other in the data of a TCP session, one direction of it, packet by
 * packet: lines of a head are looked at, bodies are passed over by their length or by that of their chunks. Where it is
 * not known where a message begins, because the beginning of the session was not seen, a part was lost, or an answer's
 * body lasts until the connection ends, a packet's beginning is tried for a request, and an answer is searched for.
 *
 * The same code runs in the kernel and in tests; the one who includes it brings the fixed-width types, struct
 * http_packet and http_load(packet, offset, to, len), which copies at least one byte of it and returns 0 if it could.
 */
#ifndef KVIEW_MONITOR_HTTP_STREAM_H
#define KVIEW_MONITOR_HTTP_STREAM_H

#include "http_stream_record.h"

#define HTTP_LENGTH_AT 15 /* bytes of "Content-Length:" */
#define HTTP_LENGTH_BYTES 20 /* behind them, that hold its number */
#define HTTP_SIZE_BYTES 16 /* digits of a chunk's size, at most */
#define HTTP_BODY_MAX (1ULL << 62)

/* What a step has found. */
enum http_event {
	HTTP_NOTHING,
	HTTP_END,   /* of the packet */
	HTTP_FIRST, /* a line that may be a message's first: @len of @bytes. For an answer that was searched for, it is */
};

/* What tells how long the body is. */
enum http_body {
	HTTP_BODY_NOT_TOLD,
	HTTP_BODY_LENGTH, /* @left */
	HTTP_BODY_CHUNKS,
};

/* Nothing is known of where messages begin: not before the next packet. */
static __always_inline void http_stream_lose(struct http_stream *stream)
{
	stream->state = HTTP_LOST;
	stream->kept = stream->rest = 0;
	stream->at = stream->end;
}

/* A packet's data comes: from offset @at on until @end. */
static __always_inline void http_stream_take(struct http_stream *stream, __u32 at, __u32 end)
{
	stream->at = at;
	stream->end = end;
}

/* The last line was a message's first. @has_body: 0 for what never has one, whatever its head says. */
static __always_inline void http_stream_begin(struct http_stream *stream, int has_body)
{
	stream->state = HTTP_FIELDS;
	stream->body = HTTP_BODY_NOT_TOLD;
	stream->has_body = !!has_body;
	stream->left = 0;
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

/* Where the first of eight bytes that is @c lies; 8: none is. Only the lowest bit that is found is right for sure. */
static __always_inline __u32 http_find(__u64 word, __u8 c)
{
	const __u64 ones = 0x0101010101010101ULL, tops = ones << 7;
	__u64 zero = word ^ (ones * c), found = (zero - ones) & ~zero & tops;

	if (!found)
		return 8;
	/* The top bits of those before it, of which the highest byte of the product is the number. */
	found = ((found & -found) - 1) & tops;
	return ((found >> 7) * ones) >> 56;
}

/*
 * Find where the line ends, among @have bytes: @len of it; @have: it does not. Numbers go through @stream, of which the
 * verifier knows nothing: it would go through all that follows once for each value it could tell from others.
 */
static __always_inline void http_find_end(struct http_stream *stream, __u32 have)
{
	volatile __u32 *len = &stream->len;
	__u32 i, at;

	*len = have;
	for (i = 0; i < HTTP_LINE_BYTES / 8; i++) {
		at = http_find(stream->words[i], '\n');
		if (at < 8) {
			*len = i * 8 + at;
			break;
		}
	}
	if (*len > have)
		*len = have;
}

#define HTTP_EIGHT(a, b, c, d, e, f, g, h)                                                                         \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 | (__u64)(f) << 40 | \
	 (__u64)(g) << 48 | (__u64)(h) << 56)
#define HTTP_SMALL 0x2020202020202020ULL /* makes letters small ones, and leaves '-' and ':' what they are */

static __always_inline int http_is_length(const struct http_stream *stream)
{
	const __u64 mask = ~0ULL >> 8;

	return (stream->words[0] | HTTP_SMALL) == HTTP_EIGHT('c', 'o', 'n', 't', 'e', 'n', 't', '-') &&
	       ((stream->words[1] | HTTP_SMALL) & mask) == HTTP_EIGHT('l', 'e', 'n', 'g', 't', 'h', ':', 0);
}

static __always_inline int http_is_encoding(const struct http_stream *stream)
{
	const __u64 mask = 0xffff;

	return (stream->words[0] | HTTP_SMALL) == HTTP_EIGHT('t', 'r', 'a', 'n', 's', 'f', 'e', 'r') &&
	       (stream->words[1] | HTTP_SMALL) == HTTP_EIGHT('-', 'e', 'n', 'c', 'o', 'd', 'i', 'n') &&
	       ((stream->words[2] | HTTP_SMALL) & mask) == HTTP_EIGHT('g', ':', 0, 0, 0, 0, 0, 0);
}

static __always_inline void http_read_length(struct http_stream *stream)
{
	volatile __u64 *left = &stream->left;
	__u32 i;

	*left = 0;
	for (i = HTTP_LENGTH_AT; i < HTTP_LENGTH_AT + HTTP_LENGTH_BYTES; i++) {
		__u8 c = stream->bytes[i];

		if (c == ' ' && !*left)
			continue;
		if (c < '0' || c > '9')
			break;
		*left = *left * 10 + (c - '0');
	}
	if (*left > HTTP_BODY_MAX)
		*left = HTTP_BODY_MAX;
}

static __always_inline void http_read_size(struct http_stream *stream)
{
	volatile __u64 *left = &stream->left;
	__u32 i;

	*left = 0;
	for (i = 0; i < HTTP_SIZE_BYTES; i++) {
		__u8 c = stream->bytes[i], small = c | 0x20;

		if (c >= '0' && c <= '9')
			*left = *left << 4 | (__u64)(c - '0');
		else if (small >= 'a' && small <= 'f')
			*left = *left << 4 | (__u64)(small - 'a' + 10);
		else
			break;
	}
	if (*left > HTTP_BODY_MAX)
		*left = HTTP_BODY_MAX;
}

static __always_inline void http_take_field(struct http_stream *stream)
{
	/* Chunks go before a length, wherever the two stand. */
	if (http_is_encoding(stream))
		stream->body = HTTP_BODY_CHUNKS;
	if (!http_is_length(stream) || stream->body == HTTP_BODY_CHUNKS)
		return;
	stream->body = HTTP_BODY_LENGTH;
	http_read_length(stream);
}

static __always_inline void http_end_head(struct http_stream *stream)
{
	stream->state = HTTP_BETWEEN;
	if (!stream->has_body)
		return;
	if (stream->body == HTTP_BODY_CHUNKS)
		stream->state = HTTP_CHUNK;
	else if (stream->body == HTTP_BODY_LENGTH)
		stream->state = stream->left ? HTTP_BODY : HTTP_BETWEEN;
	else if (stream->answers)
		http_stream_lose(stream);
}

/* A chunk is followed by the end of a line. */
static __always_inline void http_take_size(struct http_stream *stream)
{
	http_read_size(stream);
	stream->state = stream->left ? HTTP_BODY : HTTP_TRAILER;
	stream->left += 2;
}

/* There is a line, or the beginning of a long one. */
static __always_inline enum http_event http_take_line(struct http_stream *stream)
{
	int is_blank = !stream->len || (stream->len == 1 && stream->bytes[0] == '\r');

	switch (stream->state) {
	case HTTP_BETWEEN:
		/* One blank line or more may lie before a request. */
		if (is_blank)
			return HTTP_NOTHING;
		/* Falls through. */
	case HTTP_LOST:
		return HTTP_FIRST;
	case HTTP_FIELDS:
		if (is_blank)
			http_end_head(stream);
		else
			http_take_field(stream);
		break;
	case HTTP_CHUNK:
		http_take_size(stream);
		break;
	default:
		if (is_blank)
			stream->state = HTTP_BETWEEN;
	}
	return HTTP_NOTHING;
}

/* A message may begin where a packet does, but not every packet is one's beginning: what is cut has to look like it. */
static __always_inline int http_is_cut(struct http_stream *stream, __u32 have)
{
	__u32 at;

	if (stream->state != HTTP_LOST)
		return 1;
	if (stream->answers ? !http_status(stream->bytes, have) : !http_method(stream->bytes, have, &at))
		return 0;
	stream->state = HTTP_BETWEEN;
	return 1;
}

/* --- the walk ----------------------------------------------------------------------------------------------------- */

static __always_inline void http_pass(struct http_stream *stream)
{
	__u64 there = stream->end - stream->at, passed = stream->left < there ? stream->left : there;

	stream->at += passed;
	stream->left -= passed;
	if (!stream->left)
		stream->state = stream->body == HTTP_BODY_CHUNKS ? HTTP_CHUNK : HTTP_BETWEEN;
}

/* Put bytes of the packet behind those that are kept. 0: there are @ret_have. */
static __always_inline int http_load_line(const struct http_packet *packet, struct http_stream *stream, __u32 *ret_have)
{
	__u32 kept = stream->kept, part = stream->end - stream->at, i;

	if (kept >= HTTP_LINE_BYTES)
		return -1;
	if (part > HTTP_LINE_BYTES - kept)
		part = HTTP_LINE_BYTES - kept;
	/* Lines are compared as a whole. */
	for (i = 0; !kept && i < HTTP_LINE_BYTES / 8; i++)
		stream->words[i] = 0;
	if (part > HTTP_LINE_BYTES || http_load(packet, stream->at, stream->bytes + kept, parse_bounded(part, 127)))
		return -1;
	stream->line = stream->at - kept;
	stream->at += part;
	*ret_have = kept + part;
	return 0;
}

/* The packet ends before the line does. */
static __always_inline enum http_event http_keep(struct http_stream *stream, __u32 have)
{
	if (http_is_cut(stream, have))
		stream->kept = have;
	else
		http_stream_lose(stream);
	return HTTP_END;
}

/* Look for an answer among @have bytes: 1 when they begin with one; else the next step goes on where one may begin. */
static __always_inline int http_search(struct http_stream *stream, __u32 have)
{
	volatile __u32 *len = &stream->len;
	__u32 i, at, kept = stream->kept;

	if (http_status(stream->bytes, have))
		return 1;
	stream->kept = 0;
	if (stream->bytes[0] == 'H') {
		/* There is more of it, perhaps. */
		if (have < HTTP_LEAST_BYTES && stream->at == stream->end)
			stream->kept = have;
		else
			stream->at = stream->line + (kept ? kept : 1);
		return 0;
	}
	*len = have;
	for (i = 0; i < HTTP_LINE_BYTES / 8; i++) {
		at = http_find(stream->words[i], 'H');
		if (at < 8) {
			*len = i * 8 + at;
			break;
		}
	}
	if (*len < have)
		stream->at = stream->line + *len;
	return 0;
}

/* Go on by a line, or by what is there of a body. */
static __always_inline enum http_event http_step(const struct http_packet *packet, struct http_stream *stream)
{
	__u32 have;
	int is_whole;

	if (stream->at >= stream->end)
		return HTTP_END;
	if (stream->state == HTTP_BODY) {
		http_pass(stream);
		return HTTP_NOTHING;
	}
	if (http_load_line(packet, stream, &have)) {
		http_stream_lose(stream);
		return HTTP_END;
	}
	if (stream->state == HTTP_LOST && stream->answers && !stream->rest && !http_search(stream, have))
		return HTTP_NOTHING;
	http_find_end(stream, have);
	is_whole = stream->len < have;
	if (!is_whole && have < HTTP_LINE_BYTES && !stream->rest)
		return http_keep(stream, have);
	stream->kept = 0;
	if (is_whole)
		stream->at = stream->line + stream->len + 1;
	if (stream->rest) {
		stream->rest = !is_whole;
		return HTTP_NOTHING;
	}
	stream->rest = !is_whole;
	return http_take_line(stream);
}

#endif /* KVIEW_MONITOR_HTTP_STREAM_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets through the parser of HTTP messages, as http.bpf.c takes them: for the unit test and the fuzzer. */
#ifndef KVIEW_TESTS_HTTP_WALK_H
#define KVIEW_TESTS_HTTP_WALK_H

#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define WALK_OFFSET 40 /* of data in a packet */

struct http_packet {
	const __u8 *data;
	__u32 len;
};

static int http_load(const struct http_packet *packet, __u32 offset, void *to, __u32 len)
{
	if (!len || offset < WALK_OFFSET || offset - WALK_OFFSET + len > packet->len)
		return -1;
	memcpy(to, packet->data + offset - WALK_OFFSET, len);
	return 0;
}

#include "monitor/probes/http_stream.h"

struct walk {
	struct http_stream stream;
	__u32 steps;
	__u32 sent;	    /* bytes before this packet */
	__u32 heads;	    /* answers to HEAD among those that come next, from the lowest bit on */
	char found[1024];   /* of each message "AT:METHOD " or "AT:STATUS ", the number of its first byte */
};

/* Whether it is a message's: what is found is told. */
static inline int walk_first(struct walk *walk)
{
	struct http_stream *stream = &walk->stream;
	size_t used = strlen(walk->found);
	__u32 at, is_answer = stream->answers;
	__u16 what = is_answer ? http_status(stream->bytes, stream->len) : http_method(stream->bytes, stream->len, &at);

	if (!what)
		return 0;
	snprintf(walk->found + used, sizeof(walk->found) - used, "%u:%u ", walk->sent + stream->line - WALK_OFFSET, what);
	http_stream_begin(stream, !is_answer || (what >= 200 && what != 204 && what != 304 && !(walk->heads & 1)));
	if (is_answer && what >= 200)
		walk->heads >>= 1;
	return 1;
}

static inline void walk_packet(struct walk *walk, const __u8 *data, __u32 len)
{
	struct http_packet packet = { data, len };
	enum http_event event;

	http_stream_take(&walk->stream, WALK_OFFSET, WALK_OFFSET + len);
	do {
		event = http_step(&packet, &walk->stream);
		walk->steps++;
		if (event == HTTP_FIRST && !walk_first(walk))
			http_stream_lose(&walk->stream);
	} while (event != HTTP_END);
	walk->sent += len;
}

#endif /* KVIEW_TESTS_HTTP_WALK_H */

// SPDX-License-Identifier: GPL-2.0-or-later
/* Data of anybody's connections, through the parser that runs in the kernel. */
#include <linux/types.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/probes/tcp_parse.h"
#include "tests/unit/http_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(struct http_head *head, __u32 at)
{
	int end = 0;

	head->at = at;
	for (int i = 0; i < HTTP_STEPS && !http_path_step(head); i++)
		;
	http_path_end(head);
	if (head->out > HTTP_PATH)
		abort();
	for (int i = 0; i < HTTP_PATH; i++) {
		__u8 c = head->path[i];

		if (c && (end || c <= ' ' || c >= 127))
			abort();
		end |= !c;
	}
}

/* One packet, as far as it is known where messages begin: 0 when it is no more. */
static int walk_on(struct walk *walk, const uint8_t *data, size_t size)
{
	const struct http_stream *stream = &walk->stream;

	walk->steps = 0;
	walk_packet(walk, data, size);
	/* Each takes a byte or more, but the first, which can find that those kept are nothing, and the last. */
	if (walk->steps > size + 2 || stream->at != stream->end || stream->kept >= HTTP_LINE_BYTES)
		abort();
	return stream->state != HTTP_LOST;
}

/* What is found does not depend on where the packets begin. */
static void check_stream(const uint8_t *data, size_t size, struct walk *whole)
{
	struct walk parts = { .stream.answers = whole->stream.answers, .heads = whole->heads };
	size_t at = 0, part;
	uint8_t seed = size;

	whole->stream.state = parts.stream.state = HTTP_BETWEEN;
	walk_on(whole, data, size);
	do {
		seed = seed * 77 + 41;
		part = seed % 61 < size - at ? seed % 61 : size - at;
		if (!walk_on(&parts, data + at, part))
			break;
		at += part;
	} while (at < size);
	if (memcmp(whole->found, parts.found, strlen(at < size ? parts.found : whole->found)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct walk walk = { .stream.answers = size & 1, .heads = size >> 1 }, lost = walk;
	struct http_head head = { .len = size < HTTP_HEAD_BYTES ? size : HTTP_HEAD_BYTES };
	struct tcp_head tcp;
	__u16 status;
	__u32 at;

	memcpy(head.bytes, data, head.len);
	status = http_status(head.bytes, head.len);
	if (status && (status < 100 || status > 999))
		abort();
	if (http_method(head.bytes, head.len, &at))
		check_path(&head, at);
	if (size >= 40 && ip_payload(data, IP_TCP) > 60)
		abort();
	if (size >= 20 && tcp_head(data, 60, &tcp) && (tcp.data < 80 || tcp.data > 120))
		abort();
	check_stream(data, size, &walk);
	walk_on(&lost, data, size);
	return 0;
}

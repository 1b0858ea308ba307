// SPDX-License-Identifier: GPL-2.0-or-later
/* Data of anybody's connections, cut, lost and sent again, through the parsers that run in the kernel. */
#include <linux/types.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/probes/btp_parse.h"
#include "tests/unit/websocket_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_flow(const struct ws_flow *flow)
{
	if (flow->at > flow->end || flow->have > WS_HEAD_BYTES || flow->want > WS_PEEK_BYTES ||
	    flow->peeked > flow->want || flow->left > flow->len || flow->kept > WS_PROOF)
		abort();
}

static void check_btp(const uint8_t *data, size_t size)
{
	__u8 bytes[BTP_MASK + 1] = {};
	struct btp_packet packet;

	memcpy(bytes, data, size < WS_PEEK_BYTES ? size : WS_PEEK_BYTES);
	if (!btp_parse(bytes, size < WS_PEEK_BYTES ? size : WS_PEEK_BYTES, size, &packet))
		return;
	if (packet.kind != ILP_NONE && packet.kind != ILP_PREPARE && packet.kind != ILP_FULFILL &&
	    packet.kind != ILP_REJECT)
		abort();
	if (packet.code && (packet.kind != ILP_REJECT || (packet.code & 0xff) > 99))
		abort();
}

/* Each packet begins with two bytes: its direction and size, and how far it jumps. */
static size_t take_packet(struct walk *walk, const uint8_t *data, size_t size)
{
	__u32 direction = data[0] & 1, len = data[0] >> 1, at = walk->at[direction] + (int8_t)data[1] / 8;

	len = len < size - 2 ? len : size - 2;
	walk->steps = 0;
	*walk->frames = '\0';
	walk_packet(walk, direction, at, data + 2, len);
	/* At most four for a frame, which has two bytes or more, and one for each byte of an answer. */
	if (walk->steps > 2 * len + 8)
		abort();
	check_flow(&walk->stream.flows[direction]);
	check_flow(&walk->stream.holes[direction]);
	return 2 + len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct walk walk = {};

	check_btp(data, size);
	if (!size)
		return 0;
	if (data[0] & 1)
		ws_begin(&walk.stream, 1, 0);
	else
		ws_find(&walk.stream);
	for (size_t at = 1; at + 2 < size;)
		at += take_packet(&walk, data + at, size - at);
	return 0;
}

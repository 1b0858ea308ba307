/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets through the parser of WebSocket frames, as websocket.bpf.c takes them: for the unit test and the fuzzer. */
#ifndef KVIEW_TESTS_WEBSOCKET_WALK_H
#define KVIEW_TESTS_WEBSOCKET_WALK_H

#include <linux/types.h>
#include <stdio.h>
#include <string.h>

#define WALK_OFFSET 40 /* of data in a packet */

struct ws_packet {
	const __u8 *data;
	__u32 len;
};

static int ws_load(const struct ws_packet *packet, __u32 offset, void *to, __u32 len)
{
	if (!len || offset < WALK_OFFSET || offset - WALK_OFFSET + len > packet->len)
		return -1;
	memcpy(to, packet->data + offset - WALK_OFFSET, len);
	return 0;
}

#include "monitor/probes/websocket_parse.h"

struct walk {
	struct ws_stream stream;
	__u32 first;	  /* number of the first byte of both directions */
	__u32 at[2];	  /* bytes that were sent so far, at the least */
	__u32 steps, strayed, opened, refused, peeks;
	char frames[512]; /* "OPCODE:LEN " of each */
};

static inline void walk_tell(struct walk *walk, __u8 opcode, __u64 len)
{
	size_t used = strlen(walk->frames);

	snprintf(walk->frames + used, sizeof(walk->frames) - used, "%u:%llu ", opcode, (unsigned long long)len);
}

static inline void walk_believe(struct walk *walk, __u32 direction)
{
	struct ws_flow *flow = &walk->stream.flows[direction];

	for (int i = 0; i < flow->kept; i++)
		walk_tell(walk, flow->kept_opcode[i], flow->kept_len[i]);
	flow->kept = 0;
	ws_know(&walk->stream, direction);
}

/* 0: the packet is over. */
static inline int walk_step(struct walk *walk, struct ws_packet *packet, struct ws_flow *flow, __u32 direction)
{
	enum ws_event event = ws_step(packet, flow);

	walk->steps++;
	walk->strayed += event == WS_LOST;
	walk->opened += event == WS_OPENED;
	walk->refused += event == WS_REFUSED;
	walk->peeks += event == WS_PEEKED;
	if (event == WS_FRAME)
		walk_tell(walk, flow->opcode, flow->len);
	if (event == WS_PROVEN)
		walk_believe(walk, direction);
	if (event == WS_OPENED)
		ws_know(&walk->stream, direction);
	if (event == WS_PEEKED && flow->opcode == WS_CLOSE)
		walk->stream.code = ws_close_code(flow);
	return event != WS_END && event != WS_REFUSED;
}

/* @len bytes that lie @at so many from the first. */
static inline void walk_packet(struct walk *walk, __u32 direction, __u32 at, const __u8 *data, __u32 len)
{
	struct ws_flow *flow = ws_choose(&walk->stream, direction, walk->first + at, len);
	enum ws_event event = ws_enter(&walk->stream, flow, direction, walk->first + at, WALK_OFFSET, len);
	struct ws_packet packet = { data, len };

	if (at + len > walk->at[direction])
		walk->at[direction] = at + len;
	walk->strayed += event == WS_LOST;
	while (event != WS_END && walk_step(walk, &packet, flow, direction))
		;
	if (flow == &walk->stream.holes[direction] && ws_fill(&walk->stream, direction) == WS_PROVEN)
		walk_believe(walk, direction);
}

/* All of a stream, in packets of @size. */
static inline void walk_all(struct walk *walk, __u32 direction, const __u8 *data, __u32 len, __u32 size)
{
	__u32 from = walk->at[direction];

	for (__u32 at = 0; at < len; at += size)
		walk_packet(walk, direction, from + at, data + at, len - at < size ? len - at : size);
}

#endif /* KVIEW_TESTS_WEBSOCKET_WALK_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames of WebSocket (RFC 6455) in the data of a TCP session, one direction of it, packet by packet. Payload is passed
 * over by its length, so that a packet costs steps by the number of its frames, never of its bytes. Where the beginning
 * of a session was not seen, or a part of it was lost, a packet's beginning is taken for that of a frame, and believed
 * when so many heads have followed, each where the one before says, that chance does not make them.
 *
 * The same code runs in the kernel and in tests; the one who includes it brings the fixed-width types, struct
 * ws_packet and ws_load(packet, offset, to, len), which copies at least one byte of it and returns 0 if it could.
 */
#ifndef KVIEW_MONITOR_WEBSOCKET_PARSE_H
#define KVIEW_MONITOR_WEBSOCKET_PARSE_H

#include "tcp_parse.h"
#include "websocket_record.h"

#define WS_HEAD_BYTES 14      /* of a head at most */
#define WS_PEEK_BYTES 48      /* of a payload that are looked at, at most */
#define WS_PROOF 5	      /* heads in a row that make a session one of WebSocket */
#define WS_PROOF_AGAIN 2      /* in a session that is known to be one */
#define WS_PLAUSIBLE_BYTES (16 << 20) /* of a payload, until it is known */
#define WS_HOLE_BYTES (4 << 20) /* that may come before what is missing */
#define WS_ANSWER_BYTES 16384 /* of the answer that opens a session */

enum ws_state {
	WS_SEARCHING, /* a packet's beginning is waited for */
	WS_ANSWERING, /* in the head of the answer that opens the session */
	WS_PROVING,   /* from a packet's beginning on, all heads were good ones */
	WS_KNOWN,
};

enum ws_masked {
	WS_UNMASKED, /* as a server sends */
	WS_MASKED,
	WS_EITHER, /* it is not known yet who is the client */
};

/* What a step has found. */
enum ws_event {
	WS_NOTHING,
	WS_END,	   /* of the packet */
	WS_FRAME,  /* its head: @opcode, @len */
	WS_PEEKED, /* @want bytes of its payload are in @peek */
	WS_PROVEN, /* the frames that are @kept are ones */
	WS_LOST,   /* a known stream goes on in a way it cannot */
	WS_WRONG,  /* one that was not known, too */
	WS_OPENED, /* the answer's head is over: frames follow */
	WS_REFUSED, /* it is over, and something else follows */
};

/* A direction of a session. */
struct ws_flow {
	/* The packet: offsets of the next byte and of the end. */
	__u32 at, end;
	__u32 next;	/* number of the byte behind what has been seen, if @seen */
	__u32 from;	/* that of the first head that is kept */
	__u32 mask;	/* of the frame, as it lies in memory */
	__u64 len, left; /* bytes of its payload, and those to come */
	__u64 kept_len[8];
	__u8 kept_opcode[8];
	__u8 kept; /* frames that wait to be believed */
	__u8 proof; /* that many will do */
	__u8 state, masked, seen;
	__u8 side;	/* whether the frames that are kept are masked */
	__u8 fragment;	/* more of a message is to come */
	__u8 deflate;	/* payloads may be compressed, which a bit in heads says */
	__u8 opcode, whole; /* of the frame: whether it is all of a message, and not compressed */
	__u8 have;	/* bytes of a head */
	__u8 want, peeked; /* bytes of the payload to look at, and those there are */
	__u8 matches, accepted; /* an answer's lines */
	__u32 answered, column; /* bytes of it, and of a line */
	__u8 head[32];	/* room for indices that are masked, here and below */
	__u64 peek[16];
};

/* Both directions: 0 comes in, 1 goes out. */
struct ws_stream {
	__u64 began;
	__u32 target;
	__u16 code;   /* of the first close; 0: there was none, or none in it */
	__u8 known;   /* it is one of WebSocket */
	__u8 opened;  /* its beginning was seen */
	__u8 closing; /* there was a close */
	struct ws_flow flows[2];
	/* Where packets came in another order, or one was lost: how it goes on there, as long as that is @seen, and up to where. */
	struct ws_flow holes[2];
	__u32 hole_end[2];
};

/* The bytes of a head, by what is there of it. */
static __always_inline __u32 ws_head_bytes(const struct ws_flow *flow)
{
	__u32 bits = flow->head[1] & 127;

	if (flow->have < 2)
		return 2;
	return 2 + (bits == 126 ? 2 : bits == 127 ? 8 : 0) + (flow->head[1] >> 7) * 4;
}

static __always_inline __u64 ws_len(const __u8 *head)
{
	__u32 bits = head[1] & 127;

	if (bits == 126)
		return (__u32)head[2] << 8 | head[3];
	if (bits == 127)
		return (__u64)tcp_word(head + 2) << 32 | tcp_word(head + 6);
	return bits;
}

/* Of a frame's first byte and length: what the protocol demands of any. */
static __always_inline int ws_is_head(__u8 first, __u32 bits, __u64 len, int deflate)
{
	__u32 opcode = first & 15, reserved = first & 0x70;

	if (opcode >= WS_CLOSE)
		return opcode <= WS_PONG && (first & 0x80) && !reserved && bits <= 125 && !(opcode == WS_CLOSE && len == 1);
	if (opcode > WS_BINARY || (reserved && (!deflate || reserved != 0x40 || opcode == WS_CONTINUATION)))
		return 0;
	/* In as few bytes as it takes. */
	return bits < 126 || (bits == 126 ? len >= 126 : len >= 65536 && !(len >> 63));
}

/* ... and in this place. */
static __always_inline int ws_fits(const struct ws_flow *flow, __u8 first, __u64 len, __u8 masked)
{
	__u32 opcode = first & 15;

	if ((flow->masked != WS_EITHER && flow->masked != masked) || (flow->kept && flow->side != masked))
		return 0;
	if (opcode < WS_CLOSE && (opcode == WS_CONTINUATION) != !!flow->fragment)
		return 0;
	if (flow->state == WS_KNOWN)
		return 1;
	/* Others' zeros are empty fragments. */
	return len <= WS_PLAUSIBLE_BYTES && ((first & 0x80) || (flow->kept && len));
}

/* Whether a packet whose first bytes these are may begin with a frame. */
static __always_inline int ws_may_begin(__u8 first, __u8 second)
{
	__u32 bits = second & 127;

	return (first & 0x80) && (first & 15) != WS_CONTINUATION &&
	       ws_is_head(first, bits, bits == 126 ? 126 : bits == 127 ? 65536 : bits, 1);
}

static __always_inline void ws_search(struct ws_flow *flow)
{
	flow->state = WS_SEARCHING;
	flow->have = flow->want = flow->peeked = flow->kept = flow->fragment = 0;
	flow->left = 0;
}

/*
 * A session that begins with an answer in @direction; the one who has asked says nothing before it, and goes on with
 * byte number @ack.
 */
static __always_inline void ws_begin(struct ws_stream *stream, __u32 direction, __u32 ack)
{
	struct ws_flow *server = &stream->flows[direction & 1], *client = &stream->flows[!direction];

	server->state = WS_ANSWERING;
	server->masked = WS_UNMASKED;
	server->proof = client->proof = WS_PROOF;
	server->matches = 1;
	client->state = WS_KNOWN;
	client->masked = WS_MASKED;
	client->seen = 1;
	client->next = ack;
}

/* One in whose midst we are. */
static __always_inline void ws_find(struct ws_stream *stream)
{
	__u32 i;

	for (i = 0; i < 2; i++) {
		stream->flows[i].masked = WS_EITHER;
		stream->flows[i].proof = WS_PROOF;
		stream->flows[i].deflate = 1;
	}
}

/* By what was found in @direction it is one of WebSocket. */
static __always_inline void ws_know(struct ws_stream *stream, __u32 direction)
{
	struct ws_flow *flow = &stream->flows[direction & 1], *other = &stream->flows[!direction];

	stream->known = 1;
	flow->proof = other->proof = WS_PROOF_AGAIN;
	other->masked = !flow->masked;
	other->deflate = flow->deflate;
	if (other->kept && other->side != other->masked)
		ws_search(other);
}

/* Believe what is kept. */
static __always_inline enum ws_event ws_prove(struct ws_flow *flow)
{
	flow->state = WS_KNOWN;
	flow->masked = flow->side;
	return WS_PROVEN;
}

/* The part of a direction that a packet goes on with: what was missing, or the end. */
static __always_inline struct ws_flow *ws_choose(struct ws_stream *stream, __u32 direction, __u32 seq, __u32 len)
{
	struct ws_flow *hole = &stream->holes[direction & 1];
	__u32 end = stream->hole_end[direction & 1];

	return hole->seen && tcp_ahead(seq, end) < 0 && tcp_ahead(seq + len, hole->next) > 0 ?
		       hole :
		       &stream->flows[direction & 1];
}

/* Remember what is missing before byte number @seq. 0: something else is, already. */
static __always_inline int ws_dig(struct ws_stream *stream, __u32 direction, __u32 seq)
{
	struct ws_flow *hole = &stream->holes[direction & 1];
	int fresh = !hole->seen;

	/* That does not come any more. */
	if (tcp_ahead(seq, stream->hole_end[direction & 1]) > WS_HOLE_BYTES)
		hole->seen = 0;
	if (hole->seen)
		return 0;
	*hole = stream->flows[direction & 1];
	stream->hole_end[direction & 1] = seq;
	return fresh;
}

/* What the steps in a hole have led to. WS_PROVEN: frames that are kept at the end of the direction are ones. */
static __always_inline enum ws_event ws_fill(struct ws_stream *stream, __u32 direction)
{
	struct ws_flow *hole = &stream->holes[direction & 1], *flow = &stream->flows[direction & 1];
	__u32 end = stream->hole_end[direction & 1], next = flow->next, beyond = next - end;

	if (hole->state != WS_KNOWN) {
		hole->seen = 0;
		return WS_NOTHING;
	}
	if (hole->next != end)
		return WS_NOTHING;
	hole->seen = 0;
	if (flow->state == WS_KNOWN)
		return WS_NOTHING;
	if (!hole->left && !hole->have && flow->kept && flow->from == end)
		return ws_prove(flow);
	/* What was passed in search of a head was the payload of this one. */
	if (hole->left >= beyond && hole->peeked == hole->want) {
		*flow = *hole;
		flow->seen = 1;
		flow->next = next;
		flow->left -= beyond;
	}
	return WS_NOTHING;
}

/*
 * A packet with byte number @seq at @offset, and @len in all, for the @flow that ws_choose() has chosen. WS_END: nothing
 * of it is new; WS_LOST: something that matters is missing before it, for good; WS_NOTHING: steps follow, and with
 * WS_LOST, too.
 */
static __always_inline enum ws_event ws_enter(struct ws_stream *stream, struct ws_flow *flow, __u32 direction, __u32 seq,
					      __u32 offset, __u32 len)
{
	__s32 ahead = flow->seen ? tcp_ahead(seq, flow->next) : 0;
	int in_hole = flow == &stream->holes[direction & 1];
	enum ws_event event = WS_NOTHING;

	if (in_hole && tcp_ahead(seq + len, stream->hole_end[direction & 1]) > 0)
		len = stream->hole_end[direction & 1] - seq;
	if (ahead + (__s32)len <= 0)
		return WS_END;
	/* What is missing may lie in a payload. */
	if (ahead > 0 && flow->state > WS_ANSWERING && flow->left >= (__u32)ahead && flow->peeked == flow->want) {
		flow->left -= ahead;
	} else if (ahead > 0) {
		if (flow->state == WS_KNOWN && (in_hole || !ws_dig(stream, direction, seq)))
			event = WS_LOST;
		ws_search(flow);
	}
	flow->at = ahead < 0 ? offset - ahead : offset;
	flow->end = offset + len;
	flow->next = seq + len;
	flow->seen = 1;
	if (flow->state == WS_SEARCHING) {
		flow->state = WS_PROVING;
		flow->from = ahead < 0 ? seq - ahead : seq;
	}
	return event;
}

/* The rest of the packet is of no use. */
static __always_inline enum ws_event ws_give_up(struct ws_flow *flow)
{
	enum ws_event event = flow->state == WS_KNOWN ? WS_LOST : WS_WRONG;

	ws_search(flow);
	flow->at = flow->end;
	return event;
}

static __always_inline enum ws_event ws_keep(struct ws_flow *flow)
{
	flow->kept_len[flow->kept & 7] = flow->len;
	flow->kept_opcode[flow->kept & 7] = flow->opcode;
	flow->kept++;
	flow->side = flow->head[1] >> 7;
	return flow->kept >= flow->proof ? ws_prove(flow) : WS_NOTHING;
}

/* How much of a payload says something: the code of a close, and the beginning of a message of bytes. */
static __always_inline __u8 ws_wanted(const struct ws_flow *flow)
{
	if (flow->opcode == WS_CLOSE)
		return flow->len ? 2 : 0;
	if (flow->opcode != WS_BINARY || !flow->whole)
		return 0;
	return flow->len < WS_PEEK_BYTES ? flow->len : WS_PEEK_BYTES;
}

/* All of a head is there. */
static __always_inline enum ws_event ws_judge(struct ws_flow *flow)
{
	__u8 first = flow->head[0], masked = flow->head[1] >> 7;
	__u32 mask_at = ws_head_bytes(flow) - 4;
	__u64 len = ws_len(flow->head);

	if (!ws_is_head(first, flow->head[1] & 127, len, flow->deflate) || !ws_fits(flow, first, len, masked))
		return ws_give_up(flow);
	flow->have = 0;
	flow->opcode = first & 15;
	flow->whole = (first & 0xf0) == 0x80;
	flow->len = flow->left = len;
	flow->mask = 0;
	if (masked)
		__builtin_memcpy(&flow->mask, &flow->head[mask_at & 15], sizeof(flow->mask));
	if (flow->opcode < WS_CLOSE)
		flow->fragment = !(first & 0x80);
	flow->want = ws_wanted(flow);
	flow->peeked = 0;
	return flow->state == WS_KNOWN ? WS_FRAME : ws_keep(flow);
}

static __always_inline enum ws_event ws_take_head(struct ws_packet *packet, struct ws_flow *flow, __u32 room)
{
	__u32 have = flow->have & 15, part = ws_head_bytes(flow) - have;

	part = part < room ? part : room;
	if (!part || part > WS_HEAD_BYTES || ws_load(packet, flow->at, flow->head + have, parse_bounded(part, 15)))
		return ws_give_up(flow);
	flow->at += part;
	flow->have = have + part;
	return flow->have < 2 || flow->have < ws_head_bytes(flow) ? WS_NOTHING : ws_judge(flow);
}

static __always_inline enum ws_event ws_take_peek(struct ws_packet *packet, struct ws_flow *flow, __u32 room)
{
	__u64 mask = (__u64)flow->mask << 32 | flow->mask;
	__u32 have = flow->peeked & 63, part = flow->want - have, i;

	part = part < room ? part : room;
	if (!part || part > WS_PEEK_BYTES ||
	    ws_load(packet, flow->at, (__u8 *)flow->peek + have, parse_bounded(part, 63)))
		return ws_give_up(flow);
	flow->at += part;
	flow->left -= part;
	flow->peeked = have + part;
	if (flow->peeked < flow->want)
		return WS_NOTHING;
	for (i = 0; i < WS_PEEK_BYTES / sizeof(mask); i++)
		flow->peek[i] ^= mask;
	return WS_PEEKED;
}

/* "sec-webs" and "ocket-"; the last letter is in the highest byte. */
#define WS_HEADER_BEGIN 0x736265772d636573ULL
#define WS_HEADER_END 0x2d74656b636fULL

/* The letter behind "sec-websocket-" tells apart what matters: -accept, which must be there, and -extensions. */
static __always_inline void ws_take_letter(struct ws_flow *flow, __u8 letter)
{
	__u64 name = flow->column < 8 ? WS_HEADER_BEGIN : WS_HEADER_END;

	letter |= 0x20;
	if (flow->matches && flow->column < 14)
		flow->matches = letter == (__u8)(name >> (flow->column & 7) * 8);
	else if (flow->matches && flow->column == 14) {
		flow->accepted |= letter == 'a';
		flow->deflate |= letter == 'e';
	}
	flow->column++;
}

static __always_inline enum ws_event ws_refuse(struct ws_flow *flow)
{
	ws_give_up(flow);
	return WS_REFUSED;
}

/* A byte of the answer's head. */
static __always_inline enum ws_event ws_take_answer(struct ws_packet *packet, struct ws_flow *flow)
{
	__u8 c;

	if (ws_load(packet, flow->at, &c, 1) || ++flow->answered > WS_ANSWER_BYTES)
		return ws_refuse(flow);
	flow->at++;
	if (c == '\r')
		return WS_NOTHING;
	if (c != '\n') {
		ws_take_letter(flow, c);
		return WS_NOTHING;
	}
	if (flow->column) {
		flow->column = 0;
		flow->matches = 1;
		return WS_NOTHING;
	}
	if (!flow->accepted)
		return ws_refuse(flow);
	flow->state = WS_KNOWN;
	return WS_OPENED;
}

static __always_inline enum ws_event ws_step(struct ws_packet *packet, struct ws_flow *flow)
{
	__u32 room = flow->end - flow->at;

	if (flow->at >= flow->end)
		return WS_END;
	if (flow->state == WS_ANSWERING)
		return ws_take_answer(packet, flow);
	if (!flow->left)
		return ws_take_head(packet, flow, room);
	if (flow->peeked < flow->want)
		return ws_take_peek(packet, flow, room);
	room = flow->left < room ? flow->left : room;
	flow->at += room;
	flow->left -= room;
	return WS_NOTHING;
}

/* The code of a close, by its payload's beginning; those without one: 0. */
static __always_inline __u16 ws_close_code(const struct ws_flow *flow)
{
	const __u8 *b = (const __u8 *)flow->peek;

	return (__u16)(b[0] << 8 | b[1]);
}

#endif /* KVIEW_MONITOR_WEBSOCKET_PARSE_H */

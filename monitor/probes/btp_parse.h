/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interledger's packets: the beginning of one of the Bilateral Transfer Protocol 2.0 (Interledger RFC 23), as it is all
 * of a WebSocket message, and of the ILPv4 packet in it (RFC 27), both in OER. The same code runs in the kernel and in
 * tests; the one who includes it brings the fixed-width types.
 */
#ifndef KVIEW_MONITOR_BTP_PARSE_H
#define KVIEW_MONITOR_BTP_PARSE_H

#include "tcp_parse.h"

#define BTP_LEAST_BYTES 8 /* a response of nothing */
#define BTP_MASK 63	  /* for an index */

enum btp_type {
	BTP_RESPONSE = 1,
	BTP_ERROR = 2,
	BTP_MESSAGE = 6,
	BTP_TRANSFER = 7,
};

enum ilp_kind {
	ILP_NONE,
	ILP_PREPARE = 12,
	ILP_FULFILL = 13,
	ILP_REJECT = 14,
};

#define ILP_CODE(class, number) ((class) << 8 | (number))

/* Codes of rejects that RFC 27 has. */
#define ILP_CODES(X)                                                                                          \
	X('F', 0) X('F', 1) X('F', 2) X('F', 3) X('F', 4) X('F', 5) X('F', 6) X('F', 7) X('F', 8) X('F', 99) \
	X('T', 0) X('T', 1) X('T', 2) X('T', 3) X('T', 4) X('T', 5) X('T', 99)                               \
	X('R', 0) X('R', 1) X('R', 2) X('R', 99)

struct btp_packet {
	__u32 request; /* number of a request, and of its answer */
	__u16 code;    /* of a reject; 0: one that is not known */
	__u8 type, kind;
};

/* Bytes from the beginning of a packet: @have of them, and the next one is read @at. */
struct oer_reader {
	const __u8 *bytes;
	__u32 have, at;
};

/* -1: there are no more. */
static __always_inline __s32 oer_byte(struct oer_reader *reader)
{
	__u32 at = reader->at;

	if (at >= reader->have)
		return -1;
	reader->at = at + 1;
	return reader->bytes[at & BTP_MASK];
}

/* A length: a byte, or one that tells how many follow. */
static __always_inline int oer_length(struct oer_reader *reader, __u32 *ret_len)
{
	__s32 first = oer_byte(reader), next;
	__u32 len = 0, count, i;

	if (first < 0)
		return 0;
	*ret_len = first;
	if (first < 128)
		return 1;
	count = first & 127;
	if (!count || count > 4)
		return 0;
	for (i = 0; i < 4; i++) {
		if (i >= count)
			break;
		next = oer_byte(reader);
		if (next < 0)
			return 0;
		len = len << 8 | next;
	}
	*ret_len = len;
	return 1;
}

static __always_inline __u16 ilp_code(struct oer_reader *reader)
{
	__s32 class = oer_byte(reader), tens = oer_byte(reader), ones = oer_byte(reader);

	if (tens < '0' || tens > '9' || ones < '0' || ones > '9')
		return 0;
#define ILP_CASE(letter, number) case ILP_CODE(letter, number):
	switch (ILP_CODE(class, (tens - '0') * 10 + ones - '0')) {
		ILP_CODES(ILP_CASE)
		return ILP_CODE(class, (tens - '0') * 10 + ones - '0');
	default:
		return 0;
	}
#undef ILP_CASE
}

/* A packet of @len bytes in all, by its beginning. */
static __always_inline void ilp_parse(struct oer_reader *reader, __u32 len, struct btp_packet *packet)
{
	__u32 begin = reader->at, content;
	__s32 kind = oer_byte(reader);

	if (!oer_length(reader, &content) || reader->at - begin + content != len)
		return;
	/* Amount, time, condition, an address and data; a fulfillment and data; a code and three texts. */
	if ((kind == ILP_PREPARE && content >= 8 + 17 + 32 + 2) || (kind == ILP_FULFILL && content >= 32 + 1) ||
	    (kind == ILP_REJECT && content >= 3 + 3))
		packet->kind = kind;
	if (packet->kind == ILP_REJECT)
		packet->code = ilp_code(reader);
}

/* The first of the protocols that a message or its answer carries, if it is "ilp". */
static __always_inline void btp_parse_protocols(struct oer_reader *reader, struct btp_packet *packet)
{
	__u32 len;
	__s32 count;

	/* How many there are, in so many bytes. */
	if (oer_byte(reader) != 1)
		return;
	count = oer_byte(reader);
	if (count < 1 || oer_byte(reader) != 3 || oer_byte(reader) != 'i' || oer_byte(reader) != 'l' ||
	    oer_byte(reader) != 'p')
		return;
	/* What type it says it has does not matter. */
	if (oer_byte(reader) >= 0 && oer_length(reader, &len))
		ilp_parse(reader, len, packet);
}

/* 0: a message of @len bytes that begins with these (@have of them, and room for an index up to BTP_MASK) is none. */
static __always_inline int btp_parse(const __u8 *bytes, __u32 have, __u64 len, struct btp_packet *packet)
{
	struct oer_reader reader = { .bytes = bytes, .have = have, .at = 5 };
	__u32 content;

	packet->kind = packet->code = 0;
	packet->type = bytes[0];
	packet->request = tcp_word(bytes + 1);
	if (len < BTP_LEAST_BYTES || !oer_length(&reader, &content) || reader.at + (__u64)content != len)
		return 0;
	if (packet->type == BTP_ERROR || packet->type == BTP_TRANSFER)
		return 1;
	if (packet->type != BTP_MESSAGE && packet->type != BTP_RESPONSE)
		return 0;
	btp_parse_protocols(&reader, packet);
	return 1;
}

#endif /* KVIEW_MONITOR_BTP_PARSE_H */

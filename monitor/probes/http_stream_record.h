/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of one direction of a session with HTTP: see http_stream.h. */
#ifndef KVIEW_MONITOR_HTTP_STREAM_RECORD_H
#define KVIEW_MONITOR_HTTP_STREAM_RECORD_H

#include "http_parse.h"

#define HTTP_LINE_BYTES HTTP_HEAD_BYTES /* of a line that are looked at, together */
#define HTTP_LINE_ROOM 224 /* for them, and for all that a masked number of bytes can be behind them */

enum http_state {
	HTTP_LOST,    /* a packet's beginning may be a message's */
	HTTP_BETWEEN, /* the next byte is a message's first */
	HTTP_FIELDS,  /* lines of a head, behind the first */
	HTTP_BODY,    /* @left bytes to be passed over */
	HTTP_CHUNK,   /* the line with a chunk's size */
	HTTP_TRAILER, /* lines behind the last chunk */
};

struct http_stream {
	__u64 left;
	union {
		__u64 words[HTTP_LINE_ROOM / 8];
		__u8 bytes[HTTP_LINE_ROOM]; /* the line */
	};
	__u32 kept;    /* bytes of it that came with packets before */
	__u32 at, end; /* offsets in the packet: the next byte, and where it ends */
	__u32 line;    /* that of the line's first byte; before the packet, counted as it were, when it came before */
	__u32 len;     /* bytes of the line that are there, without its end */
	__u8 state;
	__u8 answers;  /* these messages are answers */
	__u8 rest;     /* of a line that is too long comes next */
	__u8 body, has_body; /* what the head has told so far */
	__u8 reserved[7];
};

#endif /* KVIEW_MONITOR_HTTP_STREAM_RECORD_H */

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVIEW_MONITOR_WEBSOCKET_RECORD_H
#define KVIEW_MONITOR_WEBSOCKET_RECORD_H

#define WS_KEYS 4096	 /* different combinations of the labels */
#define WS_STREAMS 8192	 /* sessions, at a time */
#define WS_REQUESTS 8192 /* of BTP, that have no answer; the least recent ones are forgotten */
#define WS_TARGETS 65	 /* numbers of targets start at 1 */

/* RFC 6455, 5.2 */
enum ws_opcode {
	WS_CONTINUATION,
	WS_TEXT,
	WS_BINARY,
	WS_CLOSE = 8,
	WS_PING,
	WS_PONG,
};

/* What a sample counts, and what @detail tells then. */
enum ws_what {
	WS_OPENED_HERE,	 /* sessions whose opening was seen; 1: the target is the client */
	WS_FOUND,	 /* that were found in their midst */
	WS_STRAYED,	 /* how often one was lost from sight */
	WS_LIVED,	 /* those that have ended, with their times, if they were opened here */
	WS_CLOSED,	 /* those that have ended: the code of the first close, and WS_NO_CODE, WS_NO_CLOSE */
	WS_FRAMES,	 /* opcode; first extra: bytes of payload */
	WS_BTP,		 /* packets of BTP: type; first extra: bytes */
	WS_ILP,		 /* kind */
	WS_ILP_REJECTED, /* code */
	WS_ILP_ANSWERED, /* kind of the answer, ILP_NONE for others; by the direction of the prepare */
	WS_WHATS,
};

#define WS_NO_CODE 0
#define WS_NO_CLOSE 1
#define WS_OTHER_CODE 2

struct ws_key {
	__u32 target;
	__u8 what, direction; /* 0 in, 1 out */
	__u16 detail;
};

/* A prepare that waits for its answer. */
struct ws_request {
	__u64 cookie;
	__u32 number, direction;
};

#endif /* KVIEW_MONITOR_WEBSOCKET_RECORD_H */

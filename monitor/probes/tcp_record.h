/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVIEW_MONITOR_TCP_RECORD_H
#define KVIEW_MONITOR_TCP_RECORD_H

#include "http_stream_record.h"
#include "tcp_listener.h"
#include "tcp_parse.h"

#define TCP_SESSIONS 32768  /* open ones of targets, at a time */
#define TCP_ENDED 1024	    /* of these the last ones, per machine */
#define TCP_LISTENERS 8192  /* places sockets listen at */
#define TCP_LISTENING 8192  /* sockets, of which a place can have many */
#define TCP_TARGETS 65	    /* numbers of targets start at 1 */
#define TCP_NOBODY TCP_TARGETS /* listens, but is no target's */
#define TCP_NETWORKS 4096
#define TCP_INTERFACES 256
#define TCP_NAME 16	    /* IFNAMSIZ */

/* Keys of samples: struct monitor_key. */
enum tcp_what {
	TCP_LIFE,	/* of sessions that have ended */
	TCP_CONNECT,	/* from the call to the answer */
	TCP_ACCEPT,	/* from the handshake's end until somebody accepted */
	TCP_RTT,	/* smoothed, of each session at each look and at its end */
	TCP_BYTES,	/* first extra: sent and not only sent again; second: received */
	TCP_RETRANSMITS, /* first extra: segments sent again */
	TCP_RESET_SENT,
	TCP_RESET_RECEIVED,
	TCP_FAILED,	/* connections that were not made */
	TCP_WHATS,
};

/* A request, and what has come of it. */
struct http_asked {
	__u64 at;
	__u32 bytes;
	__u32 more;   /* requests right behind it that have no place of their own */
	__u16 status; /* of its answer; 0: there is none yet */
	__u8 method, reserved[5];
	char path[HTTP_PATH]; /* "": one of the others */
};

/*
 * HTTP on a session: see http.bpf.c. Requests and answers are counted; what lies between the two counts waits. That
 * whose answer is being sent, and the one that waits in most sessions, lie in @pair, by the last bit of their numbers.
 */
struct tcp_http {
	struct tcp_order order[2]; /* by direction: 0 in, 1 out */
	__u32 asked, answered;
	__u32 piped_from; /* the number of the first request that lies in a pipeline, if @piped */
	__u32 alone;	  /* bytes of a packet that was the request of @head and nothing else */
	__u64 asked_at;	  /* the last one */
	__u8 method;	  /* of @head */
	__u8 silent;	  /* while a request waits: nothing has come that was not understood */
	__u8 missed;	  /* while a request waits: an answer, perhaps */
	__u8 ended;	  /* so has the session, and http.bpf.c deletes it */
	__u8 piped;	  /* a request was sent while another one waited */
	__u8 walked;	  /* answers are looked at from head to head */
	__u8 switched;	  /* something else than HTTP follows */
	__u8 stray;	  /* what comes is of no request that is known */
	__u8 spoken;	  /* who is asked has sent something */
	__u8 reserved[7];
	char path[HTTP_PATH]; /* that of @head, if it has a place */
	struct http_asked pair[2];
	struct http_head head; /* the last request's */
	struct http_stream requests, answers;
};

/* Requests that wait. The two counts are not read at the same time: an answer may have come since. */
static __always_inline __u32 http_waiting(const struct tcp_http *http)
{
	__s32 waiting = http->asked - http->answered;

	return waiting > 0 ? waiting : 0;
}

/* WebSocket on a session: see websocket.bpf.c. */
struct tcp_websocket {
	__u32 tries; /* packets that might have been one's */
	__u32 stream; /* it has an entry among the streams */
};

/* A socket of a target. Keys are the sockets' cookies. */
struct tcp_session {
	__u64 sock;	   /* address of the kernel's struct */
	__u64 began;	   /* connecting or established */
	__u64 sent, received, retransmits; /* of these that much is in the samples */
	__u32 target;
	__u8 server;	   /* somebody else has connected */
	__u8 established, accepted, old; /* old: began before it was looked at */
	struct tcp_http http;
	struct tcp_websocket websocket;
};

struct tcp_listening {
	struct tcp_listener at;
	__u32 target;
};

/* A key of an LPM_TRIE: addresses of version 4 lie behind ::ffff:0:0/96. */
struct tcp_network {
	__u32 bits;
	__u8 address[16];
};

enum tcp_end {
	TCP_HERE,
	TCP_THERE,
	TCP_ENDS,
};

/* What is told of a session that is there. */
struct tcp_told {
	__u64 began; /* or was found */
	__u64 sent, received, retransmits;
	__u8 address[TCP_ENDS][16]; /* of version 4: behind ::ffff:0:0/96 */
	__u32 rtt_us, target;
	__u16 port[TCP_ENDS];
	__u8 server, established, old, reserved;
};

#endif /* KVIEW_MONITOR_TCP_RECORD_H */

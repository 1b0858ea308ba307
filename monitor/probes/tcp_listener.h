/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where sockets listen, and by which of these places a connection can have come in. The same code runs in the kernel
 * and in tests; the one who includes it brings the fixed-width types. Addresses are compared without branches, each of
 * which the verifier would follow.
 */
#ifndef KVIEW_MONITOR_TCP_LISTENER_H
#define KVIEW_MONITOR_TCP_LISTENER_H

/* A key. */
struct tcp_listener {
	__u32 netns; /* number of the name space's inode */
	__u16 port;
	__u16 only; /* at every address of version 6, but at none of version 4 */
	union {
		__u8 address[16]; /* of version 4: behind ::ffff:0:0/96; all 0: every one of both */
		__u32 words[4];
	};
};

#define TCP_PLACES 3 /* for each connection */

static __always_inline int tcp_is_version4(const struct tcp_listener *at)
{
	return !(at->words[0] | at->words[1] | at->address[8] | at->address[9] | (at->address[10] ^ 0xff) |
		 (at->address[11] ^ 0xff));
}

/* A socket's place, once the rest of @at is its own; @only: it is asked for version 6 alone. */
static __always_inline void tcp_place_of_socket(struct tcp_listener *at, int only)
{
	at->only = only && !(at->words[0] | at->words[1] | at->words[2] | at->words[3]);
}

/*
 * The kernel gives a connection to who listens at its own address, else to who listens at all of its version, else,
 * with version 4, to who listens at all of both. @at is the first of these, or the one before; it becomes number
 * @place, counted from 0.
 */
static __always_inline void tcp_next_place(struct tcp_listener *at, int place, int version4)
{
	at->words[0] = at->words[1] = at->words[2] = at->words[3] = 0;
	if (place == 1 && version4)
		at->address[10] = at->address[11] = 0xff;
	at->only = place == 2 && !version4;
}

static __always_inline int tcp_is_same_place(const struct tcp_listener *one, const struct tcp_listener *other)
{
	__u32 differs = (one->netns ^ other->netns) | (__u32)(one->port ^ other->port) | (__u32)(one->only ^ other->only);
	int i;

	for (i = 0; i < 4; i++)
		differs |= one->words[i] ^ other->words[i];
	return !differs;
}

#endif /* KVIEW_MONITOR_TCP_LISTENER_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way through IP headers. The same code runs in the kernel and in tests; the one who includes it brings the
 * fixed-width types.
 */
#ifndef KVIEW_MONITOR_IP_PARSE_H
#define KVIEW_MONITOR_IP_PARSE_H

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define IP_LEAST_BYTES 20 /* of a packet that ip_payload() looks at */
#define IP6_BYTES 40	  /* of version 6's header */
#define IP_TCP 6
#define IP_UDP 17

/* What is known to be at least 1 and at most @mask + 1, said in a way that 6.1's verifier understands. */
static __always_inline __u32 parse_bounded(__u32 part, __u32 mask)
{
	part--;
	asm volatile("" : "+r"(part));
	return (part & mask) + 1;
}

/*
 * Of IP version 4 or 6 (no extension headers), by its first bytes: where the next header begins; 0: it is not of
 * @protocol, or a later fragment.
 */
static __always_inline __u32 ip_payload(const __u8 *b, __u8 protocol)
{
	if (b[0] >> 4 == 4)
		return (b[0] & 15) >= 5 && b[9] == protocol && !((b[6] & 0x1f) | b[7]) ? (b[0] & 15) * 4 : 0;
	return b[0] >> 4 == 6 && b[6] == protocol ? IP6_BYTES : 0;
}

#endif /* KVIEW_MONITOR_IP_PARSE_H */

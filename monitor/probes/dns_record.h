/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVIEW_MONITOR_DNS_RECORD_H
#define KVIEW_MONITOR_DNS_RECORD_H

#define DNS_KEYS 2048	 /* different combinations of the labels */
#define DNS_PENDING 8192 /* queries without an answer; the least recent ones are forgotten */
#define DNS_TARGETS 65	 /* numbers of targets start at 1 */

/* What a sample counts. */
enum dns_what {
	DNS_ASKED_IN,	  /* queries that came in */
	DNS_ANSWERED_OUT, /* those that were answered, with their times */
	DNS_ASKED_OUT,
	DNS_ANSWERED_IN,
	DNS_MALFORMED_SEEN,
	DNS_WHATS,
};

/* The extras of a sample: bytes of queries or answers. */
struct dns_key {
	__u32 target;
	__u16 type; /* 0: one that is none of dns_known_type() */
	__u8 code;  /* of answers */
	__u8 what;
};

#endif /* KVIEW_MONITOR_DNS_RECORD_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the program in front of an interface and its owner say to each other.
 *
 * Rules are numbered in the order of the file, and the first that matches decides. For each thing a packet is asked for
 * (source, protocol, ports) a map gives the set of rules that allow its value; the lowest number in all of them
 * matches. So a packet costs the same with one rule and with all of them, and sources cost what a longest-prefix
 * match does.
 */
#ifndef KVIEW_SHIELD_RECORD_H
#define KVIEW_SHIELD_RECORD_H

#define SHIELD_RULES 256
#define SHIELD_WORDS (SHIELD_RULES / 64)
#define SHIELD_PREFIXES 262144 /* of each family */
#define SHIELD_COUNTERS 1024   /* rules of now and of before, whose counts go on when they come back */
#define SHIELD_SOURCES 65536   /* with a rate limit of their own, at a time; the least recent ones are forgotten */
#define SHIELD_SLOTS 2	       /* rules that are in force, and those that will be or have been */

/* Why a packet passes or not, where no rule says it. */
enum shield_reason {
	SHIELD_NONE,	  /* rules decide */
	SHIELD_ARP,
	SHIELD_ND,
	SHIELD_DHCP,
	SHIELD_NOT_IP,	  /* another protocol on Ethernet: passes */
	SHIELD_TRUNCATED, /* ends before a header does: dropped */
	SHIELD_MALFORMED, /* a header that cannot be: dropped */
	SHIELD_RULE,	  /* dropped by a rule */
	SHIELD_RATE,	  /* dropped above the rate of a rule that allows it */
	SHIELD_DEFAULT_DROP,
	SHIELD_DEFAULT_PASS,
	SHIELD_RULE_PASS,
	SHIELD_DRY,	  /* passed, but would have been dropped: counted besides its reason */
	SHIELD_REASONS,
};

struct shield_bits {
	__u64 words[SHIELD_WORDS];
};

struct shield_key4 {
	__u32 len;
	__u8 addr[4];
};

struct shield_key6 {
	__u32 len;
	__u8 addr[16];
};

struct shield_action {
	__u32 allow;
	__u32 counter;
	__u64 interval_ns; /* between packets at the full rate; 0: no limit */
	__u64 burst_ns;	   /* how far ahead of that a burst may be */
	__u32 each;	   /* the rate is each source's own */
	__u32 reserved;
};

struct shield_settings {
	struct shield_bits fragments; /* what a later fragment may match: rules without ports, and those that allow */
	__u32 pass;	/* what no rule matches */
	__u32 dry;	/* drop nothing */
	__u32 builtin;	/* 1 << SHIELD_ARP and so on: passes without a rule */
	__u32 reserved;
};

struct shield_count {
	__u64 packets, bytes;
};

struct shield_source {
	__u32 counter;
	__u32 family;
	__u8 addr[8]; /* all of IPv4; of IPv6 the first half, since who has one of the second has them all */
};

#endif /* KVIEW_SHIELD_RECORD_H */

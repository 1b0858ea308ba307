/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DNS messages (RFC 1035), as far as they are counted: what kind of message, and the type of what is asked for. The
 * same code runs in the kernel and in tests; the one who includes it brings the fixed-width types.
 *
 * Nothing is copied: who calls hands over the bytes that are asked for, and no more.
 */
#ifndef KVIEW_MONITOR_DNS_PARSE_H
#define KVIEW_MONITOR_DNS_PARSE_H

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define DNS_HEADER_BYTES 12
#define DNS_NAME_BYTES 255 /* of a name, with the lengths of its labels */
#define DNS_LABELS 128	   /* as many as such a name can have, and the empty one at its end */
#define DNS_QUESTION_BYTES 4 /* behind the name: type and class */

enum dns_kind {
	DNS_MALFORMED,
	DNS_OTHER, /* no query or answer to one: notifications, updates */
	DNS_QUERY,
	DNS_ANSWER,
};

struct dns_header {
	__u16 id;
	__u8 kind; /* enum dns_kind */
	__u8 code; /* of an answer */
};

/* By the first DNS_HEADER_BYTES of a message. */
static __always_inline void dns_header(const __u8 *b, struct dns_header *header)
{
	__u16 questions = (__u16)b[4] << 8 | b[5];

	header->id = (__u16)b[0] << 8 | b[1];
	header->code = b[3] & 15;
	if (b[2] >> 3 & 15)
		header->kind = DNS_OTHER;
	else if (b[2] >> 7)
		/* Servers answer what they could not read without repeating the question. */
		header->kind = questions > 1 ? DNS_MALFORMED : DNS_ANSWER;
	else
		header->kind = questions == 1 ? DNS_QUERY : DNS_MALFORMED;
}

/* While the name of a question is read. */
struct dns_name {
	__u32 at;   /* the byte of the message that has the next label's length */
	__u8 ended; /* the empty label has come */
};

static __always_inline void dns_name_begin(struct dns_name *name)
{
	name->at = DNS_HEADER_BYTES;
	name->ended = 0;
}

/* Take the length of a label, the byte at @name->at. 1: there is no further one. */
static __always_inline int dns_name_step(struct dns_name *name, __u8 len)
{
	/* A question has nothing before it that it could point to. */
	if (len > 63)
		return 1;
	name->at += 1 + len;
	name->ended = !len;
	return name->ended || name->at >= DNS_HEADER_BYTES + DNS_NAME_BYTES;
}

/* Where the type is, after the last step; 0: the name has no end, or is too long. */
static __always_inline __u32 dns_type_at(const struct dns_name *name)
{
	return name->ended && name->at <= DNS_HEADER_BYTES + DNS_NAME_BYTES ? name->at : 0;
}

/* Types that get series of their own: number and name. */
#define DNS_TYPES(_)                                                                                                 \
	_(1, "A") _(2, "NS") _(5, "CNAME") _(6, "SOA") _(12, "PTR") _(15, "MX") _(16, "TXT") _(28, "AAAA")           \
	_(33, "SRV") _(35, "NAPTR") _(39, "DNAME") _(43, "DS") _(46, "RRSIG") _(47, "NSEC") _(48, "DNSKEY")          \
	_(52, "TLSA") _(64, "SVCB") _(65, "HTTPS") _(252, "AXFR") _(255, "ANY") _(257, "CAA")

/* 0 for all others, which anybody could make up. */
static __always_inline __u16 dns_known_type(__u16 type)
{
#define DNS_TYPE_CASE(number, name) case number:
	switch (type) {
		DNS_TYPES(DNS_TYPE_CASE)
		return type;
	default:
		return 0;
	}
#undef DNS_TYPE_CASE
}

#endif /* KVIEW_MONITOR_DNS_PARSE_H */

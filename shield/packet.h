/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a frame to what rules ask for. The same code runs in the kernel and in tests; the one who includes it brings the
 * fixed-width types. No byte is read before it is known to be there.
 */
#ifndef KVIEW_SHIELD_PACKET_H
#define KVIEW_SHIELD_PACKET_H

#include "shield_record.h"

#define SHIELD_VLAN_TAGS 2  /* 802.1Q in 802.1ad */
#define SHIELD_IP6_HEADERS 8 /* extension headers; more than any real packet has */

/* Numbers of the protocols, as in the packet's byte order read big-endian. */
#define SHIELD_ETH_IP4 0x0800
#define SHIELD_ETH_ARP 0x0806
#define SHIELD_ETH_IP6 0x86dd
#define SHIELD_ETH_VLAN 0x8100
#define SHIELD_ETH_QINQ 0x88a8
#define SHIELD_IP_TCP 6
#define SHIELD_IP_UDP 17
#define SHIELD_IP_DCCP 33
#define SHIELD_IP_ICMP6 58
#define SHIELD_IP_SCTP 132
#define SHIELD_IP_UDPLITE 136
#define SHIELD_IP6_HOPS 0
#define SHIELD_IP6_ROUTING 43
#define SHIELD_IP6_FRAGMENT 44
#define SHIELD_IP6_AUTH 51
#define SHIELD_IP6_OPTIONS 60

struct shield_packet {
	__u8 family;	/* 4, 6, or 0: not IP */
	__u8 protocol;	/* of the transport */
	__u8 fragment;	/* a later one: there are no ports */
	__u8 icmp_type; /* of ICMPv6 */
	__u16 sport, dport; /* in the machine's order; 0 where the protocol has none */
	__u8 source[16];    /* in the packet's order; 4 bytes for IPv4 */
};

#define SHIELD_ALL 0x7fffffff /* as many bytes as there are */

/* A place in a frame. */
struct shield_cursor {
	const __u8 *at, *end;
	__u32 left; /* what is behind is padding, which the kernel cuts off */
};

static __always_inline __u16 shield_u16(const __u8 *at)
{
	return (__u16)(at[0] << 8 | at[1]);
}

static __always_inline int shield_has(const struct shield_cursor *c, __u32 len)
{
	return len <= c->left && c->at + len <= c->end;
}

static __always_inline void shield_skip(struct shield_cursor *c, __u32 len)
{
	c->at += len;
	c->left -= len;
}

/* Ports come first in all protocols that have them. */
static __always_inline enum shield_reason shield_parse_transport(struct shield_cursor *c, struct shield_packet *packet)
{
	switch (packet->protocol) {
	case SHIELD_IP_ICMP6:
		if (!shield_has(c, 4))
			return SHIELD_TRUNCATED;
		packet->icmp_type = c->at[0];
		return SHIELD_NONE;
	case SHIELD_IP_TCP:
	case SHIELD_IP_UDP:
	case SHIELD_IP_DCCP:
	case SHIELD_IP_SCTP:
	case SHIELD_IP_UDPLITE:
		/* The shortest of their headers has 8 bytes. */
		if (!shield_has(c, 8))
			return SHIELD_TRUNCATED;
		packet->sport = shield_u16(c->at);
		packet->dport = shield_u16(c->at + 2);
		return SHIELD_NONE;
	default:
		return SHIELD_NONE;
	}
}

static __always_inline enum shield_reason shield_parse_ip4(struct shield_cursor *c, struct shield_packet *packet)
{
	__u32 header, total;

	if (!shield_has(c, 20))
		return SHIELD_TRUNCATED;
	header = (c->at[0] & 15) * 4;
	total = shield_u16(c->at + 2);
	if (c->at[0] >> 4 != 4 || header < 20 || total < header)
		return SHIELD_MALFORMED;
	if (!shield_has(c, header))
		return SHIELD_TRUNCATED;
	packet->family = 4;
	packet->protocol = c->at[9];
	packet->fragment = (shield_u16(c->at + 6) & 0x1fff) != 0;
	__builtin_memcpy(packet->source, c->at + 12, 4);
	c->left = total;
	shield_skip(c, header);
	return packet->fragment ? SHIELD_NONE : shield_parse_transport(c, packet);
}

/* One extension header; 0: @packet->protocol is none, the transport follows. */
static __always_inline int shield_skip_header(struct shield_cursor *c, struct shield_packet *packet)
{
	__u32 len;

	switch (packet->protocol) {
	case SHIELD_IP6_FRAGMENT:
		if (!shield_has(c, 8))
			return -1;
		packet->fragment |= (shield_u16(c->at + 2) & 0xfff8) != 0;
		len = 8;
		break;
	case SHIELD_IP6_HOPS:
	case SHIELD_IP6_ROUTING:
	case SHIELD_IP6_OPTIONS:
		if (!shield_has(c, 8))
			return -1;
		len = (c->at[1] + 1) * 8;
		break;
	case SHIELD_IP6_AUTH:
		if (!shield_has(c, 8))
			return -1;
		len = (c->at[1] + 2) * 4;
		break;
	default:
		return 0;
	}
	packet->protocol = c->at[0];
	if (packet->fragment)
		return 0;
	if (!shield_has(c, len))
		return -1;
	shield_skip(c, len);
	return 1;
}

static __always_inline enum shield_reason shield_parse_ip6(struct shield_cursor *c, struct shield_packet *packet)
{
	__u32 payload;
	int i, more = 1;

	if (!shield_has(c, 40))
		return SHIELD_TRUNCATED;
	if (c->at[0] >> 4 != 6)
		return SHIELD_MALFORMED;
	packet->family = 6;
	packet->protocol = c->at[6];
	__builtin_memcpy(packet->source, c->at + 8, 16);
	payload = shield_u16(c->at + 4);
	c->at += 40;
	/* A jumbogram says its length in an option. */
	c->left = payload || packet->protocol != SHIELD_IP6_HOPS ? payload : SHIELD_ALL;
	for (i = 0; i < SHIELD_IP6_HEADERS && more > 0; i++)
		more = shield_skip_header(c, packet);
	if (more < 0)
		return SHIELD_TRUNCATED;
	if (more)
		return SHIELD_MALFORMED;
	return packet->fragment ? SHIELD_NONE : shield_parse_transport(c, packet);
}

static __always_inline int shield_is_tag(__u16 type)
{
	return type == SHIELD_ETH_VLAN || type == SHIELD_ETH_QINQ;
}

/*
 * Parse the Ethernet frame from @data up to @end into @packet, which is {}. SHIELD_NONE: rules decide. Anything else
 * says what it is, with or without rules.
 */
static __always_inline enum shield_reason shield_parse(const void *data, const void *end, struct shield_packet *packet)
{
	struct shield_cursor c = { (const __u8 *)data, (const __u8 *)end, SHIELD_ALL };
	__u16 type;
	int i;

	if (!shield_has(&c, 14))
		return SHIELD_TRUNCATED;
	type = shield_u16(c.at + 12);
	shield_skip(&c, 14);
	for (i = 0; i < SHIELD_VLAN_TAGS && shield_is_tag(type); i++) {
		if (!shield_has(&c, 4))
			return SHIELD_TRUNCATED;
		type = shield_u16(c.at + 2);
		shield_skip(&c, 4);
	}
	/* Of tags that name no VLAN the kernel takes off any number, and delivers what is behind them. */
	if (shield_is_tag(type))
		return SHIELD_MALFORMED;
	switch (type) {
	case SHIELD_ETH_IP4:
		return shield_parse_ip4(&c, packet);
	case SHIELD_ETH_IP6:
		return shield_parse_ip6(&c, packet);
	case SHIELD_ETH_ARP:
		return SHIELD_ARP;
	default:
		return SHIELD_NOT_IP;
	}
}

/* Whose rate it is, for the rule of @counter. */
static __always_inline struct shield_source shield_source_of(const struct shield_packet *packet, __u32 counter)
{
	struct shield_source source = { .counter = counter, .family = packet->family };

	__builtin_memcpy(source.addr, packet->source, sizeof(source.addr));
	return source;
}

/* What keeps a network running, unless the rules leave it out. */
static __always_inline enum shield_reason shield_builtin(const struct shield_packet *packet)
{
	if (packet->fragment)
		return SHIELD_NONE;
	/* Solicitations, advertisements and redirects of routers and neighbours. */
	if (packet->family == 6 && packet->protocol == SHIELD_IP_ICMP6 && packet->icmp_type >= 133 &&
	    packet->icmp_type <= 137)
		return SHIELD_ND;
	if (packet->protocol != SHIELD_IP_UDP)
		return SHIELD_NONE;
	/* From a server to a client and the other way round. */
	if (packet->family == 4 &&
	    ((packet->sport == 67 && packet->dport == 68) || (packet->sport == 68 && packet->dport == 67)))
		return SHIELD_DHCP;
	if (packet->family == 6 &&
	    ((packet->sport == 547 && packet->dport == 546) || (packet->sport == 546 && packet->dport == 547)))
		return SHIELD_DHCP;
	return SHIELD_NONE;
}

#endif /* KVIEW_SHIELD_PACKET_H */

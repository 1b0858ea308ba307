// SPDX-License-Identifier: GPL-2.0-or-later
/* What a shield sees in a frame: the code that runs in the kernel, on frames as they are and as they should not be. */
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#include "shield/packet.h"
#include "unit.h"

struct frame {
	uint8_t bytes[256];
	size_t len;
	size_t length_at; /* the low byte of its packet's length */
};

static void put(struct frame *frame, const void *bytes, size_t len)
{
	memcpy(frame->bytes + frame->len, bytes, len);
	frame->len += len;
}

static void put_ethernet(struct frame *frame, uint16_t type)
{
	const uint8_t header[14] = { [12] = type >> 8, [13] = type & 255 };

	put(frame, header, sizeof(header));
}

static void put_tag(struct frame *frame, uint16_t type)
{
	const uint8_t tag[4] = { 0, 5, type >> 8, type & 255 };

	put(frame, tag, sizeof(tag));
}

/* A packet's length is counted as it grows. */
static void put_payload(struct frame *frame, const void *bytes, size_t len)
{
	put(frame, bytes, len);
	frame->bytes[frame->length_at] += len;
}

static void put_ip4(struct frame *frame, uint8_t protocol, uint16_t fragment, size_t options)
{
	uint8_t header[60] = {
		0x45 + options / 4, 0, 0, 20 + options, 0, 0, fragment >> 8, fragment & 255, 64, protocol, 0, 0, 10, 1, 2, 3
	};

	frame->length_at = frame->len + 3;
	put(frame, header, 20 + options);
}

static void put_ip6(struct frame *frame, uint8_t next)
{
	uint8_t header[40] = { 0x60, [6] = next, [8] = 0xfd, [23] = 7 };

	frame->length_at = frame->len + 5;
	put(frame, header, sizeof(header));
}

static void put_extension(struct frame *frame, uint8_t next, uint8_t len)
{
	uint8_t header[64] = { next, len };

	put_payload(frame, header, (len + 1) * 8);
}

static void put_ports(struct frame *frame, uint16_t sport, uint16_t dport)
{
	const uint8_t header[8] = { sport >> 8, sport & 255, dport >> 8, dport & 255 };

	put_payload(frame, header, sizeof(header));
}

/* On memory of exactly that size, so that a sanitizer sees a byte too much. */
static enum shield_reason parse_part(const struct frame *frame, size_t len, struct shield_packet *packet)
{
	uint8_t *copy = malloc(len ?: 1);
	enum shield_reason reason;

	memcpy(copy, frame->bytes, len);
	*packet = (struct shield_packet){};
	reason = shield_parse(copy, copy + len, packet);
	free(copy);
	return reason;
}

static enum shield_reason parse(const struct frame *frame, struct shield_packet *packet)
{
	return parse_part(frame, frame->len, packet);
}

static void tcp4(void **state)
{
	struct frame frame = {};
	struct shield_packet packet;

	(void)state;
	put_ethernet(&frame, SHIELD_ETH_IP4);
	put_ip4(&frame, SHIELD_IP_TCP, 0x4000, 0);
	put_ports(&frame, 4000, 443);
	assert_int_equal(parse(&frame, &packet), SHIELD_NONE);
	assert_int_equal(packet.family, 4);
	assert_int_equal(packet.protocol, 6);
	assert_int_equal(packet.sport, 4000);
	assert_int_equal(packet.dport, 443);
	assert_memory_equal(packet.source, "\x0a\x01\x02\x03", 4);
	/* Cut at each place: never more than there is, never a verdict by rules. */
	for (size_t len = 0; len < frame.len; len++)
		assert_int_equal(parse_part(&frame, len, &packet), SHIELD_TRUNCATED);
}

static void options4(void **state)
{
	struct frame frame = {};
	struct shield_packet packet;

	(void)state;
	put_ethernet(&frame, SHIELD_ETH_IP4);
	put_ip4(&frame, SHIELD_IP_UDP, 0, 40);
	put_ports(&frame, 1, 53);
	assert_int_equal(parse(&frame, &packet), SHIELD_NONE);
	assert_int_equal(packet.dport, 53);
	for (size_t len = 0; len < frame.len; len++)
		assert_int_equal(parse_part(&frame, len, &packet), SHIELD_TRUNCATED);
}

static void malformed4(void **state)
{
	struct frame frame = {}, bad;
	struct shield_packet packet;

	(void)state;
	put_ethernet(&frame, SHIELD_ETH_IP4);
	put_ip4(&frame, SHIELD_IP_TCP, 0, 0);
	put_ports(&frame, 1, 2);
	bad = frame;
	bad.bytes[14] = 0x44;
	assert_int_equal(parse(&bad, &packet), SHIELD_MALFORMED);
	bad.bytes[14] = 0x65;
	assert_int_equal(parse(&bad, &packet), SHIELD_MALFORMED);
	bad = frame;
	bad.bytes[17] = 19;
	assert_int_equal(parse(&bad, &packet), SHIELD_MALFORMED);
}

static void fragments4(void **state)
{
	struct frame frame = {};
	struct shield_packet packet;

	(void)state;
	put_ethernet(&frame, SHIELD_ETH_IP4);
	put_ip4(&frame, SHIELD_IP_UDP, 0x2000, 0); /* the first one has its ports */
	put_ports(&frame, 1, 53);
	assert_int_equal(parse(&frame, &packet), SHIELD_NONE);
	assert_int_equal(packet.fragment, 0);
	assert_int_equal(packet.dport, 53);
	frame.bytes[20] = 0x00;
	frame.bytes[21] = 0x01;
	assert_int_equal(parse(&frame, &packet), SHIELD_NONE);
	assert_int_equal(packet.fragment, 1);
	assert_int_equal(packet.dport, 0);
	/* A first fragment too short for its ports is what scanners send. */
	frame.bytes[20] = 0x20;
	frame.bytes[21] = 0;
	assert_int_equal(parse_part(&frame, frame.len - 4, &packet), SHIELD_TRUNCATED);
}

static void vlan(void **state)
{
	struct frame frame = {};
	struct shield_packet packet;

	(void)state;
	put_ethernet(&frame, SHIELD_ETH_QINQ);
	put_tag(&frame, SHIELD_ETH_VLAN);
	put_tag(&frame, SHIELD_ETH_IP4);
	put_ip4(&frame, SHIELD_IP_TCP, 0, 0);
	put_ports(&frame, 1, 22);
	assert_int_equal(parse(&frame, &packet), SHIELD_NONE);
	assert_int_equal(packet.dport, 22);
	for (size_t len = 0; len < frame.len; len++)
		assert_int_equal(parse_part(&frame, len, &packet), SHIELD_TRUNCATED);
}

/* The kernel takes off as many as there are. */
static void too_many_tags(void **state)
{
	static const uint16_t types[] = { SHIELD_ETH_VLAN, SHIELD_ETH_QINQ };
	struct shield_packet packet;

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		struct frame frame = {};

		put_ethernet(&frame, types[i & 1]);
		put_tag(&frame, types[i >> 1 & 1]);
		put_tag(&frame, types[i >> 2]);
		put_tag(&frame, SHIELD_ETH_IP4);
		put_ip4(&frame, SHIELD_IP_TCP, 0, 0);
		put_ports(&frame, 1, 22);
		assert_int_equal(parse(&frame, &packet), SHIELD_MALFORMED);
	}
}

static void extensions6(void **state)
{
	struct frame frame = {};
	struct shield_packet packet;

	(void)state;
	put_ethernet(&frame, SHIELD_ETH_IP6);
	put_ip6(&frame, SHIELD_IP6_HOPS);
	put_extension(&frame, SHIELD_IP6_ROUTING, 1);
	put_extension(&frame, SHIELD_IP6_OPTIONS, 0);
	put_extension(&frame, SHIELD_IP6_AUTH, 0);
	put_extension(&frame, SHIELD_IP_TCP, 0); /* as long as an AH of 8 bytes */
	frame.bytes[frame.len - 8] = SHIELD_IP_TCP;
	frame.len -= 8;
	frame.bytes[frame.len - 8] = SHIELD_IP_TCP;
	put_ports(&frame, 9, 8080);
	assert_int_equal(parse(&frame, &packet), SHIELD_NONE);
	assert_int_equal(packet.family, 6);
	assert_int_equal(packet.protocol, SHIELD_IP_TCP);
	assert_int_equal(packet.dport, 8080);
	assert_int_equal(packet.source[0], 0xfd);
	assert_int_equal(packet.source[15], 7);
	for (size_t len = 0; len < frame.len; len++)
		assert_int_equal(parse_part(&frame, len, &packet), SHIELD_TRUNCATED);
}

static void too_many_headers(void **state)
{
	struct frame frame = {};
	struct shield_packet packet;

	(void)state;
	put_ethernet(&frame, SHIELD_ETH_IP6);
	put_ip6(&frame, SHIELD_IP6_OPTIONS);
	for (int i = 0; i < SHIELD_IP6_HEADERS; i++)
		put_extension(&frame, SHIELD_IP6_OPTIONS, 0);
	put_ports(&frame, 1, 2);
	assert_int_equal(parse(&frame, &packet), SHIELD_MALFORMED);
}

static void fragments6(void **state)
{
	struct frame frame = {};
	struct shield_packet packet;

	(void)state;
	put_ethernet(&frame, SHIELD_ETH_IP6);
	put_ip6(&frame, SHIELD_IP6_FRAGMENT);
	put_extension(&frame, SHIELD_IP_UDP, 0);
	put_ports(&frame, 3, 4);
	frame.bytes[frame.len - 8 - 5] = 1; /* "more fragments": the first one */
	assert_int_equal(parse(&frame, &packet), SHIELD_NONE);
	assert_int_equal(packet.fragment, 0);
	assert_int_equal(packet.dport, 4);
	frame.bytes[frame.len - 8 - 5] = 8;
	assert_int_equal(parse(&frame, &packet), SHIELD_NONE);
	assert_int_equal(packet.fragment, 1);
	assert_int_equal(packet.protocol, SHIELD_IP_UDP);
	assert_int_equal(packet.dport, 0);
}

/* Ports behind the end that the packet's own length says are padding: the kernel will not see them. */
static void padding(void **state)
{
	struct frame frame4 = {}, frame6 = {}, jumbo = {};
	struct shield_packet packet;

	(void)state;
	put_ethernet(&frame4, SHIELD_ETH_IP4);
	put_ip4(&frame4, SHIELD_IP_UDP, 0, 0);
	put_ports(&frame4, 1, 53);
	assert_int_equal(parse(&frame4, &packet), SHIELD_NONE);
	frame4.bytes[frame4.length_at]--;
	assert_int_equal(parse(&frame4, &packet), SHIELD_TRUNCATED);

	put_ethernet(&frame6, SHIELD_ETH_IP6);
	put_ip6(&frame6, SHIELD_IP6_FRAGMENT);
	put_extension(&frame6, SHIELD_IP6_OPTIONS, 0);
	put_extension(&frame6, SHIELD_IP6_OPTIONS, 0);
	put_extension(&frame6, SHIELD_IP_UDP, 0);
	put_ports(&frame6, 1, 53);
	assert_int_equal(parse(&frame6, &packet), SHIELD_NONE);
	/* The first fragment ends behind its first options, and the second has the ports. */
	frame6.bytes[frame6.length_at] = 16;
	assert_int_equal(parse(&frame6, &packet), SHIELD_TRUNCATED);

	put_ethernet(&jumbo, SHIELD_ETH_IP6);
	put_ip6(&jumbo, SHIELD_IP6_HOPS);
	put_extension(&jumbo, SHIELD_IP_TCP, 0);
	put_ports(&jumbo, 1, 443);
	jumbo.bytes[jumbo.length_at] = 0;
	assert_int_equal(parse(&jumbo, &packet), SHIELD_NONE);
	assert_int_equal(packet.dport, 443);
}

static int same_rate(const struct shield_packet *a, const struct shield_packet *b)
{
	struct shield_source one = shield_source_of(a, 3), other = shield_source_of(b, 3);

	return !memcmp(&one, &other, sizeof(one));
}

/* Whoever has an address of IPv6 has a /64 of them. */
static void rate_sources(void **state)
{
	struct shield_packet four = { .family = 4, .source = { 10, 1, 2, 3 } }, six = { .family = 6 }, other;

	(void)state;
	other = four;
	assert_true(same_rate(&four, &other));
	other.source[3] = 4;
	assert_false(same_rate(&four, &other));
	memset(six.source, 0xfd, sizeof(six.source));
	for (int i = 0; i < 16; i++) {
		other = six;
		other.source[i] ^= 1;
		assert_int_equal(same_rate(&six, &other), i >= 8);
	}
	memset(&other, 0, sizeof(other));
	other.family = 6;
	memcpy(other.source, four.source, sizeof(other.source));
	assert_false(same_rate(&four, &other));
}

static void builtins(void **state)
{
	struct shield_packet nd = { .family = 6, .protocol = SHIELD_IP_ICMP6, .icmp_type = 135 }, ping = nd, later = nd;
	struct shield_packet dhcp = { .family = 4, .protocol = SHIELD_IP_UDP, .sport = 67, .dport = 68 }, wrong = dhcp;
	struct frame frame = {};
	struct shield_packet packet;

	(void)state;
	put_ethernet(&frame, SHIELD_ETH_ARP);
	assert_int_equal(parse(&frame, &packet), SHIELD_ARP);
	frame.bytes[12] = 0x88;
	frame.bytes[13] = 0xcc;
	assert_int_equal(parse(&frame, &packet), SHIELD_NOT_IP);
	assert_int_equal(shield_builtin(&nd), SHIELD_ND);
	ping.icmp_type = 128;
	assert_int_equal(shield_builtin(&ping), SHIELD_NONE);
	later.fragment = 1;
	assert_int_equal(shield_builtin(&later), SHIELD_NONE);
	assert_int_equal(shield_builtin(&dhcp), SHIELD_DHCP);
	wrong.dport = 53;
	assert_int_equal(shield_builtin(&wrong), SHIELD_NONE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp4),		cmocka_unit_test(options4),	    cmocka_unit_test(malformed4),
		cmocka_unit_test(fragments4),	cmocka_unit_test(vlan),		    cmocka_unit_test(extensions6),
		cmocka_unit_test(too_many_headers), cmocka_unit_test(fragments6), cmocka_unit_test(builtins),
		cmocka_unit_test(too_many_tags), cmocka_unit_test(padding),	    cmocka_unit_test(rate_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}

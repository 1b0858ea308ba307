// SPDX-License-Identifier: GPL-2.0-or-later
/* The parser of Interledger's packets that runs in the kernel, on what btp-packet 2.2.1 and ilp-packet 3.1.3 write. */
#include <linux/types.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/probes/btp_parse.h"
#include "unit.h"

#define PEEK 48

/* "no route found" */
#define REJECT "010000000921010103696c7000190e1746303203672e620e6e6f20726f75746520666f756e6400"

/* With room for an index of any value. */
static struct {
	__u8 bytes[BTP_MASK + 1];
	__u64 len; /* of all of it */
} message;

static void read_hex(const char *hex)
{
	memset(message.bytes, 0, sizeof(message.bytes));
	message.len = strlen(hex) / 2;
	for (size_t i = 0; i < message.len && i < PEEK; i++) {
		char digits[3] = { hex[2 * i], hex[2 * i + 1] };

		message.bytes[i] = strtoul(digits, NULL, 16);
	}
}

static int parse(struct btp_packet *packet)
{
	return btp_parse(message.bytes, message.len < PEEK ? message.len : PEEK, message.len, packet);
}

/* Whole packets, and what is in them. */
static const struct {
	const char *hex;
	__u8 type, kind;
	__u16 code;
	__u32 request;
} whole[] = {
	{ "060102030452010103696c70004a0c48000000000000006b313937303031303130303030303030303001010101010101"
	  "010101010101010101010101010101010101010101010101010d6578616d706c652e616c69636500",
	  BTP_MESSAGE, ILP_PREPARE, 0, 0x01020304 },
	{ "06fffefdfc8190010103696c700081870c8184000000000000006b313937303031303130303030303030303001010101"
	  "010101010101010101010101010101010101010101010101010101010d6578616d706c652e616c6963653c0707070707"
	  "070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707"
	  "07070707070707",
	  BTP_MESSAGE, ILP_PREPARE, 0, 0xfffefdfc },
	{ "060000000782011f010103696c70008201150c820111000000000000006b313937303031303130303030303030303001"
	  "010101010101010101010101010101010101010101010101010101010101010d6578616d706c652e616c69636581c807"
	  "070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707"
	  "070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707"
	  "070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707"
	  "070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707"
	  "07070707070707",
	  BTP_MESSAGE, ILP_PREPARE, 0, 7 },
	{ "01000000072b010103696c7000230d210202020202020202020202020202020202020202020202020202020202020202"
	  "00",
	  BTP_RESPONSE, ILP_FULFILL, 0, 7 },
	{ "0100000008820135010103696c700082012b0d8201270202020202020202020202020202020202020202020202020202"
	  "020202020202820104070707070707070707070707070707070707070707070707070707070707070707070707070707"
	  "070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707"
	  "070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707"
	  "070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707"
	  "070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707"
	  "0707070707070707070707070707070707070707070707070707070707",
	  BTP_RESPONSE, ILP_FULFILL, 0, 8 },
	{ "010000000921010103696c7000190e1746303203672e620e6e6f20726f75746520666f756e6400",
	  BTP_RESPONSE, ILP_REJECT, ILP_CODE('F', 2), 9 },
	{ "010000000a13010103696c70000b0e0954393903672e620000",
	  BTP_RESPONSE, ILP_REJECT, ILP_CODE('T', 99), 10 },
	{ "010000000b14010103696c70000c0e0a58313703672e62017800",
	  BTP_RESPONSE, ILP_REJECT, 0, 11 },
	{ "010000000c14010103696c70000c0e0a46343203672e62017800",
	  BTP_RESPONSE, ILP_REJECT, 0, 12 },
	{ "010000000d020100",
	  BTP_RESPONSE, ILP_NONE, 0, 13 },
	{ "020000000e2c463030104e6f7441636365707465644572726f721331393730303130313030303030302e3030305a0178"
	  "0100",
	  BTP_ERROR, ILP_NONE, 0, 14 },
	{ "070000000f5a000000000000000c010103696c70004a0c48000000000000006b31393730303130313030303030303030"
	  "3001010101010101010101010101010101010101010101010101010101010101010d6578616d706c652e616c69636500",
	  BTP_TRANSFER, ILP_NONE, 0, 15 },
	{ "06000000102c0103046175746800000d617574685f757365726e616d6501000a617574685f746f6b656e010673656372"
	  "6574",
	  BTP_MESSAGE, ILP_NONE, 0, 16 },
};

static void packets(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(whole); i++) {
		struct btp_packet packet = {};

		read_hex(whole[i].hex);
		if (!parse(&packet))
			fail_msg("case %zu", i);
		assert_int_equal(packet.type, whole[i].type);
		assert_int_equal(packet.kind, whole[i].kind);
		assert_int_equal(packet.code, whole[i].code);
		assert_int_equal(packet.request, whole[i].request);
	}
}

/* One that is longer or shorter than it says is none. */
static void other_lengths(void **state)
{
	struct btp_packet packet;

	(void)state;
	for (__u64 len = 0; len < 4096; len++) {
		read_hex(REJECT);
		if (len == message.len)
			continue;
		message.len = len;
		if (parse(&packet))
			fail_msg("%llu bytes", (unsigned long long)len);
	}
}

/* What lies behind the bytes that are there is not read. */
static void cut(void **state)
{
	struct btp_packet packet;

	(void)state;
	for (__u32 have = 6; have < PEEK; have++) {
		read_hex(REJECT);
		memset(message.bytes + have, 0xff, sizeof(message.bytes) - have);
		assert_true(btp_parse(message.bytes, have, message.len, &packet));
		assert_int_equal(packet.kind, have < 16 ? ILP_NONE : ILP_REJECT);
		assert_int_equal(packet.code, have < 19 ? 0 : ILP_CODE('F', 2));
	}
}

static void others(void **state)
{
	static const char *const cases[] = {
		"",
		"00",
		"03010203040301010000", /* prepare of BTP 1.0 */
		"0601020304",
		"060102030480",		/* a length without bytes, one of too many */
		"06010203048500000000020100",
		"48656c6c6f2c20776f726c6421",
		"ffffffffffffffffffffffffffff",
		"0000000000000000000000000000",
	};
	struct btp_packet packet;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		read_hex(cases[i]);
		if (parse(&packet))
			fail_msg("%s", cases[i]);
	}
}

/* Messages of BTP that carry something else, or nothing whole. */
static void no_ilp(void **state)
{
	static const char *const cases[] = {
		"060102030402" "0100",			     /* no protocols */
		"060102030403" "020001",		     /* their number in two bytes */
		"06010203040b" "0101" "03696c71" "00" "030c0000", /* "ilq" */
		"06010203040b" "0101" "03696c70" "00" "030c0100", /* a prepare of one byte */
		"06010203040b" "0101" "03696c70" "00" "030f0100", /* a kind that is none */
		"06010203040b" "0101" "03696c70" "00" "030c0500", /* longer than what it lies in */
		"06010203040b" "0101" "03696c70" "00" "850c0100",
	};
	struct btp_packet packet;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		read_hex(cases[i]);
		if (!parse(&packet))
			fail_msg("%s", cases[i]);
		assert_int_equal(packet.kind, ILP_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets),
		cmocka_unit_test(other_lengths),
		cmocka_unit_test(cut),
		cmocka_unit_test(others),
		cmocka_unit_test(no_ilp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The parser of DNS that runs in the kernel. */
#include <linux/types.h>
#include <stdint.h>
#include <string.h>

#include "monitor/probes/dns_parse.h"
#include "unit.h"

/* As the program does it: the type at the end of the question's name. -1: there is none. */
static int type_of(const uint8_t *message, size_t len)
{
	struct dns_name name;
	__u32 at;

	dns_name_begin(&name);
	for (int i = 0; i < DNS_LABELS && name.at < len && !dns_name_step(&name, message[name.at]); i++)
		;
	at = dns_type_at(&name);
	return at && at + DNS_QUESTION_BYTES <= len ? message[at] << 8 | message[at + 1] : -1;
}

static size_t fill(uint8_t *message, const char *question, size_t len)
{
	static const uint8_t header[DNS_HEADER_BYTES] = { 0x12, 0x34, 1, 0, 0, 1 };

	memcpy(message, header, sizeof(header));
	memcpy(message + sizeof(header), question, len);
	return sizeof(header) + len;
}

static void headers(void **state)
{
	static const struct {
		__u8 flags[2], questions[2], kind, code;
	} cases[] = {
		{ { 0x01, 0x00 }, { 0, 1 }, DNS_QUERY, 0 },	{ { 0x00, 0x10 }, { 0, 1 }, DNS_QUERY, 0 },
		{ { 0x81, 0x80 }, { 0, 1 }, DNS_ANSWER, 0 },	{ { 0x81, 0x83 }, { 0, 1 }, DNS_ANSWER, 3 },
		{ { 0x80, 0x01 }, { 0, 0 }, DNS_ANSWER, 1 },	{ { 0x80, 0x0f }, { 0, 1 }, DNS_ANSWER, 15 },
		{ { 0x01, 0x00 }, { 0, 0 }, DNS_MALFORMED, 0 }, { { 0x01, 0x00 }, { 0, 2 }, DNS_MALFORMED, 0 },
		{ { 0x01, 0x00 }, { 1, 1 }, DNS_MALFORMED, 0 }, { { 0x81, 0x00 }, { 0, 2 }, DNS_MALFORMED, 0 },
		{ { 0x20, 0x00 }, { 0, 1 }, DNS_OTHER, 0 },	{ { 0x28, 0x00 }, { 0, 1 }, DNS_OTHER, 0 },
		{ { 0xa0, 0x00 }, { 0, 1 }, DNS_OTHER, 0 },	{ { 0xff, 0xff }, { 0xff, 0xff }, DNS_OTHER, 15 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const __u8 bytes[DNS_HEADER_BYTES] = {
			0xab, 0xcd, cases[i].flags[0], cases[i].flags[1], cases[i].questions[0], cases[i].questions[1]
		};
		struct dns_header header;

		dns_header(bytes, &header);
		assert_int_equal(header.id, 0xabcd);
		assert_int_equal(header.kind, cases[i].kind);
		assert_int_equal(header.code, cases[i].code);
	}
}

static void questions(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int type;
	} cases[] = {
#define QUESTION(bytes, type) { bytes, sizeof(bytes) - 1, type }
		QUESTION("\1a\0\0\1\0\1", 1),
		QUESTION("\3www\7example\3com\0\0\x1c\0\1", 28),
		QUESTION("\0\0\2\0\1", 2), /* the root */
		QUESTION("\1a\0\1\1\0\1", 257),
		QUESTION("\3a.b\0\0\1\0\1", 1), /* a dot within a label */
		QUESTION("", -1),
		QUESTION("\1a", -1),
		QUESTION("\1a\0", -1),
		QUESTION("\1a\0\0\1\0", -1),
		QUESTION("\5abc\0\0\1\0\1", -1),  /* longer than what is there */
		QUESTION("\xc0\x0c\0\1\0\1", -1), /* a pointer */
		QUESTION("\1a\xc0\x0c\0\1\0\1", -1),
		QUESTION("\x40zzzz\0\0\1\0\1", -1), /* no length of a label */
		QUESTION("\x80zzzz\0\0\1\0\1", -1),
#undef QUESTION
	};
	uint8_t message[512];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t len = fill(message, cases[i].bytes, cases[i].len);

		if (type_of(message, len) != cases[i].type)
			fail_msg("case %zu: %d", i, type_of(message, len));
	}
}

/* A name of @len bytes: labels of one byte, the last one of two where the length wants that. */
static size_t long_name(char *name, size_t len)
{
	size_t at = 0;

	while (at + 4 < len) {
		name[at++] = 1;
		name[at++] = 'x';
	}
	name[at] = len - at - 2;
	memset(name + at + 1, 'y', len - at - 2);
	name[len - 1] = 0;
	memcpy(name + len, "\0\1\0\1", 4);
	return len + 4;
}

static void lengths(void **state)
{
	uint8_t message[1024];
	char name[512];

	(void)state;
	for (size_t len = 3; len < 400; len++) {
		size_t size = fill(message, name, long_name(name, len));

		if (type_of(message, size) != (len <= DNS_NAME_BYTES ? 1 : -1))
			fail_msg("a name of %zu bytes: %d", len, type_of(message, size));
	}
}

static void types(void **state)
{
	unsigned int known = 0;

	(void)state;
	for (unsigned int type = 0; type < 1 << 16; type++) {
		__u16 is = dns_known_type(type);

		if (is && is != type)
			fail_msg("type %u is %u", type, is);
		known += is != 0;
	}
	assert_int_equal(known, 21);
	assert_int_equal(dns_known_type(28), 28);
	assert_int_equal(dns_known_type(99), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers),
		cmocka_unit_test(questions),
		cmocka_unit_test(lengths),
		cmocka_unit_test(types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The parser of WebSocket frames that runs in the kernel: streams that are cut, lost, sent again, and others'. */
#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "monitor/probes/http_parse.h"
#include "tests/unit/websocket_walk.h"
#include "unit.h"

#define FIN 0x80
#define ANSWER                                                                               \
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

/* Bytes that somebody sends. */
struct bytes {
	__u8 data[200000];
	__u32 len;
};

static struct bytes stream;

static void add(struct bytes *bytes, const void *data, __u32 len)
{
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

static void add_head(struct bytes *bytes, __u8 first, __u64 len, bool masked)
{
	__u8 head[10] = { first, (masked ? 0x80 : 0) | (len < 126 ? len : len < 65536 ? 126 : 127) };
	__u32 size = len < 126 ? 2 : len < 65536 ? 4 : 10;

	for (__u32 i = 2; i < size; i++)
		head[i] = len >> 8 * (size - 1 - i);
	add(bytes, head, size);
}

/* A frame whose payload is @text over and over. */
static void add_frame(struct bytes *bytes, __u8 first, const char *text, __u64 len, bool masked)
{
	static const __u8 mask[4] = { 0x37, 0xfa, 0x21, 0x3d };

	add_head(bytes, first, len, masked);
	if (masked)
		add(bytes, mask, 4);
	for (__u64 i = 0; i < len; i++)
		bytes->data[bytes->len++] = text[i % strlen(text)] ^ (masked ? mask[i & 3] : 0);
}

/* Opcodes and lengths of frames that were found, as "2:10 1:3". */
static void expect(const struct walk *walk, const char *frames)
{
	if (strcmp(walk->frames, frames))
		fail_msg("frames: %s, not %s", walk->frames, frames);
}

/* How many were found. */
static int told(const struct walk *walk)
{
	int count = 0;

	for (const char *at = walk->frames; *at; at++)
		count += *at == ' ';
	return count;
}

static void walk_known(struct walk *walk, bool masked)
{
	*walk = (struct walk){};
	walk->stream.known = 1;
	walk->stream.flows[0].state = WS_KNOWN;
	walk->stream.flows[0].seen = 1;
	walk->stream.flows[0].masked = masked;
	walk->stream.flows[0].proof = WS_PROOF_AGAIN;
}

static void many_kinds(bool masked)
{
	stream.len = 0;
	add_frame(&stream, FIN | WS_TEXT, "hello", 5, masked);
	add_frame(&stream, FIN | WS_BINARY, "bytes", 125, masked);
	add_frame(&stream, FIN | WS_PING, "-", 0, masked);
	add_frame(&stream, FIN | WS_BINARY, "bytes", 126, masked);
	add_frame(&stream, WS_TEXT, "begins", 65535, masked);
	add_frame(&stream, FIN | WS_PONG, "between", 7, masked);
	add_frame(&stream, WS_CONTINUATION, "goes on", 7, masked);
	add_frame(&stream, FIN | WS_CONTINUATION, "ends", 65536, masked);
	add_frame(&stream, FIN | WS_CLOSE, "\x03\xe9 bye", 6, masked);
}

#define MANY_KINDS "1:5 2:125 9:0 2:126 1:65535 10:7 0:7 0:65536 8:6 "

/* However the stream is cut into packets, the same frames are in it. */
static void cuts(void **state)
{
	static const __u32 sizes[] = { 1, 2, 3, 7, 13, 14, 100, 1448, 65483, 200000 };

	(void)state;
	for (int masked = 0; masked < 2; masked++) {
		many_kinds(masked);
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			struct walk walk;

			walk_known(&walk, masked);
			walk_all(&walk, 0, stream.data, stream.len, sizes[i]);
			expect(&walk, MANY_KINDS);
			assert_int_equal(walk.strayed, 0);
			assert_int_equal(walk.stream.code, 1001);
		}
	}
}

/* A packet costs steps by its frames, not by its bytes. */
static void steps(void **state)
{
	struct walk walk;

	(void)state;
	many_kinds(true);
	walk_known(&walk, true);
	walk_packet(&walk, 0, 0, stream.data, stream.len);
	assert_in_range(walk.steps, 9, 4 * 9 + 1);
}

static void sent_again(void **state)
{
	struct walk walk;

	(void)state;
	many_kinds(true);
	walk_known(&walk, true);
	for (__u32 at = 0; at < stream.len; at += 100) {
		__u32 from = at > 250 ? at - 250 : 0, len = stream.len - at < 100 ? stream.len - at : 100;

		walk_packet(&walk, 0, from, stream.data + from, at - from);
		walk_packet(&walk, 0, from, stream.data + from, at + len - from);
		walk_packet(&walk, 0, at, stream.data + at, len);
	}
	expect(&walk, MANY_KINDS);
	assert_int_equal(walk.strayed, 0);
}

/* Numbers of bytes begin anew after 4 GiB. */
static void numbers_wrap(void **state)
{
	struct walk walk;

	(void)state;
	many_kinds(false);
	walk_known(&walk, false);
	walk.first = walk.stream.flows[0].next = 0xffffff00;
	walk_all(&walk, 0, stream.data, stream.len, 1000);
	expect(&walk, MANY_KINDS);
}

/* What is missing in the midst of a payload does not matter, whether it comes or not. */
static void missing_payload(void **state)
{
	struct walk walk;

	(void)state;
	stream.len = 0;
	add_frame(&stream, FIN | WS_TEXT, "long", 5000, true);
	add_frame(&stream, FIN | WS_TEXT, "short", 50, true);
	walk_known(&walk, true);
	walk_packet(&walk, 0, 0, stream.data, 1000);
	walk_packet(&walk, 0, 3000, stream.data + 3000, stream.len - 3000);
	walk_packet(&walk, 0, 1000, stream.data + 1000, 2000);
	expect(&walk, "1:5000 1:50 ");
	assert_int_equal(walk.strayed, 0);
}

/* Messages of several packets each, of which any two neighbours change places: all of them are counted. */
static void other_order(void **state)
{
	__u32 at[128], len[128], packets = 0;

	(void)state;
	stream.len = 0;
	for (int i = 0; i < 20; i++) {
		__u32 from = stream.len;

		add_frame(&stream, FIN | (i & 1 ? WS_TEXT : WS_BINARY), "text", i % 3 ? 52 + i : 5000, true);
		for (; from < stream.len; from += len[packets++]) {
			at[packets] = from;
			len[packets] = stream.len - from < 1448 ? stream.len - from : 1448;
		}
	}
	for (__u32 swapped = 0; swapped + 1 < packets; swapped++) {
		struct walk walk;

		walk_known(&walk, true);
		for (__u32 i = 0; i < packets; i++) {
			__u32 which = i == swapped ? i + 1 : i == swapped + 1 ? i - 1 : i;

			walk_packet(&walk, 0, at[which], stream.data + at[which], len[which]);
		}
		if (told(&walk) != 20 || walk.strayed)
			fail_msg("packet %u: strayed %u, and found %s", swapped, walk.strayed, walk.frames);
	}
}

/* Packets that begin with frames, and come later than up to ten others: all frames are counted. */
static void late(void **state)
{
	__u32 size;

	(void)state;
	for (__u32 lost = 1; lost < 20; lost++) {
		for (__u32 by = 1; by <= 10 && lost + by < 30; by++) {
			struct walk walk;

			stream.len = 0;
			for (int i = 0; i < 30; i++)
				add_frame(&stream, FIN | WS_TEXT, "text", 44, true);
			size = stream.len / 30;
			walk_known(&walk, true);
			for (__u32 i = 0; i < 30; i++) {
				if (i != lost)
					walk_packet(&walk, 0, i * size, stream.data + i * size, size);
				if (i == lost + by)
					walk_packet(&walk, 0, lost * size, stream.data + lost * size, size);
			}
			assert_int_equal(walk.strayed, 0);
			assert_int_equal(told(&walk), 30);
		}
	}
}

/* What never comes has frames looked for anew, and costs what was in it; a second loss at a time is told. */
static void lost(void **state)
{
	struct walk walk;
	__u32 size;

	(void)state;
	stream.len = 0;
	for (int i = 0; i < 30; i++)
		add_frame(&stream, FIN | WS_TEXT, "text", 44, true);
	size = stream.len / 30;
	walk_known(&walk, true);
	for (__u32 i = 0; i < 30; i++)
		if (i != 10 && i != 20)
			walk_packet(&walk, 0, i * size, stream.data + i * size, size);
	assert_int_equal(told(&walk), 28);
	assert_int_equal(walk.strayed, 1);
	/* Ever so late. */
	walk_packet(&walk, 0, 10 * size, stream.data + 10 * size, size);
	walk_packet(&walk, 0, 20 * size, stream.data + 20 * size, size);
	assert_int_equal(told(&walk), 29);
}

static void invalid(void **state)
{
	static const struct {
		const char *bytes;
		__u32 len;
	} cases[] = {
		{ "\x83\x00", 2 },		 /* opcodes that are none */
		{ "\x8b\x00", 2 },
		{ "\xa1\x00", 2 },		 /* bits that are reserved */
		{ "\xc1\x00", 2 },		 /* compressed, and nobody has agreed to it */
		{ "\x09\x00", 2 },		 /* a ping of more than one frame, a long one */
		{ "\x89\x7e\x00\x80", 4 },
		{ "\x88\x01", 2 },		 /* half a code */
		{ "\x80\x00", 2 },		 /* more of nothing */
		{ "\x81\x85", 2 },		 /* masked, from a server */
		{ "\x81\x7e\x00\x7d", 4 },	 /* lengths in too many bytes */
		{ "\x81\x7f\0\0\0\0\0\0\xff\xff", 10 },
		{ "\x81\x7f\x80\0\0\0\0\1\0\0", 10 },
		{ "\x01\x01x\x81\x00", 5 },	 /* a message within another one */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct walk walk;

		stream.len = 0;
		add(&stream, cases[i].bytes, cases[i].len);
		add(&stream, "\0\0\0\0\0\0\0\0", 8);
		walk_known(&walk, false);
		walk_all(&walk, 0, stream.data, stream.len, 200000);
		if (walk.strayed != 1)
			fail_msg("case %zu: %s, strayed %u", i, walk.frames, walk.strayed);
	}
}

/* The answer and the first frames in one packet, or each byte in its own; the client speaks from byte 1000 on. */
static void opening(void **state)
{
	static const __u32 sizes[] = { 1, 5, 140, 1000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct walk walk = {};

		stream.len = 0;
		add(&stream, ANSWER "\r\n", strlen(ANSWER "\r\n"));
		add_frame(&stream, FIN | WS_TEXT, "welcome", 7, false);
		assert_int_equal(http_status(stream.data, stream.len), 101);
		ws_begin(&walk.stream, 1, 1000);
		walk_all(&walk, 1, stream.data, stream.len, sizes[i]);
		assert_int_equal(walk.opened, 1);
		assert_true(walk.stream.known);
		expect(&walk, "1:7 ");
		/* The end of the request, once more, and what follows it. */
		stream.len = 0;
		add(&stream, "0123456789", 10);
		add_frame(&stream, FIN | WS_TEXT, "question", 8, true);
		walk.first = 990;
		walk_packet(&walk, 0, 0, stream.data, 10);
		walk_packet(&walk, 0, 0, stream.data, stream.len);
		expect(&walk, "1:7 1:8 ");
		assert_int_equal(walk.strayed, 0);
	}
}

static void other_openings(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
		"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nUpgrade: tcp\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nX-Sec-WebSocket-Accept: 1\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct walk walk = {};

		ws_begin(&walk.stream, 1, 0);
		walk_all(&walk, 1, (const __u8 *)answers[i], strlen(answers[i]), 1000);
		assert_int_equal(walk.opened, 0);
		assert_int_equal(walk.refused, 1);
		assert_false(walk.stream.known);
	}
}

/* Compressed messages are ones where both have agreed to it, and in a session that was found. */
static void compressed(void **state)
{
	struct walk walk = {};

	(void)state;
	stream.len = 0;
	add(&stream, ANSWER, strlen(ANSWER));
	add(&stream, "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", 48);
	add_frame(&stream, 0xc1, "squeezed", 8, false);
	ws_begin(&walk.stream, 1, 0);
	walk_all(&walk, 1, stream.data, stream.len, 1000);
	expect(&walk, "1:8 ");
	stream.len = 0;
	add_frame(&stream, 0xc2, "squeezed", 80, true);
	walk_all(&walk, 0, stream.data, stream.len, 1000);
	expect(&walk, "1:8 2:80 ");
	/* What it begins with says nothing, then. */
	assert_int_equal(walk.peeks, 0);
}

/* Whoever looks in the middle needs five heads in a row, and has counted all five then. */
static void found(void **state)
{
	struct walk walk = {};

	(void)state;
	ws_find(&walk.stream);
	for (int i = 0; i < 4; i++) {
		stream.len = 0;
		add_frame(&stream, FIN | WS_TEXT, "message", 30 + i, true);
		walk_packet(&walk, 0, walk.at[0], stream.data, stream.len);
		expect(&walk, "");
	}
	stream.len = 0;
	add_frame(&stream, FIN | WS_PING, "-", 0, true);
	walk_packet(&walk, 0, walk.at[0], stream.data, stream.len);
	expect(&walk, "1:30 1:31 1:32 1:33 9:0 ");
	assert_true(walk.stream.known);
	/* The other side is known to be the server by now: two will do, and none that is masked. */
	stream.len = 0;
	add_frame(&stream, FIN | WS_TEXT, "masked", 6, true);
	walk_packet(&walk, 1, 0, stream.data, stream.len);
	stream.len = 0;
	add_frame(&stream, FIN | WS_TEXT, "a", 1, false);
	add_frame(&stream, FIN | WS_TEXT, "b", 2, false);
	walk_packet(&walk, 1, walk.at[1], stream.data, stream.len);
	expect(&walk, "1:30 1:31 1:32 1:33 9:0 1:1 1:2 ");
}

/* In the middle of a long message, cut into segments: it is passed over, and the next packet begins with a frame. */
static void found_in_a_payload(void **state)
{
	struct walk walk = {};

	(void)state;
	ws_find(&walk.stream);
	stream.len = 0;
	add_frame(&stream, FIN | WS_TEXT, "a long text that is in the way ", 50000, true);
	walk_all(&walk, 0, stream.data + 3000, stream.len - 3000, 1448);
	assert_false(walk.stream.known);
	stream.len = 0;
	for (int i = 0; i < 5; i++)
		add_frame(&stream, FIN | WS_TEXT, "text", 100 + i, true);
	walk_all(&walk, 0, stream.data, stream.len, 200000);
	expect(&walk, "1:100 1:101 1:102 1:103 1:104 ");
}

static __u32 random_number(__u32 *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* What other protocols say is never taken for frames: whole streams of theirs, packet by packet. */
static void others(void **state)
{
	static const struct {
		const char *name, *bytes;
		__u32 len;
	} protocols[] = {
		{ "zeros", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16 },
		{ "ones", "\xff\xff\xff\xff\xff\xff\xff\xff", 8 },
		{ "RESP", "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n", 27 },
		{ "HTTP", "GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n", 37 },
		{ "TLS record", "\x17\x03\x03\x00\x13""0123456789012345678", 24 },
		{ "PostgreSQL", "Q\0\0\0\x0dselect 1\0", 14 },
		{ "MySQL", "\x09\0\0\0\x03select 1", 13 },
		{ "MySQL, 129 bytes", "\x81\0\0\0\x03select 1 from a_table where i = 7 ", 40 },
		{ "MQTT publish", "\x30\x0b\0\x05topicdata", 13 },
		{ "MQTT subscribe", "\x82\x0a\0\x01\0\x05topic\0\x90\x03\0\x01\0", 17 },
		{ "memcached, answers", "\x81\0\0\0\x04\0\0\0\0\0\0\x09\0\0\0\0\0\0\0\0\0\0\0\x01\xde\xad\xbe\xefhello", 33 },
		{ "memcached, questions", "\x80\0\0\x05\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\0\0\0\0\0hello", 29 },
		{ "HTTP/2", "\0\0\x04\x01\x05\0\0\0\x01\x82\x84\x86\x41\0\0\x05\0\x01\0\0\0\x01hello", 27 },
		{ "Kafka", "\0\0\0\x10\0\x03\0\x01\0\0\0\x01\0\x06""client\0\0\0\0", 24 },
		{ "SSH", "\0\0\0\x14\x06\x15""0123456789012345678901", 28 },
		{ "DNS", "\0\x1d\x12\x34\x81\x80\0\x01\0\x01\0\0\0\0\x07""example\0\0\1\0\1", 28 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		struct walk walk = {};

		ws_find(&walk.stream);
		for (int packet = 0; packet < 300; packet++) {
			stream.len = 0;
			for (int j = 0; j < 1 + packet % 4; j++)
				add(&stream, protocols[i].bytes, protocols[i].len);
			walk_packet(&walk, packet & 1, walk.at[packet & 1], stream.data, stream.len);
		}
		if (walk.stream.known || *walk.frames)
			fail_msg("%s: %s", protocols[i].name, walk.frames);
	}
}

/* Nor is noise, as of what is encrypted or compressed: 20,000 connections of 256 packets. */
static void noise(void **state)
{
	__u32 seed = 6455, wrong = 0;

	(void)state;
	for (int connection = 0; connection < 20000; connection++) {
		struct walk walk = {};

		ws_find(&walk.stream);
		for (int packet = 0; packet < 256; packet++) {
			__u8 bytes[64];

			for (size_t i = 0; i < sizeof(bytes); i++)
				bytes[i] = random_number(&seed);
			walk_packet(&walk, 0, walk.at[0], bytes, sizeof(bytes));
		}
		wrong += walk.stream.known;
	}
	assert_in_range(wrong, 0, 1);
}

/* Two bytes tell most packets from those that may begin with a frame. */
static void first_bytes(void **state)
{
	int may = 0;

	(void)state;
	for (int first = 0; first < 256; first++)
		for (int second = 0; second < 256; second++)
			may += ws_may_begin(first, second);
	assert_in_range(may, 5 * 200, 7 * 256);
	assert_true(ws_may_begin(0x82, 0xfe));
	assert_true(ws_may_begin(0x88, 0x00));
	assert_false(ws_may_begin(0x89, 0x7e));
	assert_false(ws_may_begin('G', 'E'));
	assert_false(ws_may_begin(0, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts),
		cmocka_unit_test(steps),
		cmocka_unit_test(sent_again),
		cmocka_unit_test(numbers_wrap),
		cmocka_unit_test(missing_payload),
		cmocka_unit_test(other_order),
		cmocka_unit_test(late),
		cmocka_unit_test(lost),
		cmocka_unit_test(invalid),
		cmocka_unit_test(opening),
		cmocka_unit_test(other_openings),
		cmocka_unit_test(compressed),
		cmocka_unit_test(found),
		cmocka_unit_test(found_in_a_payload),
		cmocka_unit_test(others),
		cmocka_unit_test(noise),
		cmocka_unit_test(first_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

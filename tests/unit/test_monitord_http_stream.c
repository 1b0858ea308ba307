// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of HTTP one behind the other, as the program in the kernel walks through them. */
#include "http_walk.h"
#include "unit.h"

#define GET "GET /a HTTP/1.1\r\nHost: kview\r\n\r\n"				/* 32 bytes */
#define POST "POST /b HTTP/1.1\r\nHost: kview\r\ncontent-LENGTH:  10\r\n\r\n"	/* 54 */
#define CHUNKED "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"		/* 47 */
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"			/* 38 */

struct stream {
	const char *name, *text, *found;
	__u32 answers, heads;
};

static const struct stream streams[] = {
	{ "one", GET, "0:1 ", 0, 0 },
	{ "three", GET GET GET, "0:1 32:1 64:1 ", 0, 0 },
	{ "newlines alone", "GET /aaaaaaaaa\n\nHEAD / HTTP/1.1\n\n", "0:1 16:2 ", 0, 0 },
	{ "blank lines between", GET "\r\n\n" GET, "0:1 35:1 ", 0, 0 },
	{ "a body", POST "0123456789" GET, "0:3 64:1 ", 0, 0 },
	{ "a body like a request", POST "GET / HTTP" GET, "0:3 64:1 ", 0, 0 },
	{ "no body", "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n" GET, "0:3 38:1 ", 0, 0 },
	{ "chunks", CHUNKED "a\r\n0123456789\r\n1F;x=y\r\n0123456789012345678901234567890\r\n0\r\n\r\n" GET,
	  "0:4 108:1 ", 0, 0 },
	{ "a trailer", CHUNKED "1\r\nx\r\n000\r\nA: b\r\nC: d\r\n\r\n" GET, "0:4 72:1 ", 0, 0 },
	{ "chunks and a length",
	  "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n2\r\nxx\r\n0\r\n\r\n" GET,
	  "0:4 78:1 ", 0, 0 },
	{ "a length and chunks",
	  "PUT /c HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxx\r\n0\r\n\r\n" GET,
	  "0:4 78:1 ", 0, 0 },
	{ "names that are not quite these",
	  "GET / HTTP/1.1\r\nContent-Length-: 9\r\nXContent-Length: 9\r\nContent-Lengt: 9\r\nTransfer-Encodin: x\r\n\r\n" GET,
	  "0:1 97:1 ", 0, 0 },
	{ "what is no message", GET "something else\r\n\r\n", "0:1 ", 0, 0 },
	{ "answers", OK "12345" OK "12345", "0:200 43:200 ", 1, 0 },
	{ "go on", "HTTP/1.1 100 Continue\r\n\r\n" OK "12345" OK, "0:100 25:200 68:200 ", 1, 0 },
	{ "no body by status", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n" OK "12345",
	  "0:304 48:200 ", 1, 0 },
	{ "no body by method", OK OK "12345" OK OK "12345", "0:200 38:200 81:200 119:200 ", 1, 5 },
	{ "an answer in chunks",
	  "HTTP/1.1 200 OK\r\nServer: x\r\nTransfer-Encoding:chunked\r\n\r\n5\r\nHTTP/\r\n0\r\n\r\n" OK "12345",
	  "0:200 72:200 ", 1, 0 },
};

/* Whatever the packets are, as long as they do not lie about what is a beginning. */
static void check(const struct stream *stream, __u32 part)
{
	struct walk walk = { .heads = stream->heads };
	size_t len = strlen(stream->text);

	walk.stream.answers = stream->answers;
	/* The beginning is seen. */
	walk.stream.state = HTTP_BETWEEN;
	for (size_t at = 0; at < len; at += part)
		walk_packet(&walk, (const __u8 *)stream->text + at, len - at < part ? len - at : part);
	if (strcmp(walk.found, stream->found))
		fail_msg("%s, %u bytes each: %s, not %s", stream->name, part, walk.found, stream->found);
}

static void messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		for (__u32 part = strlen(streams[i].text); part; part--)
			check(&streams[i], part);
}

/* Lines of any length. */
static void long_lines(void **state)
{
	(void)state;
	for (__u32 len = 1; len < 400; len++) {
		char text[1024], found[64];
		const struct stream stream = { "a long line", text, found, 0, 0 };

		snprintf(text, sizeof(text), "GET /%0*d HTTP/1.1\r\nCookie: %0*d\r\n\r\n" GET, len / 2, 0, len, 0);
		snprintf(found, sizeof(found), "0:1 %zu:1 ", strlen(text) - strlen(GET));
		for (__u32 part = 1; part < 200; part += 7)
			check(&stream, part);
	}
}

/* Answers are found wherever they begin. */
static void searched(void **state)
{
	static const char text[] = "H HT HTTP/1.1 and HTTP/1.1 2x0 of a body\r\n0\r\n\r\nHTTP/1.1 20" OK "12345" OK "12345";

	(void)state;
	for (__u32 part = 1; part < sizeof(text); part++) {
		struct walk walk = { .stream.answers = 1 };

		for (size_t at = 0; at < sizeof(text) - 1; at += part)
			walk_packet(&walk, (const __u8 *)text + at,
				    sizeof(text) - 1 - at < part ? sizeof(text) - 1 - at : part);
		if (strcmp(walk.found, "58:200 101:200 "))
			fail_msg("%u bytes each: %s", part, walk.found);
	}
}

/* Where nothing is known, each packet's beginning is tried; a first line that is cut there has to look like one. */
static void found_again(void **state)
{
	static const struct {
		const char *packets[5], *found;
		__u32 answers;
	} cases[] = {
		{ { "of a body\r\n\r\n" GET, GET }, "45:1 ", 0 },
		{ { "of a body", "GET /aaaaaaaa", "a HTTP/1.1\r\n\r\n" GET }, "9:1 36:1 ", 0 },
		{ { "GET /a", "a HTTP/1.1\r\n\r\n", GET }, "20:1 ", 0 },
		{ { "no end of a line" GET, "GE", "T / HTTP/1.1\r\n\r\n", GET }, "66:1 ", 0 },
		/* An answer that lasts until the connection ends, perhaps. */
		{ { "HTTP/1.0 200 OK\r\n\r\n" OK "12345", OK "12345" }, "0:200 62:200 ", 1 },
		{ { "12345", OK "12345" OK, "12345" OK "1" }, "5:200 48:200 91:200 ", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct walk walk = {};

		walk.stream.answers = cases[i].answers;
		for (const char *const *packet = cases[i].packets; *packet; packet++)
			walk_packet(&walk, (const __u8 *)*packet, strlen(*packet));
		assert_string_equal(walk.found, cases[i].found);
	}
}

/* A body costs a step for each packet. */
static void steps(void **state)
{
	static const __u8 body[1 << 16];
	struct walk walk = { .stream.state = HTTP_BETWEEN };
	static const char head[] = "PUT / HTTP/1.1\r\nContent-Length: 6553600000\r\n\r\n";
	__u32 before;

	(void)state;
	walk_packet(&walk, (const __u8 *)head, strlen(head));
	before = walk.steps;
	for (int i = 0; i < 100000; i++)
		walk_packet(&walk, body, sizeof(body));
	assert_int_equal(walk.steps - before, 200000);
	walk_packet(&walk, (const __u8 *)GET, strlen(GET));
	assert_int_equal(walk.stream.state, HTTP_BETWEEN);
	assert_string_equal(walk.found + 4, "2258632750:1 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(searched),
		cmocka_unit_test(found_again),
		cmocka_unit_test(steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

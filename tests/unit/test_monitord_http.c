// SPDX-License-Identifier: GPL-2.0-or-later
/* The parser of HTTP that runs in the kernel. */
#include <linux/types.h>
#include <stdint.h>
#include <string.h>

#include "monitor/probes/http_parse.h"
#include "monitor/probes/tcp_parse.h"
#include "unit.h"

static void fill(struct http_head *head, const char *text, size_t len)
{
	*head = (struct http_head){};
	head->len = len < HTTP_HEAD_BYTES ? len : HTTP_HEAD_BYTES;
	memcpy(head->bytes, text, head->len);
}

/* As the program does it: the method, and the path's template in @head. */
static __u8 parse(struct http_head *head, const char *text)
{
	__u32 at = 0;
	__u8 method;

	fill(head, text, strlen(text));
	method = http_method(head->bytes, head->len, &at);
	if (!method)
		return method;
	head->at = at;
	for (int i = 0; i < HTTP_STEPS && !http_path_step(head); i++)
		;
	http_path_end(head);
	return method;
}

/* First lines of requests, or of what is none. */
static const struct {
	const char *text;
	__u8 method;
	const char *path;
} lines[] = {
	{ "GET / HTTP/1.1\r\n", HTTP_GET, "/" },
	{ "GET /index.html HTTP/1.1\r\n", HTTP_GET, "/index.html" },
	{ "HEAD /a?b=c HTTP/1.1\r\n", HTTP_HEAD, "/a" },
	{ "POST /users/12345 HTTP/1.1\r\n", HTTP_POST, "/users/*" },
	{ "POST /users/12345/cart HTTP/1.1\r\n", HTTP_POST, "/users/*/cart" },
	{ "PUT /1/22/333/ HTTP/1.1\r\n", HTTP_PUT, "/*/*/*/" },
	{ "PUT /a1/2b/3 HTTP/1.1\r\n", HTTP_PUT, "/a1/2b/*" },
	{ "DELETE /x//y HTTP/1.1\r\n", HTTP_DELETE, "/x//y" },
	{ "PATCH /7?q HTTP/1.1\r\n", HTTP_PATCH, "/*" },
	{ "OPTIONS * HTTP/1.1\r\n", HTTP_OPTIONS, "*" },
	{ "GET http://host/a/9 HTTP/1.1\r\n", HTTP_GET, "http://host/a/*" },
	{ "GET /0123456789abcdefghij0123456789abcdefghij0123456789 HTTP/1.1\r\n", HTTP_GET,
	  "/0123456789abcdefghij0123456789abcdefghi" },
	/* Hexadecimal numbers are no words, unless they look like one. */
	{ "GET /orders/550e8400-e29b-41d4-a716-446655440000/items HTTP/1.1\r\n", HTTP_GET, "/orders/*/items" },
	{ "GET /0123456789abcdef0123456789abcdef0123456789ABCDEF HTTP/1.1\r\n", HTTP_GET, "/*" },
	{ "GET /c0ffee00?x HTTP/1.1\r\n", HTTP_GET, "/*" },
	{ "GET /c0ffee0 HTTP/1.1\r\n", HTTP_GET, "/c0ffee0" },
	{ "GET /deadbeef/--------/ HTTP/1.1\r\n", HTTP_GET, "/deadbeef/--------/" },
	{ "GET /v1/12345678x/1234567890-a HTTP/1.1\r\n", HTTP_GET, "/v1/12345678x/*" },
	{ "GET /abcdefghijklmnopqrstuvwxyzabcdefghijkl/0a-0a-0a-0a HTTP/1.1\r\n", HTTP_GET,
	  "/abcdefghijklmnopqrstuvwxyzabcdefghijkl/" },
	{ "GET /abcdefghijklmnopqrstuvwxyzabcdefghijk/0a-0a-0a-0a/x HTTP/1.1\r\n", HTTP_GET,
	  "/abcdefghijklmnopqrstuvwxyzabcdefghijk/*" },
	{ "GET /abcdefghijklmnopqrstuvwxyzabcdefghijkl/1 HTTP/1.1\r\n", HTTP_GET,
	  "/abcdefghijklmnopqrstuvwxyzabcdefghijkl/" },
	{ "GET /a\xff" "b HTTP/1.1\r\n", HTTP_GET, "/a" },
	/* Cut where the packet ends. */
	{ "GET /abcdefg", HTTP_GET, "/abcdefg" },
	{ "GET /12345678", HTTP_GET, "/*" },
	{ "GET /a", HTTP_NONE, "" },
	{ "GETS /aaaaaaaa", HTTP_NONE, "" },
	{ "get / HTTP/1.1\r\n", HTTP_NONE, "" },
	{ "HTTP/1.1 200 OK\r\n", HTTP_NONE, "" },
	{ "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03zzzzzz", HTTP_NONE, "" },
	{ "", HTTP_NONE, "" },
};

static void requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct http_head head;
		char path[HTTP_PATH + 1] = "";

		if (parse(&head, lines[i].text) != lines[i].method)
			fail_msg("method of: %s", lines[i].text);
		if (lines[i].method)
			memcpy(path, head.path, HTTP_PATH);
		assert_string_equal(path, lines[i].path);
	}
}

/* What lies behind the path is zero: the template is part of a key. */
static void padding(void **state)
{
	static const char zeros[HTTP_PATH];
	struct http_head head;

	(void)state;
	parse(&head, "GET /111111111111111111111/a HTTP/1.1\r\n");
	assert_memory_equal(head.path, "/*/a", 4);
	assert_memory_equal(head.path + 4, zeros, HTTP_PATH - 4);
}

static void answers(void **state)
{
	static const struct {
		const char *text;
		__u16 status;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\n", 200 }, { "HTTP/1.0 404 Not Found\r\n", 404 }, { "HTTP/1.1 100", 100 },
		{ "HTTP/1.1 599", 599 },	{ "HTTP/1.1 999", 999 },	       { "HTTP/1.1 099", 0 },
		{ "HTTP/2.0 200", 0 },		{ "HTTP/1.1 20", 0 },		       { "HTTP/1.x 200", 0 },
		{ "http/1.1 200", 0 },		{ "HTTP/1.1  200", 0 },		       { "GET / HTTP/1.1\r\n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_head head;

		fill(&head, cases[i].text, strlen(cases[i].text));
		if (http_status(head.bytes, head.len) != cases[i].status)
			fail_msg("%s: %u", cases[i].text, http_status(head.bytes, head.len));
	}
}

static void headers(void **state)
{
	__u8 packet[40] = { 0x45, [9] = 6 };
	struct tcp_head tcp;

	(void)state;
	assert_int_equal(ip_payload(packet, IP_TCP), 20);
	packet[0] = 0x4f;
	assert_int_equal(ip_payload(packet, IP_TCP), 60);
	packet[0] = 0x44;
	assert_int_equal(ip_payload(packet, IP_TCP), 0);
	packet[0] = 0x45;
	packet[9] = 17;
	assert_int_equal(ip_payload(packet, IP_TCP), 0);
	packet[9] = 6;
	packet[6] = 0x40; /* don't fragment */
	assert_int_equal(ip_payload(packet, IP_TCP), 20);
	packet[7] = 1; /* a later fragment */
	assert_int_equal(ip_payload(packet, IP_TCP), 0);
	memset(packet, 0, sizeof(packet));
	packet[0] = 0x60;
	packet[6] = 6;
	assert_int_equal(ip_payload(packet, IP_TCP), 40);
	packet[6] = 0;
	assert_int_equal(ip_payload(packet, IP_TCP), 0);
	memcpy(packet, "\x1f\x90\x1f\x91\x01\x02\x03\x04\xf5\xf6\xf7\xf8\x80\x12", 14);
	assert_true(tcp_head(packet, 20, &tcp));
	assert_int_equal(tcp.seq, 0x01020304);
	assert_int_equal(tcp.ack, 0xf5f6f7f8);
	assert_int_equal(tcp.data, 52);
	assert_int_equal(tcp.flags, 0x12);
	packet[12] = 0x40;
	assert_false(tcp_head(packet, 20, &tcp));
}

struct segment {
	__u32 seq, len;
	int is_new;
};

static void check_order(const struct segment *segments, size_t count)
{
	struct tcp_order order = {};

	for (size_t i = 0; i < count; i++)
		if (tcp_is_new(&order, segments[i].seq, segments[i].len) != segments[i].is_new)
			fail_msg("segment %zu, %u: %s", i, segments[i].seq, segments[i].is_new ? "not new" : "new");
}

#define ORDER(...)                                                                       \
	do {                                                                             \
		static const struct segment segments[] = { __VA_ARGS__ };                \
		check_order(segments, sizeof(segments) / sizeof(segments[0]));           \
	} while (0)

static void sent_again(void **state)
{
	(void)state;
	ORDER({ 4294967000U, 100, 1 }, { 4294967100U, 200, 1 }, { 4294967100U, 200, 0 }, { 4, 50, 1 },
	      { 4294967000U, 100, 0 }, { 4, 50, 0 }, { 54, 1, 1 });
}

/* What comes behind something that is missing, which comes then. */
static void late(void **state)
{
	(void)state;
	ORDER({ 0, 100, 1 }, { 200, 50, 1 }, { 100, 100, 1 }, { 100, 100, 0 }, { 200, 50, 0 }, { 250, 10, 1 });
	/* In several parts, the numbers of which begin anew. */
	ORDER({ 4294967290U, 3, 1 }, { 200, 50, 1 }, { 4294967293U, 8, 1 }, { 5, 100, 1 }, { 5, 100, 0 },
	      { 105, 95, 1 }, { 105, 95, 0 }, { 4294967293U, 300, 0 });
	/* The second part before the first. */
	ORDER({ 0, 100, 1 }, { 300, 50, 1 }, { 200, 100, 1 }, { 200, 100, 0 }, { 100, 100, 1 }, { 100, 100, 0 });
	/* Sent again with what was there before, as one: that is not where a message begins. */
	ORDER({ 0, 100, 1 }, { 200, 50, 1 }, { 50, 150, 0 }, { 100, 100, 0 });
	ORDER({ 0, 100, 1 }, { 200, 50, 1 }, { 50, 100, 0 }, { 150, 50, 1 }, { 100, 100, 0 });
	/* Of two places the first is known; the second, once that one is filled. */
	ORDER({ 0, 100, 1 }, { 200, 50, 1 }, { 300, 50, 1 }, { 100, 100, 1 }, { 250, 50, 0 }, { 400, 50, 1 },
	      { 350, 50, 1 }, { 350, 50, 0 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(padding),
		cmocka_unit_test(answers),
		cmocka_unit_test(headers),
		cmocka_unit_test(sent_again),
		cmocka_unit_test(late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

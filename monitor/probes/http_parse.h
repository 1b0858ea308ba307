/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first line of an HTTP/1 message. The same code runs in the kernel and in tests; the one who includes it brings
 * the fixed-width types. No byte is read before it is known to be there.
 */
#ifndef KVIEW_MONITOR_HTTP_PARSE_H
#define KVIEW_MONITOR_HTTP_PARSE_H

#include "http_record.h"
#include "ip_parse.h"

#define HTTP_HEAD_BYTES 96 /* of a message that are looked at */
#define HTTP_LEAST_BYTES 12 /* "HTTP/1.1 200", the shortest beginning that says enough */
#define HTTP_STEPS 80	   /* bytes of a path that are looked at */

/* What a part of a path consists of, as far as it has been read. */
#define HTTP_PART_NUMBER 1 /* digits */
#define HTTP_PART_HEX 2	   /* hexadecimal digits and '-' */
#define HTTP_PART_DIGIT 4  /* at least one digit */
#define HTTP_HEX_LEAST 8   /* bytes of the latter two that are no word */

struct http_head {
	__u8 bytes[HTTP_HEAD_BYTES];
	__u32 len; /* of them that are there */
	/* results */
	__u16 status; /* of an answer; 0: it is none */
	__u8 method;  /* of a request */
	__u8 kind;    /* HTTP_PART_* of the last part, while a path is read */
	__u32 at;     /* the next byte */
	__u32 part_at; /* the first byte of the last part */
	__u32 out, part; /* bytes of @path; where its last part begins */
	char path[HTTP_PATH + 24]; /* the template: parts that are numbers are "*"; room for a masked index */
};

#define HTTP_INDEX_MASK 63 /* for @path */

static __always_inline int http_is_digit(__u8 c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200 ": the number, or 0. Some servers have numbers of their own beyond 599. */
static __always_inline __u16 http_status(const __u8 *b, __u32 len)
{
	if (len < HTTP_LEAST_BYTES || b[0] != 'H' || b[1] != 'T' || b[2] != 'T' || b[3] != 'P' || b[4] != '/' ||
	    b[5] != '1' || b[6] != '.' || !http_is_digit(b[7]) || b[8] != ' ' || b[9] < '1' || b[9] > '9' ||
	    !http_is_digit(b[10]) || !http_is_digit(b[11]))
		return 0;
	return (b[9] - '0') * 100 + (b[10] - '0') * 10 + (b[11] - '0');
}

#define HTTP_WORD(a, b, c, d) ((__u32)(a) << 24 | (__u32)(b) << 16 | (__u32)(c) << 8 | (__u32)(d))

/* A request's method; @ret_len gets its length with the space behind it. */
static __always_inline __u8 http_method(const __u8 *b, __u32 len, __u32 *ret_len)
{
	__u32 word = HTTP_WORD(b[0], b[1], b[2], b[3]), next = HTTP_WORD(b[4], b[5], b[6], b[7]);

	if (len < HTTP_LEAST_BYTES)
		return HTTP_NONE;
	*ret_len = 5;
	if (word == HTTP_WORD('G', 'E', 'T', ' ')) {
		*ret_len = 4;
		return HTTP_GET;
	}
	if (word == HTTP_WORD('P', 'U', 'T', ' ')) {
		*ret_len = 4;
		return HTTP_PUT;
	}
	if (word == HTTP_WORD('H', 'E', 'A', 'D') && b[4] == ' ')
		return HTTP_HEAD;
	if (word == HTTP_WORD('P', 'O', 'S', 'T') && b[4] == ' ')
		return HTTP_POST;
	*ret_len = 6;
	if (word == HTTP_WORD('P', 'A', 'T', 'C') && b[4] == 'H' && b[5] == ' ')
		return HTTP_PATCH;
	*ret_len = 7;
	if (word == HTTP_WORD('D', 'E', 'L', 'E') && b[4] == 'T' && b[5] == 'E' && b[6] == ' ')
		return HTTP_DELETE;
	*ret_len = 8;
	if (word == HTTP_WORD('O', 'P', 'T', 'I') && next == HTTP_WORD('O', 'N', 'S', ' '))
		return HTTP_OPTIONS;
	return HTTP_NONE;
}

/* A part is over, before the byte at head->at: it becomes "*" when it is a number, or a UUID, a hash, and so on. */
static __always_inline void http_end_part(struct http_head *head)
{
	__u32 len = head->at - head->part_at;

	if (!(head->kind & HTTP_PART_NUMBER) &&
	    (len < HTTP_HEX_LEAST || (head->kind & (HTTP_PART_HEX | HTTP_PART_DIGIT)) != (HTTP_PART_HEX | HTTP_PART_DIGIT)))
		return;
	if (head->out == head->part)
		return;
	head->path[head->part & HTTP_INDEX_MASK] = '*';
	head->out = head->part + 1;
}

static __always_inline void http_add_to_part(struct http_head *head, __u8 c)
{
	__u8 letter = c | 0x20;

	if (http_is_digit(c)) {
		head->kind |= HTTP_PART_DIGIT;
		return;
	}
	head->kind &= ~HTTP_PART_NUMBER;
	if (c != '-' && (letter < 'a' || letter > 'f'))
		head->kind &= ~HTTP_PART_HEX;
}

/* Take the next byte of the path. 1: it was the last one. */
static __always_inline int http_path_step(struct http_head *head)
{
	__u32 at = head->at;
	__u8 c;

	/* Where there is no room left, the end of a number is looked for nevertheless: it needs none. */
	if (at >= head->len || at >= HTTP_HEAD_BYTES || (head->out >= HTTP_PATH && !(head->kind & HTTP_PART_HEX)))
		return 1;
	c = head->bytes[at];
	/* The query is no part of it; what is not printable is none of a path's. */
	if (c <= ' ' || c == '?' || c == '#' || c >= 127)
		return 1;
	if (c == '/')
		http_end_part(head);
	if (head->out < HTTP_PATH) {
		head->path[head->out & HTTP_INDEX_MASK] = c;
		head->out++;
	}
	head->at = at + 1;
	if (c == '/') {
		head->part = head->out;
		head->part_at = at + 1;
		head->kind = HTTP_PART_NUMBER | HTTP_PART_HEX;
	} else {
		http_add_to_part(head, c);
	}
	return 0;
}

/* Behind the last step: end the path, and clear what lies behind it. */
static __always_inline void http_path_end(struct http_head *head)
{
	__u32 i;

	http_end_part(head);
	for (i = 0; i < HTTP_PATH; i++)
		if (i >= head->out)
			head->path[i] = 0;
}

#endif /* KVIEW_MONITOR_HTTP_PARSE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVIEW_MONITOR_HTTP_RECORD_H
#define KVIEW_MONITOR_HTTP_RECORD_H

#define HTTP_KEYS 2048 /* different combinations of the labels */
#define HTTP_UNANSWERED 0  /* in place of a status: the connection has ended before there was one */
#define HTTP_SWITCHING 101 /* of protocols: the last answer of a session */
#define HTTP_PATH 40   /* bytes of a path that tell it from others */

enum http_method {
	HTTP_NONE, /* no request, or one that was not seen */
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_DELETE,
	HTTP_PATCH,
	HTTP_OPTIONS,
	HTTP_METHODS,
};

/* The extras of a sample: bytes of the requests, bytes of the answers. */
struct http_key {
	__u32 target;
	__u16 status;
	__u8 method;
	__u8 client; /* the target has asked; else it has answered */
	char path[HTTP_PATH]; /* padded with zeros; "" stands for others */
};

#endif /* KVIEW_MONITOR_HTTP_RECORD_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How pages are answered, and who asks for them: on top of libmicrohttpd. */
#ifndef KVIEW_PAGE_HTTP_H
#define KVIEW_PAGE_HTTP_H

#include <microhttpd.h>
#include <stdbool.h>

/* With headers that let a browser load, run and ask nothing but this server, and keep nothing. @mode: whose @text is. */
enum MHD_Result page_answer(struct MHD_Connection *connection, unsigned int status, const char *type, char *text,
			    size_t len, enum MHD_ResponseMemoryMode mode);

/* NULL: the request has no such header. */
const char *page_header(struct MHD_Connection *connection, const char *name);

/*
 * Whether a request comes from a page of this server, or from nobody's: what other sites let a browser send has their
 * origin. That the server itself has the name it was asked by is for the caller to see to, before.
 */
bool page_is_own_origin(struct MHD_Connection *connection);

/* What the request proves its right by ("Authorization: Bearer KEY"); "": nothing. */
const char *page_given_key(struct MHD_Connection *connection);

#endif /* KVIEW_PAGE_HTTP_H */

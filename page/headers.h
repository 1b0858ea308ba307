/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes with every answer to a browser. */
#ifndef KVIEW_PAGE_HEADERS_H
#define KVIEW_PAGE_HEADERS_H

/* Nothing but what this server sends is loaded, run or asked; nobody frames it, and nothing is kept. */
static const char *const page_headers[][2] = {
	{ "Content-Security-Policy",
	  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
	  " base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Cache-Control", "no-store" },
};

#define PAGE_HEADERS (sizeof(page_headers) / sizeof(page_headers[0]))

#endif /* KVIEW_PAGE_HEADERS_H */

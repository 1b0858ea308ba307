/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page for browsers, which asks for /metrics.json. */
#ifndef KVIEW_MONITOR_PAGE_H
#define KVIEW_MONITOR_PAGE_H

struct page_file {
	const char *url, *type, *text;
};

/* The file of @url; NULL: the page has no such file. */
const struct page_file *page_find(const char *url);

#endif /* KVIEW_MONITOR_PAGE_H */

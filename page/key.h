/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys of pages: who can read a file can open the page. The file holds an address that a browser opens. The key is
 * behind its #, so it is in no request but in a header of those that ask; no other site can send that.
 */
#ifndef KVIEW_PAGE_KEY_H
#define KVIEW_PAGE_KEY_H

#include <stdbool.h>

#define PAGE_KEY_LEN 64

struct page_key {
	char text[PAGE_KEY_LEN + 1];
	char *file; /* NULL: there is none */
};

/*
 * Make a key, and write "@address#key=..." to @file, which root alone can read, and @group, if it is not NULL and there
 * is one that the caller may give files to. -EACCES, -ENOENT, ...
 */
int page_key_make(const char *file, const char *address, const char *group, struct page_key *ret_key);

/* Forget it, and delete its file. Nothing is done with one that is all 0. */
void page_key_deinit(struct page_key *key);

/* Never of a key that is all 0. Takes a time that tells nothing of how much of @given is right. */
bool page_key_is(const struct page_key *key, const char *given);

#endif /* KVIEW_PAGE_KEY_H */

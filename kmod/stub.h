/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stub: the trampoline a patched site calls, and the list of hooks it serves.
 *
 * A stub never changes once it is reachable: another program at the site means another stub. It holds a reference on
 * each of its links, and is freed through kview_retire() when no CPU and no preempted task can be in it.
 */
#ifndef KVIEW_STUB_H
#define KVIEW_STUB_H

#include <linux/llist.h>
#include <linux/types.h>

#include "hook.h"

#define KVIEW_SITE_OFFSET_MAX 4 /* a site stands at its function's start, or behind a 4-byte endbr */

struct kview_pin;

enum kview_role {
	KVIEW_ROLE_ENTRY,	  /* any function */
	KVIEW_ROLE_SYSCALL_ENTER, /* (struct pt_regs *user, unsigned int number) */
	KVIEW_ROLE_SYSCALL_EXIT,  /* (struct pt_regs *user) */
};

struct kview_stub {
	struct llist_node retired;
	unsigned long site;
	enum kview_role role;
	const struct kview_pin *pin; /* what the module itself does here, or NULL */
	void *code;	/* in the arena */
	size_t size;
	unsigned long chain; /* where the shared site's own call led when the code was written; 0: nowhere */
	u16 *first;	/* [KVIEW_SYSCALL_MAX + 2] first hook of each system call, for roles that have such hooks */
	u32 entries;	/* hooks by kind, in this order in @hooks: */
	u32 raws;
	u32 calls;
	u32 count;	/* sum of the three */
	struct kview_hook *hooks[];
};

/*
 * Build the stub for @site with @hooks[@count] and reserve its memory; its code is written by kview_stub_emit().
 * -ENOMEM, -E2BIG: more programs than a stub can take.
 */
int kview_stub_new(unsigned long site, struct kview_hook *const *hooks, u32 count, struct kview_stub **ret_stub);

/*
 * Write the code. @chain: where the shared site's own call leads, 0 for none. @buffer: scratch memory of @stub->size.
 * Under text_mutex, so nothing is allocated here: reclaim must not wait for the lock we hold.
 */
void kview_stub_emit(struct kview_stub *stub, unsigned long chain, void *buffer);

/* Nothing may be able to run it any more; takes text_mutex. */
void kview_stub_free(struct kview_stub *stub);

/* The patch for its site: a call to the stub. */
void kview_stub_patch(const struct kview_stub *stub, u8 patch[KVIEW_SITE_SIZE]);

/*
 * What stands at a shared site right now (in @code): nothing (@ret_chain 0) or a call. False for anything else.
 */
bool kview_site_decode(unsigned long site, const u8 code[KVIEW_SITE_SIZE], unsigned long *ret_chain);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the kernel keeps which places belong to a tracepoint: what jump labels and static calls know of a key. */
#ifndef KVIEW_COMPAT_TRACEPOINT_H
#define KVIEW_COMPAT_TRACEPOINT_H

#include <linux/jump_label.h>
#include <linux/module.h>
#include <linux/static_call_types.h>

/* As in kernel/jump_label.c since v4.2: what @key->next leads to while modules have places for it. */
struct kview_static_key_mod {
	struct kview_static_key_mod *next;
	struct jump_entry *entries;
	struct module *mod; /* NULL: the kernel itself */
};

/* As in include/linux/static_call.h, which only core code includes. */
struct kview_static_call_mod {
	struct kview_static_call_mod *next;
	struct module *mod;
	struct static_call_site *sites;
};

/* Have modules places of @key? Needs no lock: one that is on its way in or out may or may not count. */
static inline bool kview_jump_in_modules(const struct static_key *key)
{
	return READ_ONCE(key->type) & JUMP_TYPE_LINKED;
}

/*
 * The kernel's own first entry of @key, or NULL. Entries of one key stand together, up to the end of the table.
 * @ret_modules: whether modules have places, too. Under jump_label_lock().
 */
static inline struct jump_entry *kview_jump_entries(const struct static_key *key, bool *ret_modules)
{
	const struct kview_static_key_mod *mod;

	*ret_modules = false;
	if (!(key->type & JUMP_TYPE_LINKED))
		return (struct jump_entry *)(key->type & ~JUMP_TYPE_MASK);
	*ret_modules = true;
	for (mod = (void *)(key->type & ~JUMP_TYPE_MASK); mod; mod = mod->next) {
		if (!mod->mod)
			return mod->entries;
	}
	return NULL;
}

#endif

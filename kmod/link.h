/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A link: one BPF program on one or many hooks of a view.
 *
 * References: the link's file, its view's list, and every trampoline that runs the program hold one each; the program
 * and the counters go with the last.
 */
#ifndef KVIEW_LINK_H
#define KVIEW_LINK_H

#include <linux/bpf.h>
#include <linux/refcount.h>

#include "hook.h"

struct kview_multi;
struct kview_proto;
struct kview_view;

struct kview_link {
	refcount_t refs;
	u32 id;
	u32 kind;
	u32 count;
	struct kview_view *view; /* NULL once detached; kview_lock */
	struct list_head node;	 /* in the view, by rising id; kview_lock */
	bool interrupts;	 /* KVIEW_LINK_INTERRUPTS */
	bool held;		 /* in the view, but not started yet; kview_lock */
	bool puts_off;		 /* KVIEW_LINK_PUT_OFF */
	bool closed;		 /* detached for good: programs wait for no return any more; read by stubs */
	struct bpf_prog *prog;
	struct kview_proto *proto; /* of the function a tracing program was made for; NULL for other programs */
	struct kview_multi *multi; /* for programs of kprobe.multi and kprobe.session */
	struct kview_hook *hooks; /* [@count] */
};

/*
 * Build a link that is not attached yet. Takes its own reference on the program. On failure writes the KVIEW_WHY_* and
 * the index of the target it is about.
 */
int kview_link_new(u32 kind, int prog_fd, const struct kview_target *targets, char *const *names, u32 count, u32 *why,
		   u32 *index, struct kview_link **ret_link);

void kview_link_put(struct kview_link *link);

static inline struct kview_link *kview_link_get(struct kview_link *link)
{
	refcount_inc(&link->refs);
	return link;
}

/* Bytes of the link's own records. */
size_t kview_link_bytes(const struct kview_link *link);

/* BPF program type that goes with @kind; BPF_PROG_TYPE_UNSPEC for an unknown kind. */
enum bpf_prog_type kview_link_prog_type(u32 kind);

/* Does a link of this kind have exactly one target? */
bool kview_link_kind_single(u32 kind);

#endif

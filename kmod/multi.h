/* SPDX-License-Identifier: GPL-2.0-only */
/* Stands in for the kernel's own link of a program that was loaded for kprobe.multi or kprobe.session. */
#ifndef KVIEW_MULTI_H
#define KVIEW_MULTI_H

#include <linux/types.h>

struct kview_link;
struct kview_multi_layout;

struct kview_multi {
	const struct kview_multi_layout *layout;
	void *link; /* a struct bpf_kprobe_multi_link in which only what helpers read is filled in */
	unsigned long *addrs;
	u64 *cookies;
};

/* For all hooks of @link. -EOPNOTSUPP: this kernel's records are not known. */
int kview_multi_new(const struct kview_link *link, struct kview_multi **ret_multi);
void kview_multi_free(struct kview_multi *multi);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* A place: bytes of kernel text that a hook needs patched. All images that patch an address patch it in the same way. */
#ifndef KVIEW_PLACE_H
#define KVIEW_PLACE_H

#include <linux/types.h>

#define KVIEW_PLACE_MIN 2 /* bytes of the shortest patch */

enum kview_place_kind {
	KVIEW_PLACE_ENTRY,  /* the 5 bytes ftrace owns at a function's entry: call the stub */
	KVIEW_PLACE_BRANCH, /* a jump label, 2 or 5 bytes: always jump */
	KVIEW_PLACE_TRACE,  /* the 7 bytes that load a tracepoint's list of probes: go on in the stub */
};

struct kview_setup;
struct kview_tracepoint;

struct kview_place {
	unsigned long addr;
	enum kview_place_kind kind;
	u8 size;
	unsigned long target;			   /* BRANCH: where it leads */
	const struct kview_tracepoint *tracepoint; /* TRACE */
	const struct kview_setup *setup;	   /* TRACE */
};

#endif

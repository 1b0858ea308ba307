/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A set-up: the instructions of a tracepoint's block that prepare the arguments of its probes.
 *
 *	load:	mov  __tracepoint_X.funcs(%rip),%reg	replaced in private pages by a jump to the stub
 *		test %reg,%reg
 *		je   ...				left out: in the stub the register points to an empty record
 *		mov  8(%reg),%rdi			the probe's data, sometimes by way of another register
 *		...					arguments
 *	call:	call the probe, or all of them		a static call
 *	resume:
 *
 * Everything between load and call is copied into the stub, instruction by instruction. Only instructions on a short
 * list are: what is not recognised is refused.
 */
#ifndef KVIEW_SETUP_H
#define KVIEW_SETUP_H

#include <linux/types.h>

#include "emit.h"

#define KVIEW_SETUP_MAX 48 /* instructions; the longest seen has 26 */

/* One instruction. */
struct kview_piece {
	u8 bytes[15];
	u8 size;
	u8 disp;	      /* where in @bytes its rip-relative displacement lies; 0: it has none */
	unsigned long target; /* what that one leads to */
};

struct kview_setup {
	unsigned long load;
	unsigned long call;
	unsigned long resume;
	enum reg reg;
	u32 count;
	struct kview_piece pieces[];
};

/* For the block that begins with the load at @load; free it with kfree(). NULL when out of memory. */
struct kview_setup *kview_setup_new(unsigned long load);

/*
 * Read the block. @is_call tells whether a call at an address is the tracepoint's. On failure *@why gets a KVIEW_WHY_*.
 * Under text_mutex, under which nothing may be allocated.
 */
int kview_setup_read(struct kview_setup *setup, bool (*is_call)(unsigned long addr, const void *data),
		     const void *data, u32 *why);

void kview_setup_emit(struct emitter *e, const struct kview_setup *setup);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folded stacks: one line for each, "outermost;...;innermost VALUE", and with two values for a comparison (the
 * earlier one first). What every flame graph tool reads.
 */
#ifndef KVIEW_MONITOR_FOLDED_H
#define KVIEW_MONITOR_FOLDED_H

#include <stdio.h>

#include "flame_tree.h"

/* What is wrong with a line. */
struct folded_error {
	size_t line; /* 0: not about a line */
	const char *why;
};

/* Add the stacks of @in. -EINVAL: @ret_error tells; -ENOMEM, -EIO */
int folded_read(FILE *in, struct flame_tree *tree, enum flame_side side, struct folded_error *ret_error);

/* Write @tree, with both sides where @compare. A ';' in a name becomes ':'. -EIO */
int folded_write(const struct flame_tree *tree, bool compare, FILE *out);

#endif /* KVIEW_MONITOR_FOLDED_H */

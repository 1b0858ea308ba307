// SPDX-License-Identifier: GPL-2.0-or-later
/* Folded stacks of anybody, and the pictures drawn from them. */
#include <stdio.h>
#include <stdlib.h>

#include "monitor/folded.h"
#include "monitor/svg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *in = fmemopen((void *)data, size ?: 1, "r"), *out = fopen("/dev/null", "w");
	struct folded_error error;
	struct flame_tree *tree;

	if (!in || !out || flame_tree_new(size % 2 ? FLAME_SAMPLES : FLAME_NANOSECONDS, &tree))
		abort();
	folded_read(in, tree, FLAME_NOW, &error);
	flame_tree_finish(tree);
	if (svg_write(tree, &(struct svg_options){ .title = "" }, out) || folded_write(tree, true, out))
		abort();
	flame_tree_free(tree);
	fclose(in);
	fclose(out);
	return 0;
}

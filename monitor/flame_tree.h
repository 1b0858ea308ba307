/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks, merged from their outermost frame inwards: what every output is written from. */
#ifndef KVIEW_MONITOR_FLAME_TREE_H
#define KVIEW_MONITOR_FLAME_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/cleanup.h"

#define FLAME_TREE_DEPTH 1024 /* of one stack */

enum flame_unit {
	FLAME_SAMPLES,
	FLAME_NANOSECONDS, /* as microseconds in folded text, as everybody else does */
};

/* Of a comparison: what is there, and what it is compared with. Else the first one alone is used. */
enum flame_side {
	FLAME_NOW,
	FLAME_BASE,
	FLAME_SIDES,
};

struct flame_node {
	const char *name; /* the same pointer for the same name */
	uint64_t self[FLAME_SIDES], total[FLAME_SIDES];
	/* children in the order of their names, once flame_tree_finish() has been called */
	struct flame_node *parent, *child, *next;
	size_t index; /* 0: the root */
};

struct flame_tree;

int flame_tree_new(enum flame_unit unit, struct flame_tree **ret_tree);
void flame_tree_free(struct flame_tree *tree);
DEFINE_CLEANUP(struct flame_tree *, flame_tree_free)

/*
 * Count a stack, outermost frame first. Names are copied; control characters and what is no UTF-8 become '?'.
 * -ENOMEM; -E2BIG: more than FLAME_TREE_DEPTH frames.
 */
int flame_tree_add(struct flame_tree *tree, const char *const *frames, size_t count, enum flame_side side,
		   uint64_t value);

/* After the last flame_tree_add(): compute totals, sort. */
void flame_tree_finish(struct flame_tree *tree);

/* The node above all stacks, called "all". */
const struct flame_node *flame_tree_root(const struct flame_tree *tree);
enum flame_unit flame_tree_unit(const struct flame_tree *tree);
size_t flame_tree_nodes(const struct flame_tree *tree);

/* A function with all it was seen in. */
struct flame_function {
	const char *name;
	uint64_t self, total; /* of FLAME_NOW; a recursive function counts once per stack */
};

/* All functions, those with most time of their own first; the caller's to free. */
int flame_tree_functions(const struct flame_tree *tree, struct flame_function **ret_list, size_t *ret_count);

#endif /* KVIEW_MONITOR_FLAME_TREE_H */

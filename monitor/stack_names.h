/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the addresses of a stack to the names of its frames. */
#ifndef KVIEW_MONITOR_STACK_NAMES_H
#define KVIEW_MONITOR_STACK_NAMES_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flame_tree.h"
#include "image.h"

/* One stack, each part innermost first. */
struct stack {
	char comm[17];
	struct image *image; /* NULL: not known */
	const __u64 *user, *kernel;
	size_t user_count, kernel_count;
	bool user_lost, kernel_lost; /* there was one, but no room for it */
	bool tracer;		     /* the innermost frames are those of the program that took it */
	bool truncated;		     /* the user's does not reach the beginning of its thread */
};

struct stack_names {
	struct symtab *kernel; /* NULL: hidden from us */
};

/* -EPERM: the kernel's names are hidden; all else works. */
int stack_names_init(struct stack_names *names);
void stack_names_deinit(struct stack_names *names);

/* Add @stack to @tree: the thread's name, what was lost, the user's frames, the kernel's. -ENOMEM */
int stack_names_add(struct stack_names *names, const struct stack *stack, uint64_t value, struct flame_tree *tree);

#endif /* KVIEW_MONITOR_STACK_NAMES_H */

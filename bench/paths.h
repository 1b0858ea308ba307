/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel functions each measured call passes on this kernel, and others to fill up with. */
#ifndef BENCH_PATHS_H
#define BENCH_PATHS_H

#include <stddef.h>

#include "calls.h"

#define HOOKS_MAX 50 /* as many as are ever hooked at once */
#define FUNCTION_LEN 64

struct programs;
struct subject;

/* A function every method can hook. */
struct function {
	char name[FUNCTION_LEN];
	int id;		   /* programs_function_id() */
	unsigned int hits; /* how often one call passes it */
};

/* First the call's own function, then others it passes, then such as it does not pass. */
struct path {
	struct function functions[HOOKS_MAX];
	size_t count;
	size_t passed; /* functions with hits */
};

/* Follow @subject through each call with the function tracer. Needs the module. -ENOENT: found too few functions. */
int paths_find(struct subject *subject, const struct programs *programs, struct path paths[CALLS]);

#endif

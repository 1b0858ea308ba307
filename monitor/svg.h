/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flame graphs that need nothing but themselves: one SVG file that a browser opens, with zoom, search and keyboard. */
#ifndef KVIEW_MONITOR_SVG_H
#define KVIEW_MONITOR_SVG_H

#include <stdio.h>

#include "flame_tree.h"

struct svg_options {
	const char *title;
	const char *note; /* a line below the title: what is missing from the picture; NULL: nothing */
	bool bare;	  /* for a page that has flame.css and flame.js itself */
	bool compare;	  /* colours tell what has grown (red) and shrunk (blue) since FLAME_BASE */
};

/* -EIO */
int svg_write(const struct flame_tree *tree, const struct svg_options *options, FILE *out);

#endif /* KVIEW_MONITOR_SVG_H */

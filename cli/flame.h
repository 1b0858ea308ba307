/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of `kview flame` share: cmd_flame.c reads options, flame.c records, flame_file.c writes. */
#ifndef KVIEW_CLI_FLAME_H
#define KVIEW_CLI_FLAME_H

#include <stdio.h>

#include "monitor/flame_tree.h"
#include "monitor/pprof.h"
#include "options.h"
#include "target_options.h"

enum flame_type {
	FLAME_TYPE_AUTO, /* by the name of the file */
	FLAME_TYPE_SVG,
	FLAME_TYPE_FOLDED,
	FLAME_TYPE_PPROF,
};

struct flame_options {
	struct cli_options shared; /* first: see cli_parse() */
	struct target_options target;
	unsigned int hz;
	bool off_cpu;
	enum flame_type type;
};

/* Record and write. Prints what is wrong and returns an exit code; lets the targets go. */
int flame_record(struct flame_options *options);

struct flame_diff_options {
	struct cli_options shared; /* first: see cli_parse() */
	const char *before, *after;
	const char *output;
	enum flame_type type;
};

/* Compare two files of folded stacks. Prints what is wrong and returns an exit code. */
int flame_diff(const struct flame_diff_options *options);

/* flame_file.c: what is written. */
struct flame_file {
	const char *path; /* "-": standard output */
	enum flame_type type;
	FILE *out;
};

/* The type @word names; leaves with CLI_USAGE when it is none. */
enum flame_type flame_type_parse(const char *word);

/* Find the type by the name, if it is not given, and create the file. Prints what is wrong and returns an exit code. */
int flame_file_open(struct flame_file *file);
void flame_file_deinit(struct flame_file *file);

struct flame_picture {
	const char *title, *note;
	bool compare;
	struct pprof_times times;
};

/* Write and close it. Prints what is wrong and returns an exit code. */
int flame_file_write(struct flame_file *file, const struct flame_tree *tree, const struct flame_picture *picture);

#endif /* KVIEW_CLI_FLAME_H */

// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "cli.h"
#include "flame.h"
#include "monitor/folded.h"

static int read_file(const char *path, struct flame_tree *tree, enum flame_side side)
{
	_cleanup_(fclosep) FILE *in = fopen(path, "re");
	struct folded_error error = {};
	int err;

	if (!in)
		return cli_fail(-errno, NULL, "%s", path);
	err = folded_read(in, tree, side, &error);
	if (err == -EINVAL)
		return cli_fail(err, error.why, "%s:%zu: no line of folded stacks", path, error.line);
	return err ? cli_fail(err, NULL, "%s", path) : CLI_OK;
}

static int check_empty(const char *path, const struct flame_tree *tree, enum flame_side side)
{
	return flame_tree_root(tree)->total[side] ? CLI_OK : cli_fail(-EINVAL, "it holds no stacks", "%s", path);
}

/* Stacks that are there no more have no width. */
static uint64_t gone(const struct flame_node *node)
{
	uint64_t sum = node->total[FLAME_NOW] ? 0 : node->total[FLAME_BASE];

	if (!node->total[FLAME_NOW])
		return sum;
	for (node = node->child; node; node = node->next)
		sum += gone(node);
	return sum;
}

static int write_diff(const struct flame_diff_options *options, struct flame_file *file, const struct flame_tree *tree)
{
	const struct flame_node *root = flame_tree_root(tree);
	_cleanup_(freep) char *title = NULL, *note = NULL;
	struct flame_picture picture = { .compare = true };

	if (asprintf(&title, "%s compared with %s", options->after, options->before) < 0)
		return cli_fail(-ENOMEM, NULL, "flame diff");
	if (asprintf(&note, "red: more than before, blue: less; not seen: %.1f %% of before, in stacks that are gone",
		     100.0 * gone(root) / root->total[FLAME_BASE]) < 0)
		return cli_fail(-ENOMEM, NULL, "flame diff");
	picture.title = title;
	picture.note = note;
	return flame_file_write(file, tree, &picture);
}

int flame_diff(const struct flame_diff_options *options)
{
	_cleanup_(flame_tree_freep) struct flame_tree *tree = NULL;
	_cleanup_(flame_file_deinit) struct flame_file file = { .path = options->output, .type = options->type };
	int err, code;

	/* Values mean the same in both, whatever they mean. */
	err = flame_tree_new(FLAME_SAMPLES, &tree);
	if (err)
		return cli_fail(err, NULL, "flame diff");
	code = read_file(options->before, tree, FLAME_BASE) ?: read_file(options->after, tree, FLAME_NOW);
	if (code)
		return code;
	flame_tree_finish(tree);
	code = check_empty(options->before, tree, FLAME_BASE) ?: check_empty(options->after, tree, FLAME_NOW);
	code = code ?: flame_file_open(&file);
	return code ?: write_diff(options, &file, tree);
}

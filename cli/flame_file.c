// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "cli.h"
#include "flame.h"
#include "monitor/folded.h"
#include "monitor/svg.h"

static const struct {
	const char *word, *suffixes[3];
	enum flame_type type;
} types[] = {
	{ "svg", { ".svg" }, FLAME_TYPE_SVG },
	{ "folded", { ".folded", ".txt" }, FLAME_TYPE_FOLDED },
	{ "pprof", { ".pprof", ".pb" }, FLAME_TYPE_PPROF },
};

#define TYPES (sizeof(types) / sizeof(types[0]))

enum flame_type flame_type_parse(const char *word)
{
	for (size_t i = 0; i < TYPES; i++)
		if (!strcmp(types[i].word, word))
			return types[i].type;
	cli_usage("flame: --type %s: not a type; svg, folded or pprof", word);
}

static enum flame_type type_of(const char *path)
{
	const char *suffix = strrchr(path, '.') ?: "";

	for (size_t i = 0; i < TYPES; i++)
		for (size_t j = 0; types[i].suffixes[j]; j++)
			if (!strcmp(suffix, types[i].suffixes[j]))
				return types[i].type;
	return FLAME_TYPE_SVG;
}

int flame_file_open(struct flame_file *file)
{
	if (file->type == FLAME_TYPE_AUTO)
		file->type = type_of(file->path);
	file->out = strcmp(file->path, "-") ? fopen(file->path, "we") : stdout;
	return file->out ? CLI_OK : cli_fail(-errno, NULL, "%s", file->path);
}

void flame_file_deinit(struct flame_file *file)
{
	if (file->out && file->out != stdout)
		fclose(file->out);
	file->out = NULL;
}

static int write_picture(struct flame_file *file, const struct flame_tree *tree, const struct flame_picture *picture)
{
	const struct svg_options options = { .title = picture->title,
					     .note = picture->note,
					     .compare = picture->compare };

	switch (file->type) {
	case FLAME_TYPE_FOLDED:
		return folded_write(tree, picture->compare, file->out);
	case FLAME_TYPE_PPROF:
		return pprof_write(tree, &picture->times, file->out);
	default:
		return svg_write(tree, &options, file->out);
	}
}

int flame_file_write(struct flame_file *file, const struct flame_tree *tree, const struct flame_picture *picture)
{
	int err;

	err = write_picture(file, tree, picture);
	if (fflush(file->out) && !err)
		err = -errno;
	flame_file_deinit(file);
	return err ? cli_fail(err, NULL, "%s", file->path) : CLI_OK;
}

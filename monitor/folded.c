// SPDX-License-Identifier: GPL-2.0-or-later
#include "folded.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define NS_PER_US 1000

/* --- reading -------------------------------------------------------------------------------------------------------- */

/* Cut the value off the end of @line. */
static const char *take_value(char *line, uint64_t *ret_value)
{
	char *space = strrchr(line, ' '), *end;

	if (!space || space == line || !isdigit((unsigned char)space[1]))
		return "no number at its end";
	errno = 0;
	*ret_value = strtoull(space + 1, &end, 10);
	if (*end)
		return "no whole number at its end";
	if (errno || *ret_value > INT64_MAX / NS_PER_US)
		return "its number is too large";
	*space = '\0';
	return NULL;
}

static const char *split(char *line, const char *frames[FLAME_TREE_DEPTH], size_t *ret_count)
{
	size_t count = 0;

	for (char *at = line, *next; at; at = next) {
		next = strchr(at, ';');
		if (next)
			*next++ = '\0';
		if (count == FLAME_TREE_DEPTH)
			return "more than 1024 frames";
		frames[count++] = at;
	}
	*ret_count = count;
	return NULL;
}

static int take_line(char *line, struct flame_tree *tree, enum flame_side side, const char **ret_why)
{
	const char *frames[FLAME_TREE_DEPTH];
	uint64_t value;
	size_t count;

	*ret_why = take_value(line, &value) ?: split(line, frames, &count);
	if (*ret_why)
		return -EINVAL;
	if (flame_tree_unit(tree) == FLAME_NANOSECONDS)
		value *= NS_PER_US;
	return flame_tree_add(tree, frames, count, side, value);
}

int folded_read(FILE *in, struct flame_tree *tree, enum flame_side side, struct folded_error *ret_error)
{
	_cleanup_(freep) char *line = NULL;
	struct folded_error error = {};
	size_t size = 0;
	ssize_t len;
	int err = 0;

	while (!err && (len = getline(&line, &size, in)) > 0) {
		error.line++;
		line[len - (line[len - 1] == '\n')] = '\0';
		error.why = "it holds a zero byte: not folded stacks";
		if (strlen(line) + 1 < (size_t)len)
			err = -EINVAL;
		else if (*line)
			err = take_line(line, tree, side, &error.why);
	}
	if (!err && ferror(in))
		err = -EIO;
	if (err == -EINVAL)
		*ret_error = error;
	return err;
}

/* --- writing -------------------------------------------------------------------------------------------------------- */

static void write_name(const char *name, FILE *out)
{
	for (; *name; name++)
		fputc(*name == ';' ? ':' : *name, out);
}

static void write_stack(const struct flame_node *node, FILE *out)
{
	if (!node->parent->parent) {
		write_name(node->name, out);
		return;
	}
	write_stack(node->parent, out);
	fputc(';', out);
	write_name(node->name, out);
}

static void write_node(const struct flame_node *node, uint64_t unit, bool compare, FILE *out)
{
	uint64_t now = (node->self[FLAME_NOW] + unit / 2) / unit, base = (node->self[FLAME_BASE] + unit / 2) / unit;

	if (node->parent && (now || (compare && base))) {
		write_stack(node, out);
		if (compare)
			fprintf(out, " %" PRIu64, base);
		fprintf(out, " %" PRIu64 "\n", now);
	}
	for (node = node->child; node; node = node->next)
		write_node(node, unit, compare, out);
}

int folded_write(const struct flame_tree *tree, bool compare, FILE *out)
{
	write_node(flame_tree_root(tree), flame_tree_unit(tree) == FLAME_NANOSECONDS ? NS_PER_US : 1, compare, out);
	return ferror(out) ? -EIO : 0;
}

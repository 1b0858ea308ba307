// SPDX-License-Identifier: GPL-2.0-or-later
/* Flame graphs from stacks: the tree, and all that is written from it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/flame_tree.h"
#include "monitor/folded.h"
#include "monitor/frame_name.h"
#include "monitor/pprof.h"
#include "monitor/profile.pb-c.h"
#include "monitor/svg.h"
#include "unit.h"

#define KNOWN "a;b 1\na;b;c 3\na;d 4\ne 2\n"

static struct flame_tree *read_text(enum flame_unit unit, const char *text)
{
	FILE *in = fmemopen((char *)text, strlen(text), "r");
	struct folded_error error;
	struct flame_tree *tree;

	assert_int_equal(flame_tree_new(unit, &tree), 0);
	assert_int_equal(folded_read(in, tree, FLAME_NOW, &error), 0);
	fclose(in);
	flame_tree_finish(tree);
	return tree;
}

/* What a writer writes, the caller's to free. */
static char *written(const struct flame_tree *tree, int (*write)(const struct flame_tree *tree, FILE *out),
		     size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	assert_int_equal(write(tree, out), 0);
	fclose(out);
	return text;
}

static int write_folded(const struct flame_tree *tree, FILE *out)
{
	return folded_write(tree, false, out);
}

static int write_svg(const struct flame_tree *tree, FILE *out)
{
	return svg_write(tree, &(struct svg_options){ .title = "t<&>", .note = "n" }, out);
}

static int write_pprof(const struct flame_tree *tree, FILE *out)
{
	return pprof_write(tree, &(struct pprof_times){ 5, 6, 7 }, out);
}

static void totals(void **state)
{
	struct flame_tree *tree = read_text(FLAME_SAMPLES, "e 2\na;d 4\na;b;c 1\na;b 1\na;b;c 2\n");
	const struct flame_node *root = flame_tree_root(tree), *a = root->child;
	struct flame_function *list;
	size_t count, size;
	char *text;

	(void)state;
	assert_int_equal(root->total[FLAME_NOW], 10);
	assert_string_equal(a->name, "a");
	assert_int_equal(a->total[FLAME_NOW], 8);
	assert_int_equal(a->self[FLAME_NOW], 0);
	assert_string_equal(a->child->name, "b");
	assert_string_equal(a->child->next->name, "d");
	assert_string_equal(a->next->name, "e");
	text = written(tree, write_folded, &size);
	assert_string_equal(text, KNOWN);
	free(text);
	assert_int_equal(flame_tree_functions(tree, &list, &count), 0);
	assert_int_equal(count, 5);
	assert_string_equal(list[0].name, "d");
	assert_int_equal(list[0].self, 4);
	free(list);
	flame_tree_free(tree);
}

static void recursion_counts_once(void **state)
{
	struct flame_tree *tree = read_text(FLAME_SAMPLES, "f;f;f 5\nf;g;f 1\n");
	struct flame_function *list;
	size_t count;

	(void)state;
	assert_int_equal(flame_tree_functions(tree, &list, &count), 0);
	assert_string_equal(list[0].name, "f");
	assert_int_equal(list[0].total, 6);
	assert_int_equal(list[0].self, 6);
	free(list);
	flame_tree_free(tree);
}

/* More nodes and names than the tables begin with. */
static void many(void **state)
{
	char names[2][16];
	const char *frames[] = { names[0], names[1] };
	struct flame_tree *tree;

	(void)state;
	assert_int_equal(flame_tree_new(FLAME_SAMPLES, &tree), 0);
	for (int i = 0; i < 20000; i++) {
		snprintf(names[0], sizeof(names[0]), "p%d", i % 200);
		snprintf(names[1], sizeof(names[1]), "q%d", i % 10000);
		assert_int_equal(flame_tree_add(tree, frames, 2, FLAME_NOW, 1), 0);
	}
	flame_tree_finish(tree);
	assert_int_equal(flame_tree_nodes(tree), 1 + 200 + 10000);
	assert_int_equal(flame_tree_root(tree)->total[FLAME_NOW], 20000);
	flame_tree_free(tree);
}

static void bad_lines(void **state)
{
	static const struct {
		const char *text, *why;
		size_t line;
	} cases[] = {
		{ "a;b\n", "no number", 1 },
		{ "a 1\n12\n", "no number", 2 },
		{ "a 1.5\n", "no whole number", 1 },
		{ "a -5\n", "no number", 1 },
		{ "a 99999999999999999999999\n", "too large", 1 },
	};
	struct folded_error error;
	struct flame_tree *tree;
	FILE *in;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		in = fmemopen((char *)cases[i].text, strlen(cases[i].text), "r");
		assert_int_equal(flame_tree_new(FLAME_SAMPLES, &tree), 0);
		assert_int_equal(folded_read(in, tree, FLAME_NOW, &error), -EINVAL);
		assert_int_equal(error.line, cases[i].line);
		assert_non_null(strstr(error.why, cases[i].why));
		flame_tree_free(tree);
		fclose(in);
	}
}

static void too_deep(void **state)
{
	const char *frames[FLAME_TREE_DEPTH + 1];
	struct flame_tree *tree;

	(void)state;
	for (size_t i = 0; i < COUNT(frames); i++)
		frames[i] = "f";
	assert_int_equal(flame_tree_new(FLAME_SAMPLES, &tree), 0);
	assert_int_equal(flame_tree_add(tree, frames, COUNT(frames), FLAME_NOW, 1), -E2BIG);
	assert_int_equal(flame_tree_add(tree, frames, COUNT(frames) - 1, FLAME_NOW, 1), 0);
	flame_tree_finish(tree);
	flame_tree_free(tree);
}

static void comparison(void **state)
{
	struct folded_error error;
	struct flame_tree *tree;
	char text[256] = "";
	FILE *in, *out = fmemopen(text, sizeof(text), "w");

	(void)state;
	assert_int_equal(flame_tree_new(FLAME_SAMPLES, &tree), 0);
	in = fmemopen("a 3\nb 1\n", 8, "r");
	assert_int_equal(folded_read(in, tree, FLAME_BASE, &error), 0);
	fclose(in);
	in = fmemopen("a 1\nc 5\n", 8, "r");
	assert_int_equal(folded_read(in, tree, FLAME_NOW, &error), 0);
	fclose(in);
	flame_tree_finish(tree);
	assert_int_equal(folded_write(tree, true, out), 0);
	fclose(out);
	assert_string_equal(text, "a 3 1\nb 1 0\nc 0 5\n");
	flame_tree_free(tree);
}

static void names(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		enum frame_name_kind kind;
	} cases[] = {
		{ "main", 4, FRAME_NAME_USER },	       { "vfs_read_[k]", 8, FRAME_NAME_KERNEL },
		{ "f [mod]_[k]", 7, FRAME_NAME_KERNEL }, { "js_[j]", 2, FRAME_NAME_JIT },
		{ "[unknown]", 9, FRAME_NAME_MISSING },  { "_[k]", 4, FRAME_NAME_USER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct frame_name name = frame_name_parse(cases[i].text);

		assert_int_equal(name.len, cases[i].len);
		assert_int_equal(name.kind, cases[i].kind);
	}
}

/* Names get into a file that a browser runs. */
static void hostile_names(void **state)
{
	static const char *const frames[] = { "</title><script>alert(1)</script>",
					      "a\"b'c&d",
					      "]]>;x",
					      "line\nbreak\x1b[31m",
					      "\xff\xfe bad",
					      "\xed\xa0\x80",
					      "\xef\xbf\xbf",
					      "\xc2\x85",
					      "gr\xc3\xbc\xc3\x9f" };
	struct flame_tree *tree;
	size_t size;
	char *text;

	(void)state;
	assert_int_equal(flame_tree_new(FLAME_SAMPLES, &tree), 0);
	assert_int_equal(flame_tree_add(tree, frames, COUNT(frames), FLAME_NOW, 3), 0);
	flame_tree_finish(tree);
	text = written(tree, write_svg, &size);
	assert_null(strstr(text, "<script>alert"));
	assert_non_null(strstr(text, "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
	assert_non_null(strstr(text, "a&quot;b&#39;c&amp;d"));
	assert_non_null(strstr(text, "]]&gt;;x"));
	assert_non_null(strstr(text, "line?break?[31m"));
	assert_non_null(strstr(text, "?? bad"));
	assert_non_null(strstr(text, "gr\xc3\xbc\xc3\x9f"));
	assert_null(strstr(text, "\xed\xa0\x80"));
	assert_null(strstr(text, "\xef\xbf\xbf"));
	assert_null(strstr(text, "\xc2\x85"));
	free(text);
	text = written(tree, write_folded, &size);
	assert_non_null(strstr(text, ";]]>:x;"));
	free(text);
	flame_tree_free(tree);
}

/* "x" and "width" of the frame with this name. */
static void find_frame(const char *svg, const char *name, double *x, double *y, double *width)
{
	char wanted[64];
	const char *at;

	snprintf(wanted, sizeof(wanted), "data-name=\"%s\"", name);
	at = strstr(svg, wanted);
	assert_non_null(at);
	at = strstr(at, "<rect x=");
	assert_int_equal(sscanf(at, "<rect x=\"%lf\" y=\"%lf\" width=\"%lf\"", x, y, width), 3);
}

static void layout(void **state)
{
	struct flame_tree *tree = read_text(FLAME_SAMPLES, KNOWN);
	double x[3], y[3], width[3];
	size_t size;
	char *text = written(tree, write_svg, &size);

	(void)state;
	find_frame(text, "all", &x[0], &y[0], &width[0]);
	find_frame(text, "b", &x[1], &y[1], &width[1]);
	find_frame(text, "d", &x[2], &y[2], &width[2]);
	assert_int_equal(width[0], 1180);
	assert_int_equal(width[1], 472);
	assert_int_equal(x[1], x[0]);
	assert_int_equal(x[2], x[1] + width[1]);
	assert_true(y[0] > y[1] && y[1] == y[2]);
	assert_non_null(strstr(text, "<title>b (4 samples, 40.00 %)</title>"));
	assert_non_null(strstr(text, ">t&lt;&amp;&gt;</text>"));
	assert_null(strstr(text, "href"));
	assert_null(strstr(text, "src="));
	free(text);
	flame_tree_free(tree);
}

static void nothing(void **state)
{
	struct flame_tree *tree = read_text(FLAME_SAMPLES, "\n");
	size_t size;
	char *text = written(tree, write_svg, &size);

	(void)state;
	assert_null(strstr(text, "nan"));
	assert_null(strstr(text, "inf"));
	/* The frame that is all; a script divides by its width. */
	assert_non_null(strstr(text, ">all</text></g>"));
	assert_null(strstr(text, "width=\"0"));
	free(text);
	flame_tree_free(tree);
}

static const char *name_of(const Kview__Pprof__Profile *profile, uint64_t location)
{
	for (size_t i = 0; i < profile->n_location; i++)
		for (size_t j = 0; j < profile->n_function; j++)
			if (profile->location[i]->id == location &&
			    profile->function[j]->id == profile->location[i]->line[0]->function_id)
				return profile->string_table[profile->function[j]->name];
	return "";
}

static void profile(void **state)
{
	struct flame_tree *tree = read_text(FLAME_SAMPLES, KNOWN);
	size_t size;
	char *text = written(tree, write_pprof, &size);
	Kview__Pprof__Profile *p = kview__pprof__profile__unpack(NULL, size, (uint8_t *)text);

	(void)state;
	assert_non_null(p);
	assert_string_equal(p->string_table[0], "");
	assert_int_equal(p->n_sample_type, 2);
	assert_string_equal(p->string_table[p->sample_type[1]->type], "cpu");
	assert_string_equal(p->string_table[p->sample_type[1]->unit], "nanoseconds");
	assert_int_equal(p->time_nanos, 5);
	assert_int_equal(p->duration_nanos, 6);
	assert_int_equal(p->period, 7);
	assert_int_equal(p->n_sample, 4);
	assert_int_equal(p->sample[1]->n_location_id, 3);
	assert_string_equal(name_of(p, p->sample[1]->location_id[0]), "c");
	assert_string_equal(name_of(p, p->sample[1]->location_id[2]), "a");
	assert_int_equal(p->sample[1]->value[0], 3);
	assert_int_equal(p->sample[1]->value[1], 21);
	kview__pprof__profile__free_unpacked(p, NULL);
	free(text);
	flame_tree_free(tree);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(totals),    cmocka_unit_test(recursion_counts_once), cmocka_unit_test(many),
		cmocka_unit_test(bad_lines), cmocka_unit_test(too_deep),	      cmocka_unit_test(comparison),
		cmocka_unit_test(names),     cmocka_unit_test(hostile_names),	      cmocka_unit_test(layout),
		cmocka_unit_test(nothing),   cmocka_unit_test(profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}

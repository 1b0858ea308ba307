// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The picture stands in the file as it is, so that it can be looked at where scripts do not run; flame.js moves it
 * about. Names are anybody's: they get into the file through write_text() alone.
 */
#include "svg.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "frame_name.h"

#define WIDTH 1200.0
#define MARGIN 10.0
#define TOP 66.0    /* title, note, and a line of details */
#define ROW 17.0
#define CHAR 6.6    /* of the font's width: 11 px, monospace */
#define NARROW 0.1  /* what is not as wide cannot be seen */

static const char style[] =
#include "flame.css.inc"
	;

static const char script[] =
#include "flame.js.inc"
	;

struct picture {
	const struct flame_tree *tree;
	const struct svg_options *options;
	FILE *out;
	double scale; /* pixels per unit */
	double height;
};

/* As text and as attribute. Names hold no control characters and are valid UTF-8: flame_tree_add() has seen to that. */
static void write_text(const char *text, size_t len, FILE *out)
{
	for (size_t i = 0; i < len && text[i]; i++) {
		switch (text[i]) {
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '&': fputs("&amp;", out); break;
		case '"': fputs("&quot;", out); break;
		case '\'': fputs("&#39;", out); break;
		default: fputc(text[i], out);
		}
	}
}

static size_t depth_of(const struct flame_node *node, double scale)
{
	size_t deepest = 0, depth;

	for (const struct flame_node *child = node->child; child; child = child->next) {
		depth = child->total[FLAME_NOW] * scale < NARROW ? 0 : 1 + depth_of(child, scale);
		if (depth > deepest)
			deepest = depth;
	}
	return deepest;
}

/* --- colours -------------------------------------------------------------------------------------------------------- */

/* The same name has the same colour in every picture. */
static unsigned int shade(const char *name, size_t len)
{
	unsigned int hash = 2166136261;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619;
	return hash >> 8;
}

static double share(const struct flame_tree *tree, const struct flame_node *node, enum flame_side side)
{
	uint64_t all = flame_tree_root(tree)->total[side];

	return all ? (double)node->total[side] / all : 0;
}

/* Nearly white where nothing has changed; full colour at a change by a tenth of everything. */
static void write_change_colour(const struct picture *p, const struct flame_node *node)
{
	double change = share(p->tree, node, FLAME_NOW) - share(p->tree, node, FLAME_BASE);
	int pale = 235 - (int)(135 * fmin(1, fabs(change) * 10));

	if (change >= 0)
		fprintf(p->out, "rgb(255,%d,%d)", pale, pale);
	else
		fprintf(p->out, "rgb(%d,%d,255)", pale, pale);
}

static void write_colour(const struct picture *p, const struct flame_node *node, const struct frame_name *name)
{
	static const struct {
		unsigned char r, g, b, dr, dg, db; /* darkest, and how much may be added */
	} ranges[] = {
		[FRAME_NAME_USER] = { 205, 80, 40, 50, 90, 40 },     /* red to yellow */
		[FRAME_NAME_KERNEL] = { 225, 140, 40, 30, 60, 30 },  /* orange */
		[FRAME_NAME_JIT] = { 80, 180, 70, 60, 60, 50 },	     /* green */
		[FRAME_NAME_MISSING] = { 180, 180, 180, 40, 40, 40 }, /* grey */
	};
	unsigned int hash = shade(name->text, name->len), at = name->kind;

	if (p->options->compare) {
		write_change_colour(p, node);
		return;
	}
	if (!node->parent)
		at = FRAME_NAME_MISSING;
	fprintf(p->out, "rgb(%u,%u,%u)", ranges[at].r + hash % ranges[at].dr,
		ranges[at].g + (hash >> 4) % ranges[at].dg, ranges[at].b + (hash >> 8) % ranges[at].db);
}

/* --- frames --------------------------------------------------------------------------------------------------------- */

static void write_value(const struct picture *p, uint64_t value)
{
	if (flame_tree_unit(p->tree) == FLAME_SAMPLES)
		fprintf(p->out, "%" PRIu64 " sample%s", value, value == 1 ? "" : "s");
	else
		fprintf(p->out, "%.3f ms", value / 1e6);
}

static void write_title(const struct picture *p, const struct flame_node *node, const struct frame_name *name)
{
	static const char *const kinds[] = {
		[FRAME_NAME_KERNEL] = ", kernel", [FRAME_NAME_JIT] = ", made at run time"
	};
	double now = 100 * share(p->tree, node, FLAME_NOW), base = 100 * share(p->tree, node, FLAME_BASE);

	fputs("<title>", p->out);
	write_text(name->text, name->len, p->out);
	fputs(" (", p->out);
	write_value(p, node->total[FLAME_NOW]);
	fprintf(p->out, ", %.2f %%", now);
	if (p->options->compare)
		fprintf(p->out, "; before %.2f %%, %+.2f points", base, now - base);
	fprintf(p->out, "%s)</title>", name->kind < FRAME_NAME_MISSING && kinds[name->kind] ? kinds[name->kind] : "");
}

/* Where a name of several bytes per character is cut, no half of one is left. */
static void write_label(const struct frame_name *name, double width, FILE *out)
{
	size_t room = width < 2.1 * CHAR ? 0 : (size_t)((width - 4) / CHAR), len = name->len;

	if (len > room) {
		if (room < 3)
			return;
		len = room - 2;
		while (len && (name->text[len] & 0xc0) == 0x80)
			len--;
	}
	write_text(name->text, len, out);
	if (len < name->len)
		fputs("..", out);
}

/* The one that is all has a width even when nothing was seen. */
static double width_of(const struct picture *p, const struct flame_node *node)
{
	return node->parent ? node->total[FLAME_NOW] * p->scale : WIDTH - 2 * MARGIN;
}

static void write_frame(const struct picture *p, const struct flame_node *node, double x, double y)
{
	struct frame_name name = frame_name_parse(node->name);
	double width = width_of(p, node);

	fputs("<g class=\"f\" data-name=\"", p->out);
	write_text(name.text, name.len, p->out);
	fputs("\">", p->out);
	write_title(p, node, &name);
	fprintf(p->out, "<rect x=\"%.2f\" y=\"%.0f\" width=\"%.2f\" height=\"%.0f\" fill=\"", MARGIN + x, y, width,
		ROW - 1);
	write_colour(p, node, &name);
	fprintf(p->out, "\"/><text x=\"%.2f\" y=\"%.0f\">", MARGIN + x + 3, y + ROW - 5);
	write_label(&name, width, p->out);
	fputs("</text></g>\n", p->out);
}

static void write_frames(const struct picture *p, const struct flame_node *node, double x, double y)
{
	write_frame(p, node, x, y);
	for (node = node->child; node; node = node->next) {
		if (width_of(p, node) >= NARROW)
			write_frames(p, node, x, y - ROW);
		x += width_of(p, node);
	}
}

/* --- the file ------------------------------------------------------------------------------------------------------- */

static void write_head(const struct picture *p)
{
	const char *title = p->options->title, *note = p->options->note ?: "";

	fprintf(p->out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"flame\" version=\"1.1\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 "
		"0 %.0f %.0f\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#f8f8f8\"/>\n",
		WIDTH, p->height, WIDTH, p->height);
	if (!p->options->bare)
		fprintf(p->out, "<style>%s</style>\n", style);
	fprintf(p->out, "<text id=\"title\" x=\"%.0f\" y=\"24\">", MARGIN);
	write_text(title, strlen(title), p->out);
	fprintf(p->out, "</text>\n<text id=\"note\" x=\"%.0f\" y=\"42\">", MARGIN);
	write_text(note, strlen(note), p->out);
	fprintf(p->out,
		"</text>\n<text id=\"details\" x=\"%.0f\" y=\"59\"> </text>\n"
		"<text id=\"matched\" x=\"%.0f\" y=\"59\" text-anchor=\"end\"> </text>\n"
		"<text id=\"reset\" x=\"%.0f\" y=\"24\" display=\"none\">reset zoom (Esc)</text>\n",
		MARGIN, WIDTH - MARGIN, WIDTH - 350);
}

int svg_write(const struct flame_tree *tree, const struct svg_options *options, FILE *out)
{
	const struct flame_node *root = flame_tree_root(tree);
	struct picture p = { .tree = tree, .options = options, .out = out };

	p.scale = root->total[FLAME_NOW] ? (WIDTH - 2 * MARGIN) / root->total[FLAME_NOW] : 0;
	p.height = TOP + ROW * (depth_of(root, p.scale) + 1) + MARGIN;
	write_head(&p);
	write_frames(&p, root, 0, p.height - MARGIN - ROW);
	if (!options->bare)
		fprintf(out, "<script><![CDATA[\n%s]]></script>\n", script);
	fputs("</svg>\n", out);
	return ferror(out) ? -EIO : 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include <kview/kview.h>

#include "cli.h"
#include "options.h"
#include "scope.h"
#include "table.h"

static const struct argp_option options[] = {
	{ "attachable", 'a', NULL, 0, "Leave out what cannot be hooked", 1 },
	{ "kind", 'k', "KIND", 0,
	  "Only hooks of this kind: entry, return, fentry, fexit, raw_tp, tp_btf, tp, tp_enter, tp_exit, raw_enter, "
	  "raw_exit", 2 },
	{},
};

static const enum kview_kind kinds[] = {
	KVIEW_KIND_ENTRY,  KVIEW_KIND_RETURN, KVIEW_KIND_FENTRY,   KVIEW_KIND_FEXIT,	 KVIEW_KIND_RAW_TP,
	KVIEW_KIND_TP_BTF, KVIEW_KIND_TP,     KVIEW_KIND_TP_ENTER, KVIEW_KIND_TP_EXIT, KVIEW_KIND_RAW_ENTER,
	KVIEW_KIND_RAW_EXIT,
};

/* Kinds of hook that a name has and that share one answer. */
struct row {
	char kinds[128];
	char name[512]; /* as long as the kernel's can be */
	char reason[256]; /* "": attachable */
};

struct list {
	struct cli_options shared; /* first: see cli_parse() */
	const char *pattern;
	bool attachable;
	const enum kview_kind *kind; /* NULL: all */
	FILE *json; /* into @text, so that nothing is printed before all has come */
	char *text;
	size_t size;
	struct table *table;
	size_t shown;
	struct row row; /* the last one, to which other kinds of hook with the same answer may come */
};

static const enum kview_kind *parse_kind(const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(word, kview_kind_name(kinds[i])))
			return &kinds[i];
	cli_usage("list: --kind %s: not a kind of hook; entry, return, fentry, fexit, raw_tp, tp_btf, tp, tp_enter, "
		  "tp_exit, raw_enter or raw_exit", word);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct list *list = state->input;

	switch (key) {
	case 'a':
		list->attachable = true;
		return 0;
	case 'k':
		list->kind = parse_kind(arg);
		return 0;
	case ARGP_KEY_ARG:
		if (list->pattern)
			cli_usage("list: %s: only one pattern can be given; quote it from the shell", arg);
		list->pattern = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void put_string(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == '"' || *text == '\\')
			fprintf(out, "\\u%04x", *text);
		else
			putc(*text, out);
	}
	putc('"', out);
}

/* Written as text at once: a tree of some 200,000 objects takes ten times as long. */
static void add_record(struct list *list, const struct kview_hook *hook)
{
	FILE *out = list->json;

	fprintf(out, "%s\n  {\n    \"kind\": \"%s\",\n    \"name\": ", list->shown > 1 ? "," : "[",
		kview_kind_name(hook->kind));
	put_string(out, hook->name);
	fprintf(out, ",\n    \"attachable\": %s,\n    \"reason\": ", hook->attachable ? "true" : "false");
	if (hook->reason)
		put_string(out, hook->reason);
	else
		fputs("null", out);
	fputs("\n  }", out);
}

static void end_row(struct list *list)
{
	struct row *row = &list->row;

	if (!row->kinds[0])
		return;
	table_cell(list->table, "%s", row->kinds);
	table_cell(list->table, "%s", row->name);
	if (row->reason[0])
		table_cell(list->table, "no: %s", row->reason);
	else
		table_cell(list->table, "yes");
	row->kinds[0] = '\0';
}

static bool continues(const struct row *row, const struct kview_hook *hook)
{
	return row->kinds[0] && !strcmp(row->name, hook->name) && !strcmp(row->reason, hook->reason ?: "");
}

static void add_row(struct list *list, const struct kview_hook *hook)
{
	struct row *row = &list->row;
	size_t len;

	if (!continues(row, hook))
		end_row(list);
	len = strlen(row->kinds);
	snprintf(row->kinds + len, sizeof(row->kinds) - len, "%s%s", len ? "," : "", kview_kind_name(hook->kind));
	snprintf(row->name, sizeof(row->name), "%s", hook->name);
	snprintf(row->reason, sizeof(row->reason), "%s", hook->reason ?: "");
}

static int add_hook(const struct kview_hook *hook, void *data)
{
	struct list *list = data;

	if ((list->attachable && !hook->attachable) || (list->kind && *list->kind != hook->kind))
		return 0;
	list->shown++;
	if (list->shared.json)
		add_record(list, hook);
	else
		add_row(list, hook);
	return 0;
}

static int print_json(struct list *list)
{
	fputs(list->shown ? "\n]\n" : "[]\n", list->json);
	if (fflush(list->json))
		return -ENOMEM;
	return fwrite(list->text, list->size, 1, stdout) == 1 ? 0 : -EIO;
}

static int print_list(struct list *list)
{
	if (list->shared.json)
		return print_json(list);
	end_row(list);
	return list->shown ? table_print(list->table, stdout, 0) : 0;
}

static int show_list(struct list *list)
{
	int err;

	err = kview_each_kernel_hook(list->pattern, add_hook, list);
	if (!err)
		err = print_list(list);
	if (err)
		return cli_refused(err, kview_reason(NULL), "list");
	if (!list->shown)
		return cli_fail(-ENOENT, "no hook matches", "list: %s", list->pattern ?: "all");
	return CLI_OK;
}

static void list_deinit(struct list *list)
{
	if (list->json)
		fclose(list->json);
	free(list->text);
}

static int cmd_list(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "[PATTERN]",
		.doc = "List what can be hooked on this kernel, and why the rest cannot. PATTERN is a shell pattern on the "
		       "names of functions, tracepoints and system calls.",
	};
	_cleanup_(table_freep) struct table *table = table_new();
	_cleanup_(list_deinit) struct list list = { .table = table };

	cli_parse(&argp, argc, argv, &list);
	list.json = open_memstream(&list.text, &list.size);
	if (!list.json || !table)
		return cli_fail(-ENOMEM, NULL, "list");
	table_column(table, TABLE_LEFT, "KIND");
	table_column(table, TABLE_LEFT, "NAME");
	table_column(table, TABLE_LEFT, "ATTACHABLE");
	return show_list(&list);
}

const struct cli_command cli_cmd_list = { "list", "list what can be hooked on this kernel, and why the rest cannot", cmd_list };

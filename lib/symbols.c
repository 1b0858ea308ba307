// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which functions the running kernel has (/proc/kallsyms), and which of them ftrace can trace. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Cut the next line off @text; NULL past the last one. */
static char *next_line(char **text)
{
	char *line = *text, *end;

	if (!*line)
		return NULL;
	end = strchrnul(line, '\n');
	*text = *end ? end + 1 : end;
	*end = '\0';
	return line;
}

static size_t count_lines(const char *text)
{
	size_t count = 1;

	for (; (text = strchr(text, '\n')); text++)
		count++;
	return count;
}

/* Parts of functions that compilers and objtool give symbols of their own. */
static bool is_fragment(const char *name)
{
	return !strncmp(name, "__pfx_", 6) || strstr(name, ".cold");
}

/* "ffffffff81000000 T _stext", "ffffffffc0000000 t helper\t[module]" */
static bool parse_symbol(char *line, char *ret_type, struct kview_symbol *ret_symbol)
{
	char *rest, *module;

	ret_symbol->addr = strtoull(line, &rest, 16);
	if (rest == line || rest[0] != ' ' || !rest[1] || rest[2] != ' ' || !rest[3])
		return false;
	*ret_type = rest[1];
	ret_symbol->name = rest + 3;
	module = strpbrk(rest + 3, "\t ");
	ret_symbol->in_module = module;
	if (module)
		*module = '\0';
	return true;
}

static void add_symbol(struct kview_symbols *symbols, char type, struct kview_symbol *symbol)
{
	symbol->weak = strchr("wW", type);
	if (!strcmp(symbol->name, "_stext"))
		symbols->text_start = symbol->addr;
	else if (!strcmp(symbol->name, "_etext"))
		symbols->text_end = symbol->addr;
	else if (strchr("tTwW", type) && !is_fragment(symbol->name))
		symbols->symbols[symbols->count++] = *symbol;
}

static int compare_symbols(const void *a, const void *b)
{
	const struct kview_symbol *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ?: x->in_module - y->in_module ?: (x->addr > y->addr) - (x->addr < y->addr);
}

int kview_symbols_read(const char *path, struct kview_symbols *ret_symbols)
{
	struct kview_symbols symbols = {};
	struct kview_symbol symbol;
	char *text, *line, type;
	int err;

	err = kview_file_read(path, &symbols.text);
	if (err)
		return err;
	symbols.symbols = calloc(count_lines(symbols.text), sizeof(*symbols.symbols));
	if (!symbols.symbols) {
		free(symbols.text);
		return -ENOMEM;
	}
	for (text = symbols.text; (line = next_line(&text));)
		if (parse_symbol(line, &type, &symbol))
			add_symbol(&symbols, type, &symbol);
	qsort(symbols.symbols, symbols.count, sizeof(*symbols.symbols), compare_symbols);
	*ret_symbols = symbols;
	return 0;
}

void kview_symbols_deinit(struct kview_symbols *symbols)
{
	free(symbols->symbols);
	free(symbols->text);
}

const struct kview_symbol *kview_symbols_find(const struct kview_symbols *symbols, const char *name)
{
	size_t low = 0, high = symbols->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, symbols->symbols[middle].name);

		if (!order)
			return &symbols->symbols[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int kview_names_read(const char *path, struct kview_names *ret_names)
{
	struct kview_names names = {};
	char *text, *line;
	int err;

	err = kview_file_read(path, &names.text);
	if (err)
		return err;
	names.names = calloc(count_lines(names.text), sizeof(*names.names));
	if (!names.names) {
		free(names.text);
		return -ENOMEM;
	}
	for (text = names.text; (line = next_line(&text));) {
		line[strcspn(line, "\t ")] = '\0'; /* "helper [module]" */
		names.names[names.count++] = line;
	}
	qsort(names.names, names.count, sizeof(*names.names), compare_names);
	*ret_names = names;
	return 0;
}

void kview_names_deinit(struct kview_names *names)
{
	free(names->names);
	free(names->text);
}

bool kview_names_have(const struct kview_names *names, const char *name)
{
	return bsearch(&name, names->names, names->count, sizeof(*names->names), compare_names);
}

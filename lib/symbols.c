// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which functions and tracepoints the running kernel has (/proc/kallsyms), and what ftrace lists of them. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define TRACEPOINT_VARIABLE "__tracepoint_" /* every tracepoint is one */

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

/* Sorting is what takes long. Functions that stand for system calls tell which of these there are. */
static bool is_wanted(const char *name, const char *pattern)
{
	return !pattern || !strncmp(name, "__x64_sys_", strlen("__x64_sys_")) || !fnmatch(pattern, name, 0);
}

static void add_symbol(struct kview_symbols *symbols, char type, struct kview_symbol *symbol, const char *pattern)
{
	symbol->weak = strchr("wW", type);
	if (!strcmp(symbol->name, "_stext"))
		symbols->text_start = symbol->addr;
	else if (!strcmp(symbol->name, "_etext"))
		symbols->text_end = symbol->addr;
	else if (strchr("tTwW", type) && !is_fragment(symbol->name) && is_wanted(symbol->name, pattern))
		symbols->symbols[symbols->count++] = *symbol;
	else if (strchr("dDbB", type) && !strncmp(symbol->name, TRACEPOINT_VARIABLE, strlen(TRACEPOINT_VARIABLE)))
		symbols->tracepoints[symbols->tracepoint_count++] = (struct kview_symbol){
			.name = symbol->name + strlen(TRACEPOINT_VARIABLE),
			.in_module = symbol->in_module,
		};
}

static int compare_symbols(const void *a, const void *b)
{
	const struct kview_symbol *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ?: x->in_module - y->in_module ?: (x->addr > y->addr) - (x->addr < y->addr);
}

int kview_symbols_read(const char *path, const char *pattern, struct kview_symbols *ret_symbols)
{
	struct kview_symbols symbols = {};
	struct kview_symbol symbol;
	char *text, *line, type;
	size_t lines;
	int err;

	err = kview_file_read(path, &symbols.text);
	if (err)
		return err;
	lines = count_lines(symbols.text);
	symbols.symbols = calloc(lines, sizeof(*symbols.symbols));
	symbols.tracepoints = calloc(lines, sizeof(*symbols.tracepoints));
	if (!symbols.symbols || !symbols.tracepoints) {
		kview_symbols_deinit(&symbols);
		return -ENOMEM;
	}
	for (text = symbols.text; (line = next_line(&text));)
		if (parse_symbol(line, &type, &symbol))
			add_symbol(&symbols, type, &symbol, pattern);
	qsort(symbols.symbols, symbols.count, sizeof(*symbols.symbols), compare_symbols);
	qsort(symbols.tracepoints, symbols.tracepoint_count, sizeof(*symbols.tracepoints), compare_symbols);
	*ret_symbols = symbols;
	return 0;
}

void kview_symbols_deinit(struct kview_symbols *symbols)
{
	free(symbols->symbols);
	free(symbols->tracepoints);
	free(symbols->text);
}

static int compare_name(const void *name, const void *symbol)
{
	return strcmp(name, ((const struct kview_symbol *)symbol)->name);
}

const struct kview_symbol *kview_symbols_find(const struct kview_symbols *symbols, const char *name)
{
	return bsearch(name, symbols->symbols, symbols->count, sizeof(*symbols->symbols), compare_name);
}

const struct kview_symbol *kview_symbols_find_tracepoint(const struct kview_symbols *symbols, const char *name)
{
	return bsearch(name, symbols->tracepoints, symbols->tracepoint_count, sizeof(*symbols->tracepoints), compare_name);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "helper [module]" */
static bool cut_function(char *line)
{
	line[strcspn(line, "\t ")] = '\0';
	return true;
}

/* "sched:sched_switch" */
static bool cut_event(char *line)
{
	char *colon = strchr(line, ':');

	if (!colon || !strncmp(line, "syscalls:", strlen("syscalls:")))
		return false;
	*colon = '/';
	return true;
}

static int read_names(const char *path, bool (*cut)(char *line), struct kview_names *ret_names)
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
	for (text = names.text; (line = next_line(&text));)
		if (cut(line))
			names.names[names.count++] = line;
	qsort(names.names, names.count, sizeof(*names.names), compare_names);
	*ret_names = names;
	return 0;
}

int kview_names_read(const char *path, struct kview_names *ret_names)
{
	return read_names(path, cut_function, ret_names);
}

int kview_names_read_events(const char *path, struct kview_names *ret_names)
{
	return read_names(path, cut_event, ret_names);
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

// SPDX-License-Identifier: GPL-2.0-or-later
#include "symtab.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <libiberty/demangle.h>
#include <stdbool.h>
#include <string.h>

#define CHUNK (64 * 1024) /* of names */
#define MANGLED_MAX 4096   /* what the demangler takes for longer ones can be much */
#define NEIGHBOURS 8	  /* symbols that may lie inside one that covers the address */

struct symtab_symbol {
	uint64_t addr, size;
	const char *name;
	size_t order; /* in which it was added */
	bool shown;   /* @name is what people read */
};

struct chunk {
	struct chunk *next;
	size_t used;
	char text[CHUNK];
};

struct symtab {
	struct symtab_symbol *list;
	size_t count, room;
	struct chunk *names;
};

int symtab_new(struct symtab **ret_table)
{
	*ret_table = calloc(1, sizeof(**ret_table));
	return *ret_table ? 0 : -ENOMEM;
}

void symtab_free(struct symtab *table)
{
	struct chunk *chunk;

	if (!table)
		return;
	while ((chunk = table->names)) {
		table->names = chunk->next;
		free(chunk);
	}
	free(table->list);
	free(table);
}

static const char *keep_name(struct symtab *table, const char *name, size_t len)
{
	struct chunk *chunk = table->names;
	char *at;

	if (len > CHUNK / 16)
		len = CHUNK / 16;
	if (!chunk || chunk->used + len + 1 > CHUNK) {
		chunk = malloc(sizeof(*chunk));
		if (!chunk)
			return NULL;
		chunk->next = table->names;
		chunk->used = 0;
		table->names = chunk;
	}
	at = chunk->text + chunk->used;
	memcpy(at, name, len);
	at[len] = '\0';
	chunk->used += len + 1;
	return at;
}

int symtab_add(struct symtab *table, uint64_t addr, uint64_t size, const char *name, size_t len)
{
	size_t room = table->room ? table->room * 2 : 256;
	struct symtab_symbol *list;

	if (table->count == table->room) {
		list = reallocarray(table->list, room, sizeof(*list));
		if (!list)
			return -ENOMEM;
		table->list = list;
		table->room = room;
	}
	name = keep_name(table, name, len);
	if (!name)
		return -ENOMEM;
	table->list[table->count] = (struct symtab_symbol){ addr, size, name, table->count, false };
	table->count++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct symtab_symbol *left = a, *right = b;

	if (left->addr != right->addr)
		return left->addr < right->addr ? -1 : 1;
	return left->order < right->order ? -1 : 1;
}

void symtab_sort(struct symtab *table)
{
	if (table->count)
		qsort(table->list, table->count, sizeof(*table->list), compare);
}

size_t symtab_count(const struct symtab *table)
{
	return table->count;
}

static bool covers(const struct symtab *table, size_t i, uint64_t addr)
{
	const struct symtab_symbol *symbol = &table->list[i];

	if (symbol->size)
		return addr - symbol->addr < symbol->size;
	return i + 1 == table->count || table->list[i + 1].addr > addr || table->list[i + 1].addr == symbol->addr;
}

/*
 * Names of C++ and Rust, which their compilers mangle. The mangled one stays where there is no memory, or it is none.
 */
static const char *show(struct symtab *table, struct symtab_symbol *symbol)
{
	_cleanup_(freep) char *plain = NULL;
	const char *kept;

	if (symbol->shown)
		return symbol->name;
	symbol->shown = true;
	if (symbol->name[0] != '_' || !strchr("ZR", symbol->name[1]) || strlen(symbol->name) > MANGLED_MAX)
		return symbol->name;
	plain = cplus_demangle(symbol->name, DMGL_AUTO);
	kept = plain ? keep_name(table, plain, strlen(plain)) : NULL;
	if (kept)
		symbol->name = kept;
	return symbol->name;
}

const char *symtab_find(struct symtab *table, uint64_t addr, uint64_t *ret_start)
{
	struct symtab_symbol *symbol;
	size_t low = 0, high = table->count, middle, i;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (table->list[middle].addr <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	/* list[low - 1] is the last that begins at or before @addr; one that begins earlier may reach further. */
	for (i = 0; i < NEIGHBOURS && i < low; i++) {
		symbol = &table->list[low - 1 - i];
		if (!covers(table, low - 1 - i, addr))
			continue;
		if (ret_start)
			*ret_start = symbol->addr;
		return show(table, symbol);
	}
	return NULL;
}

/* --- texts ---------------------------------------------------------------------------------------------------------- */

/* "ffffffff81000000 T name" and, for modules, "\t[module]" behind it. */
static int add_kernel_line(struct symtab *table, char *line, bool *seen)
{
	uint64_t addr;
	char type, *end;
	int name = 0;

	if (sscanf(line, "%" SCNx64 " %c %n", &addr, &type, &name) != 2 || !name || !strchr("tTwW", type))
		return 0;
	*seen |= addr != 0;
	end = line + strcspn(line, "\n");
	line += name;
	if (memchr(line, '\t', end - line))
		*strchr(line, '\t') = ' ';
	return symtab_add(table, addr, 0, line, end - line);
}

int symtab_read_kernel(struct symtab **ret_table)
{
	_cleanup_(symtab_freep) struct symtab *table = NULL;
	_cleanup_(fclosep) FILE *file = fopen("/proc/kallsyms", "re");
	_cleanup_(freep) char *line = NULL;
	bool seen = false;
	size_t size = 0;
	int err;

	if (!file)
		return -errno;
	err = symtab_new(&table);
	while (!err && getline(&line, &size, file) > 0)
		err = add_kernel_line(table, line, &seen);
	if (err)
		return err;
	if (!seen)
		return -EPERM;
	symtab_sort(table);
	*ret_table = TAKE_PTR(table);
	return 0;
}

static int add_map_line(struct symtab *table, const char *line)
{
	uint64_t addr, size;
	int name = 0;
	size_t len;

	if (!isxdigit((unsigned char)*line) || sscanf(line, "%" SCNx64 " %" SCNx64 " %n", &addr, &size, &name) != 2 ||
	    !name)
		return 0;
	len = strcspn(line + name, "\n");
	return len && size ? symtab_add(table, addr, size, line + name, len) : 0;
}

int symtab_read_map(int fd, struct symtab **ret_table)
{
	_cleanup_(symtab_freep) struct symtab *table = NULL;
	_cleanup_(fclosep) FILE *file = NULL;
	_cleanup_(freep) char *line = NULL;
	size_t size = 0;
	long total = 0;
	ssize_t len;
	int err, copy = dup(fd);

	if (copy < 0)
		return -errno;
	file = fdopen(copy, "r");
	if (!file) {
		closep(&copy);
		return -ENOMEM;
	}
	err = symtab_new(&table);
	while (!err && total < SYMTAB_MAP_MAX && (len = getline(&line, &size, file)) > 0) {
		total += len;
		/* A line with a NUL in it is none of ours. */
		err = memchr(line, '\0', len) ? 0 : add_map_line(table, line);
	}
	if (err)
		return err;
	symtab_sort(table);
	*ret_table = TAKE_PTR(table);
	return 0;
}

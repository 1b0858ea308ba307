// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Numbers for the names of calls: the kernel's own where it has one, so that what was learned from a trace means the
 * same elsewhere; others get numbers in the order in which they occur. A hash that never grows: there are a few hundred.
 */
#include <stdbool.h>
#include <string.h>

#include <kview/kview.h>

#include "guard/profile.h"
#include "guard/trace.h"

#define OTHERS_MAX 1024
#define NAMES_MAX (GUARD_NUMBER_MAX + OTHERS_MAX)
#define SLOTS (2 * (NAMES_MAX + 1))

struct name {
	char *text;
	uint16_t number;
	bool used; /* by a trace */
};

struct guard_names {
	struct name names[NAMES_MAX];
	uint16_t slots[SLOTS]; /* index + 1 */
	size_t count, others;
};

/* Where the kernel's functions are called otherwise than what programs call. */
static const struct {
	const char *name, *kernel;
} aliases[] = {
	{ "stat", "newstat" },	 { "fstat", "newfstat" }, { "lstat", "newlstat" },
	{ "uname", "newuname" }, { "umount2", "umount" }, { "sendfile", "sendfile64" },
};

static uint32_t hash(const char *name, size_t len)
{
	uint32_t value = 2166136261; /* FNV-1a */

	while (len--)
		value = (value ^ (uint8_t)*name++) * 16777619;
	return value;
}

static bool same(const char *known, const char *name, size_t len)
{
	return !strncmp(known, name, len) && !known[len];
}

static uint16_t *find_slot(struct guard_names *names, const char *name, size_t len)
{
	uint32_t slot = hash(name, len) % SLOTS;

	while (names->slots[slot] && !same(names->names[names->slots[slot] - 1].text, name, len))
		slot = (slot + 1) % SLOTS;
	return &names->slots[slot];
}

static int add(struct guard_names *names, const char *name, size_t len, uint32_t number)
{
	struct name *entry = &names->names[names->count];

	entry->text = strndup(name, len);
	if (!entry->text)
		return -ENOMEM;
	entry->number = number;
	*find_slot(names, name, len) = ++names->count;
	return 0;
}

/* What programs call the kernel's @name. */
static const char *program_name(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (!strcmp(name, aliases[i].kernel))
			return aliases[i].name;
	return name;
}

static int add_known(struct guard_names *names)
{
	const char *name;
	uint32_t number;
	int err = 0;

	for (number = 0; !err && number < GUARD_NUMBER_MAX; number++) {
		name = kview_syscall_name(number);
		if (name)
			err = add(names, program_name(name), strlen(program_name(name)), number);
	}
	return err;
}

struct guard_names *guard_names_new(void)
{
	_cleanup_(guard_names_freep) struct guard_names *names = calloc(1, sizeof(*names));

	return names && !add_known(names) ? TAKE_PTR(names) : NULL;
}

void guard_names_free(struct guard_names *names)
{
	size_t i;

	if (!names)
		return;
	for (i = 0; i < names->count; i++)
		free(names->names[i].text);
	free(names);
}

int guard_names_number(struct guard_names *names, const char *name, size_t len)
{
	uint16_t *slot = find_slot(names, name, len);
	int err;

	if (!*slot) {
		if (names->others == OTHERS_MAX)
			return -ENOSPC;
		err = add(names, name, len, GUARD_TRACE_NUMBER_MAX + 1 + names->others);
		if (err)
			return err;
		names->others++;
	}
	names->names[*slot - 1].used = true;
	return names->names[*slot - 1].number;
}

const char *guard_names_name(const struct guard_names *names, uint32_t number)
{
	size_t i;

	for (i = 0; i < names->count; i++)
		if (names->names[i].used && names->names[i].number == number)
			return names->names[i].text;
	return NULL;
}

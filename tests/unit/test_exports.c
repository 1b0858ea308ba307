// SPDX-License-Identifier: GPL-2.0-or-later
/* The header, the symbol map and the shared library name the same functions. */
#include <dlfcn.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/internal.h"
#include "unit.h"

#define NAMES_MAX 256

struct names {
	char *names[NAMES_MAX];
	size_t count;
};

static bool has(const struct names *names, const char *name, size_t len)
{
	for (size_t i = 0; i < names->count; i++)
		if (strlen(names->names[i]) == len && !memcmp(names->names[i], name, len))
			return true;
	return false;
}

/* Collect what the first parenthesis of @pattern matches in the file, each once. */
static void collect(struct names *names, const char *path, const char *pattern)
{
	char *text;
	regmatch_t match[2];
	regex_t regex;

	assert_int_equal(kview_file_read(path, &text), 0);
	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NEWLINE), 0);
	for (const char *at = text; !regexec(&regex, at, 2, match, 0); at += match[0].rm_eo) {
		size_t len = match[1].rm_eo - match[1].rm_so;

		if (has(names, at + match[1].rm_so, len))
			continue;
		assert_true(names->count < NAMES_MAX);
		names->names[names->count++] = strndup(at + match[1].rm_so, len);
	}
	regfree(&regex);
	free(text);
}

static void release(struct names *names)
{
	while (names->count)
		free(names->names[--names->count]);
}

static void header_and_map(void **state)
{
	struct names header = {}, map = {};

	(void)state;
	collect(&header, "include/kview/kview.h", "^[a-z][a-z0-9_ *]*[ *](kview_[a-z0-9_]+)\\(");
	collect(&map, "lib/libkview.map", "^\t(kview_[a-z0-9_]+);$");
	assert_true(header.count > 20);
	for (size_t i = 0; i < header.count; i++)
		if (!has(&map, header.names[i], strlen(header.names[i])))
			fail_msg("%s is not in lib/libkview.map", header.names[i]);
	for (size_t i = 0; i < map.count; i++)
		if (!has(&header, map.names[i], strlen(map.names[i])))
			fail_msg("%s is not in the header", map.names[i]);
	release(&header);
	release(&map);
}

static void library(void **state)
{
	void *library = dlopen(LIBKVIEW_SO, RTLD_NOW | RTLD_LOCAL);
	struct names map = {};

	(void)state;
	if (!library)
		fail_msg("%s", dlerror());
	collect(&map, "lib/libkview.map", "^\t(kview_[a-z0-9_]+);$");
	for (size_t i = 0; i < map.count; i++)
		if (!dlvsym(library, map.names[i], "KVIEW_0.1"))
			fail_msg("%s is not in the library", map.names[i]);
	assert_null(dlsym(library, "kview_refuse")); /* a function of internal.h */
	release(&map);
	dlclose(library);
}

static void version(void **state)
{
	(void)state;
	assert_string_equal(kview_version(), KVIEW_VERSION);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_and_map),
		cmocka_unit_test(library),
		cmocka_unit_test(version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}

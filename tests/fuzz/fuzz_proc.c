// SPDX-License-Identifier: GPL-2.0-or-later
/* Files of proc and tracefs: the kernel writes them, but process names in them are anybody's. */
#include <linux/memfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_as_symbols(const char *path)
{
	struct kview_symbols symbols;

	if (kview_symbols_read(path, NULL, &symbols))
		return;
	for (size_t i = 0; i < symbols.count; i++)
		if (!kview_symbols_find(&symbols, symbols.symbols[i].name))
			abort();
	for (size_t i = 0; i < symbols.tracepoint_count; i++)
		if (!kview_symbols_find_tracepoint(&symbols, symbols.tracepoints[i].name))
			abort();
	kview_symbols_deinit(&symbols);
}

static void read_as_names(const char *path, int (*read)(const char *path, struct kview_names *ret_names))
{
	struct kview_names names;

	if (read(path, &names))
		return;
	for (size_t i = 0; i < names.count; i++)
		if (!kview_names_have(&names, names.names[i]))
			abort();
	kview_names_deinit(&names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), path[32];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct kview_stat stat;

	if (!text || fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	kview_stat_parse(text, &stat);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_as_symbols(path);
	read_as_names(path, kview_names_read);
	read_as_names(path, kview_names_read_events);
	close(fd);
	free(text);
	return 0;
}

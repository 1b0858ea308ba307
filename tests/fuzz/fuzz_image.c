// SPDX-License-Identifier: GPL-2.0-or-later
/* What a recorded process can put into its files: mappings' names, symbols, the map of its compiler. */
#include <linux/memfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "monitor/elf_file.h"
#include "monitor/regions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_elf(int fd)
{
	struct elf_file file;
	uint64_t addr;

	if (elf_file_read(fd, &file))
		return;
	for (uint64_t offset = 0; offset < 1 << 16; offset += 64)
		if (elf_file_addr(&file, offset, &addr))
			symtab_find(file.symbols, addr, NULL);
	elf_file_deinit(&file);
}

static void read_map(int fd)
{
	struct symtab *table;

	lseek(fd, 0, SEEK_SET);
	if (symtab_read_map(fd, &table))
		return;
	symtab_find(table, 0x1000, NULL);
	symtab_free(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct regions regions = {};
	struct region region;

	if (!text || fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (!region_parse(line, &region) && regions_add(&regions, &region))
			abort();
	regions_find(&regions, 0x1000);
	regions_deinit(&regions);
	read_elf(fd);
	read_map(fd);
	close(fd);
	free(text);
	return 0;
}

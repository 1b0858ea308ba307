// SPDX-License-Identifier: GPL-2.0-or-later
/* From addresses to names: mappings, symbols, files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/elf_file.h"
#include "monitor/image.h"
#include "monitor/regions.h"
#include "monitor/symtab.h"
#include "unit.h"

static void maps_lines(void **state)
{
	struct region region;

	(void)state;
	assert_int_equal(region_parse("1000-2000 r-xp 00000300 08:01 77 /usr/bin/a b (deleted)\n", &region), 0);
	assert_int_equal(region.start, 0x1000);
	assert_int_equal(region.end, 0x2000);
	assert_int_equal(region.offset, 0x300);
	assert_int_equal(region.inode, 77);
	assert_string_equal(region.path, "/usr/bin/a b");
	free(region.path);
	assert_int_equal(region_parse("1000-2000 rwxp 00000000 00:00 0 \n", &region), 0);
	assert_string_equal(region.path, "");
	free(region.path);
	assert_int_equal(region_parse("1000-2000 r-xp 0 0:0 1 /x\\012y", &region), 0);
	assert_string_equal(region.path, "/x\ny");
	free(region.path);
	assert_int_equal(region_parse("1000-2000 rw-p 0 0:0 1 /data", &region), -ENOEXEC);
	assert_int_equal(region_parse("2000-1000 r-xp 0 0:0 1 /x", &region), -EINVAL);
	assert_int_equal(region_parse("nonsense", &region), -EINVAL);
}

static void add(struct regions *regions, uint64_t start, uint64_t end, const char *path)
{
	struct region region = { .start = start, .end = end, .path = strdup(path) };

	assert_int_equal(regions_add(regions, &region), 0);
}

static void regions_replace(void **state)
{
	struct regions regions = {};

	(void)state;
	add(&regions, 0x3000, 0x4000, "c");
	add(&regions, 0x1000, 0x2000, "a");
	add(&regions, 0x2000, 0x3000, "b");
	assert_string_equal(regions_find(&regions, 0x2fff)->path, "b");
	assert_string_equal(regions_find(&regions, 0x3000)->path, "c");
	assert_null(regions_find(&regions, 0xfff));
	assert_null(regions_find(&regions, 0x4000));
	add(&regions, 0x1800, 0x2800, "new");
	assert_int_equal(regions.count, 2);
	assert_string_equal(regions_find(&regions, 0x1900)->path, "new");
	assert_string_equal(regions_find(&regions, 0x3900)->path, "c");
	assert_null(regions_find(&regions, 0x1000));
	regions_deinit(&regions);
}

static void symbols(void **state)
{
	struct symtab *table;
	uint64_t start;

	(void)state;
	assert_int_equal(symtab_new(&table), 0);
	symtab_add(table, 0x200, 0x10, "sized", 5);
	symtab_add(table, 0x100, 0, "open_end", 8);
	symtab_add(table, 0x300, 0x100, "outer", 5);
	symtab_add(table, 0x340, 0x10, "inner", 5);
	symtab_add(table, 0x500, 0x10, "old", 3);
	symtab_add(table, 0x500, 0x10, "new", 3);
	symtab_add(table, 0x600, 8, "_ZN3foo3barEv", 13);
	symtab_sort(table);
	assert_null(symtab_find(table, 0xff, NULL));
	assert_string_equal(symtab_find(table, 0x1ff, &start), "open_end");
	assert_int_equal(start, 0x100);
	assert_string_equal(symtab_find(table, 0x20f, NULL), "sized");
	assert_null(symtab_find(table, 0x210, NULL));
	assert_string_equal(symtab_find(table, 0x345, NULL), "inner");
	assert_string_equal(symtab_find(table, 0x360, NULL), "outer");
	assert_string_equal(symtab_find(table, 0x501, NULL), "new");
	assert_string_equal(symtab_find(table, 0x601, NULL), "foo::bar");
	assert_string_equal(symtab_find(table, 0x601, NULL), "foo::bar");
	symtab_free(table);
}

static struct symtab *read_map(const char *text, size_t len)
{
	int fd = memfd_create("map", MFD_CLOEXEC);
	struct symtab *table;

	assert_int_equal(write(fd, text, len), len);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(symtab_read_map(fd, &table), 0);
	close(fd);
	return table;
}

static void jit_map(void **state)
{
	static const char text[] = "1000 20 LazyCompile:~f /a b.js:1:2\n"
				   "nonsense\n"
				   "2000 0 empty\n"
				   "zz 1 x\n"
				   "3000 10 half\0hidden\n"
				   "4000 10 last";
	struct symtab *table = read_map(text, sizeof(text) - 1);

	(void)state;
	assert_int_equal(symtab_count(table), 2);
	assert_string_equal(symtab_find(table, 0x101f, NULL), "LazyCompile:~f /a b.js:1:2");
	assert_string_equal(symtab_find(table, 0x4000, NULL), "last");
	symtab_free(table);
}

/* This program, whose symbols are there. */
static void own_file(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct elf_file file;
	uint64_t addr;

	(void)state;
	assert_int_equal(elf_file_read(fd, &file), 0);
	assert_false(file.stripped);
	assert_true(file.build_id_len > 0);
	assert_true(file.segment_count > 0);
	assert_true(elf_file_addr(&file, file.segments[0].offset, &addr));
	assert_int_equal(addr, file.segments[0].addr);
	assert_false(elf_file_addr(&file, UINT64_MAX, &addr));
	elf_file_deinit(&file);
	close(fd);
}

static void no_file(void **state)
{
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	struct elf_file file;

	(void)state;
	assert_int_equal(elf_file_read(fd, &file), -ENOEXEC);
	close(fd);
}

static void own_image(void **state)
{
	struct objects *objects;
	struct image *image;
	char name[IMAGE_NAME_MAX];

	(void)state;
	assert_int_equal(objects_new(&objects), 0);
	assert_int_equal(image_open(getpid(), objects, &image), 0);
	assert_int_equal(image_name(image, (uintptr_t)own_image, name), FRAME_PROGRAM);
	assert_string_equal(name, "own_image");
	assert_int_equal(image_name(image, 16, name), FRAME_UNKNOWN);
	assert_string_equal(name, "[unknown]");
	assert_false(image_is_start(image, (uintptr_t)own_image));
	image_close(image);
	assert_int_equal(image_open(0x7fffffff, objects, &image), -ESRCH);
	objects_free(objects);
}

/* A name for code made at run time; a map that is a FIFO, or leads to one, must not make us wait. */
static void own_jit_map(void **state)
{
	char path[64], name[IMAGE_NAME_MAX];
	struct objects *objects;
	struct image *image;
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	file = fopen(path, "w");
	fprintf(file, "10 10 made\n");
	fclose(file);
	assert_int_equal(objects_new(&objects), 0);
	assert_int_equal(image_open(getpid(), objects, &image), 0);
	image_read_jit(image);
	assert_int_equal(image_name(image, 0x18, name), FRAME_JIT);
	assert_string_equal(name, "made");
	image_close(image);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(image_open(getpid(), objects, &image), 0);
	image_read_jit(image);
	assert_int_equal(image_name(image, 0x18, name), FRAME_UNKNOWN);
	image_close(image);
	unlink(path);
	objects_free(objects);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_lines), cmocka_unit_test(regions_replace), cmocka_unit_test(symbols),
		cmocka_unit_test(jit_map),    cmocka_unit_test(own_file),	 cmocka_unit_test(no_file),
		cmocka_unit_test(own_image),  cmocka_unit_test(own_jit_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "regions.h"

struct image {
	int dir;  /* /proc/PID: names this process, however its number is used later */
	int root; /* what it sees as / */
	uid_t owner;
	pid_t own_pid; /* its number in its own pid namespace */
	struct objects *objects;
	struct regions regions;
	struct symtab *jit; /* NULL: there is none */
};

/* --- opening what belongs to it ------------------------------------------------------------------------------------- */

/* Open a regular file of the process's, without waiting for anybody and without side effects on devices. */
static int open_regular(int dir, const char *path, uint64_t resolve)
{
	struct open_how look = { .flags = O_PATH | O_CLOEXEC, .resolve = resolve };
	_cleanup_(closep) int at = syscall(SYS_openat2, dir, path, &look, sizeof(look));
	char self[32];
	struct stat stat;
	int fd;

	if (at < 0)
		return -errno;
	if (fstat(at, &stat))
		return -errno;
	if (!S_ISREG(stat.st_mode))
		return -EINVAL;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", at);
	fd = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

static int open_in_root(const struct image *image, const char *path)
{
	return open_regular(image->root, path, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

static pid_t read_own_pid(int dir, pid_t pid)
{
	_cleanup_(closep) int fd = openat(dir, "status", O_RDONLY | O_CLOEXEC);
	char text[4096], *line;
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (len <= 0)
		return pid;
	text[len] = '\0';
	line = strstr(text, "\nNSpid:");
	if (!line)
		return pid;
	line[1 + strcspn(line + 1, "\n")] = '\0';
	/* One number for each namespace, its own the last one. */
	line = strrchr(line, '\t');
	return line ? atoi(line + 1) : pid;
}

int image_open(pid_t pid, struct objects *objects, struct image **ret_image)
{
	_cleanup_(image_closep) struct image *image = calloc(1, sizeof(*image));
	struct stat stat;
	char path[32];
	int err;

	if (!image)
		return -ENOMEM;
	image->objects = objects;
	image->root = -1;
	snprintf(path, sizeof(path), "/proc/%d", pid);
	image->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (image->dir < 0 || fstat(image->dir, &stat))
		return errno == ENOENT ? -ESRCH : -errno;
	image->owner = stat.st_uid;
	image->own_pid = read_own_pid(image->dir, pid);
	image->root = openat(image->dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (image->root < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	err = image_refresh(image);
	if (err)
		return err;
	*ret_image = TAKE_PTR(image);
	return 0;
}

void image_close(struct image *image)
{
	if (!image)
		return;
	closep(&image->dir);
	closep(&image->root);
	regions_deinit(&image->regions);
	symtab_free(image->jit);
	free(image);
}

/* --- what is mapped ------------------------------------------------------------------------------------------------- */

/* A mapping's file itself, which also finds deleted ones; by its path where we may not do that. */
static int open_mapped(const struct image *image, const struct region *region)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "map_files/%" PRIx64 "-%" PRIx64, region->start, region->end);
	fd = open_regular(image->dir, path, 0);
	return fd < 0 ? open_in_root(image, region->path) : fd;
}

/* An object that cannot be opened leaves its name. */
static void find_object(const struct image *image, struct region *region)
{
	struct object *object;
	int fd;

	if (!strcmp(region->path, "[vdso]")) {
		region->object = objects_vdso(image->objects);
		return;
	}
	if (region->path[0] != '/' || !strncmp(region->path, "//", 2))
		return;
	fd = open_mapped(image, region);
	if (fd >= 0 && !objects_get(image->objects, fd, &object))
		region->object = object;
}

static int take_line(struct image *image, const char *line)
{
	struct region region;
	int err;

	err = region_parse(line, &region);
	if (err)
		return err == -ENOMEM ? err : 0;
	if (regions_same(&image->regions, &region)) {
		free(region.path);
		return 0;
	}
	find_object(image, &region);
	err = regions_add(&image->regions, &region);
	if (err)
		free(region.path);
	return err;
}

int image_refresh(struct image *image)
{
	_cleanup_(fclosep) FILE *file = NULL;
	_cleanup_(freep) char *line = NULL;
	int fd = openat(image->dir, "maps", O_RDONLY | O_CLOEXEC), err = 0;
	bool seen = false;
	size_t size = 0;

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	file = fdopen(fd, "r");
	if (!file) {
		closep(&fd);
		return -ENOMEM;
	}
	while (!err && getline(&line, &size, file) > 0) {
		seen = true;
		err = take_line(image, line);
	}
	return err ?: seen ? 0 : -ESRCH;
}

/* --- code made at run time ------------------------------------------------------------------------------------------ */

/* Somebody else's file of that name would put words into the process's mouth. */
static bool is_its_own(const struct image *image, int fd)
{
	struct stat stat;

	return !fstat(fd, &stat) && (stat.st_uid == image->owner || stat.st_uid == 0);
}

void image_read_jit(struct image *image)
{
	_cleanup_(closep) int fd = -1;
	char path[64];

	snprintf(path, sizeof(path), "tmp/perf-%d.map", image->own_pid);
	fd = open_in_root(image, path);
	if (fd < 0 || !is_its_own(image, fd))
		return;
	symtab_free(image->jit);
	image->jit = NULL;
	if (symtab_read_map(fd, &image->jit))
		image->jit = NULL;
}

/* --- names ---------------------------------------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static const char *find_symbol(const struct region *region, uint64_t addr)
{
	const struct elf_file *elf = region->object ? object_elf(region->object) : NULL;
	uint64_t place;

	if (!elf || !elf_file_addr(elf, addr - region->start + region->offset, &place))
		return NULL;
	return symtab_find(elf->symbols, place, NULL);
}

static enum frame_kind take_name(enum frame_kind kind, const char *text, char name[IMAGE_NAME_MAX])
{
	snprintf(name, IMAGE_NAME_MAX, "%s", text);
	return kind;
}

enum frame_kind image_name(struct image *image, uint64_t addr, char name[IMAGE_NAME_MAX])
{
	const struct region *region = regions_find(&image->regions, addr);
	const char *symbol = region ? find_symbol(region, addr) : NULL;

	if (symbol)
		return take_name(FRAME_PROGRAM, symbol, name);
	symbol = image->jit ? symtab_find(image->jit, addr, NULL) : NULL;
	if (symbol)
		return take_name(FRAME_JIT, symbol, name);
	if (!region)
		return take_name(FRAME_UNKNOWN, "[unknown]", name);
	if (region->path[0] == '[')
		return take_name(FRAME_UNKNOWN, region->path, name);
	if (region->path[0] != '/' || !region->object)
		return take_name(FRAME_UNKNOWN, region->path[0] ? base_name(region->path) : "[anonymous]", name);
	snprintf(name, IMAGE_NAME_MAX, "[%s]", base_name(region->path));
	return FRAME_UNKNOWN;
}

/*
 * The C library's functions, whose callers keep no frame pointer; in Debian's, whose symbols are split off, all of
 * it.
 */
bool image_is_start(struct image *image, uint64_t addr)
{
	static const char *const starts[] = { "_start", "__libc_start_call_main", "__libc_start_main", "start_thread",
					      "clone", "clone3", "__clone", "__clone3", "_dl_start" };
	const struct region *region = regions_find(&image->regions, addr);
	const char *symbol = region ? find_symbol(region, addr) : NULL, *file = region ? base_name(region->path) : "";

	for (size_t i = 0; symbol && i < sizeof(starts) / sizeof(starts[0]); i++)
		if (!strcmp(symbol, starts[i]))
			return true;
	return !symbol &&
	       (!strncmp(file, "libc.so", 7) || !strncmp(file, "libc-2.", 7) || !strncmp(file, "ld-linux", 8));
}

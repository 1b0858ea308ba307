// SPDX-License-Identifier: GPL-2.0-or-later
#include "tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <kview/kview.h>
#include <string.h>
#include <uapi/kview.h>

static const char *const roots[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

static const char *tracefs(void)
{
	char path[64];

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		snprintf(path, sizeof(path), "%s/events", roots[i]);
		if (!access(path, R_OK))
			return roots[i];
	}
	return NULL;
}

static int add_point(struct tracepoints *points, uint64_t id, const char *category, const char *name)
{
	struct tracepoint *list, *point;

	if (points->count % 256 == 0) {
		list = reallocarray(points->list, points->count + 256, sizeof(*list));
		if (!list)
			return -ENOMEM;
		points->list = list;
	}
	point = &points->list[points->count];
	*point = (struct tracepoint){ .id = id, .category = strdup(category), .name = strdup(name) };
	if (point->category && point->name) {
		points->count++;
		return 0;
	}
	free(point->category);
	free(point->name);
	return -ENOMEM;
}

/* Ids are read with one system call less than stdio needs: there are some 2,000 of them. */
static int read_id(int folder, const char *name, uint64_t *ret_id)
{
	_cleanup_(closep) int fd = -1;
	char path[300], text[24];
	ssize_t size;

	snprintf(path, sizeof(path), "%s/id", name);
	fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	size = read(fd, text, sizeof(text) - 1);
	if (size <= 0)
		return -EIO;
	text[size] = '\0';
	*ret_id = strtoull(text, NULL, 10);
	return 0;
}

static int read_category(struct tracepoints *points, const char *events, const char *category)
{
	_cleanup_(closedirp) DIR *dir = NULL;
	struct dirent *entry;
	uint64_t id = 0;
	char path[512];
	int err = 0;

	snprintf(path, sizeof(path), "%s/%s", events, category);
	dir = opendir(path);
	while (!err && dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && entry->d_type == DT_DIR && !read_id(dirfd(dir), entry->d_name, &id))
			err = add_point(points, id, category, entry->d_name);
	return err;
}

static int read_all(struct tracepoints *points)
{
	_cleanup_(closedirp) DIR *dir = NULL;
	const char *root = tracefs();
	struct dirent *entry;
	char events[64];
	int err = 0;

	if (!root)
		return -ENOENT;
	snprintf(events, sizeof(events), "%s/events", root);
	dir = opendir(events);
	while (!err && dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && entry->d_type == DT_DIR)
			err = read_category(points, events, entry->d_name);
	return err;
}

static const struct tracepoint *find(const struct tracepoints *points, uint64_t id)
{
	for (size_t i = 0; i < points->count; i++)
		if (points->list[i].id == id)
			return &points->list[i];
	return NULL;
}

/* Events of kprobe_events come and go, and an id may come back as another's: those are read again each time. */
static bool may_change(const struct tracepoint *point)
{
	return !point || strstr(point->category, "probes");
}

int tracepoints_find(struct tracepoints *points, uint64_t id, const struct tracepoint **ret_point)
{
	const struct tracepoint *point = find(points, id);
	int err;

	if (may_change(point)) {
		tracepoints_deinit(points);
		err = read_all(points);
		if (err)
			return err;
		point = find(points, id);
	}
	if (!point)
		return -ENOENT;
	*ret_point = point;
	return 0;
}

void tracepoints_deinit(struct tracepoints *points)
{
	for (size_t i = 0; i < points->count; i++) {
		free(points->list[i].category);
		free(points->list[i].name);
	}
	free(points->list);
	*points = (struct tracepoints){};
}

static bool is_defined_in(const char *file, const struct tracepoint *point, char *line, size_t size)
{
	_cleanup_(fclosep) FILE *stream = NULL;
	const char *root = tracefs();
	char path[64], wanted[512], event[512];

	snprintf(path, sizeof(path), "%s/%s", root ?: "", file);
	stream = fopen(path, "re");
	snprintf(wanted, sizeof(wanted), "%s/%s", point->category, point->name);
	while (stream && fgets(line, size, stream))
		if (sscanf(line, "%*[^:]:%511s", event) == 1 && !strcmp(event, wanted))
			return true;
	return false;
}

/* A line of kprobe_events: "p:kprobes/p_vfs_read_bcc_12 vfs_read", "r8:kprobes/NAME vfs_read+0", arguments. */
static int defined_hook(const char *line, struct hook **ret_hook)
{
	bool at_return = line[0] == 'r';
	char function[512], *offset;
	int err;

	if (sscanf(line, "%*s %511s", function) != 1)
		return -EINVAL;
	offset = strchr(function, '+');
	if (offset)
		*offset++ = '\0';
	err = hook_new(at_return ? KVIEW_HOOK_RETURN : KVIEW_HOOK_ENTRY, function, 0, ret_hook, "%s %s",
		       at_return ? "kretprobe" : "kprobe", function);
	if (!err && offset && strtoull(offset, NULL, 0))
		(*ret_hook)->why = KVIEW_WHY_NOT_ENTRY;
	return err;
}

static int syscall_number(const char *name)
{
	const char *known;

	for (unsigned int i = 0; i <= KVIEW_SYSCALL_MAX; i++) {
		known = kview_syscall_name(i);
		if (known && !strcmp(known, name))
			return i;
	}
	return -ENOENT;
}

static int syscall_hook(const struct tracepoint *point, struct hook **ret_hook)
{
	static const char enter[] = "sys_enter_", leave[] = "sys_exit_";
	bool at_enter = !strncmp(point->name, enter, sizeof(enter) - 1);
	const char *name = point->name + (at_enter ? sizeof(enter) : sizeof(leave)) - 1;
	int number = syscall_number(name);

	if (number < 0)
		return number;
	return hook_new(at_enter ? KVIEW_HOOK_TP_ENTER : KVIEW_HOOK_TP_EXIT, NULL, number, ret_hook,
			"tracepoint syscalls:%s", point->name);
}

/* Their records are those of single system calls, with all arguments. */
static int raw_syscall_hook(const struct tracepoint *point, struct hook **ret_hook)
{
	bool at_enter = !strcmp(point->name, "sys_enter");

	return hook_new(at_enter ? KVIEW_HOOK_TP_ENTER : KVIEW_HOOK_TP_EXIT, NULL, KVIEW_SYSCALL_ALL, ret_hook,
			"tracepoint raw_syscalls:%s", point->name);
}

int tracepoint_hook(const struct tracepoint *point, struct hook **ret_hook)
{
	char text[1024];

	if (!strcmp(point->category, "raw_syscalls"))
		return raw_syscall_hook(point, ret_hook);
	if (!strcmp(point->category, "syscalls"))
		return syscall_hook(point, ret_hook);
	if (is_defined_in("kprobe_events", point, text, sizeof(text)))
		return defined_hook(text, ret_hook);
	if (is_defined_in("uprobe_events", point, text, sizeof(text)))
		return -EXDEV;
	snprintf(text, sizeof(text), "%s/%s", point->category, point->name);
	return hook_new(KVIEW_HOOK_TP, text, 0, ret_hook, "tracepoint %s:%s", point->category, point->name);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which directory of the cgroup v2 file system a path, a unit or a container means. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/capability.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "internal.h"

#define CGROUP2_MAGIC 0x63677270 /* linux/magic.h */

/* Where the file system is mounted, the caller's to free. */
static char *find_mount(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *entry;
	char *dir = NULL;

	while (mounts && !dir && (entry = getmntent(mounts)))
		if (!strcmp(entry->mnt_type, "cgroup2"))
			dir = strdup(entry->mnt_dir);
	if (mounts)
		endmntent(mounts);
	return dir;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* --- a walk over all directories, which nftw() gives no argument ---------------------------------------------------- */

static __thread struct search {
	bool (*matches)(const char *name, const char *wanted);
	const char *wanted;
	char *found;
	unsigned int count;
	char *seen; /* names for near matches, each with its NUL, one after the other */
	size_t seen_len;
} search;

static void remember(const char *name)
{
	size_t len = strlen(name) + 1;
	char *seen = realloc(search.seen, search.seen_len + len);

	if (!seen)
		return;
	memcpy(seen + search.seen_len, name, len);
	search.seen = seen;
	search.seen_len += len;
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *name = path + ftw->base;

	(void)st;
	if (type != FTW_D)
		return FTW_CONTINUE;
	remember(name);
	if (!search.matches(name, search.wanted))
		return FTW_CONTINUE;
	if (!search.count++)
		search.found = strdup(path);
	return FTW_SKIP_SUBTREE; /* runtimes repeat names further down */
}

static void search_end(void)
{
	free(search.found);
	free(search.seen);
	search = (struct search){};
}

static void search_run(const char *mount, const char *wanted, bool (*matches)(const char *name, const char *wanted))
{
	search_end();
	search.wanted = wanted;
	search.matches = matches;
	nftw(mount, visit, 16, FTW_PHYS | FTW_ACTIONRETVAL);
}

static int refuse_search(struct kview *view, const char *what, const char *wanted)
{
	struct kview_near near = {};
	char text[512];

	if (search.count > 1)
		return kview_refuse(view, -ENOTUNIQ, "%s %s: %u cgroups have this name; give the path of one", what, wanted,
				    search.count);
	for (size_t at = 0; at < search.seen_len; at += strlen(search.seen + at) + 1)
		kview_near_offer(&near, wanted, search.seen + at);
	kview_near_text(&near, text, sizeof(text));
	return kview_refuse(view, -ENOENT, "%s %s: there is no such %s%s", what, wanted, what, text);
}

static bool is_name(const char *name, const char *wanted)
{
	return !strcmp(name, wanted);
}

/* --- paths and units ------------------------------------------------------------------------------------------------ */

static int open_directory(const char *path)
{
	struct statfs fs;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (!fstatfs(fd, &fs) && fs.f_type == CGROUP2_MAGIC)
		return fd;
	close(fd);
	return -ENOTDIR;
}

/* As given, or below the mount point. */
static int open_path(const char *mount, const char *path)
{
	_cleanup_(freep) char *full = NULL;
	int fd;

	if (*path == '/') {
		fd = open_directory(path);
		if (fd >= 0)
			return fd;
	}
	if (asprintf(&full, "%s/%s", mount, path + strspn(path, "/")) < 0) {
		full = NULL;
		return -ENOMEM;
	}
	return open_directory(full);
}

static int open_found(struct kview *view, const char *what, const char *wanted)
{
	int fd = search.count == 1 && search.found ? open_directory(search.found) : refuse_search(view, what, wanted);

	search_end();
	return fd;
}

static int open_cgroup(struct kview *view, const char *path)
{
	_cleanup_(freep) char *mount = find_mount();
	int fd;

	if (!mount)
		return kview_refuse(view, -ENOENT, "cgroup %s: the cgroup v2 file system is not mounted", path);
	fd = open_path(mount, path);
	if (fd >= 0)
		return fd;
	if (fd != -ENOENT && fd != -ENOTDIR)
		return kview_refuse(view, fd, "cgroup %s: %s", path, strerror(-fd));
	/* A unit's name is enough, and a path that is wrong gets near matches of its last part. */
	search_run(mount, last_part(path), is_name);
	if (strchr(path, '/'))
		search.count = 0;
	return open_found(view, "cgroup", last_part(path));
}

/* --- containers ----------------------------------------------------------------------------------------------------- */

static int process_cgroup(const char *pid, const char *id, char *ret_path, size_t size)
{
	_cleanup_(freep) char *text = NULL;
	char file[64];
	int err;

	snprintf(file, sizeof(file), "/proc/%s/cgroup", pid);
	err = kview_file_read(file, &text);
	return err ?: kview_container_path(text, id, ret_path, size);
}

static int ask(struct kview *view, const char *mount, const char *tool, const char *name)
{
	const char *argv[] = { tool, "inspect", "--type", "container", "--format", "{{.Id}} {{.State.Pid}}", name, NULL };
	char answer[256], id[129], pid[16], path[1024];
	int err;

	err = kview_tool_ask(argv, answer, sizeof(answer));
	if (err)
		return err;
	if (sscanf(answer, "%128s %15s", id, pid) != 2)
		return -ENOENT;
	if (!strcmp(pid, "0"))
		return kview_refuse(view, -ESRCH, "container %s: %s says that it does not run", name, tool);
	err = process_cgroup(pid, id, path, sizeof(path));
	return err ?: open_path(mount, path);
}

/* By the name that its conmon knows, and the id in its cgroup's. */
static int open_watched(const char *mount, const char *name)
{
	char id[KVIEW_CONTAINER_ID];
	int fd = -ENOENT;

	if (kview_conmon_find(name, id))
		return fd;
	search_run(mount, id, kview_container_is);
	if (search.count == 1 && search.found)
		fd = open_directory(search.found);
	search_end();
	return fd;
}

/* To podman, root without its privileges is a user, who has no containers and gets no namespace. */
static bool can_answer(const char *tool)
{
	return strcmp(tool, "podman") || geteuid() || kview_capabilities() & 1ULL << CAP_SYS_ADMIN;
}

static int open_container(struct kview *view, const char *name)
{
	static const char *const tools[] = { "podman", "docker" };
	_cleanup_(freep) char *mount = find_mount();
	int fd;

	if (!mount)
		return kview_refuse(view, -ENOENT, "container %s: the cgroup v2 file system is not mounted", name);
	if (*name == '-' || !*name || strchr(name, '/'))
		return kview_refuse(view, -EINVAL, "container %s: not a name or id", name);
	fd = open_watched(mount, name);
	if (fd >= 0)
		return fd;
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		fd = can_answer(tools[i]) ? ask(view, mount, tools[i], name) : -ENOENT;
		if (fd >= 0 || fd == -ESRCH)
			return fd;
	}
	search_run(mount, name, kview_container_is);
	return open_found(view, "container", name);
}

/* --- the calls ------------------------------------------------------------------------------------------------------ */

static int change(struct kview *view, const char *name, int (*open_name)(struct kview *view, const char *name),
		  int (*op)(struct kview *view, int fd, const char *name))
{
	_cleanup_(closep) int fd = -1;

	kview_reason_clear(view);
	if (!op)
		return kview_refuse(view, -EOPNOTSUPP, "%s: tracing a cgroup needs a view: load kview.ko", name);
	fd = open_name(view, name);
	return fd < 0 ? fd : op(view, fd, name);
}

int kview_add_cgroup(struct kview *view, const char *path)
{
	return change(view, path, open_cgroup, view->ops->add_cgroup);
}

int kview_remove_cgroup(struct kview *view, const char *path)
{
	return change(view, path, open_cgroup, view->ops->remove_cgroup);
}

int kview_add_container(struct kview *view, const char *name)
{
	return change(view, name, open_container, view->ops->add_cgroup);
}

static int find(const char *name, int (*open_name)(struct kview *view, const char *name), int *ret_fd)
{
	int fd;

	kview_reason_clear(NULL);
	fd = open_name(NULL, name);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

int kview_find_cgroup(const char *path, int *ret_fd)
{
	return find(path, open_cgroup, ret_fd);
}

int kview_find_container(const char *name, int *ret_fd)
{
	return find(name, open_container, ret_fd);
}

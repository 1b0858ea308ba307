// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A process with all its descendants.
 *
 * Each is followed, so what it forks from then on needs nobody to look for it. What it forked before is there to be
 * found, by looking until there is nobody new.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

struct entry {
	pid_t pid, parent;
	bool inside;
};

struct entries {
	struct entry *list;
	size_t count;
};

static void entries_deinit(struct entries *entries)
{
	free(entries->list);
}

static int add_entry(struct entries *entries, pid_t pid, pid_t parent)
{
	struct entry *list = reallocarray(entries->list, entries->count + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	entries->list = list;
	list[entries->count++] = (struct entry){ .pid = pid, .parent = parent };
	return 0;
}

static int read_entry(struct entries *entries, const char *name)
{
	_cleanup_(freep) char *text = NULL;
	char path[300];
	struct kview_stat stat;

	if (*name < '0' || *name > '9')
		return 0;
	snprintf(path, sizeof(path), "/proc/%s/stat", name);
	/* It may be gone by now. */
	if (kview_file_read(path, &text) || kview_stat_parse(text, &stat) || stat.state == 'Z')
		return 0;
	return add_entry(entries, atoi(name), stat.parent);
}

static int read_entries(struct entries *entries)
{
	DIR *proc = opendir("/proc");
	struct dirent *item;
	int err = 0;

	if (!proc)
		return -errno;
	while (!err && (item = readdir(proc)))
		err = read_entry(entries, item->d_name);
	closedir(proc);
	return err;
}

static bool is_inside(const struct entries *entries, pid_t root, pid_t pid)
{
	if (pid == root)
		return true;
	for (size_t i = 0; i < entries->count; i++)
		if (entries->list[i].pid == pid)
			return entries->list[i].inside;
	return false;
}

/* Parents may come after their children: pids wrap. */
static void mark(struct entries *entries, pid_t root)
{
	bool changed;

	do {
		changed = false;
		for (size_t i = 0; i < entries->count; i++) {
			struct entry *entry = &entries->list[i];

			if (entry->inside || !is_inside(entries, root, entry->parent))
				continue;
			entry->inside = changed = true;
		}
	} while (changed);
}

/* One round; *ret_new: how many joined. */
static int round_of(struct kview *view, pid_t root, size_t *ret_new)
{
	_cleanup_(entries_deinit) struct entries entries = {};
	int err;

	*ret_new = 0;
	err = read_entries(&entries);
	if (err)
		return kview_refuse(view, err, "/proc: %s", strerror(-err));
	mark(&entries, root);
	for (size_t i = 0; i < entries.count; i++) {
		if (!entries.list[i].inside || entries.list[i].pid == root)
			continue;
		err = kview_follow_pid(view, entries.list[i].pid);
		if (!err)
			++*ret_new;
		else if (err != -EEXIST && err != -ESRCH)
			return err;
	}
	kview_reason_clear(view);
	return 0;
}

int kview_follow_tree(struct kview *view, pid_t pid)
{
	size_t found;
	int err;

	err = kview_follow_pid(view, pid);
	do {
		err = err ?: round_of(view, pid, &found);
	} while (!err && found);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "threads.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"

void thread_list_deinit(struct thread_list *list)
{
	free(list->list);
	*list = (struct thread_list){};
}

bool thread_list_has(const struct thread_list *list, pid_t tid)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->list[i] == tid)
			return true;
	return false;
}

int thread_list_add(struct thread_list *list, pid_t tid)
{
	pid_t *grown;

	if (thread_list_has(list, tid))
		return 0;
	grown = reallocarray(list->list, list->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	list->list = grown;
	grown[list->count++] = tid;
	return 0;
}

int thread_list_add_process(struct thread_list *list, pid_t pid)
{
	_cleanup_(closedirp) DIR *dir = NULL;
	struct dirent *entry;
	char path[64];
	int err = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while (!err && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			err = thread_list_add(list, atoi(entry->d_name));
	return err;
}

/* What one thread has forked. It may be gone by now. */
static int add_children(struct thread_list *list, pid_t pid, pid_t tid)
{
	_cleanup_(fclosep) FILE *file = NULL;
	char path[64];
	int child, err = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, tid);
	file = fopen(path, "re");
	while (file && !err && fscanf(file, "%d", &child) == 1)
		err = thread_list_add(list, child);
	return err;
}

int thread_list_add_tree(struct thread_list *list, pid_t pid)
{
	size_t first = list->count;
	int err;

	err = thread_list_add(list, pid);
	for (size_t i = first; i < list->count && !err; i++) {
		_cleanup_(thread_list_deinit) struct thread_list threads = {};

		err = thread_list_add_process(&threads, list->list[i]);
		if (err == -ESRCH && i > first)
			err = 0;
		for (size_t j = 0; j < threads.count && !err; j++)
			err = add_children(list, list->list[i], threads.list[j]);
	}
	return err;
}

/* Fields are counted from behind the name, which can contain anything. */
uint64_t thread_now(void)
{
	uint64_t hz = sysconf(_SC_CLK_TCK);
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * hz + now.tv_nsec / (1000000000 / hz);
}

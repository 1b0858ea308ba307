// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/* What the library says can be hooked is what the kernel says, and all of its system calls are known by number. */
#include <dirent.h>

#include "ordinary.h"

#define KINDS 4 /* of hooks on a function */

struct found {
	const char *name;
	int count, attachable;
	char reason[256];
};

static int note(const struct kview_hook *hook, void *data)
{
	struct found *found = data;

	found->count++;
	found->attachable += hook->attachable;
	EXPECT(!hook->attachable == !!hook->reason, "%s", hook->name);
	snprintf(found->reason, sizeof(found->reason), "%s", hook->reason ?: "");
	return 0;
}

static struct found find(const char *pattern)
{
	struct found found = {};

	EXPECT(!kview_each_kernel_hook(pattern, note, &found), "%s", kview_reason(NULL));
	return found;
}

static void expect(const char *name, int count, bool attachable, const char *reason)
{
	struct found found = find(name);

	EXPECT(found.count == count, "%s: %d", name, found.count);
	EXPECT(found.attachable == (attachable ? count : 0), "%s: %d: %s", name, found.attachable, found.reason);
	EXPECT(strstr(found.reason, reason), "%s: %s", name, found.reason);
}

/* The VM has overlayfs loaded, on most kernels as a module. */
static void check_module(void)
{
	if (!access("/sys/module/overlay/initstate", F_OK))
		expect("ovl_open", KINDS, false, "lives in a module");
}

/* Numbers come from a table made at build time, which a newer kernel outgrows. */
static int count_syscall(const struct kview_hook *hook, void *data)
{
	char path[300];

	if (hook->kind != KVIEW_KIND_TP_ENTER)
		return 0;
	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/syscalls/sys_enter_%s", hook->name);
	EXPECT(!access(path, F_OK), "%s", path);
	++*(int *)data;
	return 0;
}

static int count_events(void)
{
	DIR *dir = opendir("/sys/kernel/tracing/events/syscalls");
	struct dirent *entry;
	int count = 0;

	while ((entry = readdir(dir)))
		count += !strncmp(entry->d_name, "sys_enter_", 10);
	closedir(dir);
	return count;
}

static int stop(const struct kview_hook *hook, void *data)
{
	(void)hook, (void)data;
	return 42;
}

/* A function with a variable number of arguments has an entry, but nobody could wait for its return. */
static int check_variable(const struct kview_hook *hook, void *data)
{
	(void)data;
	EXPECT(hook->attachable == (hook->kind == KVIEW_KIND_ENTRY), "%s", kview_kind_name(hook->kind));
	EXPECT(hook->attachable || strstr(hook->reason, "where the function's arguments lie"), "%s", hook->reason);
	return 0;
}

int main(void)
{
	struct kview_status status = { .sz = sizeof(status) };
	const char *not_loaded = "kview.ko is not loaded: modprobe kview";
	int count = 0;
	bool loaded;

	EXPECT_EQUAL(kview_status(&status), 0);
	loaded = status.module_loaded;
	expect("vfs_read", KINDS, loaded, loaded ? "" : not_loaded);
	expect("do_syscall_64", KINDS, false, "no ftrace entry");
	expect("type_show", KINDS, false, "several functions");
	check_module();
	expect("getppid", 2, loaded, loaded ? "" : not_loaded);
	expect("\\*", 2, loaded, loaded ? "" : not_loaded);
	expect("no_such_function", 0, false, "");
	expect("task_rename", 2, loaded, loaded ? "" : not_loaded);
	expect("task/task_rename", 1, loaded, loaded ? "" : not_loaded);
	expect("sys_exit", 1, loaded, loaded ? "" : not_loaded);
	expect("page_fault_user", 2, false, loaded ? "for the whole machine" : not_loaded);
	if (loaded)
		EXPECT_EQUAL(kview_each_kernel_hook("_printk", check_variable, NULL), 0);
	EXPECT_EQUAL(kview_each_kernel_hook(NULL, stop, NULL), 42);
	EXPECT_EQUAL(kview_each_kernel_hook("[a-z]*", count_syscall, &count), 0);
	EXPECT_EQUAL(count, count_events());
	return 0;
}

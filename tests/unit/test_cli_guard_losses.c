// SPDX-License-Identifier: GPL-2.0-or-later
/* What the guard's service still has after a full disk, or when it was killed. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard_service.h"
#include "unit.h"

static void train(struct service *service, int times)
{
	while (times--)
		service_command(service, "train", SERVER);
}

static void work_until_killed(struct service *service)
{
	int i;

	service_begin(service);
	for (i = 0;; i++) {
		train(service, 1);
		if (i % 3 ? guard_state_tick(&service->state) : guard_state_save(&service->state))
			_exit(1);
	}
}

/* The number of the last event there is; there are no gaps before it. */
static json_int_t last_event(struct service *service)
{
	json_t *events = service_events(service, json_pack("{s:b}", "newest", 1)), *event;
	json_int_t last = 0;
	size_t i;

	json_array_foreach(events, i, event) {
		assert_true(!last || json_integer_value(json_object_get(event, "id")) == last + 1);
		last = json_integer_value(json_object_get(event, "id"));
	}
	json_decref(events);
	return last;
}

/* Killed at any moment: what a save had said is there, events are as many as were saved or more, without gaps. */
static void killed(void **state)
{
	struct service *service = *state;
	json_int_t before = 0, last;
	pid_t child;
	int i;

	service_name_profile(service, SERVER);
	assert_int_equal(guard_state_save(&service->state), 0);
	service_end(service);
	for (i = 0; i < 8; i++) {
		child = fork();
		if (!child)
			work_until_killed(service);
		usleep(20000 + i * 7919);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		service_begin(service);
		last = last_event(service);
		assert_true(last >= before);
		before = last - 1; /* this service's own "started" is only in memory */
		assert_int_equal(guard_kernel_profile_count(service->machine), 1);
		service_end(service);
	}
	service_begin(service);
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (file) {
		fputs(text, file);
		fclose(file);
	}
}

/* A small disk for the service, where user namespaces allow it: else a limit on the size of files has to do. */
static bool mount_disk(const struct service *service)
{
	char users[32], groups[32];

	snprintf(users, sizeof(users), "0 %d 1", (int)getuid());
	snprintf(groups, sizeof(groups), "0 %d 1", (int)getgid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return false;
	write_text("/proc/self/setgroups", "deny");
	write_text("/proc/self/uid_map", users);
	write_text("/proc/self/gid_map", groups);
	return !mount("disk", service->folder, "tmpfs", 0, "size=4m");
}

static void fill_disk(const struct service *service)
{
	static const char page[4096];
	char path[80];
	FILE *file;

	snprintf(path, sizeof(path), "%s/other", service->folder);
	file = fopen(path, "w");
	assert_non_null(file);
	setbuf(file, NULL);
	while (fwrite(page, sizeof(page), 1, file) == 1)
		;
	fclose(file);
}

static void limit_files(rlim_t size)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void set_disk(const struct service *service, bool mounted, bool full)
{
	struct stat status;
	char path[80];

	snprintf(path, sizeof(path), "%s/other", service->folder);
	assert_int_equal(stat(service->path, &status), 0);
	if (!mounted)
		limit_files(full ? (rlim_t)status.st_size : RLIM_INFINITY);
	else if (full)
		fill_disk(service);
	else
		assert_int_equal(unlink(path), 0);
}

/* That it cannot be saved is said to who asks, counted, and told once. */
static void cannot_be_saved(struct service *service, int want_err)
{
	json_t *answer;

	assert_int_equal(guard_state_save(&service->state), want_err);
	assert_int_equal(guard_state_save(&service->state), want_err);
	answer = service_ask(service, &service_root, json_pack("{s:s}", "do", "save"));
	assert_non_null(strstr(json_string_value(json_object_get(answer, "error")), service->path));
	json_decref(answer);
	assert_int_equal(service_number(service, "failed_saves"), 3);
	assert_int_equal(service_number(service, "saving_fails"), 1);
	assert_int_equal(service_count_word(service, "unsaved"), 1);
}

/* All that has waited is saved; what there was no room for stays lost. */
static void can_be_saved(struct service *service)
{
	assert_int_equal(guard_state_tick(&service->state), 0);
	assert_int_equal(guard_state_tick(&service->state), 0);
	assert_int_equal(service_number(service, "unsaved_events"), 0);
	assert_int_equal(service_number(service, "lost_events"), 301);
	assert_int_equal(guard_state_save(&service->state), 0);
	assert_int_equal(service_number(service, "saving_fails"), 0);
}

/* What was saved stays, what is new waits as long as there is room for it, and is saved when there is room again. */
static void full_disk(void **state)
{
	struct service *service = *state;
	json_t *events;
	bool mounted;

	service_end(service);
	mounted = mount_disk(service);
	service_begin(service);
	service_name_profile(service, SERVER);
	assert_int_equal(guard_state_save(&service->state), 0);
	service_run_server(service, 10);
	set_disk(service, mounted, true);
	train(service, 300); /* more than fits into the pages there are */
	cannot_be_saved(service, mounted ? -ENOSPC : -EIO);
	assert_int_equal(service_count_word(service, "operator"), 300); /* from memory */
	train(service, GUARD_HISTORY_WAITING);
	assert_int_equal(service_number(service, "unsaved_events"), GUARD_HISTORY_WAITING);
	assert_int_equal(service_number(service, "lost_events"), 301);
	set_disk(service, mounted, false);
	can_be_saved(service);
	service_end(service);
	service_begin(service);
	assert_int_equal(guard_kernel_profile(service->machine, 1)->calls_seen, 3000);
	events = service_events(service, json_pack("{s:b, s:i}", "newest", 1, "limit", 2));
	assert_string_equal(json_string_value(json_array_get(json_object_get(json_array_get(events, 0), "events"), 0)),
			    "saved");
	json_decref(events);
	if (mounted)
		assert_int_equal(umount2(service->folder, MNT_DETACH), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		SERVICE_TEST(killed),
		SERVICE_TEST(full_disk),
	};

	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}

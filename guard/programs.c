// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard/programs.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "guard/pairlist.h"

#define SAVED_MAX 4096 /* profiles that are kept on disk, whether their programs are there or not */
#define DELETED " (deleted)" /* what the kernel appends to the path of a file that is gone */

static int make_room(struct guard_programs *programs, uint32_t number)
{
	uint32_t room = number + 64;
	char **paths;

	if (number < programs->room)
		return 0;
	paths = reallocarray(programs->paths, room, sizeof(*paths));
	if (!paths)
		return -ENOMEM;
	memset(paths + programs->room, 0, (room - programs->room) * sizeof(*paths));
	programs->paths = paths;
	programs->room = room;
	return 0;
}

bool guard_programs_spares(const struct guard_programs *programs, uint32_t number)
{
	const char *path = number < programs->room ? programs->paths[number] : NULL;
	char **spared;

	for (spared = programs->spared; path && spared && *spared; spared++)
		if (!strcmp(*spared, path))
			return true;
	return false;
}

/* The profile has its path (the callee's from here on; NULL: it is not known). */
static void name_profile(struct guard_programs *programs, uint32_t number, char *path)
{
	programs->paths[number] = path;
	if (guard_programs_spares(programs, number))
		guard_kernel_profile(programs->kernel, number)->response |= GUARD_RESPONSE_SPARED;
}

/* The profile that has @path; 0: none. */
static uint32_t find_named(const struct guard_programs *programs, const char *path)
{
	uint32_t number;

	for (number = 1; number < programs->room; number++)
		if (programs->paths[number] && !strcmp(programs->paths[number], path))
			return number;
	return 0;
}

/* What finds no room in profile @to is learned, and lost, as anything new. */
static void copy_pairs(struct guard_programs *programs, struct guard_profile *from, struct guard_profile *to)
{
	struct guard_env *env = guard_kernel_env(programs->kernel);
	int copy;

	for (copy = 0; copy < GUARD_COPIES; copy++) {
		_cleanup_(freep) struct guard_pair *pairs = NULL;
		size_t count;

		if (!guard_pairlist_get(env, from, copy, &pairs, &count))
			guard_pairlist_add(env, to, copy, pairs, count);
	}
}

/* Another file is at the path of profile @from now. Processes that still run the old one stay with it, without a path. */
static void take_over(struct guard_programs *programs, uint32_t number, uint32_t from)
{
	struct guard_profile *old = guard_kernel_profile(programs->kernel, from);
	struct guard_profile *new = guard_kernel_profile(programs->kernel, number);

	copy_pairs(programs, old, new);
	new->response = old->response;
	free(programs->paths[from]);
	programs->paths[from] = NULL;
}

/* The same for a profile that was made while the guard runs: @path may have had another file before. */
static void name_new(struct guard_programs *programs, uint32_t number, char *path)
{
	uint32_t from = path ? find_named(programs, path) : 0;

	if (from)
		take_over(programs, number, from);
	name_profile(programs, number, path);
	if (from && programs->replaced)
		programs->replaced(programs->data, number);
}

static const char *base_name(const char *path)
{
	const char *name = strrchr(path, '/');

	return name ? name + 1 : path;
}

int guard_programs_find(struct guard_programs *programs, const char *path, uint32_t *ret_number)
{
	struct guard_identity identity;
	int err;

	err = guard_identity_of(path, &identity);
	if (err)
		return err;
	err = guard_kernel_profile_find(programs->kernel, &identity, ret_number);
	if (err == -ENOENT)
		err = guard_kernel_profile_new(programs->kernel, &identity, base_name(path), ret_number);
	if (!err)
		err = make_room(programs, *ret_number);
	if (!err && !programs->paths[*ret_number])
		name_new(programs, *ret_number, strdup(path));
	return err;
}

static int load_profile(struct guard_programs *programs, const char *path, const struct guard_identity *identity)
{
	struct guard_profile *profile;
	uint32_t number;
	int err;

	err = guard_kernel_profile_new(programs->kernel, identity, base_name(path), &number);
	if (!err)
		err = make_room(programs, number);
	if (err)
		return err;
	profile = guard_kernel_profile(programs->kernel, number);
	err = guard_store_load(programs->store, path, guard_kernel_env(programs->kernel), profile);
	name_profile(programs, number, strdup(path));
	return err;
}

/* What cannot be loaded is left alone: the program will be learned again. */
static int load_path(const char *path, void *data)
{
	struct guard_programs *programs = data;
	struct guard_identity identity;

	if (guard_identity_of(path, &identity) || load_profile(programs, path, &identity))
		programs->skipped++;
	return 0;
}

int guard_programs_init(struct guard_programs *programs, struct guard_kernel *kernel, struct guard_store *store,
			char **spared)
{
	*programs = (struct guard_programs){ .kernel = kernel, .store = store, .spared = spared };
	return store ? guard_store_each(store, load_path, programs) : 0;
}

void guard_programs_deinit(struct guard_programs *programs)
{
	uint32_t i;

	for (i = 0; i < programs->room; i++)
		free(programs->paths[i]);
	free(programs->paths);
}

/* The path of @tgid's executable, if that is the one of @profile: it may run another by now. */
static char *find_path(uint32_t tgid, const struct guard_profile *profile)
{
	char link[32], path[PATH_MAX];
	struct guard_identity identity;
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%u/exe", tgid);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return NULL;
	path[len] = '\0';
	if (strstr(path, DELETED) || guard_identity_of(path, &identity) ||
	    memcmp(&identity, &profile->identity, sizeof(identity)))
		return NULL;
	return strdup(path);
}

void guard_programs_note(struct guard_programs *programs, uint32_t number, uint32_t tgid)
{
	const struct guard_profile *profile = guard_kernel_profile(programs->kernel, number);

	if (profile && !make_room(programs, number) && !programs->paths[number])
		name_new(programs, number, find_path(tgid, profile));
}

const char *guard_programs_name(const struct guard_programs *programs, uint32_t number)
{
	const struct guard_profile *profile = guard_kernel_profile(programs->kernel, number);

	if (number < programs->room && programs->paths[number])
		return programs->paths[number];
	return profile ? profile->comm : "";
}

static int note_task(const struct guard_task_record *record, void *data)
{
	guard_programs_note(data, record->task.profile, record->tgid);
	return 0;
}

int guard_programs_save(struct guard_programs *programs)
{
	struct guard_env *env = guard_kernel_env(programs->kernel);
	uint32_t number, count = guard_kernel_profile_count(programs->kernel);
	int err, end;

	if (!programs->store)
		return 0;
	guard_kernel_each_task(programs->kernel, note_task, programs);
	err = guard_store_begin(programs->store);
	if (err)
		return err;
	for (number = 1; !err && number <= count && number < programs->room; number++)
		if (programs->paths[number])
			err = guard_store_save(programs->store, programs->paths[number], env,
					       guard_kernel_profile(programs->kernel, number));
	if (!err)
		err = guard_store_drop_profiles(programs->store, SAVED_MAX);
	end = err ? guard_store_rollback(programs->store) : guard_store_commit(programs->store);
	return err ? err : end;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard/replay_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guard/store.h"

static int new_profile(struct guard_replay *replay, const char *name, size_t len)
{
	struct guard_replay_profile *profile = guard_list_add(&replay->profiles);

	if (!profile)
		return -ENOMEM;
	profile->name = strndup(name, len);
	if (replay->opts.model == GUARD_MODEL_STIDE) {
		if (!guard_list_add(&replay->stides))
			return -ENOMEM;
	} else {
		profile->profile = calloc(1, sizeof(*profile->profile));
		if (!profile->profile)
			return -ENOMEM;
		profile->profile->created = replay->env.now;
		/* A program that only occurs in what is judged knows nothing, and anything it does is new. */
		if (replay->testing)
			guard_normalize(&replay->env, profile->profile);
	}
	return profile->name ? 0 : -ENOMEM;
}

int guard_replay_find_profile(struct guard_replay *replay, const char *name, size_t len, uint32_t *ret_index)
{
	struct guard_replay_profile *profile;

	guard_list_each(&replay->profiles, profile)
		if (!strncmp(profile->name, name, len) && !profile->name[len])
			break;
	*ret_index = profile - (struct guard_replay_profile *)replay->profiles.items;
	return *ret_index < replay->profiles.count ? 0 : new_profile(replay, name, len);
}

void guard_replay_test(struct guard_replay *replay)
{
	struct guard_replay_profile *profile;

	replay->testing = true;
	guard_list_each(&replay->profiles, profile)
		if (profile->profile)
			guard_normalize(&replay->env, profile->profile);
}

/* --- their database --- */

static int fail_store(struct guard_replay *replay, const char *path, int err, const char *why)
{
	snprintf(replay->reason, sizeof(replay->reason), "%s: %.300s", path, why && *why ? why : strerror(-err));
	return err;
}

struct load {
	struct guard_replay *replay;
	struct guard_store *store;
};

static int load_profile(const char *name, void *data)
{
	struct load *load = data;
	struct guard_replay_profile *profile;
	uint32_t index;
	int err;

	err = guard_replay_find_profile(load->replay, name, strlen(name), &index);
	if (err)
		return err;
	profile = guard_list_at(&load->replay->profiles, index);
	return guard_store_load(load->store, name, &load->replay->env, profile->profile);
}

int guard_replay_load(struct guard_replay *replay, const char *path)
{
	_cleanup_(guard_store_closep) struct guard_store *store = NULL;
	struct load load = { .replay = replay };
	int err;

	err = access(path, R_OK) ? -errno : 0; /* what is not there would be made */
	if (err)
		return fail_store(replay, path, err, NULL);
	err = guard_store_open(path, &store);
	if (err)
		return fail_store(replay, path, err, guard_store_reason(NULL));
	load.store = store;
	err = guard_store_each(store, load_profile, &load);
	return err ? fail_store(replay, path, err, guard_store_reason(store)) : 0;
}

static int save_all(struct guard_replay *replay, struct guard_store *store)
{
	struct guard_replay_profile *profile;
	int err, end;

	err = guard_store_begin(store);
	if (err)
		return err;
	guard_list_each(&replay->profiles, profile)
		if (!err)
			err = guard_store_save(store, profile->name, &replay->env, profile->profile);
	end = err ? guard_store_rollback(store) : guard_store_commit(store);
	return err ? err : end;
}

int guard_replay_save(struct guard_replay *replay, const char *path)
{
	_cleanup_(guard_store_closep) struct guard_store *store = NULL;
	int err;

	err = guard_store_open(path, &store);
	if (err)
		return fail_store(replay, path, err, guard_store_reason(NULL));
	err = save_all(replay, store);
	return err ? fail_store(replay, path, err, guard_store_reason(store)) : 0;
}

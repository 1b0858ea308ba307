// SPDX-License-Identifier: LGPL-2.1-or-later
/* The hooks of one kind whose names match a shell pattern, and that can be had in a view's mode. */
#include <errno.h>
#include <string.h>

#include "hooks.h"

static int add(struct kview_found *found, const char *name)
{
	if (found->count == found->room) {
		size_t room = 2 * found->room + 64;
		char **names = reallocarray(found->names, room, sizeof(*names));

		if (!names)
			return -ENOMEM;
		found->names = names;
		found->room = room;
	}
	found->names[found->count] = strdup(name);
	return found->names[found->count++] ? 0 : -ENOMEM;
}

struct search {
	struct kview_found found;
	size_t refused;
	char first[KVIEW_REASON_LEN / 2]; /* of those that match and cannot be hooked, with the reason */
};

static int note(const struct kview_hook *hook, void *data)
{
	struct search *search = data;

	if (hook->attachable)
		return add(&search->found, hook->name);
	if (!search->refused++)
		snprintf(search->first, sizeof(search->first), "%s: %s", hook->name, hook->reason);
	return 0;
}

static int walk(struct kview *view, struct kview_walk *walk)
{
	int err;

	if (!walk->ordinary) {
		err = kview_device_connect(view, &walk->device_fd);
		if (err)
			return err;
	}
	err = kview_walk_run(walk);
	closep(&walk->device_fd);
	return err;
}

static int refuse(struct kview *view, const char *subject, const char *pattern, const struct search *search)
{
	if (!search->refused)
		return kview_refuse(view, -ENOENT, "%s: nothing in the kernel matches %s", subject, pattern);
	return kview_refuse(view, -EOPNOTSUPP, "%s: none of the %zu that match can be hooked; first %s", subject,
			    search->refused, search->first);
}

int kview_pattern_find(struct kview *view, enum kview_kind kind, const char *subject, const char *pattern,
		       struct kview_found *ret_found)
{
	struct search search = { .found.some = true };
	struct kview_walk wanted = {
		.pattern = pattern,
		.fn = note,
		.data = &search,
		.kinds = 1U << kind,
		.ordinary = view->ops->mode == KVIEW_MODE_ORDINARY,
		.device_fd = -1,
	};
	int err;

	err = walk(view, &wanted);
	if (err)
		err = kview_refuse(view, err, "%s: %s", subject, strerror(-err));
	else if (!search.found.count)
		err = refuse(view, subject, pattern, &search);
	if (err)
		kview_found_deinit(&search.found);
	else
		*ret_found = search.found;
	return err;
}

bool kview_is_pattern(const char *name)
{
	return strpbrk(name, "*?[");
}

void kview_found_deinit(struct kview_found *found)
{
	for (size_t i = 0; i < found->count; i++)
		free(found->names[i]);
	free(found->names);
}

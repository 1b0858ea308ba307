// SPDX-License-Identifier: LGPL-2.1-or-later
/* The hooks of one kind whose names match a shell pattern, and that can be had in a view's mode. */
#include <errno.h>
#include <string.h>

#include "hooks.h"

/* A hook by one of its names. */
struct match {
	char *name;
	uint64_t addr; /* of a function; 0: none, or hidden */
};

struct search {
	struct match *matches;
	size_t count, room;
	size_t refused;
	char first[KVIEW_REASON_LEN / 2]; /* of those that match and cannot be hooked, with the reason */
};

static int add(struct search *search, const struct kview_hook *hook)
{
	if (search->count == search->room) {
		size_t room = 2 * search->room + 64;
		struct match *matches = reallocarray(search->matches, room, sizeof(*matches));

		if (!matches)
			return -ENOMEM;
		search->matches = matches;
		search->room = room;
	}
	search->matches[search->count] = (struct match){ .name = strdup(hook->name), .addr = hook->addr };
	return search->matches[search->count++].name ? 0 : -ENOMEM;
}

static int note(const struct kview_hook *hook, void *data)
{
	struct search *search = data;

	if (hook->attachable)
		return add(search, hook);
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

static int compare_matches(const void *a, const void *b)
{
	const struct match *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr) ?: strcmp(x->name, y->name);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void search_deinit(struct search *search)
{
	while (search->count)
		free(search->matches[--search->count].name);
	free(search->matches);
}

/* A function that has several names is one hook: in a list it would be there twice. */
static int take_names(struct search *search, struct kview_found *ret_found)
{
	struct kview_found found = { .names = calloc(search->count, sizeof(*found.names)), .some = true };
	struct match *match, *last = NULL;

	if (!found.names)
		return -ENOMEM;
	qsort(search->matches, search->count, sizeof(*search->matches), compare_matches);
	for (size_t i = 0; i < search->count; i++) {
		match = &search->matches[i];
		if (last && last->addr && last->addr == match->addr)
			continue;
		last = match;
		found.names[found.count++] = TAKE_PTR(match->name);
	}
	qsort(found.names, found.count, sizeof(*found.names), compare_names);
	*ret_found = found;
	return 0;
}

int kview_pattern_find(struct kview *view, enum kview_kind kind, const char *subject, const char *pattern,
		       struct kview_found *ret_found)
{
	struct search search = {};
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
	if (!err && search.count)
		err = take_names(&search, ret_found);
	if (err)
		err = kview_refuse(view, err, "%s: %s", subject, strerror(-err));
	else if (!search.count)
		err = refuse(view, subject, pattern, &search);
	search_deinit(&search);
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

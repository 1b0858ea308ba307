// SPDX-License-Identifier: LGPL-2.1-or-later
/* One program on the entries of many functions. */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "internal.h"
#include "program.h"

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_duplicates(struct kview *view, const char *const *names, size_t count)
{
	_cleanup_(freep) const char **sorted = calloc(count, sizeof(*sorted));

	if (!sorted)
		return kview_refuse(view, -ENOMEM, "out of memory");
	memcpy(sorted, names, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_names);
	for (size_t i = 1; i < count; i++)
		if (!strcmp(sorted[i - 1], sorted[i]))
			return kview_refuse_why(view, -EINVAL, KVIEW_WHY_DUPLICATE, sorted[i], "");
	return 0;
}

static int check_program(struct kview *view, int prog_fd, struct bpf_prog_info *ret_info)
{
	if (kview_program_info(prog_fd, ret_info))
		return kview_refuse(view, -EBADF, "descriptor %d: %s", prog_fd, kview_why_text(KVIEW_WHY_PROG_FD));
	if (ret_info->type != kview_kind_info(KVIEW_KIND_ENTRY)->prog_type)
		return kview_refuse_why(view, -EINVAL, KVIEW_WHY_PROG_TYPE, ret_info->name, "");
	return 0;
}

static int fill_sites(struct kview_link *link, const char *const *names, const uint64_t *cookies)
{
	for (size_t i = 0; i < link->count; i++) {
		link->sites[i].name = strdup(names[i]);
		if (!link->sites[i].name)
			return -ENOMEM;
		link->sites[i].cookie = cookies ? cookies[i] : 0;
	}
	return 0;
}

static int new_link(struct kview *view, int prog_fd, const struct bpf_prog_info *info, size_t count,
		    struct kview_link **ret_link)
{
	struct kview_link *link;
	int err;

	err = kview_link_new(view, KVIEW_KIND_ENTRY, count, &link);
	if (err)
		return err;
	link->prog_fd = prog_fd;
	link->program = strndup(info->name, sizeof(info->name));
	link->section = strdup("");
	if (!link->program || !link->section) {
		kview_link_discard(link);
		return -ENOMEM;
	}
	*ret_link = link;
	return 0;
}

int kview_attach_entries(struct kview *view, int prog_fd, const char *const *names, const uint64_t *cookies, size_t count,
			 struct kview_link **ret_link)
{
	_cleanup_(kview_link_discardp) struct kview_link *link = NULL;
	struct bpf_prog_info info;
	int err;

	kview_reason_clear(view);
	if (!count || count > KVIEW_TARGETS_MAX)
		return kview_refuse(view, -EINVAL, "%zu functions: a link can have 1 to %d", count, KVIEW_TARGETS_MAX);
	err = check_program(view, prog_fd, &info) ?: check_duplicates(view, names, count);
	if (err)
		return err;
	err = new_link(view, prog_fd, &info, count, &link) ?: fill_sites(link, names, cookies);
	if (err)
		return kview_refuse(view, err, "%s: %s", info.name, strerror(-err));
	err = kview_link_attach(link) ?: kview_link_start(link);
	if (err)
		return err;
	if (ret_link)
		*ret_link = link;
	link = NULL;
	return 0;
}

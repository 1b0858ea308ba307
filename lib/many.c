// SPDX-License-Identifier: LGPL-2.1-or-later
/* One program on many hooks. */
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

/* Programs of type tracing know their one place, and all system calls are one hook. */
static int check_program(struct kview *view, int prog_fd, enum kview_kind kind, struct bpf_prog_info *ret_info)
{
	const struct kview_kind_info *info = kview_kind_info(kind);

	if (kview_program_info(prog_fd, ret_info))
		return kview_refuse(view, -EBADF, "descriptor %d: %s", prog_fd, kview_why_text(KVIEW_WHY_PROG_FD));
	if (info->prog_type == BPF_PROG_TYPE_TRACING || info->naming == KVIEW_NAMED_NOTHING)
		return kview_refuse(view, -EINVAL, "%s: hooks of kind %s cannot be listed", ret_info->name, info->name);
	if (ret_info->type != info->prog_type)
		return kview_refuse_why(view, -EINVAL, KVIEW_WHY_PROG_TYPE, ret_info->name, "");
	return 0;
}

static int new_link(struct kview *view, int prog_fd, enum kview_kind kind, const struct bpf_prog_info *info,
		    size_t count, struct kview_link **ret_link)
{
	_cleanup_(kview_link_discardp) struct kview_link *link = NULL;

	if (kview_link_new(view, kind, count, &link))
		return -ENOMEM;
	link->prog_fd = prog_fd;
	link->program = strndup(info->name, sizeof(info->name));
	link->section = strdup("");
	if (!link->program || !link->section)
		return -ENOMEM;
	*ret_link = TAKE_PTR(link);
	return 0;
}

static int attach(struct kview_link *new_link, struct kview_link **ret_link)
{
	_cleanup_(kview_link_discardp) struct kview_link *link = new_link;
	int err;

	err = kview_link_attach(link);
	if (err)
		return err;
	new_link = TAKE_PTR(link);
	err = kview_link_start(new_link);
	if (!err && ret_link)
		*ret_link = new_link;
	return err;
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

int kview_attach_hooks(struct kview *view, int prog_fd, enum kview_kind kind, const char *const *names,
		       const uint64_t *cookies, size_t count, struct kview_link **ret_link)
{
	_cleanup_(kview_link_discardp) struct kview_link *link = NULL;
	struct bpf_prog_info info;
	int err;

	kview_reason_clear(view);
	if (!count || count > KVIEW_TARGETS_MAX)
		return kview_refuse(view, -EINVAL, "%zu hooks: a link can have 1 to %d", count, KVIEW_TARGETS_MAX);
	err = check_program(view, prog_fd, kind, &info) ?: check_duplicates(view, names, count);
	if (err)
		return err;
	err = new_link(view, prog_fd, kind, &info, count, &link) ?: fill_sites(link, names, cookies);
	if (err)
		return kview_refuse(view, err, "%s: %s", info.name, strerror(-err));
	return attach(TAKE_PTR(link), ret_link);
}

int kview_attach_pattern(struct kview *view, int prog_fd, enum kview_kind kind, const char *pattern,
			 const struct kview_attach_opts *user_opts, struct kview_link **ret_link)
{
	struct kview_attach_opts opts;
	struct kview_found found = {};
	struct bpf_prog_info info;
	struct kview_link *link;
	int err;

	kview_reason_clear(view);
	if (kview_opts_copy(&opts, sizeof(opts), user_opts))
		return kview_refuse(view, -EINVAL, "options that libkview %s does not know", kview_version());
	if (opts.put_off)
		return kview_refuse(view, -EOPNOTSUPP, "%s", kview_no_put_off);
	err = check_program(view, prog_fd, kind, &info) ?: kview_pattern_find(view, kind, pattern, pattern, &found);
	if (err)
		return err;
	err = new_link(view, prog_fd, kind, &info, found.count, &link);
	if (err) {
		kview_found_deinit(&found);
		return kview_refuse(view, err, "%s: %s", info.name, strerror(-err));
	}
	kview_link_take(link, &found, opts.cookie);
	return attach(link, ret_link);
}

int kview_attach_entries(struct kview *view, int prog_fd, const char *const *names, const uint64_t *cookies, size_t count,
			 struct kview_link **ret_link)
{
	return kview_attach_hooks(view, prog_fd, KVIEW_KIND_ENTRY, names, cookies, count, ret_link);
}

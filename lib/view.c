// SPDX-License-Identifier: LGPL-2.1-or-later
/* Open and close a view. */
#include <errno.h>
#include <string.h>

#include "internal.h"

/* On failure the reason is this thread's. */
static int open_with(const struct kview_ops *ops, const struct kview_open_opts *opts, struct kview **ret_view)
{
	struct kview *view = calloc(1, ops->view_size);
	int err;

	if (!view)
		return kview_refuse(NULL, -ENOMEM, "out of memory");
	view->ops = ops;
	strcpy(view->name, opts->name ?: "");
	view->interrupts = opts->interrupts;
	TAILQ_INIT(&view->links);
	err = ops->open(view);
	if (err) {
		kview_refuse(NULL, err, "%s", view->reason);
		free(view);
		return err;
	}
	*ret_view = view;
	return 0;
}

static int open_either(const struct kview_open_opts *opts, struct kview **ret_view)
{
	int err = open_with(&kview_module_ops, opts, ret_view);

	if (err != -ENODEV)
		return err;
	err = open_with(&kview_ordinary_ops, opts, ret_view);
	return err ?: kview_refuse(*ret_view, 0, "%s", kview_not_loaded);
}

int kview_open(const struct kview_open_opts *user_opts, struct kview **ret_view)
{
	struct kview_open_opts opts;

	kview_reason_clear(NULL);
	if (kview_opts_copy(&opts, sizeof(opts), user_opts))
		return kview_refuse(NULL, -EINVAL, "options that libkview %s does not know", kview_version());
	if (opts.name && strlen(opts.name) >= KVIEW_NAME_LEN)
		return kview_refuse(NULL, -EINVAL, "a view's name has at most %d characters", KVIEW_NAME_LEN - 1);
	switch (opts.mode) {
	case KVIEW_MODE_AUTO:
		return open_either(&opts, ret_view);
	case KVIEW_MODE_VIEW:
		return open_with(&kview_module_ops, &opts, ret_view);
	case KVIEW_MODE_ORDINARY:
		return open_with(&kview_ordinary_ops, &opts, ret_view);
	}
	return kview_refuse(NULL, -EINVAL, "no such mode: %d", opts.mode);
}

void kview_close(struct kview *view)
{
	struct kview_link *link;

	if (!view)
		return;
	while ((link = TAILQ_FIRST(&view->links)))
		kview_link_close(link);
	view->ops->close(view);
	free(view);
}

enum kview_mode kview_mode(const struct kview *view)
{
	return view->ops->mode;
}

const char *kview_mode_name(enum kview_mode mode)
{
	static const char *const names[] = {
		[KVIEW_MODE_AUTO] = "auto",
		[KVIEW_MODE_VIEW] = "view",
		[KVIEW_MODE_ORDINARY] = "ordinary",
	};

	return (size_t)mode < ARRAY_SIZE(names) ? names[mode] : "unknown";
}

uint32_t kview_id(const struct kview *view)
{
	return view->ops->id(view);
}

int kview_fd(const struct kview *view)
{
	return view->ops->fd ? view->ops->fd(view) : -1;
}

const char *kview_version(void)
{
	return KVIEW_VERSION;
}

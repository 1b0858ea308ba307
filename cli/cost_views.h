/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the hooks of all open views have seen. */
#ifndef KVIEW_CLI_COST_VIEWS_H
#define KVIEW_CLI_COST_VIEWS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <kview/kview.h>

struct cost_view_hook {
	uint32_t view;
	char *view_name;
	pid_t owner;
	uint32_t members;
	uint32_t link;
	uint32_t prog_id;
	char *program;
	enum kview_kind kind;
	char *name;
	struct kview_counts counts;
};

/* In the order of views, links and hooks. */
struct cost_views {
	struct cost_view_hook *list;
	size_t count;
};

/* Without the module there are none. */
int cost_views_read(struct cost_views *views);
void cost_views_deinit(struct cost_views *views);

/* Take from the counts what they were before, and drop hooks that were not there. */
void cost_views_subtract(struct cost_views *views, const struct cost_views *before);

#endif /* KVIEW_CLI_COST_VIEWS_H */

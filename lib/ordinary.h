/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the ordinary mode: what its files share. */
#ifndef KVIEW_ORDINARY_H
#define KVIEW_ORDINARY_H

#include "filter.h"
#include "internal.h"
#include "shared.h"

struct ordinary_view {
	struct kview base;
	int members_fd; /* BPF hash: what the filters look the current process up in */
	struct kview_shared hints;
	uint32_t cpus;
	struct kview_process *members;
	size_t count;
	struct kview_layout layout;
	struct kview_pid_namespace pids;
};

static inline struct ordinary_view *ordinary_view(const struct kview *view)
{
	return (struct ordinary_view *)view;
}

/* ordinary_member.c */
int kview_ordinary_members_init(struct ordinary_view *view);
void kview_ordinary_members_deinit(struct ordinary_view *view);
int kview_ordinary_add(struct kview *view, pid_t pid, int pidfd);
int kview_ordinary_remove(struct kview *view, pid_t pid);
int kview_ordinary_add_thread(struct kview *view, pid_t tid);
int kview_ordinary_remove_thread(struct kview *view, pid_t tid);
/* Forget members that have ended. */
void kview_ordinary_prune(struct ordinary_view *view);

/* probe.c: an attached filter. All of it is held by descriptors alone, so that nothing outlives the process. */
struct kview_probe {
	int filter_fd; /* program */
	int event_fd;  /* perf event, -1 where none is needed */
	int link_fd;
};

#define KVIEW_PROBE_NONE { .filter_fd = -1, .event_fd = -1, .link_fd = -1 }

/* Attach @probe->filter_fd to one site of @link. */
int kview_probe_attach(const struct kview_link *link, size_t index, struct kview_probe *probe);
void kview_probe_close(struct kview_probe *probe);

#endif /* KVIEW_ORDINARY_H */

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
	uint64_t features;
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

/* multi.c: a filter on all functions of a link at once. */
struct kview_multi {
	uint64_t *addrs, *cookies; /* of each */
	int sites_fd;		   /* see struct kview_filter */
};

/* What the kernel has of KVIEW_FEATURE_MULTI and KVIEW_FEATURE_SESSION. */
uint64_t kview_multi_features(void);
/* BPF_TRACE_KPROBE_MULTI, or that of sessions, if the program was loaded for it and the kernel has it; else 0. */
unsigned int kview_multi_type(int prog_fd);
/* Find the functions of @link, each of which must be one. After a failure, too, call kview_multi_deinit(). */
int kview_multi_init(const struct kview_link *link, struct kview_multi *multi);
void kview_multi_deinit(struct kview_multi *multi);
/* Attach @probe->filter_fd, which was loaded for @attach_type, to all functions of @link. */
int kview_multi_attach(const struct kview_link *link, const struct kview_multi *multi, unsigned int attach_type,
		       struct kview_probe *probe);

#endif /* KVIEW_ORDINARY_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records for listings. Each function fills what it is asked for and returns -ENOENT where there is nothing (more).
 * All take kview_lock. Where kview_list_shows_addresses() says no, addresses read 0.
 */
#ifndef KVIEW_LIST_H
#define KVIEW_LIST_H

#include <kview.h>

struct kview_link;
struct kview_view;

/* May the caller learn where the kernel lies? Who may trace it, and whom the kernel tells so itself. */
bool kview_list_shows_addresses(void);

void kview_list_info(struct kview_info *info);
void kview_list_view(struct kview_view *view, struct kview_view_info *info);
int kview_list_next_view(struct kview_view_info *info);
int kview_list_member(struct kview_member_info *info);
int kview_list_cgroup(struct kview_cgroup_info *info);
void kview_list_link(struct kview_link *link, struct kview_link_info *info);
int kview_list_next_link(struct kview_link_info *info);
int kview_list_hook(struct kview_hook_info *info);

#endif

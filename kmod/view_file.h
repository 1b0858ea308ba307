/* SPDX-License-Identifier: GPL-2.0-only */
/* The files of views and of links, and their ioctls: decode, check, nothing else. */
#ifndef KVIEW_VIEW_FILE_H
#define KVIEW_VIEW_FILE_H

struct kview_view;

/* A descriptor whose last close ends @view; a negative errno leaves the view to the caller. */
int kview_view_file_open(struct kview_view *view);

#endif

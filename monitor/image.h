/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program in a process, from execve() to its end: what is mapped there, and so what an address in it is called.
 *
 * Everything is opened the way the process itself sees it, through /proc/PID: files that have been deleted, files of
 * another mount namespace. Nothing it wrote is trusted: only regular files are opened, and links lead nowhere out of
 * its root.
 */
#ifndef KVIEW_MONITOR_IMAGE_H
#define KVIEW_MONITOR_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "objects.h"

#define IMAGE_NAME_MAX 1024 /* of a frame; longer names are cut */

/* Where a name comes from, for colours and for the marks of folded text. */
enum frame_kind {
	FRAME_PROGRAM, /* the program's file, or a library's */
	FRAME_JIT,     /* made at run time */
	FRAME_UNKNOWN, /* the file's name alone is known, or nothing */
};

struct image;

/* Take hold of process @pid, as long as it is there. -ESRCH */
int image_open(pid_t pid, struct objects *objects, struct image **ret_image);
void image_close(struct image *image);
DEFINE_CLEANUP(struct image *, image_close)

/* See what is mapped now. What was mapped before stays known. -ESRCH: it has ended, and nothing changes. */
int image_refresh(struct image *image);

/* After the last image_refresh(): what the compiler in it has written about its code. */
void image_read_jit(struct image *image);

/* Write what @addr is called to @name. */
enum frame_kind image_name(struct image *image, uint64_t addr, char name[IMAGE_NAME_MAX]);

/* Is @addr where threads begin? A stack whose outermost frame is not has lost some. */
bool image_is_start(struct image *image, uint64_t addr);

#endif /* KVIEW_MONITOR_IMAGE_H */

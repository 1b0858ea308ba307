/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel says of a loaded program. */
#ifndef KVIEW_PROGRAM_H
#define KVIEW_PROGRAM_H

#include <stdbool.h>

struct bpf_prog_info;

int kview_program_info(int fd, struct bpf_prog_info *ret_info); /* -EBADF: not a program */

/* Was this program of type kprobe loaded for another attach type than a plain kprobe? */
bool kview_program_is_multi(int fd);

#endif /* KVIEW_PROGRAM_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* What ioctls get from user space. */
#ifndef KVIEW_REQUEST_H
#define KVIEW_REQUEST_H

#include <linux/types.h>
#include <kview.h>

/*
 * Every structure begins with its size. Zero-extend a short one to @known bytes, refuse a long one with unknown content.
 * -EFAULT, -EINVAL, -E2BIG.
 */
int kview_read_struct(void *to, size_t known, const void __user *from);

/* As much as the caller's structure holds. */
int kview_write_struct(void __user *to, const void *from, size_t known);

/*
 * The number of a command, UINT_MAX for others' commands. The size in it is that of the caller's structure: one that has
 * grown, or not yet, is the same command.
 */
unsigned int kview_command(unsigned int cmd);

/* May the caller trace others? */
bool kview_tracing_allowed(void);

struct kview_targets {
	struct kview_target *list;
	char **names; /* NULL where a target has none */
	u32 count;
};

/* @from: user pointer to struct kview_target[@count]. @targets is all zero before, and freed also after a failure. */
int kview_targets_read(struct kview_targets *targets, u64 from, u32 count);
void kview_targets_free(struct kview_targets *targets);

/* Can a link of this kind have @count targets? */
bool kview_kind_valid(u32 kind, u32 count);

#endif

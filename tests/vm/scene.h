/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What refused requests refer to: a view with a link, a member and a cgroup. Everything is valid, so that each test can
 * make one thing wrong; and what there is before and after a refusal must be the same.
 */
#ifndef TESTS_VM_SCENE_H
#define TESTS_VM_SCENE_H

#include "subject.h"
#include "testlib.h"

#define SCENE_FUNCTION "__x64_sys_getppid"	/* hooked by the link */
#define SCENE_OTHER_FUNCTION "__x64_sys_getpid" /* by nothing */

extern struct scene {
	int device, view, link, prog;
	int cgroup, other_cgroup; /* of the view, and of nobody; both empty */
	__u32 view_id, link_id;
	struct subject member, outsider;
} scene;

/* The function that nothing hooks. */
extern struct kview_target good_target;

/* Ends with the process. */
void scene_new(void);

/* For test_undo. */
void scene_undo(void);

struct scene_state {
	struct kview_info info;
	unsigned int descriptors;
};

struct scene_state scene_state(void);

/* The case ends where something has been made, or lost, since. */
void scene_expect_same(const struct scene_state *before, const char *what);

/* A call of kv.h gave @got and a reason: they have to be @err and @why. */
void expect_reason(const char *what, int got, int err, __u32 why);

/* The answer of KVIEW_IOC_CHECK. */
__u32 reason_of(__u32 kind, const struct kview_target *target);

/* No link to these targets, because of the one at @index; nothing is half done. */
void refuse_link(__u32 kind, int prog, const struct kview_target *targets, __u32 count, int err, __u32 why,
		 __u32 index);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every ioctl of the module in a valid form, about the scene of scene.h, and what undoes it. */
#ifndef TESTS_VM_REQUESTS_H
#define TESTS_VM_REQUESTS_H

#include "scene.h"

#define PAGE 4096

/* The largest structure, with room for more behind scene. */
union request {
	__u32 size;
	struct kview_view_create view;
	struct kview_member member;
	struct kview_cgroup cgroup;
	struct kview_cgroup_info cgroup_info;
	struct kview_link_create link;
	struct kview_links_start start;
	struct kview_check check;
	struct kview_member_info member_info;
	struct kview_link_info link_info;
	struct kview_hook_info hook_info;
	struct kview_info info;
	struct kview_view_info view_info;
	unsigned char bytes[2 * PAGE];
};

struct call {
	const char *name;
	unsigned long number;
	const int *fd;
	void (*fill)(union request *request); /* beyond the size; NULL: nothing */
	void (*undo)(int result);	      /* after success */
	int when_empty;			      /* errno for a structure of nothing but its size */
};

#define CALLS 16

extern const struct call calls[CALLS];

/* The one with this number; the case ends when there is none. */
const struct call *call_of(unsigned long number);

/* The size of the structure it takes. */
size_t call_size(const struct call *call);

/* A valid request. */
void call_fill(const struct call *call, union request *request);

/* Make the call, which has to end with @err (0: and undo what it did) and to leave everything as it was. */
void call_expect(const struct call *call, void *request, int err, const char *what);

/* For a table of calls that are not in ours. */
void call_undo_nothing(int result);

/* Whether its success makes a descriptor, or takes a member or a cgroup away. */
bool call_creates(const struct call *call);
bool call_removes(const struct call *call);

/* The end of a page that nothing follows. */
unsigned char *end_of_memory(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A crew: a process whose threads, its hands, do as they are told, each for itself. Its first thread is hand 0. */
#ifndef TESTS_VM_CREW_H
#define TESTS_VM_CREW_H

#include <sys/types.h>

#define CREW_CALLS 40 /* of getppid() and of prctl(PR_SET_NAME), which nothing else in a crew calls */
#define HANDS_MAX 80

enum order {
	ORDER_CALL = 1, /* make CREW_CALLS */
	ORDER_EXIT,	/* the thread alone */
	ORDER_EXEC,	/* become a program that makes as many calls of getppid(), and exits with 0 */
	ORDER_FORK,	/* have a child make the calls */
	ORDER_VFORK,	/* have a child make them that shares the address space */
};

struct hand {
	volatile pid_t tid;
	volatile enum order order; /* 0 when it is done */
};

struct crew {
	pid_t pid;
	struct hand *hands;
};

/* A new process with @hands threads, the first included. It dies with its maker. */
struct crew crew_new(int hands);

/* Start one more in the calling process. */
void crew_start(struct hand *hand);

/* Returns when it has been done; not for ORDER_EXIT and ORDER_EXEC. */
void crew_tell(struct crew *crew, int hand, enum order order);

/* Each of the first @hands makes its calls. */
void crew_call(struct crew *crew, int hands);

/* End one, and wait until its id is free. */
void crew_exit(struct crew *crew, int hand);

#endif

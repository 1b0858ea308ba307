/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Held things that let go of themselves at the end of their scope. */
#ifndef UTIL_CLEANUP_H
#define UTIL_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* On a variable: call @fn with its address when it goes out of scope. */
#define _cleanup_(fn) __attribute__((cleanup(fn)))

/* The value of a held pointer or descriptor, which is no longer held. */
#define TAKE_PTR(ptr)                    \
	({                               \
		typeof(ptr) taken = ptr; \
		(ptr) = NULL;            \
		taken;                   \
	})

#define TAKE_FD(fd)             \
	({                      \
		int taken = fd; \
		(fd) = -1;      \
		taken;          \
	})

/* Define TYPE_FREEp() from TYPE_FREE(): DEFINE_CLEANUP(struct kview *, kview_close) gives kview_closep(). */
#define DEFINE_CLEANUP(type, fn)            \
	static inline void fn##p(type *ptr) \
	{                                   \
		if (*ptr)                   \
			fn(*ptr);           \
	}

static inline void freep(void *ptr)
{
	free(*(void **)ptr);
}

/* Keeps errno, which often is what the caller returns. */
static inline void closep(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

DEFINE_CLEANUP(FILE *, fclose)
DEFINE_CLEANUP(DIR *, closedir)

#endif /* UTIL_CLEANUP_H */

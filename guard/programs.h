/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which executables the profiles of the kernel belong to, by path; so they are kept between runs. */
#ifndef GUARD_PROGRAMS_H
#define GUARD_PROGRAMS_H

#include "guard/kernel.h"
#include "guard/store.h"

/* The program of profile @number is a file that took the place of another, and its profile has got what was known. */
typedef void (*guard_replaced_fn)(void *data, uint32_t number);

struct guard_programs {
	struct guard_kernel *kernel;
	struct guard_store *store; /* NULL: nothing is kept */
	char **paths;		   /* by number; NULL: not known yet */
	uint32_t room;
	char **spared; /* paths, NULL at the end; the caller's */
	uint32_t skipped; /* saved profiles whose executable is not there, or that were damaged or found no room */
	guard_replaced_fn replaced; /* NULL: nobody wants to know */
	void *data;
};

/*
 * Load what @store has for executables that are there now. Those of @spared (NULL: none) are spared, also when another
 * file takes the place of one. All stay the caller's.
 */
int guard_programs_init(struct guard_programs *programs, struct guard_kernel *kernel, struct guard_store *store,
			char **spared);
void guard_programs_deinit(struct guard_programs *programs);

/*
 * Process @tgid runs the program of profile @number: find out its path, if that is not known. If another profile has that
 * path, its file was replaced: the new one gets what it knows and its responses, and trains.
 */
void guard_programs_note(struct guard_programs *programs, uint32_t number, uint32_t tgid);

/* The path, or, as long as that is not known, the name of the first task that ran it. */
const char *guard_programs_name(const struct guard_programs *programs, uint32_t number);

/* The profile of the executable @path, which is made if there is none. -ENOENT: no such file. -ENOSPC: none is left. */
int guard_programs_find(struct guard_programs *programs, const char *path, uint32_t *ret_number);

/* Is it one of those that are always spared? */
bool guard_programs_spares(const struct guard_programs *programs, uint32_t number);

/* Save all profiles whose path is known, all or none. */
int guard_programs_save(struct guard_programs *programs);

#endif /* GUARD_PROGRAMS_H */

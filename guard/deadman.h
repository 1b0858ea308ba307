/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dead man's switch: a stopped process that the kernel itself lets go on when the one who holds the switch dies, by
 * whatever signal, for that closes its descriptors.
 */
#ifndef GUARD_DEADMAN_H
#define GUARD_DEADMAN_H

#include <stdint.h>

struct guard_deadman {
	int ends[2]; /* of a socket, each of which tells the other one's owner that it is closed */
};

/*
 * From now on process @tgid gets SIGCONT when the caller dies. 0 or a negative errno; -ESRCH: there is no such process.
 * Another process must not inherit the descriptors, which are closed at an exec.
 */
int guard_deadman_arm(struct guard_deadman *deadman, uint32_t tgid);

/* It gets it now. */
void guard_deadman_release(struct guard_deadman *deadman);

#endif /* GUARD_DEADMAN_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests of the fuzzer to the module: valid but for some bytes. */
#ifndef TESTS_FUZZ_IOCTL_REQUESTS_H
#define TESTS_FUZZ_IOCTL_REQUESTS_H

/* Before the first one. */
void request_set_up(void);

/* One, of any kind; what it gives and finds is about what others are. */
void request_make(void);

/* Write to the memory that requests of all threads lie in, or point to. */
void request_scribble(void);

/* How many of each kind were done, and refused; and that after so many seconds there are some of both. */
void request_report(long seconds);

#endif /* TESTS_FUZZ_IOCTL_REQUESTS_H */

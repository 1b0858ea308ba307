/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as people read them. Each function fills @buf and returns it. */
#ifndef KVIEW_CLI_FORMAT_H
#define KVIEW_CLI_FORMAT_H

#include <stdint.h>

#define FORMAT_LEN 32 /* the longest result is a 20-digit number and a unit */

/* "870 ns", "1.23 us", "45.6 ms", "7.89 s": three digits that count. */
const char *format_ns(char buf[FORMAT_LEN], uint64_t ns);

/* "512 B", "60.0 KiB", "1.25 MiB". */
const char *format_bytes(char buf[FORMAT_LEN], uint64_t bytes);

/* "" for one thing, "s" for any other number of things. */
const char *format_plural(uint64_t count);

#endif /* KVIEW_CLI_FORMAT_H */

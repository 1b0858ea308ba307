/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which name an address belongs to: symbols of a file, of the kernel, or of a just-in-time compiler. */
#ifndef KVIEW_MONITOR_SYMTAB_H
#define KVIEW_MONITOR_SYMTAB_H

#include <stddef.h>
#include <stdint.h>

#include "util/cleanup.h"

struct symtab;

int symtab_new(struct symtab **ret_table);
void symtab_free(struct symtab *table);
DEFINE_CLEANUP(struct symtab *, symtab_free)

/*
 * Add a symbol; the first @len bytes of @name are copied. Without size it reaches up to the next one; of two at one
 * address the later one is meant. -ENOMEM
 */
int symtab_add(struct symtab *table, uint64_t addr, uint64_t size, const char *name, size_t len);

/* After the last symtab_add(), before the first symtab_find(). */
void symtab_sort(struct symtab *table);

size_t symtab_count(const struct symtab *table);

/*
 * The name of the symbol that covers @addr, as its language writes it (C++, Rust), without arguments. NULL: there is
 * none. Owned by the table. @ret_start (may be NULL) gets where the symbol begins.
 */
const char *symtab_find(struct symtab *table, uint64_t addr, uint64_t *ret_start);

/* The kernel's, with those of its modules as "name [module]". -EPERM: addresses are hidden from us. */
int symtab_read_kernel(struct symtab **ret_table);

/*
 * Lines of hexadecimal "ADDRESS SIZE name": what just-in-time compilers write to /tmp/perf-PID.map. Reads @fd from
 * where it stands to its end, or SYMTAB_MAP_MAX bytes. Lines that say something else are skipped: the file is the
 * process's own.
 */
#define SYMTAB_MAP_MAX (256L << 20)
int symtab_read_map(int fd, struct symtab **ret_table);

#endif /* KVIEW_MONITOR_SYMTAB_H */

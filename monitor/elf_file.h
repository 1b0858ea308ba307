/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions of an executable or a shared library. */
#ifndef KVIEW_MONITOR_ELF_FILE_H
#define KVIEW_MONITOR_ELF_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "symtab.h"

#define ELF_BUILD_ID_MAX 20

struct elf_segment {
	uint64_t offset, size, addr;
};

struct elf_file {
	struct symtab *symbols;	      /* by the addresses the file was linked for */
	struct elf_segment *segments; /* those that can be executed */
	size_t segment_count;
	uint8_t build_id[ELF_BUILD_ID_MAX];
	size_t build_id_len;
	bool stripped; /* only what it exports is known */
};

/*
 * Read the ELF file in @fd, which stays the caller's. Names come from its own symbols, of a file with the same build-
 * id below /usr/lib/debug, or of what it exports, the first there is. -ENOEXEC: no ELF file of this machine's kind.
 */
int elf_file_read(int fd, struct elf_file *ret_file);

/* The same for the vdso of this process, which is everybody's. -ENOENT: there is none. */
int elf_file_read_vdso(struct elf_file *ret_file);
void elf_file_deinit(struct elf_file *file);

/* The address in the file's own terms of what lies at @offset of it. False: nothing executable lies there. */
bool elf_file_addr(const struct elf_file *file, uint64_t offset, uint64_t *ret_addr);

#endif /* KVIEW_MONITOR_ELF_FILE_H */

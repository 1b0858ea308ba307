// SPDX-License-Identifier: GPL-2.0-or-later
#include "trim.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Code alone: what was relocated differs from the file, and would be lost. */
static int trim_object(struct dl_phdr_info *info, size_t size, void *data)
{
	uintptr_t mask = sysconf(_SC_PAGESIZE) - 1;

	(void)size, (void)data;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t start = (info->dlpi_addr + part->p_vaddr) & ~mask;
		uintptr_t end = (info->dlpi_addr + part->p_vaddr + part->p_memsz + mask) & ~mask;

		if (part->p_type == PT_LOAD && (part->p_flags & (PF_X | PF_W)) == PF_X)
			madvise((void *)start, end - start, MADV_DONTNEED);
	}
	return 0;
}

void trim(void)
{
	malloc_trim(0);
	dl_iterate_phdr(trim_object, NULL);
}

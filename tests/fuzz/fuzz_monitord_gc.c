// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs of anybody's, in which a collector is looked for. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "monitor/probes/gc_hooks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("program", MFD_CLOEXEC);
	struct gc_hooks hooks = { .runtime = GC_RUNTIMES };
	int err;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	err = gc_hooks_read(fd, &hooks);
	close(fd);
	if (!err && hooks.runtime >= GC_RUNTIMES)
		abort();
	return 0;
}

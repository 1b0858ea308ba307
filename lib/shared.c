// SPDX-License-Identifier: LGPL-2.1-or-later
/* Memory that BPF programs and this process share: an array map with a single value, mapped. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>

#include "shared.h"
#include "util/cleanup.h"

int kview_shared_init(struct kview_shared *shared, const char *name, size_t size)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int fd, err;
	void *data;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(uint32_t), size, 1, &opts);
	if (fd < 0)
		return fd;
	data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED) {
		err = -errno;
		close(fd);
		return err;
	}
	*shared = (struct kview_shared){ .fd = fd, .data = data, .size = size };
	return 0;
}

void kview_shared_deinit(struct kview_shared *shared)
{
	if (!shared->data)
		return;
	munmap(shared->data, shared->size);
	close(shared->fd);
	shared->data = NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that BPF programs and this process share. */
#ifndef KVIEW_SHARED_H
#define KVIEW_SHARED_H

#include <stddef.h>

struct kview_shared {
	int fd; /* the map */
	void *data; /* zeroed at first; NULL when there is none */
	size_t size;
};

int kview_shared_init(struct kview_shared *shared, const char *name, size_t size);
void kview_shared_deinit(struct kview_shared *shared);

#endif /* KVIEW_SHARED_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are mapped somewhere, each read once, and only when one of its addresses is asked for. */
#ifndef KVIEW_MONITOR_OBJECTS_H
#define KVIEW_MONITOR_OBJECTS_H

#include <stdint.h>

#include "elf_file.h"
#include "util/cleanup.h"

struct object;
struct objects;

int objects_new(struct objects **ret_objects);
void objects_free(struct objects *objects);
DEFINE_CLEANUP(struct objects *, objects_free)

/* The object for the regular file in @fd, which is taken over in any case. It lives as long as @objects. */
int objects_get(struct objects *objects, int fd, struct object **ret_object);

/* The kernel's code that every process finds mapped. */
struct object *objects_vdso(struct objects *objects);

/* What is known of it; NULL: it cannot be read, or is no ELF file. */
const struct elf_file *object_elf(struct object *object);

#endif /* KVIEW_MONITOR_OBJECTS_H */

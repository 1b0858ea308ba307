// SPDX-License-Identifier: GPL-2.0-or-later
#include "objects.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/queue.h>
#include <sys/stat.h>

struct object {
	SLIST_ENTRY(object) entry;
	dev_t dev;
	ino_t ino;
	int fd;	     /* -1: of the vdso, or no longer needed */
	bool vdso;
	bool read;   /* @elf is all there is to know */
	bool usable; /* and it is something */
	struct elf_file elf;
};

struct objects {
	SLIST_HEAD(, object) list;
};

int objects_new(struct objects **ret_objects)
{
	struct objects *objects = calloc(1, sizeof(*objects));

	if (!objects)
		return -ENOMEM;
	SLIST_INIT(&objects->list);
	*ret_objects = objects;
	return 0;
}

void objects_free(struct objects *objects)
{
	struct object *object;

	if (!objects)
		return;
	while ((object = SLIST_FIRST(&objects->list))) {
		SLIST_REMOVE_HEAD(&objects->list, entry);
		closep(&object->fd);
		elf_file_deinit(&object->elf);
		free(object);
	}
	free(objects);
}

static struct object *add(struct objects *objects, const struct object *like)
{
	struct object *object = malloc(sizeof(*object));

	if (!object)
		return NULL;
	*object = *like;
	SLIST_INSERT_HEAD(&objects->list, object, entry);
	return object;
}

int objects_get(struct objects *objects, int fd, struct object **ret_object)
{
	_cleanup_(closep) int held = fd;
	struct object *object;
	struct stat stat;

	if (fstat(fd, &stat))
		return -errno;
	SLIST_FOREACH(object, &objects->list, entry)
		if (!object->vdso && object->dev == stat.st_dev && object->ino == stat.st_ino)
			break;
	if (!object)
		object = add(objects, &(struct object){ .dev = stat.st_dev, .ino = stat.st_ino, .fd = TAKE_FD(held) });
	if (!object)
		return -ENOMEM;
	*ret_object = object;
	return 0;
}

struct object *objects_vdso(struct objects *objects)
{
	struct object *object;

	SLIST_FOREACH(object, &objects->list, entry)
		if (object->vdso)
			return object;
	return add(objects, &(struct object){ .fd = -1, .vdso = true });
}

const struct elf_file *object_elf(struct object *object)
{
	if (!object->read) {
		object->read = true;
		object->usable =
			!(object->vdso ? elf_file_read_vdso(&object->elf) : elf_file_read(object->fd, &object->elf));
		closep(&object->fd);
		object->fd = -1;
	}
	return object->usable ? &object->elf : NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "regions.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define DELETED " (deleted)"

/* The kernel writes a line break in a name as "\012". */
static char *take_path(const char *text)
{
	size_t len = strcspn(text, "\n");
	char *path = strndup(text, len), *at;

	if (!path)
		return NULL;
	if (len >= strlen(DELETED) && !strcmp(path + len - strlen(DELETED), DELETED))
		path[len - strlen(DELETED)] = '\0';
	while ((at = strstr(path, "\\012"))) {
		*at = '\n';
		memmove(at + 1, at + 4, strlen(at + 4) + 1);
	}
	return path;
}

int region_parse(const char *line, struct region *ret_region)
{
	struct region region = {};
	char rights[5];
	int path = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %" SCNu64 " %n", &region.start,
		   &region.end, rights, &region.offset, &region.inode, &path) != 5 ||
	    !path || region.start >= region.end)
		return -EINVAL;
	if (strlen(rights) != 4 || rights[2] != 'x')
		return -ENOEXEC;
	region.path = take_path(line + path);
	if (!region.path)
		return -ENOMEM;
	*ret_region = region;
	return 0;
}

/* The first region that ends behind @addr. */
static size_t position(const struct regions *regions, uint64_t addr)
{
	size_t low = 0, high = regions->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (regions->list[middle].end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int regions_add(struct regions *regions, struct region *region)
{
	size_t at = position(regions, region->start), last = at, i;
	struct region *list;

	list = reallocarray(regions->list, regions->count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	regions->list = list;
	while (last < regions->count && list[last].start < region->end)
		last++;
	for (i = at; i < last; i++)
		free(list[i].path);
	memmove(&list[at + 1], &list[last], (regions->count - last) * sizeof(*list));
	list[at] = *region;
	regions->count += 1 - (last - at);
	return 0;
}

const struct region *regions_find(const struct regions *regions, uint64_t addr)
{
	size_t at = position(regions, addr);

	return at < regions->count && regions->list[at].start <= addr ? &regions->list[at] : NULL;
}

struct region *regions_same(const struct regions *regions, const struct region *region)
{
	size_t at = position(regions, region->start);
	struct region *found = &regions->list[at];

	if (at == regions->count || found->start != region->start || found->end != region->end ||
	    found->offset != region->offset || found->inode != region->inode || strcmp(found->path, region->path))
		return NULL;
	return found;
}

void regions_deinit(struct regions *regions)
{
	for (size_t i = 0; i < regions->count; i++)
		free(regions->list[i].path);
	free(regions->list);
	*regions = (struct regions){};
}

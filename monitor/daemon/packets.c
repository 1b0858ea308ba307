// SPDX-License-Identifier: GPL-2.0-or-later
#include "packets.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "note.h"

/* A cgroup of a target. */
struct place {
	uint64_t id;
	char *path;
	struct bpf_link *in, *out; /* NULL: not attached */
	bool wanted;
};

struct packets {
	const char *name;
	struct bpf_program *in, *out;
	struct place *places;
	size_t count;
};

int packets_new(const char *name, struct bpf_program *in, struct bpf_program *out, struct packets **ret_packets)
{
	struct packets *packets = calloc(1, sizeof(*packets));

	if (!packets)
		return -ENOMEM;
	packets->name = name;
	packets->in = in;
	packets->out = out;
	*ret_packets = packets;
	return 0;
}

static void close_place(struct place *place)
{
	bpf_link__destroy(place->in);
	bpf_link__destroy(place->out);
	free(place->path);
}

void packets_free(struct packets *packets)
{
	if (!packets)
		return;
	for (size_t i = 0; i < packets->count; i++)
		close_place(&packets->places[i]);
	free(packets->places);
	free(packets);
}

static int want_place(const char *path, uint64_t id, void *data)
{
	struct packets *packets = data;
	struct place *places, place = { .id = id, .wanted = true };

	for (size_t i = 0; i < packets->count; i++)
		if (packets->places[i].id == id) {
			packets->places[i].wanted = true;
			return 0;
		}
	places = reallocarray(packets->places, packets->count + 1, sizeof(*places));
	if (!places)
		return -ENOMEM;
	packets->places = places;
	place.path = strdup(path);
	if (!place.path)
		return -ENOMEM;
	places[packets->count++] = place;
	return 0;
}

/* Packets of a cgroup pass the programs of those it lies in, too. */
static bool lies_below(const struct place *place, const struct place *above)
{
	size_t len = strlen(above->path);

	while (len && above->path[len - 1] == '/')
		len--;
	return !strncmp(place->path, above->path, len) && place->path[len] == '/' && place->path[len + 1];
}

static bool is_covered(const struct packets *packets, const struct place *place)
{
	for (size_t i = 0; i < packets->count; i++)
		if (packets->places[i].wanted && lies_below(place, &packets->places[i]))
			return true;
	return false;
}

static int open_place(const struct packets *packets, struct place *place)
{
	_cleanup_(closep) int fd = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	place->in = bpf_program__attach_cgroup(packets->in, fd);
	if (!place->in)
		return -errno;
	place->out = bpf_program__attach_cgroup(packets->out, fd);
	return place->out ? 0 : -errno;
}

static void open_places(struct packets *packets)
{
	for (size_t i = 0; i < packets->count; i++) {
		struct place *place = &packets->places[i];
		int err;

		if (!place->wanted || place->in || is_covered(packets, place))
			continue;
		err = open_place(packets, place);
		if (!err)
			continue;
		/* It may be gone by now. */
		if (err != -ENOENT)
			monitor_note("%s: %s: %s", packets->name, place->path, strerror(-err));
		place->wanted = false;
	}
}

static void close_places(struct packets *packets)
{
	for (size_t i = 0; i < packets->count;) {
		struct place *place = &packets->places[i];

		if (place->wanted && !is_covered(packets, place)) {
			i++;
			continue;
		}
		close_place(place);
		*place = packets->places[--packets->count];
	}
}

int packets_follow(struct packets *packets, const struct monitor_scope *scope)
{
	int err;

	for (size_t i = 0; i < packets->count; i++)
		packets->places[i].wanted = false;
	err = monitor_scope_each_cgroup(scope, want_place, packets);
	open_places(packets);
	close_places(packets);
	return err;
}

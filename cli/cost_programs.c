// SPDX-License-Identifier: GPL-2.0-or-later
#include "cost_programs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "util/cleanup.h"

static int add_program(struct cost_programs *programs, uint32_t id)
{
	_cleanup_(closep) int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	struct cost_program *list;

	if (fd == -ENOENT) /* has just gone */
		return 0;
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return fd < 0 ? fd : -errno;
	list = reallocarray(programs->list, programs->count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	programs->list = list;
	list += programs->count++;
	*list = (struct cost_program){
		.id = id,
		.type = info.type,
		.runs = info.run_cnt,
		.ns = info.run_time_ns,
		.missed = info.recursion_misses,
	};
	snprintf(list->name, sizeof(list->name), "%s", info.name);
	return 0;
}

int cost_programs_read(struct cost_programs *programs)
{
	uint32_t id = 0;
	int err;

	for (;;) {
		err = bpf_prog_get_next_id(id, &id);
		if (err)
			return err == -ENOENT ? 0 : err;
		err = add_program(programs, id);
		if (err)
			return err;
	}
}

static void program_deinit(struct cost_program *program)
{
	while (program->place_count)
		free(program->places[--program->place_count]);
	free(program->places);
}

void cost_programs_deinit(struct cost_programs *programs)
{
	while (programs->count)
		program_deinit(&programs->list[--programs->count]);
	free(programs->list);
}

struct cost_program *cost_programs_find(const struct cost_programs *programs, uint32_t id)
{
	size_t i;

	for (i = 0; i < programs->count; i++)
		if (programs->list[i].id == id)
			return &programs->list[i];
	return NULL;
}

void cost_programs_subtract(struct cost_programs *programs, const struct cost_programs *before)
{
	const struct cost_program *old;
	struct cost_program *program;
	size_t i, kept = 0;

	for (i = 0; i < programs->count; i++) {
		program = &programs->list[i];
		old = cost_programs_find(before, program->id);
		if (!old) {
			program_deinit(program);
			continue;
		}
		program->runs -= old->runs;
		program->ns -= old->ns;
		program->missed -= old->missed;
		programs->list[kept++] = *program;
	}
	programs->count = kept;
}

const char *cost_program_type(uint32_t type)
{
	return libbpf_bpf_prog_type_str(type) ?: "unknown";
}

int cost_programs_add_place(const struct cost_programs *programs, uint32_t id, const char *place)
{
	struct cost_program *program = cost_programs_find(programs, id);
	char **places;
	size_t i;

	if (!program)
		return 0;
	/* Several processes can hold the same link, and a link the perf event that was found already. */
	for (i = 0; i < program->place_count; i++)
		if (!strcmp(program->places[i], place))
			return 0;
	places = reallocarray(program->places, program->place_count + 1, sizeof(*places));
	if (!places)
		return -ENOMEM;
	program->places = places;
	places[program->place_count] = strdup(place);
	return places[program->place_count] ? (program->place_count++, 0) : -ENOMEM;
}

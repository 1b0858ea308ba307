// SPDX-License-Identifier: GPL-2.0-or-later
#include "cost.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <linux/bpf.h>

#include "scope.h"

/* What was measured is at one system call's hooks: the same kind elsewhere takes as long. */
static const char *place_of_kind(enum kview_kind kind)
{
	switch (kind) {
	case KVIEW_KIND_ENTRY:
		return "kprobe";
	case KVIEW_KIND_RETURN:
		return "kretprobe";
	case KVIEW_KIND_FENTRY:
		return "fentry";
	case KVIEW_KIND_FEXIT:
		return "fexit";
	case KVIEW_KIND_TP_ENTER:
	case KVIEW_KIND_TP_EXIT:
		return "tracepoint";
	case KVIEW_KIND_RAW_ENTER:
		return "raw_tp/sys_enter";
	case KVIEW_KIND_RAW_EXIT:
		return "raw_tp/sys_exit";
	default:
		return "";
	}
}

/* "kprobe vfs_read": up to the blank, but for raw tracepoints, where the two of system calls stand for all. */
static const char *place_of_program(const struct cost_program *program)
{
	static const char *const kinds[] = { "kprobe", "kretprobe", "fentry", "fexit", "tracepoint" };
	size_t i, length;

	if (!program->place_count)
		return "";
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		length = strlen(kinds[i]);
		if (!strncmp(program->places[0], kinds[i], length) && program->places[0][length] == ' ')
			return kinds[i];
	}
	return strncmp(program->places[0], "raw_tp ", strlen("raw_tp ")) ? "" : "raw_tp/sys_enter";
}

/* Of one hit, and of a second. */
static int add_times(json_t *json, const struct cost_report *cost, uint64_t hits, double program_ns,
		     const struct cost_hook *hook)
{
	double hook_ns = hook && hook->ns > 0 ? hook->ns : 0;

	if (json_object_set_new(json, "hits_per_second", json_real(hits / cost->seconds)))
		return -ENOMEM;
	if (hits && json_object_set_new(json, "program_ns", json_real(program_ns)))
		return -ENOMEM;
	if (hook && json_object_set_new(json, "hook_ns", json_real(hook_ns)))
		return -ENOMEM;
	return json_object_set_new(json, "load", json_real(hits * (program_ns + hook_ns) / cost->seconds / 1e9)) ? -ENOMEM : 0;
}

static double program_ns(const struct cost_program *program)
{
	return program && program->runs ? (double)program->ns / program->runs : 0;
}

static json_t *view_hook_json(const struct cost_report *cost, const struct cost_view_hook *hook)
{
	const struct cost_hook *measured = cost_measured(&cost->measurement, COST_WAY_MEMBER, place_of_kind(hook->kind));
	_cleanup_(json_decrefp) json_t *json = NULL;

	json = json_pack("{s:i, s:s, s:i, s:i, s:s, s:i, s:s, s:s, s:I, s:I, s:I}", "view", (int)hook->view, "name",
			 hook->view_name, "owner", (int)hook->owner, "members", (int)hook->members, "program", hook->program,
			 "prog_id", (int)hook->prog_id, "kind", kview_kind_name(hook->kind), "hook", hook->name, "hits",
			 (json_int_t)hook->counts.runs, "missed", (json_int_t)hook->counts.missed, "skipped",
			 (json_int_t)hook->counts.skipped);
	if (!json || add_times(json, cost, hook->counts.runs, program_ns(cost_programs_find(&cost->programs, hook->prog_id)),
			       measured))
		return NULL;
	return TAKE_PTR(json);
}

static json_t *views_json(const struct cost_report *cost)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < cost->views.count; i++)
		if (json_array_append_new(list, view_hook_json(cost, &cost->views.list[i]))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static bool is_in_view(const struct cost_report *cost, const struct cost_program *program)
{
	size_t i;

	for (i = 0; i < cost->views.count; i++)
		if (cost->views.list[i].prog_id == program->id)
			return true;
	return false;
}

/* The filters of the ordinary mode jump into programs that have no place of their own. */
static bool is_attached(const struct cost_program *program)
{
	return program->place_count || program->runs;
}

static json_t *places_json(const struct cost_program *program)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < program->place_count; i++)
		json_array_append_new(list, json_string(program->places[i]));
	return list;
}

static json_t *program_json(const struct cost_report *cost, const struct cost_program *program)
{
	const struct cost_hook *measured = cost_measured(&cost->measurement, COST_WAY_ORDINARY, place_of_program(program));
	_cleanup_(json_decrefp) json_t *json = NULL;

	json = json_pack("{s:i, s:s, s:s, s:o, s:I, s:I}", "id", (int)program->id, "name", program->name, "type",
			 cost_program_type(program->type), "places", places_json(program), "hits", (json_int_t)program->runs,
			 "missed", (json_int_t)program->missed);
	if (!json)
		return NULL;
	if (program->holder.pid &&
	    json_object_set_new(json, "holder", json_pack("{s:i, s:s}", "pid", program->holder.pid, "comm", program->holder.comm)))
		return NULL;
	return add_times(json, cost, program->runs, program_ns(program), measured) ? NULL : TAKE_PTR(json);
}

static json_t *programs_json(const struct cost_report *cost)
{
	const struct cost_program *program;
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < cost->programs.count; i++) {
		program = &cost->programs.list[i];
		if (is_in_view(cost, program) || !is_attached(program))
			continue;
		if (json_array_append_new(list, program_json(cost, program))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static const char *const way_names[] = {
	[COST_WAY_ORDINARY] = "ordinary",
	[COST_WAY_MEMBER] = "member",
	[COST_WAY_OTHER] = "other",
};

static json_t *measured_json(const struct cost_measurement *measurement)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < measurement->count; i++)
		if (measurement->hooks[i].measured)
			json_array_append_new(list, json_pack("{s:s, s:s, s:f}", "attached", way_names[measurement->hooks[i].way],
							      "place", measurement->hooks[i].place, "ns", measurement->hooks[i].ns));
	return json_pack("{s:s, s:f, s:f, s:o}", "syscall", "getpgid", "ns", measurement->call_ns, "noise_ns",
			 measurement->noise_ns, "hooks", list);
}

json_t *cost_json(const struct cost_report *cost)
{
	_cleanup_(json_decrefp) json_t *json = NULL;

	json = json_pack("{s:f, s:o, s:o}", "seconds", cost->seconds, "views", views_json(cost), "programs",
			 programs_json(cost));
	if (json && cost->measured && json_object_set_new(json, "measured", measured_json(&cost->measurement)))
		return NULL;
	return TAKE_PTR(json);
}

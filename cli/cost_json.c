// SPDX-License-Identifier: GPL-2.0-or-later
#include "cost.h"

#include <errno.h>
#include <math.h>
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
	case KVIEW_KIND_SESSION:
		return "kprobe.session";
	case KVIEW_KIND_FENTRY:
		return "fentry";
	case KVIEW_KIND_FEXIT:
		return "fexit";
	case KVIEW_KIND_TP_ENTER:
	case KVIEW_KIND_TP_EXIT:
		return "tracepoint/syscalls";
	case KVIEW_KIND_TP:
		return "tracepoint";
	case KVIEW_KIND_RAW_TP:
		return "raw_tp";
	case KVIEW_KIND_TP_BTF:
		return "tp_btf";
	case KVIEW_KIND_RAW_ENTER:
		return "raw_tp/sys_enter";
	case KVIEW_KIND_RAW_EXIT:
		return "raw_tp/sys_exit";
	default:
		return "";
	}
}

/* "kprobe vfs_read": up to the blank, but for system calls. */
static const char *place_of_program(const struct cost_program *program)
{
	static const struct {
		const char *begin, *place;
	} kinds[] = {
		{ "kprobe ", "kprobe" },
		{ "kretprobe ", "kretprobe" },
		{ "kprobe.multi ", "kprobe.multi" },
		{ "kretprobe.multi ", "kretprobe.multi" },
		{ "fentry ", "fentry" },
		{ "fexit ", "fexit" },
		{ "tracepoint sys_", "tracepoint/syscalls" },
		{ "tracepoint ", "tracepoint" },
		{ "raw_tp sys_enter", "raw_tp/sys_enter" },
		{ "raw_tp sys_exit", "raw_tp/sys_exit" },
		{ "raw_tp ", "raw_tp" },
		{ "tp_btf ", "tp_btf" },
	};
	size_t i;

	for (i = 0; program->place_count && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strncmp(program->places[0], kinds[i].begin, strlen(kinds[i].begin)))
			return kinds[i].place;
	return "";
}

/* Noise can make a difference negative. */
static double at_least_zero(double difference)
{
	return difference > 0 ? difference : 0;
}

/* Of one hit, and of a second. */
static int add_times(json_t *json, const struct cost_report *cost, uint64_t hits, double program_ns,
		     const struct cost_hook *hook)
{
	double hook_ns = hook ? at_least_zero(hook->price.ns) : 0;

	if (json_object_set_new(json, "hits_per_second", json_real(hits / cost->seconds)))
		return -ENOMEM;
	if (hits && json_object_set_new(json, "program_ns", json_real(program_ns)))
		return -ENOMEM;
	if (hook && json_object_set_new(json, "hook_ns", json_real(hook_ns)))
		return -ENOMEM;
	if (hook && !isnan(hook->price.instructions) &&
	    json_object_set_new(json, "hook_instructions", json_real(at_least_zero(hook->price.instructions))))
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

static int add_price(json_t *json, const struct cost_price *price)
{
	if (!json || json_object_set_new(json, "ns", json_real(price->ns)))
		return -ENOMEM;
	if (isnan(price->instructions))
		return 0;
	return json_object_set_new(json, "instructions", json_real(price->instructions)) ? -ENOMEM : 0;
}

static json_t *hook_json(const struct cost_hook *hook)
{
	_cleanup_(json_decrefp) json_t *json = json_pack("{s:s, s:s}", "attached", way_names[hook->way], "place", hook->place);

	return add_price(json, &hook->price) ? NULL : TAKE_PTR(json);
}

/* The errors of perf_event_open() where there is nothing to count with. */
static const char *why_not_counted(int err)
{
	return err == -ENOENT || err == -EOPNOTSUPP || err == -ENODEV ? "this machine has no counter for them" : strerror(-err);
}

static json_t *measured_json(const struct cost_measurement *measurement)
{
	_cleanup_(json_decrefp) json_t *list = json_array(), *json = NULL;
	size_t i;

	for (i = 0; i < measurement->count; i++)
		if (measurement->hooks[i].measured && json_array_append_new(list, hook_json(&measurement->hooks[i])))
			return NULL;
	json = json_pack("{s:s, s:f, s:O}", "syscall", "getpgid", "noise_ns", measurement->noise_ns, "hooks", list);
	if (add_price(json, &measurement->call))
		return NULL;
	if (measurement->counter &&
	    json_object_set_new(json, "no_instructions", json_string(why_not_counted(measurement->counter))))
		return NULL;
	return TAKE_PTR(json);
}

/* What all of them take together, of one processor. */
static double load_of(const json_t *rows)
{
	double sum = 0;
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)rows, i, row)
		sum += json_number_value(json_object_get(row, "load"));
	return sum;
}

json_t *cost_json(const struct cost_report *cost)
{
	_cleanup_(json_decrefp) json_t *views = views_json(cost), *programs = programs_json(cost), *json = NULL;

	json = json_pack("{s:f, s:f, s:O, s:f, s:O}", "seconds", cost->seconds, "members_load", load_of(views), "views", views,
			 "everybody_load", load_of(programs), "programs", programs);
	if (json && cost->measured && json_object_set_new(json, "measured", measured_json(&cost->measurement)))
		return NULL;
	return TAKE_PTR(json);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "paths.h"

#include <errno.h>
#include <kview/kview.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "insns.h"
#include "programs.h"
#include "trace.h"
#include "util/cleanup.h"

struct search {
	const struct programs *programs;
	struct trace traces[CALLS + 1]; /* the last is of other system calls */
	char (*attachable)[FUNCTION_LEN];
	size_t attachables;
};

static int note_attachable(const struct kview_hook *hook, void *data)
{
	struct search *search = data;
	void *more;

	if (hook->kind != KVIEW_KIND_ENTRY || !hook->attachable)
		return 0;
	more = search->attachables % 1024 ? search->attachable :
					    reallocarray(search->attachable, search->attachables + 1024, FUNCTION_LEN);
	if (!more)
		return -ENOMEM;
	search->attachable = more;
	snprintf(search->attachable[search->attachables++], FUNCTION_LEN, "%s", hook->name);
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strncmp(a, b, FUNCTION_LEN);
}

static bool view_takes(const struct search *search, const char *name)
{
	return bsearch(name, search->attachable, search->attachables, FUNCTION_LEN, compare_names);
}

static bool fentry_takes(const struct search *search, int id)
{
	_cleanup_(closep) int prog = program_load(search->programs, PROGRAM_EMPTY, BPF_PROG_TYPE_TRACING, id);

	return prog >= 0;
}

static bool kprobe_takes(const char *name)
{
	_cleanup_(closep) int event = attach_open_kprobe(name);

	return event >= 0;
}

/* A BPF trampoline calls these itself: hooked by fentry, it never ends. Later kernels than 6.1 refuse that. */
static bool used_by_fentry(const char *name)
{
	return !strcmp(name, "__rcu_read_lock") || !strcmp(name, "__rcu_read_unlock");
}

static bool path_has(const struct path *path, const char *name)
{
	for (size_t i = 0; i < path->count; i++) {
		if (!strcmp(path->functions[i].name, name))
			return true;
	}
	return false;
}

/* Take it when all methods can hook it. */
static void path_add(const struct search *search, struct path *path, const char *name, unsigned int hits)
{
	struct function function = { .hits = hits };

	if (path->count == HOOKS_MAX || path_has(path, name) || used_by_fentry(name) || !view_takes(search, name))
		return;
	function.id = programs_function_id(search->programs, name);
	if (function.id < 0 || !fentry_takes(search, function.id) || !kprobe_takes(name))
		return;
	snprintf(function.name, sizeof(function.name), "%s", name);
	path->functions[path->count++] = function;
	path->passed += hits > 0;
}

/* How often one call passes a function that was seen so often; writing the marks passes some, too. */
static unsigned int hits_per_call(unsigned int seen)
{
	return seen / BATCH;
}

static void add_passed(const struct search *search, enum call call, struct path *path)
{
	const struct trace *trace = &search->traces[call];

	path_add(search, path, call_function(call), 1);
	for (size_t i = 0; i < trace->count; i++) {
		unsigned int hits = hits_per_call(trace->functions[i].count);

		if (hits)
			path_add(search, path, trace->functions[i].name, hits);
	}
}

static bool is_passed(const struct trace *trace, const char *name)
{
	for (size_t i = 0; i < trace->count; i++) {
		if (!strcmp(trace->functions[i].name, name))
			return hits_per_call(trace->functions[i].count);
	}
	return false;
}

static void add_others(const struct search *search, enum call call, struct path *path)
{
	for (int other = 0; other <= CALLS; other++) {
		const struct trace *trace = &search->traces[other];

		for (size_t i = 0; i < trace->count; i++) {
			if (!is_passed(&search->traces[call], trace->functions[i].name))
				path_add(search, path, trace->functions[i].name, 0);
		}
	}
}

static int trace_all(struct subject *subject, struct search *search)
{
	int err = trace_start(subject);

	for (int call = 0; !err && call <= CALLS; call++)
		err = trace_walk(subject, call, &search->traces[call]);
	trace_stop();
	return err;
}

static int choose(const struct search *search, struct path paths[CALLS])
{
	for (enum call call = 0; call < CALLS; call++) {
		struct path *path = &paths[call];

		memset(path, 0, sizeof(*path));
		add_passed(search, call, path);
		add_others(search, call, path);
		if (path->count < HOOKS_MAX || strcmp(path->functions[0].name, call_function(call)))
			return -ENOENT;
	}
	return 0;
}

int paths_find(struct subject *subject, const struct programs *programs, struct path paths[CALLS])
{
	_cleanup_(freep) struct search *search = calloc(1, sizeof(*search));
	int err;

	if (!search)
		return -ENOMEM;
	search->programs = programs;
	err = trace_all(subject, search);
	if (!err)
		err = kview_each_kernel_hook(NULL, note_attachable, search);
	if (!err) {
		qsort(search->attachable, search->attachables, FUNCTION_LEN, compare_names);
		err = choose(search, paths);
	}
	free(search->attachable);
	return err;
}

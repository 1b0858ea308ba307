// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace_hooks.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "format.h"
#include "util/cleanup.h"

static const struct kind {
	const char *prefix;
	enum trace_kind kind;
	enum kview_kind probe; /* as kview_each_kernel_hook() tells whether it can be hooked */
} kinds[] = {
	{ "syscalls", TRACE_KIND_SYSCALL, KVIEW_KIND_TP_ENTER },
	{ "kprobe", TRACE_KIND_ENTRY, KVIEW_KIND_ENTRY },
	{ "kretprobe", TRACE_KIND_RETURN, KVIEW_KIND_RETURN },
	{ "func", TRACE_KIND_CALL, KVIEW_KIND_RETURN },
	{ "tracepoint", TRACE_KIND_EVENT, KVIEW_KIND_TP },
	{ "rawtp", TRACE_KIND_RAW, KVIEW_KIND_RAW_TP },
};

static const char how_to_write[] = "syscalls:NAME, kprobe:FUNCTION, kretprobe:FUNCTION, func:FUNCTION, "
				   "tracepoint:CATEGORY:NAME or rawtp:NAME";

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* One pattern being looked up. */
struct search {
	struct trace_hooks *hooks;
	const char *text; /* as it was given */
	const char *name;
	const struct kind *kind;
	const char *not_loaded; /* what is said of hooks that only the module stands in the way of; NULL in a view */
	size_t matched;
};

bool trace_is_pattern(const char *name)
{
	return strpbrk(name, "*?[");
}

bool trace_hooks_have(const struct trace_hooks *hooks, enum trace_kind kind)
{
	size_t i;

	for (i = 0; i < hooks->count; i++)
		if (hooks->list[i].kind == kind)
			return true;
	return false;
}

/* Lists grow to the next power of two. */
static int grow(void **list, size_t count, size_t size)
{
	void *grown;

	if (count & (count - 1))
		return 0;
	grown = reallocarray(*list, count ? 2 * count : 1, size);
	if (!grown)
		return -ENOMEM;
	*list = grown;
	return 0;
}

/* As people write it: events have a colon where their names have a slash. */
static char *label_of(const struct kind *kind, const char *name)
{
	char *label, *slash;

	if (asprintf(&label, "%s:%s", kind->prefix, name) < 0)
		return NULL;
	slash = strchr(label, '/');
	if (slash)
		*slash = ':';
	return label;
}

static int add_hook(struct search *search, const struct kview_hook *found)
{
	struct trace_hooks *hooks = search->hooks;
	struct trace_hook hook = {
		.kind = search->kind->kind,
		.addr = found->addr,
		.matched = trace_is_pattern(search->name),
	};

	if (grow((void **)&hooks->list, hooks->count, sizeof(hook)))
		return -ENOMEM;
	hook.name = strdup(found->name);
	hook.label = label_of(search->kind, found->name);
	if (!hook.name || !hook.label) {
		free(hook.name);
		free(hook.label);
		return -ENOMEM;
	}
	hooks->list[hooks->count++] = hook;
	return 0;
}

int trace_hooks_skip(struct trace_hooks *hooks, const char *label, const char *reason)
{
	struct trace_skipped skipped = { .label = strdup(label), .reason = strdup(reason) };

	if (!skipped.label || !skipped.reason ||
	    grow((void **)&hooks->skipped, hooks->skipped_count, sizeof(skipped))) {
		free(skipped.label);
		free(skipped.reason);
		return -ENOMEM;
	}
	hooks->skipped[hooks->skipped_count++] = skipped;
	return 0;
}

static int skip(struct search *search, const struct kview_hook *hook)
{
	_cleanup_(freep) char *label = label_of(search->kind, hook->name);

	return label ? trace_hooks_skip(search->hooks, label, hook->reason) : -ENOMEM;
}

static int consider(const struct kview_hook *hook, void *data)
{
	struct search *search = data;

	if (hook->kind != search->kind->probe)
		return 0;
	search->matched++;
	if (hook->attachable || (search->not_loaded && !strcmp(hook->reason, search->not_loaded)))
		return add_hook(search, hook);
	return skip(search, hook);
}

static void deinit_hook(struct trace_hook *hook)
{
	size_t i;

	for (i = 0; i < hook->param_count; i++)
		free(hook->params[i].name);
	free(hook->params);
	free(hook->name);
	free(hook->label);
}

static int compare_places(const struct trace_hook *a, const struct trace_hook *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	return a->addr ? 0 : strcmp(a->name, b->name);
}

static int compare_hooks(const void *a, const void *b)
{
	const struct trace_hook *const *x = a, *const *y = b;

	return compare_places(*x, *y) ?: (*x > *y) - (*x < *y);
}

/* The same place again, for another pattern or by another of its function's names: the first stays. */
static int drop_repeated(struct trace_hooks *hooks)
{
	_cleanup_(freep) struct trace_hook **sorted = calloc(hooks->count, sizeof(*sorted));
	size_t i, first, kept = 0;

	if (!sorted)
		return -ENOMEM;
	for (i = 0; i < hooks->count; i++)
		sorted[i] = &hooks->list[i];
	qsort(sorted, hooks->count, sizeof(*sorted), compare_hooks);
	for (i = 1, first = 0; i < hooks->count; i++)
		if (compare_places(sorted[first], sorted[i]))
			first = i;
		else
			sorted[i]->repeated = true;
	for (i = 0; i < hooks->count; i++)
		if (hooks->list[i].repeated)
			deinit_hook(&hooks->list[i]);
		else
			hooks->list[kept++] = hooks->list[i];
	hooks->count = kept;
	return 0;
}

/* The answer for all system calls has no other reason than that the module is not loaded. */
static int keep_reason(const struct kview_hook *hook, void *data)
{
	char **reason = data;

	if (hook->kind == KVIEW_KIND_RAW_ENTER && hook->reason)
		*reason = strdup(hook->reason);
	return 0;
}

static int refuse_single(const struct search *search)
{
	const struct trace_skipped *skipped = &search->hooks->skipped[search->hooks->skipped_count - 1];

	return cli_fail(-EOPNOTSUPP, skipped->reason, "%s", search->text);
}

static int no_syscall(const struct search *search)
{
	const char *names[TRACE_SYSCALLS], *near;
	unsigned int i;
	size_t count = 0;

	for (i = 0; i < TRACE_SYSCALLS; i++)
		if (kview_syscall_name(i))
			names[count++] = kview_syscall_name(i);
	near = cli_near_match(search->name, names, count);
	return near ? cli_fail(-ENOENT, near, "%s: no such system call; near", search->text) :
		      cli_fail(-ENOENT, "no such system call", "%s", search->text);
}

static int not_found(const struct search *search)
{
	if (trace_is_pattern(search->name))
		return cli_fail(-ENOENT, "no hook matches", "%s", search->text);
	if (search->kind->kind == TRACE_KIND_SYSCALL)
		return no_syscall(search);
	if (search->kind->kind == TRACE_KIND_EVENT || search->kind->kind == TRACE_KIND_RAW)
		return cli_fail(-ENOENT, "the kernel has no tracepoint of this name; see kview list", "%s", search->text);
	return cli_fail(-ENOENT, "the kernel has no function of this name; see kview list", "%s", search->text);
}

static int search(struct search *search)
{
	size_t skipped = search->hooks->skipped_count;
	int err;

	err = kview_each_kernel_hook(search->name, consider, search);
	if (err)
		return cli_refused(err, kview_reason(NULL), "trace");
	if (!search->matched)
		return not_found(search);
	if (search->hooks->skipped_count - skipped < search->matched)
		return CLI_OK;
	if (search->matched == 1)
		return refuse_single(search);
	trace_hooks_tell_skipped(search->hooks, true);
	return cli_fail(-EOPNOTSUPP, "nothing that matches can be hooked", "%s", search->text);
}

static const struct kind *find_kind(const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < KINDS; i++)
		if (strlen(kinds[i].prefix) == length && !strncmp(kinds[i].prefix, text, length))
			return &kinds[i];
	return NULL;
}

/* Split "KIND:NAME"; other words than kinds are categories of events. *ret_name is to be freed. NULL: nothing of these. */
static const struct kind *split(const char *text, char **ret_name)
{
	const char *colon = strchr(text, ':'), *name = colon ? colon + 1 : NULL;
	const struct kind *kind;
	char *second;

	if (!colon || colon == text || !colon[1])
		return NULL;
	kind = find_kind(text, colon - text);
	if (!kind) {
		kind = find_kind("tracepoint", strlen("tracepoint"));
		name = text;
	}
	*ret_name = strdup(name);
	second = *ret_name ? strchr(*ret_name, ':') : NULL;
	if (kind->kind == TRACE_KIND_EVENT && second && second[1] && !strchr(second + 1, ':')) {
		*second = '/';
		return kind;
	}
	if (kind->kind != TRACE_KIND_EVENT && !second)
		return kind;
	free(*ret_name);
	return NULL;
}

void trace_hooks_check(const char *text)
{
	char *name;

	if (!split(text, &name))
		cli_usage("trace: %s: not a hook; write %s", text, how_to_write);
	free(name);
}

int trace_hooks_add(struct trace_hooks *hooks, const char *text, enum kview_mode mode)
{
	_cleanup_(freep) char *not_loaded = NULL, *name = NULL;
	struct search request = { .hooks = hooks, .text = text };
	struct kview_status status = { .sz = sizeof(status) };
	bool has_module = !kview_status(&status) && status.module_loaded;
	int code;

	request.kind = split(text, &name);
	request.name = name;
	/* With the module, what it could have is told, and that is what the ordinary mode can have. */
	if (mode == KVIEW_MODE_ORDINARY && !has_module) {
		kview_each_kernel_hook("\\*", keep_reason, &not_loaded);
		request.not_loaded = not_loaded;
	}
	code = search(&request);
	if (code || !hooks->count)
		return code;
	return drop_repeated(hooks) ? cli_fail(-ENOMEM, NULL, "trace") : CLI_OK;
}

int trace_hook_add_param(struct trace_hook *hook, const char *name, const struct trace_param *param)
{
	if (grow((void **)&hook->params, hook->param_count, sizeof(*param)))
		return -ENOMEM;
	hook->params[hook->param_count] = *param;
	hook->params[hook->param_count].name = strdup(name);
	return hook->params[hook->param_count].name ? (hook->param_count++, 0) : -ENOMEM;
}

void trace_hooks_tell_skipped(const struct trace_hooks *hooks, bool verbose)
{
	size_t i;

	for (i = 0; verbose && i < hooks->skipped_count; i++)
		cli_note("%s: skipped: %s", hooks->skipped[i].label, hooks->skipped[i].reason);
	if (!verbose && hooks->skipped_count)
		cli_note("%zu hook%s skipped that cannot be hooked; -v lists %s", hooks->skipped_count,
			 format_plural(hooks->skipped_count), hooks->skipped_count == 1 ? "it" : "them");
}

void trace_hooks_deinit(struct trace_hooks *hooks)
{
	while (hooks->count)
		deinit_hook(&hooks->list[--hooks->count]);
	while (hooks->skipped_count) {
		hooks->skipped_count--;
		free(hooks->skipped[hooks->skipped_count].label);
		free(hooks->skipped[hooks->skipped_count].reason);
	}
	free(hooks->list);
	free(hooks->skipped);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* What can be hooked on the running kernel, and why the rest cannot: ftrace's and kallsyms' word, and the module's. */
#include <errno.h>
#include <fnmatch.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "internal.h"

#define BATCH 4096 /* candidates per question to the module */
#define KINDS 4	   /* of hooks that one name can have */

struct walk {
	const char *pattern;
	kview_hook_fn fn;
	void *data;
	int device_fd;	   /* -1: there is no module */
	uint64_t features; /* of the module */
	struct kview_symbols symbols;
	struct kview_names traceable; /* asked when there is no module; empty when not readable */
	struct kview_names events;    /* empty when not readable */
};

/* A name that matches the pattern. */
struct candidate {
	const char *name;
	uint64_t value;	     /* address, or number of the system call */
	uint32_t why[KINDS]; /* what is wrong with each kind; KVIEW_WHY_NONE: to be found out */
};

struct batch {
	struct walk *walk;
	const enum kview_kind *kinds;
	size_t kind_count;
	struct candidate candidates[BATCH];
	size_t count;
};

static bool is_known(const struct walk *walk, enum kview_kind kind)
{
	return walk->features & kview_kind_info(kind)->feature;
}

/* Hidden addresses leave the name, which some kernels search slowly. */
static struct kview_target candidate_target(const struct candidate *candidate, enum kview_kind kind)
{
	enum kview_naming naming = kview_kind_info(kind)->naming;

	if (naming == KVIEW_NAMED_SYSCALL || (naming == KVIEW_NAMED_FUNCTION && candidate->value))
		return (struct kview_target){ .value = candidate->value };
	return (struct kview_target){ .name = naming == KVIEW_NAMED_NOTHING ? 0 : (uintptr_t)candidate->name };
}

/* Lists of programs for fentry and fexit cannot be asked about; these and others have the answer of a neighbour. */
static enum kview_kind asked_as(enum kview_kind kind)
{
	switch (kind) {
	case KVIEW_KIND_FENTRY:
	case KVIEW_KIND_FEXIT:
		return KVIEW_KIND_RETURN;
	case KVIEW_KIND_TP_BTF:
		return KVIEW_KIND_RAW_TP;
	default:
		return kind;
	}
}

static void copy_answers(struct batch *batch, size_t from, size_t to)
{
	for (size_t i = 0; i < batch->count; i++)
		batch->candidates[i].why[to] = batch->candidates[i].why[from];
}

static int ask_module(struct batch *batch, size_t kind)
{
	_cleanup_(freep) struct kview_target *targets = calloc(BATCH, sizeof(*targets));
	_cleanup_(freep) uint32_t *reasons = calloc(BATCH, sizeof(*reasons));
	struct kview_check call = {
		.size = sizeof(call),
		.kind = kview_kind_info(asked_as(batch->kinds[kind]))->uapi,
		.targets = (uintptr_t)targets,
		.reasons = (uintptr_t)reasons,
		.count = batch->count,
	};

	if (kind && asked_as(batch->kinds[kind]) == asked_as(batch->kinds[kind - 1])) {
		copy_answers(batch, kind - 1, kind);
		return 0;
	}
	if (!targets || !reasons)
		return kview_refuse(NULL, -ENOMEM, "out of memory");
	for (size_t i = 0; i < batch->count; i++)
		targets[i] = candidate_target(&batch->candidates[i], batch->kinds[kind]);
	if (ioctl(batch->walk->device_fd, KVIEW_IOC_CHECK, &call))
		return kview_refuse_why(NULL, -errno, KVIEW_WHY_NONE, KVIEW_DEVICE, "");
	for (size_t i = 0; i < batch->count; i++)
		if (batch->candidates[i].why[kind] == KVIEW_WHY_NONE)
			batch->candidates[i].why[kind] = reasons[i];
	return 0;
}

static void ask_ftrace(struct batch *batch, size_t kind)
{
	const struct kview_names *traceable = &batch->walk->traceable;

	if (!kview_kind_is_function(batch->kinds[kind]) || !traceable->count)
		return;
	for (size_t i = 0; i < batch->count; i++) {
		struct candidate *candidate = &batch->candidates[i];

		if (candidate->why[kind] == KVIEW_WHY_NONE && !kview_names_have(traceable, candidate->name))
			candidate->why[kind] = KVIEW_WHY_NOT_TRACEABLE;
	}
}

static int ask(struct batch *batch)
{
	int err = 0;

	for (size_t kind = 0; kind < batch->kind_count && batch->count && !err; kind++) {
		if (batch->walk->device_fd < 0)
			ask_ftrace(batch, kind);
		else if (is_known(batch->walk, batch->kinds[kind]))
			err = ask_module(batch, kind);
	}
	return err;
}

static const char *candidate_reason(const struct walk *walk, uint32_t why, enum kview_kind kind)
{
	if (why != KVIEW_WHY_NONE)
		return kview_why_text(why) ?: "refused for a reason this libkview does not know";
	if (walk->device_fd < 0)
		return kview_not_loaded;
	return is_known(walk, kind) ? NULL : kview_kind_unknown;
}

/* raw_tp/sys_enter and sys_exit have kinds of their own, under the name "*". */
static bool is_elsewhere(enum kview_kind kind, const char *name)
{
	return kind == KVIEW_KIND_RAW_TP && (!strcmp(name, "sys_enter") || !strcmp(name, "sys_exit"));
}

static int report(const struct batch *batch, const struct candidate *candidate)
{
	int ret = 0;

	for (size_t i = 0; i < batch->kind_count && !ret; i++) {
		enum kview_kind kind = batch->kinds[i];
		struct kview_hook hook = {
			.kind = kind,
			.name = candidate->name,
			.addr = kview_kind_is_function(kind) ? candidate->value : 0,
			.reason = candidate_reason(batch->walk, candidate->why[i], kind),
		};

		hook.attachable = !hook.reason;
		if (!is_elsewhere(kind, candidate->name))
			ret = batch->walk->fn(&hook, batch->walk->data);
	}
	return ret;
}

static int flush(struct batch *batch)
{
	int ret = ask(batch);

	for (size_t i = 0; i < batch->count && !ret; i++)
		ret = report(batch, &batch->candidates[i]);
	batch->count = 0;
	return ret;
}

static int offer(struct batch *batch, const char *name, uint64_t value, uint32_t why)
{
	const char *pattern = batch->walk->pattern;
	struct candidate *candidate;

	if (pattern && fnmatch(pattern, name, 0))
		return 0;
	candidate = &batch->candidates[batch->count++];
	*candidate = (struct candidate){ .name = name, .value = value };
	for (size_t i = 0; i < batch->kind_count; i++)
		candidate->why[i] = why;
	return batch->count == BATCH ? flush(batch) : 0;
}

/* Text that is gone after boot, or was never the kernel's own. */
static bool outside_text(const struct kview_symbols *symbols, const struct kview_symbol *symbol)
{
	if (symbol->in_module || !symbol->addr || !symbols->text_start)
		return false;
	return symbol->addr < symbols->text_start || symbol->addr >= symbols->text_end;
}

static uint32_t symbol_why(const struct kview_symbol *symbol, size_t same_name)
{
	if (symbol->in_module)
		return KVIEW_WHY_MODULE_TEXT;
	return same_name > 1 && !symbol[1].in_module ? KVIEW_WHY_AMBIGUOUS : KVIEW_WHY_NONE;
}

/* Each name once: symbols of one name stand together, those of the kernel itself first. */
static int offer_functions(struct batch *batch)
{
	const struct kview_symbols *symbols = &batch->walk->symbols;
	size_t next;
	int ret = 0;

	for (size_t i = 0; i < symbols->count && !ret; i = next) {
		const struct kview_symbol *symbol = &symbols->symbols[i];

		for (next = i + 1; next < symbols->count && !strcmp(symbols->symbols[next].name, symbol->name);)
			next++;
		if (!outside_text(symbols, symbol))
			ret = offer(batch, symbol->name, symbol->addr, symbol_why(symbol, next - i));
	}
	return ret ?: flush(batch);
}

/* What a kernel was built without is there as a weak function. */
static bool is_implemented(const struct kview_symbols *symbols, const char *syscall)
{
	const struct kview_symbol *symbol;
	char function[64];

	snprintf(function, sizeof(function), "__x64_sys_%s", syscall);
	symbol = kview_symbols_find(symbols, function);
	return symbol && !symbol->weak;
}

static int offer_syscalls(struct batch *batch)
{
	int ret = 0;

	for (unsigned int i = 0; i < kview_syscall_end() && !ret; i++) {
		const char *name = kview_syscall_name(i);

		if (name && is_implemented(&batch->walk->symbols, name))
			ret = offer(batch, name, i, KVIEW_WHY_NONE);
	}
	return ret ?: flush(batch);
}

static int offer_all_syscalls(struct batch *batch)
{
	return offer(batch, "*", 0, KVIEW_WHY_NONE) ?: flush(batch);
}

static int offer_tracepoints(struct batch *batch)
{
	const struct kview_symbols *symbols = &batch->walk->symbols;
	int ret = 0;

	for (size_t i = 0; i < symbols->tracepoint_count && !ret; i++) {
		const struct kview_symbol *tracepoint = &symbols->tracepoints[i];

		ret = offer(batch, tracepoint->name, 0, tracepoint->in_module ? KVIEW_WHY_MODULE_TEXT : KVIEW_WHY_NONE);
	}
	return ret ?: flush(batch);
}

static int offer_events(struct batch *batch)
{
	const struct kview_names *events = &batch->walk->events;
	int ret = 0;

	for (size_t i = 0; i < events->count && !ret; i++)
		ret = offer(batch, events->names[i], 0, KVIEW_WHY_NONE);
	return ret ?: flush(batch);
}

static int walk_kinds(struct walk *walk)
{
	static const struct {
		enum kview_kind kinds[KINDS];
		size_t count;
		int (*offer)(struct batch *batch);
	} steps[] = {
		{ { KVIEW_KIND_ENTRY, KVIEW_KIND_RETURN, KVIEW_KIND_FENTRY, KVIEW_KIND_FEXIT }, 4, offer_functions },
		{ { KVIEW_KIND_RAW_TP, KVIEW_KIND_TP_BTF }, 2, offer_tracepoints },
		{ { KVIEW_KIND_TP }, 1, offer_events },
		{ { KVIEW_KIND_RAW_ENTER, KVIEW_KIND_RAW_EXIT }, 2, offer_all_syscalls },
		{ { KVIEW_KIND_TP_ENTER, KVIEW_KIND_TP_EXIT }, 2, offer_syscalls },
	};
	_cleanup_(freep) struct batch *batch = calloc(1, sizeof(*batch));
	int ret = 0;

	if (!batch)
		return kview_refuse(NULL, -ENOMEM, "out of memory");
	batch->walk = walk;
	for (size_t i = 0; i < ARRAY_SIZE(steps) && !ret; i++) {
		batch->kinds = steps[i].kinds;
		batch->kind_count = steps[i].count;
		ret = steps[i].offer(batch);
	}
	return ret;
}

static void read_tracefs(struct walk *walk)
{
	char path[KVIEW_TRACEFS_PATH_LEN];

	if (!kview_tracefs_path("available_events", path))
		kview_names_read_events(path, &walk->events);
	if (walk->device_fd < 0 && !kview_tracefs_path("available_filter_functions", path))
		kview_names_read(path, &walk->traceable);
}

static int walk_all(struct walk *walk)
{
	int ret = kview_symbols_read("/proc/kallsyms", &walk->symbols);

	if (ret)
		return kview_refuse(NULL, ret, "/proc/kallsyms: %s", strerror(-ret));
	if (walk->device_fd >= 0)
		walk->features = kview_device_features(walk->device_fd);
	read_tracefs(walk);
	ret = walk_kinds(walk);
	kview_names_deinit(&walk->traceable);
	kview_names_deinit(&walk->events);
	kview_symbols_deinit(&walk->symbols);
	return ret;
}

int kview_each_kernel_hook(const char *pattern, kview_hook_fn fn, void *data)
{
	struct walk walk = { .pattern = pattern, .fn = fn, .data = data, .device_fd = -1 };
	int ret;

	kview_reason_clear(NULL);
	ret = kview_device_connect(NULL, &walk.device_fd);
	if (ret && ret != -ENODEV)
		return ret;
	ret = walk_all(&walk);
	closep(&walk.device_fd);
	return ret;
}

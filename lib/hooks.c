// SPDX-License-Identifier: LGPL-2.1-or-later
/* What can be hooked on the running kernel, and why the rest cannot: ftrace's and kallsyms' word, and the module's. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "internal.h"

#define BATCH 4096 /* candidates per question to the module */

struct walk {
	const char *pattern;
	kview_hook_fn fn;
	void *data;
	int device_fd; /* -1: there is no module */
	struct kview_symbols symbols;
	struct kview_names traceable; /* asked when there is no module; empty when not readable */
};

/* A hook that matches the pattern. */
struct candidate {
	const char *name;
	uint64_t value; /* address, or number of the system call */
	uint32_t why;	/* what is wrong with it; KVIEW_WHY_NONE: to be found out */
};

struct batch {
	struct walk *walk;
	enum kview_kind kind;
	struct candidate candidates[BATCH];
	size_t count;
};

/* Hidden addresses leave the name, which some kernels search slowly. */
static struct kview_target candidate_target(const struct batch *batch, const struct candidate *candidate)
{
	if (batch->kind == KVIEW_KIND_ENTRY && !candidate->value)
		return (struct kview_target){ .name = (uintptr_t)candidate->name };
	return (struct kview_target){ .value = candidate->value };
}

static int ask_module(struct batch *batch)
{
	_cleanup_(freep) struct kview_target *targets = calloc(BATCH, sizeof(*targets));
	_cleanup_(freep) uint32_t *reasons = calloc(BATCH, sizeof(*reasons));
	struct kview_check call = {
		.size = sizeof(call),
		.kind = kview_kind_uapi(batch->kind),
		.targets = (uintptr_t)targets,
		.reasons = (uintptr_t)reasons,
		.count = batch->count,
	};

	if (!targets || !reasons)
		return kview_refuse(NULL, -ENOMEM, "out of memory");
	for (size_t i = 0; i < batch->count; i++)
		targets[i] = candidate_target(batch, &batch->candidates[i]);
	if (ioctl(batch->walk->device_fd, KVIEW_IOC_CHECK, &call))
		return kview_refuse_why(NULL, -errno, KVIEW_WHY_NONE, KVIEW_DEVICE, "");
	for (size_t i = 0; i < batch->count; i++)
		if (batch->candidates[i].why == KVIEW_WHY_NONE)
			batch->candidates[i].why = reasons[i];
	return 0;
}

static void ask_ftrace(struct batch *batch)
{
	const struct kview_names *traceable = &batch->walk->traceable;

	if (batch->kind != KVIEW_KIND_ENTRY || !traceable->count)
		return;
	for (size_t i = 0; i < batch->count; i++)
		if (batch->candidates[i].why == KVIEW_WHY_NONE && !kview_names_have(traceable, batch->candidates[i].name))
			batch->candidates[i].why = KVIEW_WHY_NOT_TRACEABLE;
}

static const char *candidate_reason(const struct walk *walk, const struct candidate *candidate)
{
	if (candidate->why != KVIEW_WHY_NONE)
		return kview_why_text(candidate->why) ?: "refused for a reason this libkview does not know";
	return walk->device_fd < 0 ? kview_not_loaded : NULL;
}

static int report(const struct batch *batch, const struct candidate *candidate)
{
	struct kview_hook hook = {
		.kind = batch->kind,
		.name = candidate->name,
		.addr = batch->kind == KVIEW_KIND_ENTRY ? candidate->value : 0,
		.reason = candidate_reason(batch->walk, candidate),
	};

	hook.attachable = !hook.reason;
	return batch->walk->fn(&hook, batch->walk->data);
}

static int flush(struct batch *batch)
{
	int ret = 0;

	if (batch->walk->device_fd < 0)
		ask_ftrace(batch);
	else if (batch->count)
		ret = ask_module(batch);
	for (size_t i = 0; i < batch->count && !ret; i++)
		ret = report(batch, &batch->candidates[i]);
	batch->count = 0;
	return ret;
}

static int offer(struct batch *batch, const char *name, uint64_t value, uint32_t why)
{
	const char *pattern = batch->walk->pattern;

	if (pattern && fnmatch(pattern, name, 0))
		return 0;
	batch->candidates[batch->count++] = (struct candidate){ .name = name, .value = value, .why = why };
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

static int walk_kinds(struct walk *walk)
{
	static const struct {
		enum kview_kind kind;
		int (*offer)(struct batch *batch);
	} steps[] = {
		{ KVIEW_KIND_ENTRY, offer_functions },	  { KVIEW_KIND_RAW_ENTER, offer_all_syscalls },
		{ KVIEW_KIND_RAW_EXIT, offer_all_syscalls }, { KVIEW_KIND_TP_ENTER, offer_syscalls },
		{ KVIEW_KIND_TP_EXIT, offer_syscalls },
	};
	_cleanup_(freep) struct batch *batch = calloc(1, sizeof(*batch));
	int ret = 0;

	if (!batch)
		return kview_refuse(NULL, -ENOMEM, "out of memory");
	batch->walk = walk;
	for (size_t i = 0; i < ARRAY_SIZE(steps) && !ret; i++) {
		batch->kind = steps[i].kind;
		ret = steps[i].offer(batch);
	}
	return ret;
}

static void read_traceable(struct walk *walk)
{
	const char *tracefs = kview_tracefs();
	char path[128];

	if (!tracefs)
		return;
	snprintf(path, sizeof(path), "%s/available_filter_functions", tracefs);
	kview_names_read(path, &walk->traceable);
}

int kview_each_kernel_hook(const char *pattern, kview_hook_fn fn, void *data)
{
	struct walk walk = { .pattern = pattern, .fn = fn, .data = data, .device_fd = -1 };
	int ret;

	kview_reason_clear(NULL);
	ret = kview_device_connect(NULL, &walk.device_fd);
	if (ret && ret != -ENODEV)
		return ret;
	ret = kview_symbols_read("/proc/kallsyms", &walk.symbols);
	if (ret) {
		closep(&walk.device_fd);
		return kview_refuse(NULL, ret, "/proc/kallsyms: %s", strerror(-ret));
	}
	if (walk.device_fd < 0)
		read_traceable(&walk);
	ret = walk_kinds(&walk);
	kview_names_deinit(&walk.traceable);
	kview_symbols_deinit(&walk.symbols);
	closep(&walk.device_fd);
	return ret;
}

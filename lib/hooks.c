// SPDX-License-Identifier: LGPL-2.1-or-later
/* What there is to hook on the running kernel: the names of functions, tracepoints, their events, and system calls. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "hooks.h"

static int offer(struct kview_batch *batch, const char *name, uint64_t value, uint32_t why)
{
	const char *pattern = batch->walk->pattern;
	struct kview_candidate *candidate;

	if (pattern && fnmatch(pattern, name, 0))
		return 0;
	candidate = &batch->candidates[batch->count++];
	*candidate = (struct kview_candidate){ .name = name, .value = value };
	for (size_t i = 0; i < batch->kind_count; i++)
		candidate->why[i] = why;
	return batch->count == KVIEW_BATCH ? kview_batch_flush(batch) : 0;
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
static int offer_functions(struct kview_batch *batch)
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
	return ret ?: kview_batch_flush(batch);
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

static int offer_syscalls(struct kview_batch *batch)
{
	int ret = 0;

	for (unsigned int i = 0; i < kview_syscall_end() && !ret; i++) {
		const char *name = kview_syscall_name(i);

		if (name && is_implemented(&batch->walk->symbols, name))
			ret = offer(batch, name, i, KVIEW_WHY_NONE);
	}
	return ret ?: kview_batch_flush(batch);
}

static int offer_all_syscalls(struct kview_batch *batch)
{
	return offer(batch, "*", 0, KVIEW_WHY_NONE) ?: kview_batch_flush(batch);
}

static int offer_tracepoints(struct kview_batch *batch)
{
	const struct kview_symbols *symbols = &batch->walk->symbols;
	int ret = 0;

	for (size_t i = 0; i < symbols->tracepoint_count && !ret; i++) {
		const struct kview_symbol *tracepoint = &symbols->tracepoints[i];

		ret = offer(batch, tracepoint->name, 0, tracepoint->in_module ? KVIEW_WHY_MODULE_TEXT : KVIEW_WHY_NONE);
	}
	return ret ?: kview_batch_flush(batch);
}

static int offer_events(struct kview_batch *batch)
{
	const struct kview_names *events = &batch->walk->events;
	int ret = 0;

	for (size_t i = 0; i < events->count && !ret; i++)
		ret = offer(batch, events->names[i], 0, KVIEW_WHY_NONE);
	return ret ?: kview_batch_flush(batch);
}

static void want_kinds(struct kview_batch *batch, const enum kview_kind *kinds, size_t count)
{
	batch->kind_count = 0;
	for (size_t i = 0; i < count; i++)
		if (batch->walk->kinds & 1U << kinds[i])
			batch->kinds[batch->kind_count++] = kinds[i];
}

static int walk_kinds(struct kview_walk *walk)
{
	static const struct {
		enum kview_kind kinds[KVIEW_NAME_KINDS];
		size_t count;
		int (*offer)(struct kview_batch *batch);
	} steps[] = {
		{ { KVIEW_KIND_ENTRY, KVIEW_KIND_RETURN, KVIEW_KIND_SESSION, KVIEW_KIND_FENTRY, KVIEW_KIND_FEXIT }, 5,
		  offer_functions },
		{ { KVIEW_KIND_RAW_TP, KVIEW_KIND_TP_BTF }, 2, offer_tracepoints },
		{ { KVIEW_KIND_TP }, 1, offer_events },
		{ { KVIEW_KIND_RAW_ENTER, KVIEW_KIND_RAW_EXIT }, 2, offer_all_syscalls },
		{ { KVIEW_KIND_TP_ENTER, KVIEW_KIND_TP_EXIT }, 2, offer_syscalls },
	};
	_cleanup_(freep) struct kview_batch *batch = calloc(1, sizeof(*batch));
	int ret = 0;

	if (!batch)
		return kview_refuse(NULL, -ENOMEM, "out of memory");
	batch->walk = walk;
	for (size_t i = 0; i < ARRAY_SIZE(steps) && !ret; i++) {
		want_kinds(batch, steps[i].kinds, steps[i].count);
		ret = batch->kind_count ? steps[i].offer(batch) : 0;
	}
	return ret;
}

static int read_tracefs(struct kview_walk *walk)
{
	char path[KVIEW_TRACEFS_PATH_LEN];

	if (walk->kinds & 1U << KVIEW_KIND_TP && !kview_tracefs_path("available_events", path))
		kview_names_read_events(path, &walk->events);
	if (walk->device_fd >= 0 || kview_tracefs_path("available_filter_functions", path) ||
	    kview_names_read(path, &walk->traceable))
		return 0;
	return kview_walk_find_addrs(walk);
}

static void walk_deinit(struct kview_walk *walk)
{
	kview_names_deinit(&walk->traceable);
	kview_names_deinit(&walk->events);
	kview_symbols_deinit(&walk->symbols);
	free(walk->traceable_addrs);
}

int kview_walk_run(struct kview_walk *walk)
{
	/* What ftrace can trace may be known by an alias that does not match. */
	int ret = kview_symbols_read("/proc/kallsyms", walk->device_fd < 0 ? NULL : walk->pattern, &walk->symbols);

	if (ret)
		return kview_refuse(NULL, ret, "/proc/kallsyms: %s", strerror(-ret));
	if (walk->device_fd >= 0)
		walk->features = kview_device_features(walk->device_fd);
	ret = read_tracefs(walk);
	ret = ret ? kview_refuse(NULL, ret, "out of memory") : walk_kinds(walk);
	walk_deinit(walk);
	return ret;
}

/* Sessions are where returns are, for those whose kernel has them, and not worth a line of their own. */
int kview_each_kernel_hook(const char *pattern, kview_hook_fn fn, void *data)
{
	struct kview_walk walk = {
		.pattern = pattern,
		.fn = fn,
		.data = data,
		.kinds = ~(1U << KVIEW_KIND_SESSION),
		.device_fd = -1,
	};
	int ret;

	kview_reason_clear(NULL);
	ret = kview_device_connect(NULL, &walk.device_fd);
	if (ret && ret != -ENODEV)
		return ret;
	ret = kview_walk_run(&walk);
	closep(&walk.device_fd);
	return ret;
}

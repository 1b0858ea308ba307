// SPDX-License-Identifier: LGPL-2.1-or-later
/* Can these be hooked? The module knows; without it ftrace knows at least what the kernel could trace. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "hooks.h"

static bool is_known(const struct kview_walk *walk, enum kview_kind kind)
{
	return walk->features & kview_kind_info(kind)->feature;
}

/* Hidden addresses leave the name, which some kernels search slowly. */
static struct kview_target candidate_target(const struct kview_candidate *candidate, enum kview_kind kind)
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
	case KVIEW_KIND_SESSION:
	case KVIEW_KIND_FENTRY:
	case KVIEW_KIND_FEXIT:
		return KVIEW_KIND_RETURN;
	case KVIEW_KIND_TP_BTF:
		return KVIEW_KIND_RAW_TP;
	default:
		return kind;
	}
}

static void copy_answers(struct kview_batch *batch, size_t from, size_t to)
{
	for (size_t i = 0; i < batch->count; i++)
		batch->candidates[i].why[to] = batch->candidates[i].why[from];
}

static int ask_module(struct kview_batch *batch, size_t kind)
{
	_cleanup_(freep) struct kview_target *targets = calloc(KVIEW_BATCH, sizeof(*targets));
	_cleanup_(freep) uint32_t *reasons = calloc(KVIEW_BATCH, sizeof(*reasons));
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

static int compare_addrs(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool is_traceable(const struct kview_walk *walk, const struct kview_candidate *candidate)
{
	return kview_names_have(&walk->traceable, candidate->name) ||
	       (candidate->value && walk->traceable_count &&
		bsearch(&candidate->value, walk->traceable_addrs, walk->traceable_count, sizeof(*walk->traceable_addrs),
			compare_addrs));
}

int kview_walk_find_addrs(struct kview_walk *walk)
{
	walk->traceable_addrs = calloc(walk->symbols.count + 1, sizeof(*walk->traceable_addrs));
	if (!walk->traceable_addrs)
		return -ENOMEM;
	for (size_t i = 0; i < walk->symbols.count; i++) {
		const struct kview_symbol *symbol = &walk->symbols.symbols[i];

		if (symbol->addr && !symbol->in_module && kview_names_have(&walk->traceable, symbol->name))
			walk->traceable_addrs[walk->traceable_count++] = symbol->addr;
	}
	qsort(walk->traceable_addrs, walk->traceable_count, sizeof(*walk->traceable_addrs), compare_addrs);
	return 0;
}

static void ask_ftrace(struct kview_batch *batch, size_t kind)
{
	if (!kview_kind_is_function(batch->kinds[kind]) || !batch->walk->traceable.count)
		return;
	for (size_t i = 0; i < batch->count; i++) {
		struct kview_candidate *candidate = &batch->candidates[i];

		if (candidate->why[kind] == KVIEW_WHY_NONE && !is_traceable(batch->walk, candidate))
			candidate->why[kind] = KVIEW_WHY_NOT_TRACEABLE;
	}
}

static int ask(struct kview_batch *batch)
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

static const char *candidate_reason(const struct kview_walk *walk, uint32_t why, enum kview_kind kind)
{
	if (why != KVIEW_WHY_NONE)
		return kview_why_text(why) ?: "refused for a reason this libkview does not know";
	if (walk->device_fd < 0)
		return walk->ordinary ? NULL : kview_not_loaded;
	return is_known(walk, kind) ? NULL : kview_kind_unknown;
}

/* raw_tp/sys_enter and sys_exit have kinds of their own, under the name "*". */
static bool is_elsewhere(enum kview_kind kind, const char *name)
{
	return kind == KVIEW_KIND_RAW_TP && (!strcmp(name, "sys_enter") || !strcmp(name, "sys_exit"));
}

static int report(const struct kview_batch *batch, const struct kview_candidate *candidate)
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

int kview_batch_flush(struct kview_batch *batch)
{
	int ret = ask(batch);

	for (size_t i = 0; i < batch->count && !ret; i++)
		ret = report(batch, &batch->candidates[i]);
	batch->count = 0;
	return ret;
}

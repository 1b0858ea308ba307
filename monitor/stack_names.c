// SPDX-License-Identifier: GPL-2.0-or-later
#include "stack_names.h"

#include <errno.h>
#include <string.h>

#include "frame_name.h"

#define FRAMES_MAX 300 /* twice 127, the thread, and notes about what is missing */

struct frames {
	const char *list[FRAMES_MAX];
	size_t count;
	char *text[FRAMES_MAX]; /* those that are to be freed */
};

static void frames_deinit(struct frames *frames)
{
	for (size_t i = 0; i < frames->count; i++)
		free(frames->text[i]);
}

static void push(struct frames *frames, const char *name)
{
	frames->text[frames->count] = NULL;
	frames->list[frames->count++] = name;
}

static int push_copy(struct frames *frames, const char *name, const char *mark)
{
	char *text;

	if (asprintf(&text, "%s%s", name, mark) < 0)
		return -ENOMEM;
	push(frames, text);
	frames->text[frames->count - 1] = text;
	return 0;
}

/* All but the innermost frame hold where a call returns to, which may belong to the next function. */
static uint64_t code_addr(const __u64 *addrs, size_t i)
{
	return i ? addrs[i] - 1 : addrs[i];
}

static int push_user(struct frames *frames, const struct stack *stack)
{
	char name[IMAGE_NAME_MAX];
	enum frame_kind kind;
	int err = 0;

	for (size_t i = stack->user_count; i-- > 0 && !err;) {
		if (!stack->image) {
			push(frames, "[unknown]");
			continue;
		}
		kind = image_name(stack->image, code_addr(stack->user, i), name);
		err = push_copy(frames, name, kind == FRAME_JIT ? FRAME_MARK_JIT : "");
	}
	return err;
}

static const char *kernel_name(struct stack_names *names, const struct stack *stack, size_t i)
{
	return names->kernel ? symtab_find(names->kernel, code_addr(stack->kernel, i), NULL) : NULL;
}

/* How many innermost frames say only that somebody is recording: bpf_prog_TAG_NAME, bpf_trace_run4, ... */
static size_t tracer_frames(struct stack_names *names, const struct stack *stack)
{
	const char *name;
	size_t count = 0;

	while (stack->tracer && count < stack->kernel_count) {
		name = kernel_name(names, stack, count) ?: "";
		if (strncmp(name, "bpf_", 4) && strncmp(name, "__bpf_", 6) && strncmp(name, "__traceiter_", 12))
			break;
		count++;
	}
	return count;
}

static int push_kernel(struct stack_names *names, struct frames *frames, const struct stack *stack)
{
	size_t first = tracer_frames(names, stack);
	const char *name;
	int err = 0;

	for (size_t i = stack->kernel_count; i-- > first && !err;) {
		name = kernel_name(names, stack, i);
		err = push_copy(frames, name ?: "[kernel]", name ? FRAME_MARK_KERNEL : "");
	}
	return err;
}

int stack_names_init(struct stack_names *names)
{
	int err;

	err = symtab_read_kernel(&names->kernel);
	if (err)
		names->kernel = NULL;
	return err;
}

void stack_names_deinit(struct stack_names *names)
{
	symtab_free(names->kernel);
}

int stack_names_add(struct stack_names *names, const struct stack *stack, uint64_t value, struct flame_tree *tree)
{
	_cleanup_(frames_deinit) struct frames frames = {};
	int err;

	push(&frames, stack->comm[0] ? stack->comm : "[no name]");
	if (stack->truncated)
		push(&frames, FRAME_MISSING);
	if (stack->user_lost)
		push(&frames, "[stack lost]");
	err = push_user(&frames, stack);
	if (!err && stack->kernel_lost)
		push(&frames, "[kernel stack lost]");
	err = err ?: push_kernel(names, &frames, stack);
	return err ?: flame_tree_add(tree, frames.list, frames.count, FLAME_NOW, value);
}

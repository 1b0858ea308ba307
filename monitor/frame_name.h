/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Marks at the end of a frame's name, as folded stacks carry them: where its code comes from. */
#ifndef KVIEW_MONITOR_FRAME_NAME_H
#define KVIEW_MONITOR_FRAME_NAME_H

#include <string.h>

#define FRAME_MARK_KERNEL "_[k]"
#define FRAME_MARK_JIT "_[j]"
#define FRAME_MISSING "[frames missing]"

enum frame_name_kind {
	FRAME_NAME_USER,
	FRAME_NAME_KERNEL,
	FRAME_NAME_JIT,
	FRAME_NAME_MISSING, /* of code whose name is not known: "[...]" */
};

/* A name without its mark. */
struct frame_name {
	const char *text;
	size_t len;
	enum frame_name_kind kind;
};

static inline struct frame_name frame_name_parse(const char *text)
{
	struct frame_name name = { .text = text, .len = strlen(text) };
	const char *end = text + name.len;

	if (name.len > 4 && !strcmp(end - 4, FRAME_MARK_KERNEL))
		name.kind = FRAME_NAME_KERNEL;
	else if (name.len > 4 && !strcmp(end - 4, FRAME_MARK_JIT))
		name.kind = FRAME_NAME_JIT;
	else if (name.len > 2 && *text == '[' && end[-1] == ']')
		name.kind = FRAME_NAME_MISSING;
	if (name.kind == FRAME_NAME_KERNEL || name.kind == FRAME_NAME_JIT)
		name.len -= 4;
	return name;
}

#endif /* KVIEW_MONITOR_FRAME_NAME_H */

// SPDX-License-Identifier: GPL-2.0-or-later
#include "hook.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

int hook_new(uint32_t kind, const char *name, uint64_t value, struct hook **ret_hook, const char *fmt, ...)
{
	_cleanup_(hook_freep) struct hook *hook = calloc(1, sizeof(*hook));
	va_list args;

	if (!hook)
		return -ENOMEM;
	hook->kind = kind;
	hook->value = value;
	va_start(args, fmt);
	if (vasprintf(&hook->label, fmt, args) < 0)
		hook->label = NULL;
	va_end(args);
	if (name)
		hook->name = strdup(name);
	if (!hook->label || (name && !hook->name))
		return -ENOMEM;
	*ret_hook = TAKE_PTR(hook);
	return 0;
}

void hook_free(struct hook *hook)
{
	if (!hook)
		return;
	free(hook->name);
	free(hook->label);
	free(hook);
}

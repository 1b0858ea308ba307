// SPDX-License-Identifier: GPL-2.0-or-later
/* The arguments of system calls, as tracefs declares them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace_format.h"
#include "trace_hooks.h"
#include "util/cleanup.h"

/* Text that is not declared as const. */
static const struct {
	const char *syscall;
	uint8_t args; /* the first ones */
} texts[] = { { "mount", 2 }, { "umount", 1 } };

/* Calls whose return is somewhere else, if there is one. */
static const char *const endless[] = { "exit", "exit_group", "rt_sigreturn" };

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(word, words[i]))
			return true;
	return false;
}

#define IS_ONE_OF(word, words) is_one_of(word, words, sizeof(words) / sizeof((words)[0]))

static bool is_signed(const char *type)
{
	static const char *const types[] = { "int",	"long",	  "pid_t",   "ssize_t", "loff_t",	"off_t", "clockid_t",
					     "timer_t", "mqd_t", "clock_t", "s32",	"key_serial_t", "key_t" };

	return IS_ONE_OF(type, types);
}

static uint8_t size_of(const char *type)
{
	static const char *const types[] = { "int",	"unsigned int", "unsigned",	"pid_t", "clockid_t", "timer_t",
					     "mqd_t",	"u32",		"s32",		"uid_t", "gid_t",     "umode_t",
					     "qid_t",	"key_serial_t", "__u32",	"key_t" };

	return IS_ONE_OF(type, types) ? 4 : 8;
}

static enum trace_show show_of(const struct trace_field *field)
{
	const char *type = field->type, *name = field->name;
	size_t length = strlen(name);

	if (strchr(type, '*'))
		return TRACE_SHOW_HEX;
	if (!strcmp(type, "int") && length >= 3 && !strcmp(name + length - 3, "dfd"))
		return TRACE_SHOW_FOLDER;
	if (!strcmp(type, "umode_t"))
		return TRACE_SHOW_OCTAL;
	if (strstr(name, "flag") || strstr(name, "prot") || strstr(name, "mask") || strstr(name, "addr"))
		return TRACE_SHOW_HEX;
	if (!strcmp(type, "unsigned long") && (!strcmp(name, "start") || !strcmp(name, "arg") || !strcmp(name, "brk")))
		return TRACE_SHOW_HEX;
	if (!strcmp(type, "unsigned int") && (!strcmp(name, "cmd") || !strcmp(name, "fd")))
		return name[0] == 'c' ? TRACE_SHOW_HEX : TRACE_SHOW_SIGNED;
	return is_signed(type) ? TRACE_SHOW_SIGNED : TRACE_SHOW_UNSIGNED;
}

static bool is_text(const char *syscall, size_t index, const char *type)
{
	size_t i;

	if (!strcmp(type, "const char *"))
		return true;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strcmp(syscall, texts[i].syscall) && index < texts[i].args)
			return true;
	return false;
}

/* Text whose length is the next argument does not end with a NUL. */
static void add_text(struct trace_hook *hook, size_t index, bool has_length)
{
	size_t i;

	for (i = 0; i < TRACE_TEXTS; i++) {
		if (hook->info.texts[i].arg)
			continue;
		hook->info.texts[i] = (struct trace_text_arg){ .arg = index + 1, .length = has_length ? index + 2 : 0 };
		hook->params[index].show = TRACE_SHOW_TEXT;
		return;
	}
}

static void describe(struct trace_hook *hook, const struct trace_field *fields, size_t count)
{
	struct trace_param param = {};
	size_t i;

	for (i = 0; i < count; i++) {
		param.size = size_of(fields[i].type);
		param.show = show_of(&fields[i]);
		if (trace_hook_add_param(hook, fields[i].name, &param))
			return;
		if (is_text(hook->name, i, fields[i].type))
			add_text(hook, i, i + 1 < count && !strcmp(fields[i + 1].type, "size_t"));
	}
}

static void describe_hook(struct trace_hook *hook)
{
	struct trace_field fields[TRACE_ARGS], field;
	_cleanup_(fclosep) FILE *file = NULL;
	bool begun = false;
	size_t count = 0;
	char event[128];

	snprintf(event, sizeof(event), "syscalls/sys_enter_%s", hook->name);
	file = trace_format_open(event);
	/* What all events have comes first, and the number. */
	while (file && count < TRACE_ARGS && trace_format_next(file, &field)) {
		if (begun)
			fields[count++] = field;
		else
			begun = !strcmp(field.name, "__syscall_nr");
	}
	describe(hook, fields, count);
	hook->info.result = TRACE_RESULT_LONG;
	hook->info.endless = IS_ONE_OF(hook->name, endless);
}

void trace_describe_syscalls(struct trace_hooks *hooks)
{
	size_t i;

	for (i = 0; i < hooks->count; i++)
		if (hooks->list[i].kind == TRACE_KIND_SYSCALL)
			describe_hook(&hooks->list[i]);
}

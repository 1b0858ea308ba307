// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a program's section name says: the kind of hook and its target. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

static const char why_no_target[] = "the section name does not say where to attach: write kprobe/FUNCTION, "
				    "ksyscall/NAME, tracepoint/syscalls/sys_enter_NAME or raw_tp/sys_enter";
static const char why_not_yet[] = "not supported yet: kview knows kprobe, kretprobe, ksyscall, kretsyscall, fentry, fexit, "
				  "tracepoint/syscalls/sys_enter_NAME and sys_exit_NAME, raw_tp/sys_enter and sys_exit";
static const char why_sleepable[] = "not supported: the program may sleep, and must not there";
static const char why_decides[] = "not supported: such a program decides what happens, and kview's programs watch";

static int no_target(struct kview_section *section)
{
	section->why = why_no_target;
	return -EINVAL;
}

static int refuse(struct kview_section *section, const char *why)
{
	section->why = why;
	return -EOPNOTSUPP;
}

static const char *skip_prefix(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) ? NULL : text + len;
}

static bool is_symbol(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_' && *c != '.')
			return false;
	return name[0];
}

static int take_symbol(struct kview_section *section, enum kview_kind kind, const char *prefix, const char *name)
{
	if (!name[0])
		return no_target(section);
	if (!is_symbol(name)) {
		section->why = "this is not a name the kernel could have";
		return -EINVAL;
	}
	section->kind = kind;
	return asprintf(&section->name, "%s%s", prefix, name) < 0 ? -ENOMEM : 0;
}

static int parse_kprobe(const char *target, struct kview_section *section)
{
	if (strchr(target, '+'))
		return refuse(section, "not supported yet: kview attaches at a function's entry, not at an offset");
	return take_symbol(section, KVIEW_KIND_ENTRY, "", target);
}

static int parse_kretprobe(const char *target, struct kview_section *section)
{
	if (strchr(target, '+')) {
		section->why = "a function returns as a whole: name it without an offset";
		return -EINVAL;
	}
	return take_symbol(section, KVIEW_KIND_RETURN, "", target);
}

static int parse_ksyscall(const char *target, struct kview_section *section)
{
	return take_symbol(section, KVIEW_KIND_ENTRY, "__x64_sys_", target);
}

static int parse_kretsyscall(const char *target, struct kview_section *section)
{
	return take_symbol(section, KVIEW_KIND_RETURN, "__x64_sys_", target);
}

/* The function is what the program was loaded for, which need not be what the section says. */
static int parse_fentry(const char *target, struct kview_section *section)
{
	(void)target;
	section->kind = KVIEW_KIND_FENTRY;
	return 0;
}

static int parse_fexit(const char *target, struct kview_section *section)
{
	(void)target;
	section->kind = KVIEW_KIND_FEXIT;
	return 0;
}

static int parse_sleepable(const char *target, struct kview_section *section)
{
	(void)target;
	return refuse(section, why_sleepable);
}

static int parse_deciding(const char *target, struct kview_section *section)
{
	(void)target;
	return refuse(section, why_decides);
}

static int parse_tracepoint(const char *target, struct kview_section *section)
{
	const char *event, *name;

	if (skip_prefix(target, "raw_syscalls/"))
		return refuse(section, "not supported yet: use raw_tp/sys_enter or raw_tp/sys_exit");
	if (!strchr(target, '/'))
		return no_target(section);
	event = skip_prefix(target, "syscalls/");
	if (!event)
		return refuse(section, "not supported yet: of the tracepoints, kview knows those of system calls");
	if ((name = skip_prefix(event, "sys_enter_")))
		return take_symbol(section, KVIEW_KIND_TP_ENTER, "", name);
	if ((name = skip_prefix(event, "sys_exit_")))
		return take_symbol(section, KVIEW_KIND_TP_EXIT, "", name);
	return no_target(section);
}

static int parse_raw(const char *target, struct kview_section *section)
{
	if (!target[0])
		return no_target(section);
	if (!strcmp(target, "sys_enter"))
		section->kind = KVIEW_KIND_RAW_ENTER;
	else if (!strcmp(target, "sys_exit"))
		section->kind = KVIEW_KIND_RAW_EXIT;
	else
		return refuse(section, "not supported yet: of the raw tracepoints, kview knows sys_enter and sys_exit");
	section->name = strdup("*");
	return section->name ? 0 : -ENOMEM;
}

static const struct section_rule {
	const char *type;
	int (*parse)(const char *target, struct kview_section *section);
} rules[] = {
	{ "kprobe", parse_kprobe },	    { "kretprobe", parse_kretprobe },
	{ "ksyscall", parse_ksyscall },	    { "kretsyscall", parse_kretsyscall },
	{ "fentry", parse_fentry },	    { "fexit", parse_fexit },
	{ "fentry.s", parse_sleepable },    { "fexit.s", parse_sleepable },
	{ "fmod_ret", parse_deciding },	    { "fmod_ret.s", parse_deciding },
	{ "lsm", parse_deciding },	    { "lsm.s", parse_deciding },
	{ "tracepoint", parse_tracepoint }, { "tp", parse_tracepoint },
	{ "raw_tracepoint", parse_raw },    { "raw_tp", parse_raw },
};

int kview_section_parse(const char *name, struct kview_section *ret_section)
{
	*ret_section = (struct kview_section){};
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		const char *rest = skip_prefix(name, rules[i].type);

		if (rest && (rest[0] == '/' || !rest[0]))
			return rules[i].parse(rest[0] ? rest + 1 : rest, ret_section);
	}
	return refuse(ret_section, why_not_yet);
}

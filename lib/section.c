// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a program's section name says: the kind of hook and its target. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

static const char why_no_target[] = "the section name does not say where to attach: write kprobe/FUNCTION, "
				    "ksyscall/NAME, tracepoint/CATEGORY/NAME or raw_tp/NAME";
static const char why_not_yet[] = "not supported yet: kview knows kprobe, kretprobe, ksyscall, kretsyscall, kprobe.multi, "
				  "kretprobe.multi, kprobe.session, fentry, fexit, tracepoint, raw_tp and tp_btf";
static const char why_sleepable[] = "not supported: the program may sleep, and must not there";
static const char why_decides[] = "not supported: such a program decides what happens, and kview's programs watch";
static const char why_writes[] = "not supported: such a program changes what the kernel works with, and kview's programs watch";
static const char why_user[] = "not supported: this is a function of a program, and kview hooks the kernel";

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

static bool is_symbol(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '_' && name[i] != '.')
			return false;
	return len;
}

static int not_a_name(struct kview_section *section)
{
	section->why = "this is not a name the kernel could have";
	return -EINVAL;
}

static int take_symbol(struct kview_section *section, enum kview_kind kind, const char *prefix, const char *name)
{
	if (!name[0])
		return no_target(section);
	if (!is_symbol(name, strlen(name)))
		return not_a_name(section);
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

/* A shell pattern, or a name. */
static int take_pattern(struct kview_section *section, enum kview_kind kind, const char *pattern)
{
	if (!pattern[0])
		return no_target(section);
	for (const char *c = pattern; *c; c++)
		if (!is_symbol(c, 1) && !strchr("*?[]!^-", *c))
			return not_a_name(section);
	section->kind = kind;
	section->multi = true;
	section->name = strdup(pattern);
	return section->name ? 0 : -ENOMEM;
}

static int parse_kprobe_multi(const char *target, struct kview_section *section)
{
	return take_pattern(section, KVIEW_KIND_ENTRY, target);
}

static int parse_kretprobe_multi(const char *target, struct kview_section *section)
{
	return take_pattern(section, KVIEW_KIND_RETURN, target);
}

static int parse_kprobe_session(const char *target, struct kview_section *section)
{
	return take_pattern(section, KVIEW_KIND_SESSION, target);
}

static int parse_ksyscall(const char *target, struct kview_section *section)
{
	return take_symbol(section, KVIEW_KIND_ENTRY, "__x64_sys_", target);
}

static int parse_kretsyscall(const char *target, struct kview_section *section)
{
	return take_symbol(section, KVIEW_KIND_RETURN, "__x64_sys_", target);
}

/* "sched/sched_switch" */
static int take_event(struct kview_section *section, const char *target)
{
	const char *slash = strchr(target, '/');

	if (!slash || !slash[1])
		return no_target(section);
	if (!is_symbol(target, slash - target) || !is_symbol(slash + 1, strlen(slash + 1)))
		return not_a_name(section);
	section->kind = KVIEW_KIND_TP;
	section->name = strdup(target);
	return section->name ? 0 : -ENOMEM;
}

static int parse_tracepoint(const char *target, struct kview_section *section)
{
	const char *name;

	if ((name = skip_prefix(target, "syscalls/sys_enter_")))
		return take_symbol(section, KVIEW_KIND_TP_ENTER, "", name);
	if ((name = skip_prefix(target, "syscalls/sys_exit_")))
		return take_symbol(section, KVIEW_KIND_TP_EXIT, "", name);
	return take_event(section, target);
}

/* The two of system calls have hooks of their own: the tracepoints can only be switched on for the whole machine. */
static int parse_raw(const char *target, struct kview_section *section)
{
	if (!strcmp(target, "sys_enter"))
		section->kind = KVIEW_KIND_RAW_ENTER;
	else if (!strcmp(target, "sys_exit"))
		section->kind = KVIEW_KIND_RAW_EXIT;
	else
		return take_symbol(section, KVIEW_KIND_RAW_TP, "", target);
	section->name = strdup("*");
	return section->name ? 0 : -ENOMEM;
}

/* What is before the slash. Without @parse and @why the target is what the program was loaded for, not what follows. */
static const struct section_rule {
	const char *type;
	int (*parse)(const char *target, struct kview_section *section);
	enum kview_kind kind;
	const char *why;
} rules[] = {
	{ "kprobe", .parse = parse_kprobe },
	{ "kretprobe", .parse = parse_kretprobe },
	{ "kprobe.multi", .parse = parse_kprobe_multi },
	{ "kretprobe.multi", .parse = parse_kretprobe_multi },
	{ "kprobe.session", .parse = parse_kprobe_session },
	{ "ksyscall", .parse = parse_ksyscall },
	{ "kretsyscall", .parse = parse_kretsyscall },
	{ "tracepoint", .parse = parse_tracepoint },
	{ "tp", .parse = parse_tracepoint },
	{ "raw_tracepoint", .parse = parse_raw },
	{ "raw_tp", .parse = parse_raw },
	{ "fentry", .kind = KVIEW_KIND_FENTRY },
	{ "fexit", .kind = KVIEW_KIND_FEXIT },
	{ "tp_btf", .kind = KVIEW_KIND_TP_BTF },
	{ "fentry.s", .why = why_sleepable },
	{ "fexit.s", .why = why_sleepable },
	{ "fmod_ret", .why = why_decides },
	{ "fmod_ret.s", .why = why_decides },
	{ "lsm", .why = why_decides },
	{ "lsm.s", .why = why_decides },
	{ "raw_tracepoint.w", .why = why_writes },
	{ "raw_tp.w", .why = why_writes },
	{ "uprobe", .why = why_user },
	{ "uretprobe", .why = why_user },
	{ "usdt", .why = why_user },
};

static int apply(const struct section_rule *rule, const char *target, struct kview_section *section)
{
	if (rule->why)
		return refuse(section, rule->why);
	if (rule->parse)
		return rule->parse(target, section);
	section->kind = rule->kind;
	return 0;
}

int kview_section_parse(const char *name, struct kview_section *ret_section)
{
	*ret_section = (struct kview_section){};
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		const char *rest = skip_prefix(name, rules[i].type);

		if (rest && (rest[0] == '/' || !rest[0]))
			return apply(&rules[i], rest[0] ? rest + 1 : rest, ret_section);
	}
	return refuse(ret_section, why_not_yet);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Section names: what they hook, or why not. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/internal.h"
#include "unit.h"

static const struct {
	const char *section;
	enum kview_kind kind;
	const char *name;
} good[] = {
	{ "kprobe/vfs_read", KVIEW_KIND_ENTRY, "vfs_read" },
	{ "kprobe/__do_sys_x.constprop.0", KVIEW_KIND_ENTRY, "__do_sys_x.constprop.0" },
	{ "ksyscall/read", KVIEW_KIND_ENTRY, "__x64_sys_read" },
	{ "kretprobe/vfs_read", KVIEW_KIND_RETURN, "vfs_read" },
	{ "kretsyscall/read", KVIEW_KIND_RETURN, "__x64_sys_read" },
	{ "kprobe.multi/vfs_*", KVIEW_KIND_ENTRY, "vfs_*" },
	{ "kretprobe.multi/vfs_rea[!d]", KVIEW_KIND_RETURN, "vfs_rea[!d]" },
	{ "kprobe.session/vfs_read?", KVIEW_KIND_SESSION, "vfs_read?" },
	{ "fentry/vfs_read", KVIEW_KIND_FENTRY, NULL },
	{ "fexit/vfs_read", KVIEW_KIND_FEXIT, NULL },
	{ "fexit", KVIEW_KIND_FEXIT, NULL }, /* with bpf_program__set_attach_target() */
	{ "tracepoint/syscalls/sys_enter_read", KVIEW_KIND_TP_ENTER, "read" },
	{ "tracepoint/syscalls/sys_exit_newfstat", KVIEW_KIND_TP_EXIT, "newfstat" },
	{ "tp/syscalls/sys_enter_openat2", KVIEW_KIND_TP_ENTER, "openat2" },
	{ "raw_tp/sys_enter", KVIEW_KIND_RAW_ENTER, "*" },
	{ "raw_tracepoint/sys_exit", KVIEW_KIND_RAW_EXIT, "*" },
	{ "raw_tp/sched_switch", KVIEW_KIND_RAW_TP, "sched_switch" },
	{ "raw_tracepoint/sys_enter_or_so", KVIEW_KIND_RAW_TP, "sys_enter_or_so" },
	{ "tp_btf/sched_switch", KVIEW_KIND_TP_BTF, NULL },
	{ "tp_btf", KVIEW_KIND_TP_BTF, NULL },
	{ "tp/sched/sched_switch", KVIEW_KIND_TP, "sched/sched_switch" },
	{ "tracepoint/raw_syscalls/sys_enter", KVIEW_KIND_TP, "raw_syscalls/sys_enter" },
};

static const struct {
	const char *section;
	int err;
	const char *why; /* part of the sentence */
} bad[] = {
	{ "kprobe", -EINVAL, "does not say where" },
	{ "kprobe/", -EINVAL, "does not say where" },
	{ "kprobe/vfs read", -EINVAL, "not a name" },
	{ "kprobe/\xff", -EINVAL, "not a name" },
	{ "kprobe/vfs_read+0x10", -EOPNOTSUPP, "not at an offset" },
	{ "ksyscall", -EINVAL, "does not say where" },
	{ "tp", -EINVAL, "does not say where" },
	{ "tracepoint/syscalls", -EINVAL, "does not say where" },
	{ "tracepoint/syscalls/", -EINVAL, "does not say where" },
	{ "tracepoint/syscalls/sys_enter_", -EINVAL, "does not say where" },
	{ "tracepoint/sched_switch", -EINVAL, "does not say where" },
	{ "tp//sched_switch", -EINVAL, "not a name" },
	{ "tp/sched/sched/switch", -EINVAL, "not a name" },
	{ "tp/../events/sched/sched_switch", -EINVAL, "not a name" },
	{ "raw_tp", -EINVAL, "does not say where" },
	{ "raw_tp/sched/sched_switch", -EINVAL, "not a name" },
	{ "raw_tp.w/nbd_send_request", -EOPNOTSUPP, "changes what the kernel works with" },
	{ "raw_tracepoint.w/nbd_send_request", -EOPNOTSUPP, "changes what the kernel works with" },
	{ "uprobe/malloc", -EOPNOTSUPP, "kview hooks the kernel" },
	{ "usdt", -EOPNOTSUPP, "kview hooks the kernel" },
	{ "kretprobe", -EINVAL, "does not say where" },
	{ "kretprobe/vfs_read+0x10", -EINVAL, "without an offset" },
	{ "kretsyscall/", -EINVAL, "does not say where" },
	{ "kprobe.multi", -EINVAL, "does not say where" },
	{ "kprobe.multi/", -EINVAL, "does not say where" },
	{ "kprobe.multi/vfs_*;", -EINVAL, "not a name" },
	{ "kprobe.multiple/vfs_*", -EOPNOTSUPP, "not supported yet" },
	{ "kprobes/vfs_read", -EOPNOTSUPP, "not supported yet" },
	{ "fentry.s/vfs_read", -EOPNOTSUPP, "may sleep" },
	{ "fexit.s/vfs_read", -EOPNOTSUPP, "may sleep" },
	{ "fmod_ret/vfs_read", -EOPNOTSUPP, "decides" },
	{ "lsm/file_open", -EOPNOTSUPP, "decides" },
	{ "lsm.s/file_open", -EOPNOTSUPP, "decides" },
	{ "freplace/other", -EOPNOTSUPP, "not supported yet" },
	{ "", -EOPNOTSUPP, "not supported yet" },
};

static void good_sections(void **state)
{
	struct kview_section section;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(kview_section_parse(good[i].section, &section), 0);
		assert_int_equal(section.kind, good[i].kind);
		assert_int_equal(section.multi, !!strpbrk(good[i].section, "*?["));
		if (good[i].name)
			assert_string_equal(section.name, good[i].name);
		else
			assert_null(section.name);
		free(section.name);
	}
}

static void bad_sections(void **state)
{
	struct kview_section section;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(kview_section_parse(bad[i].section, &section), bad[i].err);
		assert_null(section.name);
		assert_non_null(strstr(section.why, bad[i].why));
	}
}

static void kinds(void **state)
{
	enum kview_kind kind, back, other;

	(void)state;
	for (kind = KVIEW_KIND_ENTRY; kind <= KVIEW_KIND_SESSION; kind++) {
		assert_int_equal(kview_kind_from_uapi(kview_kind_info(kind)->uapi, &back), 0);
		assert_int_equal(back, kind);
		assert_string_not_equal(kview_kind_name(kind), "unknown");
		assert_true(kview_kind_info(kind)->feature);
		for (other = KVIEW_KIND_ENTRY; other < kind; other++)
			assert_string_not_equal(kview_kind_name(kind), kview_kind_name(other));
	}
	assert_string_equal(kview_kind_name(KVIEW_KIND_SESSION + 1), "unknown");
	assert_int_equal(kview_kind_from_uapi(0, &kind), -EPROTO);
	assert_int_equal(kview_kind_from_uapi(1000, &kind), -EPROTO);
	assert_string_equal(kview_kind_name(77), "unknown");
	assert_string_equal(kview_mode_name(77), "unknown");
	assert_string_equal(kview_mode_name(KVIEW_MODE_ORDINARY), "ordinary");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_sections),
		cmocka_unit_test(bad_sections),
		cmocka_unit_test(kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}

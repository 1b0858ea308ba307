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
	{ "fentry/vfs_read", KVIEW_KIND_FENTRY, NULL },
	{ "fexit/vfs_read", KVIEW_KIND_FEXIT, NULL },
	{ "fexit", KVIEW_KIND_FEXIT, NULL }, /* with bpf_program__set_attach_target() */
	{ "tracepoint/syscalls/sys_enter_read", KVIEW_KIND_TP_ENTER, "read" },
	{ "tracepoint/syscalls/sys_exit_newfstat", KVIEW_KIND_TP_EXIT, "newfstat" },
	{ "tp/syscalls/sys_enter_openat2", KVIEW_KIND_TP_ENTER, "openat2" },
	{ "raw_tp/sys_enter", KVIEW_KIND_RAW_ENTER, "*" },
	{ "raw_tracepoint/sys_exit", KVIEW_KIND_RAW_EXIT, "*" },
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
	{ "tracepoint/syscalls/read", -EINVAL, "does not say where" },
	{ "tracepoint/sched/sched_switch", -EOPNOTSUPP, "those of system calls" },
	{ "tp/raw_syscalls/sys_enter", -EOPNOTSUPP, "use raw_tp/sys_enter" },
	{ "raw_tp", -EINVAL, "does not say where" },
	{ "raw_tp/sched_switch", -EOPNOTSUPP, "sys_enter and sys_exit" },
	{ "raw_tp.w/sys_enter", -EOPNOTSUPP, "not supported yet" },
	{ "kretprobe", -EINVAL, "does not say where" },
	{ "kretprobe/vfs_read+0x10", -EINVAL, "without an offset" },
	{ "kretsyscall/", -EINVAL, "does not say where" },
	{ "kprobe.multi/vfs_*", -EOPNOTSUPP, "not supported yet" },
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
	enum kview_kind kind;

	(void)state;
	for (uint32_t uapi = KVIEW_HOOK_ENTRY; uapi <= KVIEW_HOOK_FEXIT; uapi++) {
		assert_int_equal(kview_kind_from_uapi(uapi, &kind), 0);
		assert_int_equal(kview_kind_uapi(kind), uapi);
		assert_string_not_equal(kview_kind_name(kind), "unknown");
	}
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

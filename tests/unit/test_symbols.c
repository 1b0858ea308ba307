// SPDX-License-Identifier: GPL-2.0-or-later
/* /proc/kallsyms and ftrace's list, from files of our own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/internal.h"
#include "unit.h"

static void check_tracepoints(const struct kview_symbols *symbols)
{
	assert_int_equal(symbols->tracepoint_count, 2);
	assert_string_equal(symbols->tracepoints[0].name, "ext4_sync");
	assert_true(symbols->tracepoints[0].in_module);
	assert_string_equal(symbols->tracepoints[1].name, "sched_switch");
	assert_false(symbols->tracepoints[1].in_module);
	assert_non_null(kview_symbols_find_tracepoint(symbols, "sched_switch"));
	assert_null(kview_symbols_find_tracepoint(symbols, "sched_switc"));
}

static void kallsyms(void **state)
{
	static const struct kview_symbol expected[] = {
		{ "_text", 0xffffffff81000000, false, false },
		{ "a_truly_last", 0xffffffff81000b00, false, false },
		{ "bpf_prog_0123456789abcdef_x", 0xffffffffc0001200, true, false },
		{ "gone_after_boot", 0xffffffff83000000, false, false },
		{ "last_without_newline", 0xffffffff81000a00, false, false },
		{ "local_helper", 0xffffffff81000200, false, false },
		{ "module_function", 0xffffffffc0001000, true, false },
		{ "twice", 0xffffffff81000300, false, false },
		{ "twice", 0xffffffff81000400, false, false },
		{ "twice", 0xffffffffc0001100, true, false },
		{ "vfs_read", 0xffffffff81000100, false, false },
		{ "weak_one", 0xffffffff81000600, false, true },
	};
	struct kview_symbols symbols;

	(void)state;
	assert_int_equal(kview_symbols_read(FIXTURE("kallsyms"), NULL, &symbols), 0);
	assert_int_equal(symbols.text_start, 0xffffffff81000000);
	assert_int_equal(symbols.text_end, 0xffffffff82000000);
	assert_int_equal(symbols.count, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_string_equal(symbols.symbols[i].name, expected[i].name);
		assert_int_equal(symbols.symbols[i].addr, expected[i].addr);
		assert_int_equal(symbols.symbols[i].in_module, expected[i].in_module);
		assert_int_equal(symbols.symbols[i].weak, expected[i].weak);
		assert_non_null(kview_symbols_find(&symbols, expected[i].name));
	}
	assert_null(kview_symbols_find(&symbols, "vfs_raed"));
	assert_null(kview_symbols_find(&symbols, "zzz"));
	assert_null(kview_symbols_find(&symbols, ""));
	check_tracepoints(&symbols);
	kview_symbols_deinit(&symbols);
}

static void ftrace(void **state)
{
	struct kview_names names;

	(void)state;
	assert_int_equal(kview_names_read(FIXTURE("available_filter_functions"), &names), 0);
	assert_int_equal(names.count, 5);
	assert_true(kview_names_have(&names, "vfs_read"));
	assert_true(kview_names_have(&names, "module_function"));
	assert_false(kview_names_have(&names, "module_function [ext4]"));
	assert_false(kview_names_have(&names, "weak_one"));
	kview_names_deinit(&names);
}

static void events(void **state)
{
	struct kview_names names;

	(void)state;
	assert_int_equal(kview_names_read_events(FIXTURE("available_events"), &names), 0);
	assert_int_equal(names.count, 2);
	assert_true(kview_names_have(&names, "raw_syscalls/sys_enter"));
	assert_true(kview_names_have(&names, "sched/sched_switch"));
	kview_names_deinit(&names);
}

static void no_file(void **state)
{
	struct kview_symbols symbols;
	struct kview_names names;
	unsigned int number;
	char *text;

	(void)state;
	assert_int_equal(kview_symbols_read("/nowhere", NULL, &symbols), -ENOENT);
	assert_int_equal(kview_names_read("/nowhere", &names), -ENOENT);
	assert_int_equal(kview_file_read("/", &text), -EISDIR);
	assert_int_equal(kview_file_read_number(FIXTURE("kallsyms") ".missing", &number), -ENOENT);
	assert_int_equal(kview_file_read_number(FIXTURE("available_filter_functions"), &number), -EINVAL);
}

static void some_symbols(void **state)
{
	struct kview_symbols symbols;

	(void)state;
	assert_int_equal(kview_symbols_read(FIXTURE("kallsyms"), "t*[ce]", &symbols), 0);
	assert_int_equal(symbols.count, 3);
	assert_string_equal(symbols.symbols[2].name, "twice");
	assert_int_equal(symbols.text_end, 0xffffffff82000000);
	kview_symbols_deinit(&symbols);
}

static void empty_file(void **state)
{
	struct kview_symbols symbols;

	(void)state;
	assert_int_equal(kview_symbols_read("/dev/null", NULL, &symbols), 0);
	assert_int_equal(symbols.count, 0);
	assert_null(kview_symbols_find(&symbols, "vfs_read"));
	kview_symbols_deinit(&symbols);
}

static void system_calls(void **state)
{
	static const struct {
		int number;
		const char *name;
	} expected[] = {
		{ 0, "read" },	    { 1, "write" },	  { 4, "newstat" },  { 16, "ioctl" }, { 40, "sendfile64" },
		{ 59, "execve" },   { 63, "newuname" },	  { 166, "umount" }, { 257, "openat" }, { 262, "newfstatat" },
		{ 291, "epoll_create1" }, { 425, "io_uring_setup" }, { 435, "clone3" }, { 462, "mseal" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_string_equal(kview_syscall_name(expected[i].number), expected[i].name);
		assert_int_equal(kview_syscall_number(expected[i].name), expected[i].number);
	}
	assert_null(kview_syscall_name(400)); /* a gap: numbers above 424 are those of all architectures */
	assert_null(kview_syscall_name(kview_syscall_end()));
	assert_null(kview_syscall_name(~0U));
	assert_int_equal(kview_syscall_number("raed"), -ENOENT);
	assert_int_equal(kview_syscall_number("stat"), -ENOENT);
	assert_true(kview_syscall_end() <= KVIEW_SYSCALL_MAX);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(kallsyms), cmocka_unit_test(ftrace),	  cmocka_unit_test(events),
		cmocka_unit_test(no_file),  cmocka_unit_test(empty_file), cmocka_unit_test(system_calls),
		cmocka_unit_test(some_symbols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* kview exec's tables: every type of program, and what to do about every refusal. */
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <string.h>
#include <uapi/kview.h>

#include "exec/advice.h"
#include "exec/programs.h"
#include "unit.h"

/* As libbpf and bpftool call them; libbpf is older than the newest type. */
static void names(void **state)
{
	const char *name;

	(void)state;
	for (uint32_t type = 0; type < PROGRAM_TYPES; type++) {
		name = libbpf_bpf_prog_type_str(type);
		assert_non_null(program_type_name(type));
		if (name)
			assert_string_equal(program_type_name(type), name);
	}
	assert_string_equal(program_type_name(32), "netfilter");
	assert_string_equal(program_type_name(PROGRAM_TYPES), "unknown");
}

static void has_reach(enum program_reach reach, const uint32_t *types, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_int_equal(program_reach(types[i]), reach);
}

static void reach(void **state)
{
	static const uint32_t events[] = {
		BPF_PROG_TYPE_KPROBE, BPF_PROG_TYPE_TRACEPOINT, BPF_PROG_TYPE_PERF_EVENT, BPF_PROG_TYPE_RAW_TRACEPOINT,
		BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, BPF_PROG_TYPE_TRACING,
	};
	static const uint32_t unseen[] = {
		BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_SCHED_ACT, BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_LWT_IN,
		BPF_PROG_TYPE_LWT_OUT, BPF_PROG_TYPE_LWT_XMIT, BPF_PROG_TYPE_LWT_SEG6LOCAL, BPF_PROG_TYPE_STRUCT_OPS,
	};
	static const uint32_t caller[] = { BPF_PROG_TYPE_UNSPEC, BPF_PROG_TYPE_SYSCALL };
	unsigned int machine = 0;

	(void)state;
	has_reach(REACH_EVENTS, events, COUNT(events));
	has_reach(REACH_UNSEEN, unseen, COUNT(unseen));
	has_reach(REACH_CALLER, caller, COUNT(caller));
	for (uint32_t type = 0; type < PROGRAM_TYPES; type++)
		machine += program_reach(type) == REACH_MACHINE;
	assert_int_equal(machine, PROGRAM_TYPES - COUNT(events) - COUNT(unseen) - COUNT(caller));
	/* What we have not heard of may do anything. */
	assert_int_equal(program_reach(PROGRAM_TYPES), REACH_MACHINE);
}

/* Reasons for which a process, not a link, is refused. */
static bool is_of_members(uint32_t why)
{
	return (why >= KVIEW_WHY_NO_PROCESS && why <= KVIEW_WHY_NOT_MEMBER) || why == KVIEW_WHY_NO_CGROUP ||
	       (why >= KVIEW_WHY_NO_THREAD && why <= KVIEW_WHY_TOO_MANY_THREADS);
}

/* The last resort is what stands for an unknown reason; for some it is the only one. */
static bool needs_tool_by_itself(uint32_t why)
{
	return why == KVIEW_WHY_PROG_OVERRIDE || why == KVIEW_WHY_NOT_IN_KERNEL || why == KVIEW_WHY_TP_GLOBAL;
}

static void advice(void **state)
{
	const char *last_resort = advice_todo(KVIEW_WHY_NONE);
	unsigned int reasons = 0;

	(void)state;
	assert_null(advice_why(KVIEW_WHY_NONE));
	for (uint32_t why = 1; why < 256; why++) {
		if (!advice_why(why))
			continue;
		reasons++;
		assert_null(strchr(advice_todo(why), '\n'));
		if (is_of_members(why))
			continue;
		if (!strcmp(advice_todo(why), last_resort) != needs_tool_by_itself(why))
			fail_msg("%s: %s", advice_why(why), advice_todo(why));
	}
	assert_true(reasons >= KVIEW_WHY_NO_CGROUP + KVIEW_WHY_TOO_MANY_PROGRAMS - KVIEW_WHY_NO_TRACEPOINT + 1);
}

/* What the library tells those who load programs is of no use to those who run a tool. */
static void for_users_of_tools(void **state)
{
	(void)state;
	for (uint32_t why = 1; why < 256; why++)
		if (advice_why(why))
			assert_null(strstr(advice_why(why), "kview_"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(reach),
		cmocka_unit_test(advice),
		cmocka_unit_test(for_users_of_tools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

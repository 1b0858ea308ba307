// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 300
/* Which of the kernel's tracepoints can be hooked: at least 95 of 100 that any code calls; the rest says why not. */
#include "testlib.h"
#include "tracepoints.h"

static unsigned int count(const struct tracepoints *all, __u32 reason)
{
	unsigned int n = 0;

	for (size_t i = 0; i < all->count; i++)
		n += all->list[i].reason == reason;
	return n;
}

static void nearly_all(void)
{
	struct tracepoints all = tracepoints_all();
	unsigned int hooked = count(&all, KVIEW_WHY_NONE), called;

	called = all.count - count(&all, KVIEW_WHY_TP_UNUSED);
	for (size_t i = 0; i < all.count; i++) {
		const struct tracepoint *tp = &all.list[i];

		if (tp->reason != KVIEW_WHY_NONE && tp->reason != KVIEW_WHY_TP_UNUSED)
			test_note("%s: %s", tp->name, kv_reason_name(tp->reason));
	}
	test_note("%u of %u tracepoints with places can be hooked; %u are called by nobody", hooked, called,
		  (unsigned int)all.count - called);
	tracepoint_need("sched_switch");
	CHECK(all.count > 600);
	CHECK(hooked * 100 >= called * 95);
}

static void unknown(void)
{
	CHECK_EQUAL(tracepoint_reason("no_such_tracepoint"), KVIEW_WHY_NO_TRACEPOINT);
	CHECK_EQUAL(tracepoint_reason(""), KVIEW_WHY_NO_TRACEPOINT);
	CHECK_EQUAL(tracepoint_reason("page_fault_user"), KVIEW_WHY_TP_GLOBAL);
	CHECK_EQUAL(tracepoint_reason("sys_enter"), KVIEW_WHY_NONE);
	tracepoint_need("sched_switch");
	CHECK_EQUAL(tracepoint_reason("sched_switch"), KVIEW_WHY_NONE);
}

TEST_MAIN(TEST_CASE(nearly_all), TEST_CASE(unknown))

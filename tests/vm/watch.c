// SPDX-License-Identifier: GPL-2.0-or-later
#include "watch.h"

#include "testlib.h"

struct watch watch;

void watch_new(void)
{
	watch.counter = counter_new(BPF_PROG_TYPE_KPROBE);
	watch.view = kv_view();
	watch.link = kv_entry(watch.view, watch.counter.prog, WATCH_FUNCTION);
}

void watch_expect(uint64_t calls)
{
	CHECK_EQUAL(*watch.counter.value, calls);
	*watch.counter.value = 0;
}

uint32_t watch_members(void)
{
	return kv_view_info(watch.view).members;
}

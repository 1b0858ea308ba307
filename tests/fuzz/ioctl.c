// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzes the module's ioctls.
 *
 * Threads of one process make requests that are valid but for some bytes, on descriptors the others close under them and
 * from memory the others write to, about processes that fork, exec and exit meanwhile and hold descriptors, too. When
 * all are gone the module must hold nothing and work as before.
 *
 * KVIEW_FUZZ_SECONDS: for how long (20). KVIEW_FUZZ_SEED: to make the same choices as an earlier run.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "ioctl_requests.h"
#include "ioctl_stock.h"
#include "tests/vm/cgroups.h"
#include "tests/vm/programs.h"
#include "tests/vm/storm.h"
#include "tests/vm/subject.h"
#include "tests/vm/testlib.h"

#define THREADS 4

static atomic_bool stop;

/* What goes on beside requests. */
static void disturb(void)
{
	switch (below(16)) {
	case 0:
	case 1:
		stock_replace_process();
		break;
	case 2:
		stock_open_device();
		break;
	case 3:
	case 4:
		stock_duplicate();
		break;
	case 5:
	case 6:
		stock_keep(below(PIDFDS - VIEWS) + VIEWS, -1);
		break;
	case 7:
		storm_calls();
		break;
	case 8:
		stock_move();
		break;
	default:
		request_scribble();
	}
}

static void *work(void *number)
{
	chance_seed((uintptr_t)number);
	while (!stop)
		once_in(4) ? disturb() : request_make();
	return NULL;
}

static void fuzz(void)
{
	long seconds = test_parameter("KVIEW_FUZZ_SECONDS", 20);
	long number = test_parameter("KVIEW_FUZZ_SEED", time(NULL));
	pthread_t threads[THREADS];

	test_note("KVIEW_FUZZ_SEED=%ld", number);
	request_set_up();
	stock_fill();
	storm_begin();
	for (int i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&threads[i], NULL, work, (void *)(number * THREADS + i)));
	sleep(seconds);
	stop = true;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	storm_end();
	request_report(seconds);
}

/* The module still does its work. */
static void works_afterwards(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	struct subject member = subject_new(2);
	int view = kv_view(), link = kv_entry(view, counter.prog, "__x64_sys_getppid");

	kv_member(view, member.pid);
	subject_call(&member, 500);
	CHECK_EQUAL(*counter.value, 1000);
	CHECK_EQUAL(kv_link_info(link).runs, 1000);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST_CASE(fuzz), TEST_CASE(works_afterwards) };

	storm_main(argc, argv);
	test_undo = cgroup_undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}

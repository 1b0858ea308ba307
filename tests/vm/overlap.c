// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/* Several views on overlapping sets of processes: each program runs once per event, for its own members only. */
#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define FUNCTION "__x64_sys_getppid"
#define CALLS 300

/* A view with one link on FUNCTION. */
struct hooked {
	int view, link;
	struct counter counter;
	uint64_t expected;
};

static struct hooked hooked_new(void)
{
	struct hooked hooked = { .view = kv_view(), .counter = counter_new(BPF_PROG_TYPE_KPROBE) };

	hooked.link = kv_entry(hooked.view, hooked.counter.prog, FUNCTION);
	return hooked;
}

static void expect(struct hooked *hooked, uint64_t more)
{
	hooked->expected += more;
	CHECK_EQUAL(*hooked->counter.value, hooked->expected);
	CHECK_EQUAL(kv_link_info(hooked->link).runs, hooked->expected);
}

static uint32_t images(void)
{
	struct kview_info info;

	kv_info(&info);
	return info.images;
}

/* a is in the first view, c in the second, b in both. */
static void two_views(void)
{
	struct subject a = subject_new(1), b = subject_new(1), c = subject_new(1), outsider = subject_new(1);
	struct hooked first = hooked_new(), second = hooked_new();

	kv_member(first.view, a.pid);
	kv_member(first.view, b.pid);
	kv_member(second.view, b.pid);
	kv_member(second.view, c.pid);
	CHECK_EQUAL(images(), 3);
	CHECK_EQUAL(kv_view_info(first.view).members, 2);
	CHECK_EQUAL(kv_view_info(second.view).members, 2);

	subject_call(&outsider, CALLS);
	expect(&first, 0);
	expect(&second, 0);
	subject_call(&a, CALLS);
	expect(&first, CALLS);
	expect(&second, 0);
	subject_call(&b, CALLS);
	expect(&first, CALLS);
	expect(&second, CALLS);
	subject_call(&c, CALLS);
	expect(&first, 0);
	expect(&second, CALLS);

	/* b leaves the first view and stays in the second. */
	CHECK_EQUAL(kv_try_member_remove(first.view, b.pid), 0);
	CHECK_EQUAL(images(), 2);
	subject_call(&b, CALLS);
	expect(&first, 0);
	expect(&second, CALLS);

	/* The second view ends, the first goes on. */
	close(second.link);
	close(second.view);
	CHECK_EQUAL(images(), 1);
	subject_call(&a, CALLS);
	subject_call(&b, CALLS);
	subject_call(&c, CALLS);
	expect(&first, CALLS);
	CHECK_EQUAL(*second.counter.value, second.expected);
}

/* Members of the same views share one image, however they came there. */
static void same_set_same_image(void)
{
	struct subject a = subject_new(1), b = subject_new(1), c = subject_new(1);
	struct hooked first = hooked_new(), second = hooked_new();
	uint32_t pages;

	kv_member(first.view, a.pid);
	kv_member(second.view, a.pid);
	pages = kv_view_info(first.view).text_pages;
	kv_member(second.view, b.pid);
	kv_member(first.view, b.pid);
	kv_member(first.view, c.pid);
	kv_member(second.view, c.pid);
	CHECK_EQUAL(images(), 1);
	CHECK_EQUAL(kv_view_info(first.view).text_pages, pages);
	CHECK_EQUAL(kv_view_info(second.view).text_pages, pages);
}

/* One program in two views, and twice in one: it runs for each of its links. */
static void same_program(void)
{
	struct subject member = subject_new(1);
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int first = kv_view(), second = kv_view();

	kv_entry(first, counter.prog, FUNCTION);
	kv_entry(first, counter.prog, FUNCTION);
	kv_entry(second, counter.prog, FUNCTION);
	kv_member(first, member.pid);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counter.value, 2 * CALLS);
	kv_member(second, member.pid);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counter.value, 5 * CALLS);
}

#define VIEWS 20

/* One process in many views, which end in another order than they began. */
static void many_views(void)
{
	struct subject member = subject_new(1);
	struct hooked views[VIEWS];

	for (int i = 0; i < VIEWS; i++) {
		views[i] = hooked_new();
		kv_member(views[i].view, member.pid);
	}
	CHECK_EQUAL(images(), 1);
	for (int i = 0; i < VIEWS; i++) {
		int next = (i * 7) % VIEWS;

		subject_call(&member, 10);
		for (int j = 0; j < VIEWS; j++) {
			if (views[j].view >= 0)
				expect(&views[j], 10);
		}
		close(views[next].link);
		close(views[next].view);
		views[next].view = -1;
	}
	CHECK_EQUAL(images(), 0);
}

TEST_MAIN(TEST_CASE(two_views), TEST_CASE(same_set_same_image), TEST_CASE(same_program), TEST_CASE(many_views))

// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/* Links that are held do not run, and start together: no member meets one program without the others. */
#include <sys/wait.h>

#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define FUNCTION "__x64_sys_getppid"
#define LINKS 3

static int held_link(int view, __u32 kind, int prog)
{
	struct kview_target target = { .name = (unsigned long)FUNCTION };
	struct kview_link_create create = {
		.size = sizeof(create),
		.flags = KVIEW_LINK_HELD,
		.kind = kind,
		.prog_fd = prog,
		.targets = (unsigned long)&target,
		.count = 1,
	};

	return CHECK_CALL(ioctl(view, KVIEW_IOC_LINK_CREATE, &create));
}

static void start(int view)
{
	struct kview_links_start request = { .size = sizeof(request) };

	CHECK_CALL(ioctl(view, KVIEW_IOC_LINKS_START, &request));
}

/* Programs in the order in which they run. */
static void together(void)
{
	struct subject subject = subject_new(1);
	struct counter counters[LINKS];
	int view = kv_view(), links[LINKS];
	uint64_t calls;

	kv_member(view, subject.pid);
	for (int i = 0; i < LINKS; i++) {
		counters[i] = counter_new(BPF_PROG_TYPE_KPROBE);
		links[i] = held_link(view, KVIEW_HOOK_ENTRY, counters[i].prog);
		CHECK_EQUAL(kv_link_info(links[i]).view, kv_view_info(view).id);
	}
	CHECK_EQUAL(kv_view_info(view).links, 0);
	subject_call(&subject, 100);
	for (int i = 0; i < LINKS; i++)
		CHECK_EQUAL(*counters[i].value, 0);
	subject_start(&subject);
	start(view);
	/* Nothing is held any more; the number the call had before there was a structure. */
	CHECK_CALL(ioctl(view, _IO(KVIEW_IOC_TYPE, _IOC_NR(KVIEW_IOC_LINKS_START))));
	WAIT_FOR(*counters[0].value > 100);
	calls = subject_stop(&subject);
	CHECK_EQUAL(kv_view_info(view).links, LINKS);
	CHECK(*counters[0].value <= calls);
	for (int i = 1; i < LINKS; i++)
		CHECK_EQUAL(*counters[i].value, *counters[0].value);
	close(view);
	for (int i = 0; i < LINKS; i++) {
		close(links[i]);
		counter_free(&counters[i]);
	}
	subject_end(&subject);
}

/* What is closed before the start is gone, and one that is not held does not wait. */
static void given_up(void)
{
	struct subject subject = subject_new(1);
	struct counter held = counter_new(BPF_PROG_TYPE_KPROBE), gone = counter_new(BPF_PROG_TYPE_KPROBE),
		       other = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), link;

	kv_member(view, subject.pid);
	link = held_link(view, KVIEW_HOOK_ENTRY, held.prog);
	close(held_link(view, KVIEW_HOOK_RETURN, gone.prog));
	kv_entry(view, other.prog, FUNCTION);
	subject_call(&subject, 10);
	CHECK_EQUAL(*other.value, 10);
	CHECK_EQUAL(*held.value, 0);
	start(view);
	subject_call(&subject, 10);
	CHECK_EQUAL(*other.value, 20);
	CHECK_EQUAL(*held.value, 10);
	CHECK_EQUAL(*gone.value, 0);
	close(link);
	subject_call(&subject, 10);
	CHECK_EQUAL(*held.value, 10);
	close(view);
	counter_free(&held);
	counter_free(&gone);
	counter_free(&other);
	subject_end(&subject);
}

/* A view ends with what it holds; the link's descriptor then stands for nothing. */
static void never_started(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), link = held_link(view, KVIEW_HOOK_ENTRY, counter.prog);

	close(view);
	CHECK_EQUAL(kv_link_info(link).view, 0);
	close(link);
	counter_free(&counter);
}

/* Who joins while links are held sees none of them either. */
static void joined_before(void)
{
	struct subject subject = subject_new(1);
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), link = held_link(view, KVIEW_HOOK_ENTRY, counter.prog);

	kv_member(view, subject.pid);
	subject_call(&subject, 10);
	CHECK_EQUAL(*counter.value, 0);
	start(view);
	subject_call(&subject, 10);
	CHECK_EQUAL(*counter.value, 10);
	close(view);
	close(link);
	counter_free(&counter);
	subject_end(&subject);
}

TEST_MAIN(TEST_CASE(together), TEST_CASE(given_up), TEST_CASE(never_started), TEST_CASE(joined_before))

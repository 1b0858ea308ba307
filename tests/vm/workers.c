// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/*
 * Who else runs in a member's address space, and what programs see of it: workers of io_uring, and kernel threads that
 * adopt it. They are in with the process, and not with one of its threads.
 */
#include <fcntl.h>
#include <liburing.h>

#include "modules.h"
#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define CALLS 50

static struct io_uring ring;

static void setup(void *flags)
{
	CHECK(!io_uring_queue_init(CALLS, &ring, (unsigned long)flags));
}

/* The workers open: with IOSQE_ASYNC nothing is tried by the thread that submits. */
static void open_by_ring(void *unused)
{
	struct io_uring_cqe *cqe;

	(void)unused;
	for (int i = 0; i < CALLS; i++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

		io_uring_prep_openat(sqe, AT_FDCWD, "/dev/null", O_RDONLY, 0);
		sqe->flags |= IOSQE_ASYNC;
	}
	CHECK_EQUAL(io_uring_submit(&ring), CALLS);
	for (int i = 0; i < CALLS; i++) {
		CHECK(!io_uring_wait_cqe(&ring, &cqe));
		CHECK(cqe->res >= 0);
		close(cqe->res);
		io_uring_cqe_seen(&ring, cqe);
	}
}

static void open_by_kernel_thread(void *count)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)(long)count);
	test_set("/sys/module/test_adopt/parameters/opens", text);
}

struct scene {
	struct subject subject;
	struct counter counter;
	int view, link;
};

static struct scene scene_new(const char *function)
{
	struct scene scene = {
		.subject = subject_new(1),
		.counter = counter_new(BPF_PROG_TYPE_KPROBE),
		.view = kv_view(),
	};

	scene.link = kv_entry(scene.view, scene.counter.prog, function);
	return scene;
}

static void expect(const struct scene *scene, uint64_t runs)
{
	struct kview_link_info info = kv_link_info(scene->link);

	CHECK_EQUAL(*scene->counter.value, runs);
	CHECK_EQUAL(info.runs, runs);
	CHECK_EQUAL(info.missed, 0);
}

static void expect_ring(unsigned int flags)
{
	struct scene scene = scene_new("do_filp_open");

	subject_do(&scene.subject, setup, (void *)(unsigned long)flags);
	kv_member(scene.view, scene.subject.pid);
	subject_do(&scene.subject, open_by_ring, NULL);
	expect(&scene, CALLS);
	CHECK_EQUAL(kv_try_member_remove(scene.view, scene.subject.pid), 0);
	subject_do(&scene.subject, open_by_ring, NULL);
	expect(&scene, CALLS);
}

static void ring_workers(void)
{
	expect_ring(0);
}

/* A thread of the kernel's own submits, too. */
static void ring_with_poller(void)
{
	expect_ring(IORING_SETUP_SQPOLL);
}

/* The member is gone before its workers are. */
static void ring_and_exit(void)
{
	struct scene scene = scene_new("do_filp_open");

	subject_do(&scene.subject, setup, (void *)(unsigned long)IORING_SETUP_SQPOLL);
	kv_member(scene.view, scene.subject.pid);
	subject_do(&scene.subject, open_by_ring, NULL);
	subject_end(&scene.subject);
	WAIT_FOR(!kv_view_info(scene.view).text_pages);
	expect(&scene, CALLS);
}

/* The first thread submits and is a member alone: its workers are other threads. */
static void ring_of_thread(void)
{
	struct scene scene = scene_new("do_filp_open");

	subject_do(&scene.subject, setup, NULL);
	CHECK_EQUAL(kv_try_thread(scene.view, scene.subject.pid), 0);
	subject_do(&scene.subject, open_by_ring, NULL);
	expect(&scene, 0);
}

static void kernel_thread(void)
{
	struct scene scene = scene_new("filp_open");
	module_load_test("test_adopt");
	kv_member(scene.view, scene.subject.pid);
	subject_do(&scene.subject, open_by_kernel_thread, (void *)CALLS);
	expect(&scene, CALLS);
	CHECK_EQUAL(kv_try_member_remove(scene.view, scene.subject.pid), 0);
	CHECK_EQUAL(kv_try_thread(scene.view, scene.subject.pid), 0);
	subject_do(&scene.subject, open_by_kernel_thread, (void *)CALLS);
	expect(&scene, CALLS);
	subject_do(&scene.subject, open_by_kernel_thread, NULL);
	expect(&scene, CALLS);
}

static void undo(void)
{
	module_unload("test_adopt");
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST_CASE(ring_workers),   TEST_CASE(ring_with_poller), TEST_CASE(ring_and_exit),
		TEST_CASE(ring_of_thread), TEST_CASE(kernel_thread),
	};

	test_undo = undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}

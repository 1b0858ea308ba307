// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/* kill -9 of the tracing process leaves nothing behind. */
#include <bpf/bpf.h>
#include <signal.h>
#include <sys/wait.h>

#include "ordinary.h"
#include "ordinary.skel.h"

static unsigned int count_ids(int (*next)(uint32_t id, uint32_t *ret_next))
{
	unsigned int count = 0;

	for (uint32_t id = 0; !next(id, &id);)
		count++;
	return count;
}

struct left {
	unsigned int programs, links, maps, kprobes, views;
};

static unsigned int count_kprobes(void)
{
	FILE *file = fopen("/sys/kernel/debug/kprobes/list", "r");
	unsigned int count = 0;
	int c;

	while (file && (c = getc(file)) != EOF)
		count += c == '\n';
	if (file)
		fclose(file);
	return count;
}

static struct left what_is_there(void)
{
	struct kview_status status = { .sz = sizeof(status) };

	EXPECT_EQUAL(kview_status(&status), 0);
	return (struct left){
		.programs = count_ids(bpf_prog_get_next_id),
		.links = count_ids(bpf_link_get_next_id),
		.maps = count_ids(bpf_map_get_next_id),
		.kprobes = count_kprobes(),
		.views = status.views + status.links + status.members + status.images,
	};
}

static void trace(enum kview_mode mode, pid_t pid, int ready)
{
	struct ordinary *skel = ordinary__open_and_load();
	struct kview *view = test_open(mode);

	EXPECT(skel, "the object loads");
	EXPECT(!kview_attach_object(view, skel->obj, NULL), "%s", kview_reason(view));
	EXPECT(!kview_add_pid(view, pid), "%s", kview_reason(view));
	EXPECT(write(ready, "", 1) == 1, "%m");
	pause();
}

static pid_t start_tracer(enum kview_mode mode, pid_t worker)
{
	int ready[2];
	pid_t pid;
	char byte;

	EXPECT(!pipe(ready), "%m");
	pid = fork();
	if (!pid)
		trace(mode, worker, ready[1]);
	close(ready[1]);
	EXPECT(read(ready[0], &byte, 1) == 1, "the tracer attaches");
	close(ready[0]);
	return pid;
}

static bool is_no_more(const struct left *now, const struct left *before)
{
	return now->programs <= before->programs && now->links <= before->links && now->maps <= before->maps &&
	       now->kprobes <= before->kprobes && now->views <= before->views;
}

/* The kernel frees some of it a little later; what an earlier test used may still have been there before. */
static void expect_no_more(const struct left *before)
{
	struct left now = {};

	for (int tries = 0; tries < 100; tries++) {
		now = what_is_there();
		if (is_no_more(&now, before))
			return;
		usleep(100 * 1000);
	}
	EXPECT(false, "programs %u %u, links %u %u, maps %u %u, kprobes %u %u, views %u %u", before->programs,
	       now.programs, before->links, now.links, before->maps, now.maps, before->kprobes, now.kprobes,
	       before->views, now.views);
}

static void kill_tracer(enum kview_mode mode)
{
	struct left before = what_is_there(), during;
	struct worker worker;
	pid_t tracer;

	worker_start(&worker, 2);
	for (int i = 0; i < 5; i++) {
		tracer = start_tracer(mode, worker.pid);
		during = what_is_there();
		EXPECT(during.programs > before.programs, "the programs are there");
		worker_begin(&worker, 20000);
		kill(tracer, SIGKILL);
		waitpid(tracer, NULL, 0);
		worker_wait(&worker);
	}
	expect_no_more(&before);
	worker_end(&worker);
}

int main(void)
{
	return test_modes(kill_tracer);
}

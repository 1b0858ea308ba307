// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/* A member stays one over exec, also when another thread than the first does it; its forked children are none. */
#include <bpf/bpf.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "ordinary.h"
#include "ordinary.skel.h"
#include "ordinary_record.h"

#define OWN 100 /* calls before, after one, and after two execs */
#define CHILD 1000

static void call(unsigned int calls)
{
	while (calls--)
		syscall(SYS_getpgid, 0);
}

static void *exec_again(void *stage)
{
	execl("/proc/self/exe", "ordinary_life", stage, NULL);
	_exit(1);
}

static void child(void)
{
	if (!fork()) {
		call(CHILD);
		_exit(0);
	}
	wait(NULL);
	call(OWN);
	exec_again("exec");
}

static void after_exec(void)
{
	pthread_t thread;

	call(OWN);
	pthread_create(&thread, NULL, exec_again, "thread-exec");
	pthread_join(thread, NULL);
}

static pid_t start(int *ret_go)
{
	int go[2];
	pid_t pid;
	char byte;

	EXPECT(!pipe(go), "%m");
	pid = fork();
	if (!pid) {
		close(go[1]);
		read(go[0], &byte, 1);
		child();
	}
	close(go[0]);
	*ret_go = go[1];
	return pid;
}

static int count_processes(int fd)
{
	uint32_t key, *at = NULL;
	int count = 0;

	for (; !bpf_map_get_next_key(fd, at, &key); at = &key)
		count++;
	return count;
}

static void life(enum kview_mode mode)
{
	struct ordinary *skel = ordinary__open_and_load();
	struct kview *view = test_open(mode);
	struct seen seen = {};
	uint32_t key;
	pid_t pid;
	int go;

	EXPECT(skel, "the object loads");
	EXPECT(!kview_attach_object(view, skel->obj, NULL), "%s", kview_reason(view));
	pid = start(&go);
	EXPECT(!kview_add_pid(view, pid), "%s", kview_reason(view));
	close(go);
	waitpid(pid, NULL, 0);
	key = pid;
	bpf_map_lookup_elem(bpf_map__fd(skel->maps.seen), &key, &seen);
	for (int kind = 0; kind < SEEN_KINDS; kind++)
		EXPECT(seen.hits[kind] == 3 * OWN, "program %d: %llu", kind, seen.hits[kind]);
	EXPECT_EQUAL(count_processes(bpf_map__fd(skel->maps.seen)), 1);
	test_refused(view, kview_remove_pid(view, pid), -ENOENT, "not a member");
	kview_close(view);
	ordinary__destroy(skel);
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return test_modes(life);
	if (!strcmp(argv[1], "exec"))
		after_exec();
	call(OWN);
	return 0;
}

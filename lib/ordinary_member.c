// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Members in ordinary mode: a BPF hash from tgid to start time, hints that spare other processes the look-up there, and
 * a pidfd for each to notice its end.
 *
 * An entry whose process has ended does no harm until it is removed: should its tgid be given to another process, that
 * has another start time. So there is no need to watch, and entries are removed when somebody asks anyway.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ordinary.h"

#define MEMBERS_MAX 65536
#define PROC_PID_INIT_INO 0xEFFFFFFC /* include/linux/proc_ns.h: inode of the initial pid namespace */

/*
 * In a pid namespace of its own this process does not know the pids that BPF programs see, so the filter has to ask for
 * those of the namespace.
 */
static int find_pid_namespace(struct kview_pid_namespace *ret_pids)
{
	struct stat ns;

	if (stat("/proc/self/ns/pid", &ns))
		return -errno;
	*ret_pids = (struct kview_pid_namespace){};
	if (ns.st_ino != PROC_PID_INIT_INO)
		*ret_pids = (struct kview_pid_namespace){ .dev = ns.st_dev, .ino = ns.st_ino };
	return 0;
}

/* Start times in /proc are shifted inside a time namespace. */
static bool in_time_namespace(void)
{
	_cleanup_(freep) char *text = NULL;
	long long seconds = 0, ns = 0;
	char *boottime;

	if (kview_file_read("/proc/self/timens_offsets", &text))
		return false;
	boottime = strstr(text, "boottime");
	return boottime && sscanf(boottime, "boottime %lld %lld", &seconds, &ns) == 2 && (seconds || ns);
}

static int create_maps(struct ordinary_view *view)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	int err;

	view->members_fd = bpf_map_create(BPF_MAP_TYPE_HASH, "kview_members", sizeof(uint32_t),
					  sizeof(struct kview_filter_member), MEMBERS_MAX, &opts);
	if (view->members_fd < 0)
		return view->members_fd;
	err = kview_shared_init(&view->hints, "kview_hints", KVIEW_FILTER_HINTS);
	if (err)
		closep(&view->members_fd);
	return err;
}

int kview_ordinary_members_init(struct ordinary_view *view)
{
	int err;

	if (in_time_namespace())
		return kview_refuse(&view->base, -EOPNOTSUPP, "ordinary mode does not work inside a time namespace");
	err = find_pid_namespace(&view->pids);
	if (err)
		return kview_refuse(&view->base, err, "/proc/self/ns/pid: %s", strerror(-err));
	err = create_maps(view);
	return err ? kview_refuse_why(&view->base, err, KVIEW_WHY_NONE, "BPF maps", "") : 0;
}

static unsigned char *hint(const struct ordinary_view *view, pid_t tgid)
{
	return (unsigned char *)view->hints.data + tgid % KVIEW_FILTER_HINTS;
}

static bool needs_hint(const struct ordinary_view *view, pid_t tgid)
{
	for (size_t i = 0; i < view->count; i++)
		if (hint(view, view->members[i].tgid) == hint(view, tgid))
			return true;
	return false;
}

static bool is_member(const struct ordinary_view *view, pid_t tgid, bool as_process)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->members[i].tgid == tgid && as_process == !view->members[i].tid)
			return true;
	return false;
}

static int put_entry(const struct ordinary_view *view, uint32_t key, uint64_t start, bool by_threads)
{
	struct kview_filter_member value = { .start = start, .by_threads = by_threads };

	return bpf_map_update_elem(view->members_fd, &key, &value, BPF_ANY);
}

/* What filters find under a thread's own key matters only as long as its process's entry sends them there. */
static int put_thread(const struct ordinary_view *view, const struct kview_process *member)
{
	return member->tid ? put_entry(view, member->tid | KVIEW_FILTER_THREAD, member->thread_start, false) : 0;
}

/* The entry of the process, as its members now say. */
static int put_process(const struct ordinary_view *view, pid_t tgid, uint64_t start)
{
	uint32_t key = tgid;

	if (is_member(view, tgid, true))
		return put_entry(view, key, start, false);
	if (is_member(view, tgid, false))
		return put_entry(view, key, start, true);
	bpf_map_delete_elem(view->members_fd, &key);
	return 0;
}

static void forget(struct ordinary_view *view, struct kview_process *member)
{
	uint32_t tgid = member->tgid, thread = member->tid | KVIEW_FILTER_THREAD;
	uint64_t start = member->start;

	if (member->tid)
		bpf_map_delete_elem(view->members_fd, &thread);
	kview_process_close(member);
	*member = view->members[--view->count];
	put_process(view, tgid, start);
	if (!needs_hint(view, tgid))
		*hint(view, tgid) = 0;
}

void kview_ordinary_members_deinit(struct ordinary_view *view)
{
	while (view->count)
		kview_process_close(&view->members[--view->count]);
	free(view->members);
	kview_shared_deinit(&view->hints);
	closep(&view->members_fd);
}

void kview_ordinary_prune(struct ordinary_view *view)
{
	for (size_t i = view->count; i-- > 0;)
		if (kview_process_is_gone(&view->members[i]))
			forget(view, &view->members[i]);
}

static struct kview_process *find_process(struct ordinary_view *view, pid_t tgid)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->members[i].tgid == tgid && !view->members[i].tid)
			return &view->members[i];
	return NULL;
}

static struct kview_process *find_thread(struct ordinary_view *view, pid_t tid)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->members[i].tid == tid)
			return &view->members[i];
	return NULL;
}

static bool in_our_pid_namespace(const struct ordinary_view *view, const struct kview_process *process)
{
	char path[32];
	struct stat ns;

	if (!view->pids.ino)
		return true;
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", process->tgid);
	return !stat(path, &ns) && ns.st_ino == view->pids.ino;
}

static int remember(struct ordinary_view *view, struct kview_process *process)
{
	struct kview_process *members;
	int err;

	members = reallocarray(view->members, view->count + 1, sizeof(*members));
	if (!members)
		return -ENOMEM;
	view->members = members;
	err = put_thread(view, process);
	if (err)
		return err;
	view->members[view->count++] = *process;
	err = put_process(view, process->tgid, process->start);
	if (err)
		view->count--;
	else
		*hint(view, process->tgid) = 1;
	return err;
}

static int accept_member(struct ordinary_view *view, struct kview_process *process, const char *subject)
{
	int err;

	if (process->tid ? find_thread(view, process->tid) : find_process(view, process->tgid))
		return kview_refuse_why(&view->base, -EEXIST, KVIEW_WHY_ALREADY_MEMBER, subject, "");
	if (!in_our_pid_namespace(view, process))
		return kview_refuse(&view->base, -EOPNOTSUPP,
				    "%s: the process lives in another pid namespace: run kview from the host", subject);
	err = remember(view, process);
	return err ? kview_refuse_why(&view->base, err, KVIEW_WHY_NONE, subject, "") : 0;
}

static int accept_or_close(struct ordinary_view *view, struct kview_process *process, const char *subject)
{
	int err = accept_member(view, process, subject);

	if (err)
		kview_process_close(process);
	return err;
}

int kview_ordinary_add(struct kview *base, pid_t pid, int pidfd)
{
	struct ordinary_view *view = ordinary_view(base);
	struct kview_process process;
	char subject[32];
	uint32_t why;
	int err;

	snprintf(subject, sizeof(subject), pidfd < 0 ? "pid %d" : "pidfd %d", pidfd < 0 ? pid : pidfd);
	kview_ordinary_prune(view);
	err = kview_process_open(pid, pidfd, &process, &why);
	return err ? kview_refuse_why(base, err, why, subject, "") : accept_or_close(view, &process, subject);
}

int kview_ordinary_remove(struct kview *base, pid_t pid)
{
	struct ordinary_view *view = ordinary_view(base);
	struct kview_process *member;
	char subject[32];

	kview_ordinary_prune(view);
	member = find_process(view, pid);
	if (!member) {
		snprintf(subject, sizeof(subject), "pid %d", pid);
		return kview_refuse_why(base, -ENOENT, KVIEW_WHY_NOT_MEMBER, subject, "");
	}
	forget(view, member);
	return 0;
}

int kview_ordinary_add_thread(struct kview *base, pid_t tid)
{
	struct ordinary_view *view = ordinary_view(base);
	struct kview_process process;
	char subject[32];
	uint32_t why;
	int err;

	snprintf(subject, sizeof(subject), "thread %d", tid);
	kview_ordinary_prune(view);
	err = kview_process_open_thread(tid, &process, &why);
	return err ? kview_refuse_why(base, err, why, subject, "") : accept_or_close(view, &process, subject);
}

int kview_ordinary_remove_thread(struct kview *base, pid_t tid)
{
	struct ordinary_view *view = ordinary_view(base);
	struct kview_process *member;

	kview_ordinary_prune(view);
	member = find_thread(view, tid);
	if (!member)
		return kview_refuse(base, -ENOENT, "thread %d: %s", tid, kview_why_text(KVIEW_WHY_NOT_MEMBER));
	forget(view, member);
	return 0;
}

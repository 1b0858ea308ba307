// SPDX-License-Identifier: GPL-2.0-or-later
#include "recorder.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/types.h>
#include <search.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "flame.skel.h"
#include "flame_record.h"
#include "frame_name.h"
#include "image.h"
#include "sampler.h"
#include "stack_names.h"
#include "threads.h"
#include "util/clock.h"

#define FIRST_PIDNS_INO 0xEFFFFFFC /* PROC_PID_INIT_INO of include/linux/proc_ns.h */

struct known_image {
	struct flame_image id;
	struct image *image;
	bool gone;
};

struct recorder {
	struct recorder_options options;
	struct flame *bpf;
	struct ring_buffer *news;
	struct sampler sampler;
	struct objects *objects;
	struct known_image *images;
	size_t image_count;
	size_t cgroup_count;
	bool attached;
};

/* --- opening -------------------------------------------------------------------------------------------------------- */

/* Looking for the file behind each mapping takes one descriptor per file. */
static void raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int take_image(void *data, void *record, size_t size)
{
	struct recorder *recorder = data;
	const struct flame_image *id = record;
	struct known_image *images, known = { .id = *id };

	(void)size;
	if (image_open(id->tgid, recorder->objects, &known.image))
		known.gone = true;
	images = reallocarray(recorder->images, recorder->image_count + 1, sizeof(*images));
	if (!images) {
		image_close(known.image);
		return -ENOMEM;
	}
	recorder->images = images;
	images[recorder->image_count++] = known;
	return 0;
}

static int load(struct recorder *recorder)
{
	struct flame *bpf;
	struct stat stat_pidns;

	bpf = recorder->bpf = flame__open();
	if (!bpf)
		return -errno;
	bpf->rodata->scoped = recorder->options.scoped;
	if (!stat("/proc/self/ns/pid", &stat_pidns) && stat_pidns.st_ino != FIRST_PIDNS_INO) {
		bpf->rodata->pidns_dev = stat_pidns.st_dev;
		bpf->rodata->pidns_ino = stat_pidns.st_ino;
	}
	bpf_program__set_autoload(bpf->progs.on_cpu, !recorder->options.off_cpu);
	bpf_program__set_autoload(bpf->progs.off_cpu, recorder->options.off_cpu);
	bpf_program__set_autoload(bpf->progs.follow_fork, recorder->options.off_cpu && !recorder->options.scoped);
	bpf_program__set_autoload(bpf->progs.forget_process, recorder->options.off_cpu && !recorder->options.scoped);
	return flame__load(bpf);
}

int recorder_open(const struct recorder_options *options, struct recorder **ret_recorder)
{
	_cleanup_(recorder_closep) struct recorder *recorder = calloc(1, sizeof(*recorder));
	int err;

	if (!recorder)
		return -ENOMEM;
	recorder->options = *options;
	raise_limits();
	err = objects_new(&recorder->objects);
	if (!err)
		err = load(recorder);
	if (err)
		return err;
	recorder->news = ring_buffer__new(bpf_map__fd(recorder->bpf->maps.news), take_image, recorder, NULL);
	if (!recorder->news)
		return -errno;
	recorder->sampler.program = bpf_program__fd(recorder->bpf->progs.on_cpu);
	recorder->sampler.hz = options->hz;
	*ret_recorder = TAKE_PTR(recorder);
	return 0;
}

void recorder_close(struct recorder *recorder)
{
	if (!recorder)
		return;
	sampler_deinit(&recorder->sampler);
	ring_buffer__free(recorder->news);
	flame__destroy(recorder->bpf);
	for (size_t i = 0; i < recorder->image_count; i++)
		image_close(recorder->images[i].image);
	free(recorder->images);
	objects_free(recorder->objects);
	free(recorder);
}

struct bpf_program *recorder_program(struct recorder *recorder)
{
	return recorder->bpf->progs.off_cpu;
}

/* --- choosing ------------------------------------------------------------------------------------------------------- */

static int attach_for_all(struct recorder *recorder)
{
	if (recorder->attached || recorder->options.scoped)
		return 0;
	recorder->attached = true;
	return flame__attach(recorder->bpf);
}

static int add_member(struct recorder *recorder, pid_t pid, bool tree)
{
	struct flame_member member = { .follow = tree };
	__u32 key = pid;

	return bpf_map__update_elem(recorder->bpf->maps.members, &key, sizeof(key), &member, sizeof(member), BPF_ANY);
}

/* What a member forks is one, so a look that finds nobody new has found all. */
static int add_descendants(struct recorder *recorder, pid_t pid)
{
	_cleanup_(thread_list_deinit) struct thread_list known = {};
	size_t done = 0;
	int err;

	do {
		done = known.count;
		err = thread_list_add_tree(&known, pid);
		for (size_t i = done; i < known.count && !err; i++)
			err = add_member(recorder, known.list[i], true);
	} while (!err && known.count > done);
	return err;
}

int recorder_add_process(struct recorder *recorder, pid_t pid, bool tree)
{
	int err;

	if (!recorder->options.off_cpu)
		return sampler_add_process(&recorder->sampler, pid, tree);
	if (tree && recorder->bpf->rodata->pidns_ino)
		return -EOPNOTSUPP;
	err = attach_for_all(recorder);
	if (!err)
		err = tree ? add_descendants(recorder, pid) : add_member(recorder, pid, false);
	return err;
}

int recorder_add_cgroup(struct recorder *recorder, int fd)
{
	__u32 slot = recorder->cgroup_count;
	int err;

	if (!recorder->options.off_cpu)
		return sampler_add_cgroup(&recorder->sampler, fd);
	if (slot == FLAME_CGROUPS)
		return -E2BIG;
	err = bpf_map__update_elem(recorder->bpf->maps.cgroups, &slot, sizeof(slot), &fd, sizeof(fd), BPF_ANY);
	if (err)
		return err;
	recorder->cgroup_count++;
	recorder->bpf->bss->cgroup_count = recorder->cgroup_count;
	return attach_for_all(recorder);
}

/* --- while it runs -------------------------------------------------------------------------------------------------- */

int recorder_fd(const struct recorder *recorder)
{
	return ring_buffer__epoll_fd(recorder->news);
}

int recorder_read(struct recorder *recorder)
{
	int count = ring_buffer__consume(recorder->news);

	return count < 0 ? count : 0;
}

int recorder_refresh(struct recorder *recorder)
{
	for (size_t i = 0; i < recorder->image_count; i++) {
		struct known_image *known = &recorder->images[i];
		int err = known->gone ? 0 : image_refresh(known->image);

		if (err && err != -ESRCH)
			return err;
		known->gone |= err == -ESRCH;
	}
	return 0;
}

/* --- results -------------------------------------------------------------------------------------------------------- */

/* CPU time a thread has used, in nanoseconds. */
static int read_runtime(pid_t tgid, pid_t tid, uint64_t *ret_ns)
{
	_cleanup_(fclosep) FILE *file = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", tgid, tid);
	file = fopen(path, "re");
	return file && fscanf(file, "%" SCNu64, ret_ns) == 1 ? 0 : -ESRCH;
}

static void count_sleep(struct recorder *recorder, const struct flame_sleep *sleep, uint64_t ns)
{
	struct bpf_map *counts = recorder->bpf->maps.counts;
	struct flame_value value = {};

	bpf_map__lookup_elem(counts, &sleep->key, sizeof(sleep->key), &value, sizeof(value), 0);
	value.value += ns;
	value.count++;
	if (bpf_map__update_elem(counts, &sleep->key, sizeof(sleep->key), &value, sizeof(value), BPF_ANY))
		recorder->bpf->bss->lost[FLAME_LOST_KEYS]++;
}

/* What still waits at the end has not told yet for how long. */
static void end_sleeps(struct recorder *recorder, uint64_t end)
{
	struct bpf_map *sleeping = recorder->bpf->maps.sleeping;
	struct flame_sleep sleep;
	__u32 tid, *last = NULL;
	uint64_t runtime;

	for (; !bpf_map__get_next_key(sleeping, last, &tid, sizeof(tid)); last = &tid) {
		if (bpf_map__lookup_elem(sleeping, &tid, sizeof(tid), &sleep, sizeof(sleep), 0) ||
		    read_runtime(sleep.tgid, tid, &runtime))
			continue;
		if (end > sleep.since && end - sleep.since > runtime - sleep.runtime)
			count_sleep(recorder, &sleep, end - sleep.since - (runtime - sleep.runtime));
	}
}

static const struct known_image *find_image(const struct recorder *recorder, const struct flame_image *id)
{
	for (size_t i = 0; i < recorder->image_count; i++)
		if (!memcmp(&recorder->images[i].id, id, sizeof(*id)))
			return &recorder->images[i];
	return NULL;
}

static void read_stack(const struct recorder *recorder, __u64 id, struct flame_stack *ret_stack)
{
	ret_stack->count = 0;
	if (id != FLAME_NO_STACK && id != FLAME_STACK_LOST)
		bpf_map__lookup_elem(recorder->bpf->maps.stacks, &id, sizeof(id), ret_stack, sizeof(*ret_stack), 0);
	if (ret_stack->count > FLAME_DEPTH)
		ret_stack->count = FLAME_DEPTH;
}

static int add_stack(struct recorder *recorder, struct stack_names *names, const struct flame_key *key, uint64_t value,
		     uint64_t count, struct flame_tree *tree, struct recorder_stats *stats)
{
	const struct known_image *known = find_image(recorder, &key->image);
	struct stack stack = { .image = known ? known->image : NULL };
	struct flame_stack user, kernel;

	memcpy(stack.comm, key->comm, sizeof(key->comm));
	read_stack(recorder, key->user, &user);
	read_stack(recorder, key->kernel, &kernel);
	stack.user = user.addrs;
	stack.kernel = kernel.addrs;
	stack.user_count = user.count;
	stack.kernel_count = kernel.count;
	stack.user_lost = key->user == FLAME_STACK_LOST;
	stack.kernel_lost = key->kernel == FLAME_STACK_LOST;
	stack.tracer = recorder->options.off_cpu;
	stack.truncated = stack.user_count && stack.image && !image_is_start(stack.image, user.addrs[user.count - 1]);
	stats->samples += count;
	stats->value += value;
	stats->nameless += stack.user_count && !stack.image ? count : 0;
	stats->truncated += stack.truncated ? count : 0;
	return stack_names_add(names, &stack, value, tree);
}

static int add_stacks(struct recorder *recorder, struct stack_names *names, struct flame_tree *tree,
		      struct recorder_stats *stats)
{
	struct bpf_map *counts = recorder->bpf->maps.counts;
	struct flame_key key, *last = NULL;
	struct flame_value value;
	int err = 0;

	for (; !err && !bpf_map__get_next_key(counts, last, &key, sizeof(key)); last = &key)
		if (!bpf_map__lookup_elem(counts, &key, sizeof(key), &value, sizeof(value), 0))
			err = add_stack(recorder, names, &key, value.value, value.count, tree, stats);
	return err;
}

static void stop(struct recorder *recorder)
{
	uint64_t end = clock_ns(CLOCK_MONOTONIC);

	sampler_deinit(&recorder->sampler);
	flame__detach(recorder->bpf);
	if (recorder->options.off_cpu)
		end_sleeps(recorder, end);
}

int recorder_finish(struct recorder *recorder, struct flame_tree **ret_tree, struct recorder_stats *ret_stats)
{
	_cleanup_(flame_tree_freep) struct flame_tree *tree = NULL;
	_cleanup_(stack_names_deinit) struct stack_names names = {};
	struct recorder_stats stats = {};
	const __u64 *lost = recorder->bpf->bss->lost;
	int err;

	stop(recorder);
	err = recorder_read(recorder) ?: recorder_refresh(recorder);
	for (size_t i = 0; i < recorder->image_count && !err; i++)
		if (recorder->images[i].image)
			image_read_jit(recorder->images[i].image);
	if (!err)
		err = flame_tree_new(recorder->options.off_cpu ? FLAME_NANOSECONDS : FLAME_SAMPLES, &tree);
	stats.kernel_hidden = !err && stack_names_init(&names);
	if (!err)
		err = add_stacks(recorder, &names, tree, &stats);
	if (err)
		return err;
	stats.lost = lost[FLAME_LOST_KEYS] + lost[FLAME_LOST_THREADS];
	stats.stackless = lost[FLAME_LOST_STACKS];
	stats.processes = recorder->image_count;
	flame_tree_finish(tree);
	*ret_tree = TAKE_PTR(tree);
	*ret_stats = stats;
	return 0;
}

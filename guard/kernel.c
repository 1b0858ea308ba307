// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard/kernel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guard.skel.h"
#include "guard/holder.h"
#include "util/clock.h"
#include "util/process.h"

#define LINKS 8

struct guard_kernel {
	struct guard *skeleton;
	struct guard_env env;
	struct guard_profile *profiles;
	size_t profiles_size, blocks_size; /* of the mappings */
	struct bpf_link *links[LINKS];	   /* for the whole machine */
	size_t link_count;
	bool hooks_execs, hooks_signals;
	struct ring_buffer *events;
	struct guard_holder *holder;
	int epoll_fd;	    /* of events, and of the holder's death */
	guard_record_fn fn; /* of guard_kernel_events() */
	void *data;
};

static int on_event(void *data, void *record, size_t size)
{
	struct guard_kernel *kernel = data;

	return kernel->fn(kernel->data, record, size);
}

static int map_array(const struct bpf_map *map, size_t value_size, uint32_t count, void **ret_at, size_t *ret_size)
{
	size_t page = sysconf(_SC_PAGESIZE), size = (value_size * count + page - 1) / page * page;
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (at == MAP_FAILED)
		return -errno;
	*ret_at = at;
	*ret_size = size;
	return 0;
}

void guard_kernel_set_times(struct guard_kernel *kernel, const struct guard_kernel_opts *opts)
{
	struct guard_settings *settings = &kernel->skeleton->bss->settings;

	settings->stop_ns = (opts->stop_seconds ?: 60) * 1e9;
	settings->refuse_seconds = opts->refuse_seconds ?: 3600;
	settings->delay_ns = (opts->delay_seconds ?: 0.01) * 1e9;
	settings->delay_max_ns = (opts->delay_max_seconds ?: 10) * 1e9;
}

static bool has_tracepoint(const struct btf *btf, const char *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF) > 0;
}

/* Of two names of a tracepoint one is there, of two ways to see an exit one is wanted. */
static void choose_programs(struct guard *skeleton, const struct guard_kernel_opts *opts)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool is_req = has_tracepoint(btf, "btf_trace_io_uring_submit_req");
	bool is_sqe = has_tracepoint(btf, "btf_trace_io_uring_submit_sqe");
	bool is_lsm = btf__find_by_name_kind(btf, "bpf_lsm_task_kill", BTF_KIND_FUNC) > 0;

	btf__free(btf);
	bpf_program__set_autoload(skeleton->progs.guard_submit_req, is_req);
	bpf_program__set_autoload(skeleton->progs.guard_submit_sqe, is_sqe && !is_req);
	bpf_program__set_autoload(skeleton->progs.guard_exec, is_lsm);
	bpf_program__set_autoload(skeleton->progs.guard_continue, is_lsm);
	bpf_program__set_autoload(skeleton->progs.guard_member_exit, opts->chosen);
	bpf_program__set_autoload(skeleton->progs.guard_exit, !opts->chosen);
}

static int set_sizes(struct guard *skeleton, const struct guard_kernel_opts *opts)
{
	int err;

	err = bpf_map__set_max_entries(skeleton->maps.profiles, opts->profiles);
	if (!err)
		err = bpf_map__set_max_entries(skeleton->maps.blocks, opts->blocks);
	if (!err && opts->event_bytes)
		err = bpf_map__set_max_entries(skeleton->maps.events, opts->event_bytes);
	return err ? err : bpf_map__set_max_entries(skeleton->maps.identities, opts->profiles);
}

static int watch_fd(struct guard_kernel *kernel, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(kernel->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Also when the one there was has died. */
static int start_holder(struct guard_kernel *kernel)
{
	struct guard *skeleton = kernel->skeleton;
	const struct guard_holder_opts opts = {
		.held_fd = bpf_map__fd(skeleton->maps.held),
		.stops_fd = bpf_map__fd(skeleton->maps.stops),
		.settings = &skeleton->bss->settings,
		.counters = &skeleton->bss->counters,
	};
	int err = guard_holder_start(&opts, &kernel->holder);

	return err ? err : watch_fd(kernel, guard_holder_fd(kernel->holder));
}

static int open_events(struct guard_kernel *kernel)
{
	kernel->events = ring_buffer__new(bpf_map__fd(kernel->skeleton->maps.events), on_event, kernel, NULL);
	if (!kernel->events)
		return -errno;
	kernel->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (kernel->epoll_fd < 0)
		return -errno;
	return watch_fd(kernel, ring_buffer__epoll_fd(kernel->events));
}

static int load(struct guard_kernel *kernel, const struct guard_kernel_opts *opts)
{
	struct guard *skeleton = kernel->skeleton;
	int err;

	choose_programs(skeleton, opts);
	err = set_sizes(skeleton, opts);
	if (!err)
		err = guard__load(skeleton);
	if (err)
		return err;
	skeleton->bss->settings = (struct guard_settings){
		.rule = opts->rule,
		.guard_tgid = getpid(),
		.profile_max = opts->profiles,
		.block_max = opts->blocks,
		.response = opts->response,
	};
	guard_kernel_set_times(kernel, opts);
	kernel->env.count = opts->blocks;
	kernel->env.used = &skeleton->bss->counters.blocks;
	err = map_array(skeleton->maps.profiles, sizeof(struct guard_profile), opts->profiles,
			(void **)&kernel->profiles, &kernel->profiles_size);
	if (!err)
		err = map_array(skeleton->maps.blocks, sizeof(union guard_block), opts->blocks,
				(void **)&kernel->env.blocks, &kernel->blocks_size);
	if (!err)
		err = open_events(kernel);
	return err ? err : start_holder(kernel);
}

int guard_kernel_open(const struct guard_kernel_opts *opts, struct guard_kernel **ret_kernel)
{
	_cleanup_(guard_kernel_closep) struct guard_kernel *kernel = calloc(1, sizeof(*kernel));
	int err;

	if (!kernel)
		return -ENOMEM;
	kernel->epoll_fd = -1;
	kernel->skeleton = guard__open();
	if (!kernel->skeleton)
		return -errno;
	err = load(kernel, opts);
	if (err)
		return err;
	*ret_kernel = TAKE_PTR(kernel);
	return 0;
}

void guard_kernel_close(struct guard_kernel *kernel)
{
	size_t i;

	if (!kernel)
		return;
	for (i = 0; i < kernel->link_count; i++)
		bpf_link__destroy(kernel->links[i]);
	ring_buffer__free(kernel->events);
	closep(&kernel->epoll_fd);
	guard_holder_stop(kernel->holder);
	if (kernel->profiles)
		munmap(kernel->profiles, kernel->profiles_size);
	if (kernel->env.blocks)
		munmap(kernel->env.blocks, kernel->blocks_size);
	guard__destroy(kernel->skeleton);
	free(kernel);
}

/* There, but not in the ordinary mode, a call can be held before it begins. */
static int attach_in_view(struct guard_kernel *kernel, const struct bpf_program *program, struct kview *view)
{
	struct guard *skeleton = kernel->skeleton;
	const struct kview_attach_opts opts = {
		.sz = sizeof(opts),
		.put_off = program == skeleton->progs.guard_sys_enter && kview_mode(view) == KVIEW_MODE_VIEW,
	};
	int err = kview_attach_program(view, program, &opts, NULL);

	if (!err && opts.put_off)
		skeleton->bss->settings.puts_off = 1;
	return err;
}

static int attach(struct guard_kernel *kernel, const struct bpf_program *program, struct kview *view)
{
	struct bpf_link *link;

	if (view)
		return attach_in_view(kernel, program, view);
	link = bpf_program__attach(program);
	if (!link)
		return -errno;
	kernel->links[kernel->link_count++] = link;
	return 0;
}

int guard_kernel_add_cgroup(struct guard_kernel *kernel, int cgroup_fd)
{
	struct guard *skeleton = kernel->skeleton;
	uint32_t index = skeleton->bss->settings.cgroups, fd = cgroup_fd;

	if (index == GUARD_CGROUPS_MAX)
		return -ENOSPC;
	if (bpf_map_update_elem(bpf_map__fd(skeleton->maps.cgroups), &index, &fd, BPF_ANY))
		return -errno;
	skeleton->bss->settings.cgroups = index + 1;
	return 0;
}

/* The one that looks at all calls comes last: who is seen by it has the others. */
int guard_kernel_attach(struct guard_kernel *kernel, struct kview *view)
{
	struct guard *skeleton = kernel->skeleton;
	struct bpf_program *const programs[] = {
		skeleton->progs.guard_fork,	  skeleton->progs.guard_signal, skeleton->progs.guard_submit_req,
		skeleton->progs.guard_submit_sqe, skeleton->progs.guard_exit,	skeleton->progs.guard_member_exit,
		skeleton->progs.guard_interrupted, skeleton->progs.guard_sys_enter,
	};
	size_t i;
	int err = 0;

	for (i = 0; !err && i < sizeof(programs) / sizeof(programs[0]); i++)
		if (bpf_program__autoload(programs[i]))
			err = attach(kernel, programs[i], view);
	return err;
}

/* A kernel that has it may have been started without. Where nobody can tell, it is tried. */
static bool has_bpf_lsm(void)
{
	_cleanup_(fclosep) FILE *file = fopen("/sys/kernel/security/lsm", "re");
	char line[512], *name;

	if (!file || !fgets(line, sizeof(line), file))
		return true;
	for (name = strtok(line, ",\n"); name; name = strtok(NULL, ",\n"))
		if (!strcmp(name, "bpf"))
			return true;
	return false;
}

static int hook_execs(struct guard_kernel *kernel)
{
	const struct bpf_program *program = kernel->skeleton->progs.guard_exec;
	int err;

	if (kernel->hooks_execs)
		return 0;
	if (!bpf_program__autoload(program) || !has_bpf_lsm())
		return -EOPNOTSUPP;
	err = attach(kernel, program, NULL);
	kernel->hooks_execs = !err;
	return err;
}

/* Without it who is stopped can be let go by others who may signal it. */
static int hook_signals(struct guard_kernel *kernel)
{
	const struct bpf_program *program = kernel->skeleton->progs.guard_continue;
	int err;

	if (kernel->hooks_signals || !bpf_program__autoload(program) || !has_bpf_lsm())
		return 0;
	err = attach(kernel, program, NULL);
	kernel->hooks_signals = !err;
	return err;
}

int guard_kernel_prepare(struct guard_kernel *kernel, uint32_t responses)
{
	bool refuses = responses & GUARD_RESPONSE_REFUSE_EXEC;
	bool stops = responses & (GUARD_RESPONSE_SLOW | GUARD_RESPONSE_STOP);
	bool holds = stops || responses & GUARD_RESPONSE_KILL;
	int err = 0;

	if (responses & GUARD_RESPONSE_SPARED)
		return 0;
	if (stops)
		err = hook_signals(kernel);
	if (err)
		return err;
	if (refuses || (holds && !kernel->skeleton->bss->settings.puts_off))
		err = hook_execs(kernel);
	return err == -EOPNOTSUPP && !refuses ? 0 : err;
}

uint32_t guard_kernel_profile_count(const struct guard_kernel *kernel)
{
	uint32_t count = __atomic_load_n(&kernel->skeleton->bss->counters.profiles, __ATOMIC_ACQUIRE);
	uint32_t max = kernel->skeleton->bss->settings.profile_max;

	return count < max ? count : max;
}

struct guard_profile *guard_kernel_profile(const struct guard_kernel *kernel, uint32_t number)
{
	return number && number <= guard_kernel_profile_count(kernel) ? &kernel->profiles[number - 1] : NULL;
}

int guard_kernel_profile_new(struct guard_kernel *kernel, const struct guard_identity *identity, const char *comm,
			     uint32_t *ret_number)
{
	struct guard *skeleton = kernel->skeleton;
	struct guard_profile *profile;
	uint32_t number;

	if (skeleton->bss->counters.profiles >= skeleton->bss->settings.profile_max)
		return -ENOSPC;
	number = __sync_fetch_and_add(&skeleton->bss->counters.profiles, 1) + 1;
	profile = guard_kernel_profile(kernel, number);
	if (!profile)
		return -ENOSPC;
	profile->identity = *identity;
	profile->created = guard_kernel_env(kernel)->now;
	strncpy(profile->comm, comm, sizeof(profile->comm) - 1);
	if (bpf_map_update_elem(bpf_map__fd(skeleton->maps.identities), identity, &number, BPF_NOEXIST))
		return -errno;
	*ret_number = number;
	return 0;
}

int guard_kernel_profile_find(const struct guard_kernel *kernel, const struct guard_identity *identity,
			      uint32_t *ret_number)
{
	uint32_t number;

	if (bpf_map_lookup_elem(bpf_map__fd(kernel->skeleton->maps.identities), identity, &number))
		return -errno;
	*ret_number = number;
	return 0;
}

struct guard_env *guard_kernel_env(struct guard_kernel *kernel)
{
	kernel->env.now = clock_ns(CLOCK_BOOTTIME);
	return &kernel->env;
}

const struct guard_counters *guard_kernel_counters(const struct guard_kernel *kernel)
{
	return &kernel->skeleton->bss->counters;
}

const struct guard_settings *guard_kernel_settings(const struct guard_kernel *kernel)
{
	return &kernel->skeleton->bss->settings;
}

/* Nobody is stopped meanwhile. */
static int replace_holder(struct guard_kernel *kernel)
{
	struct guard *skeleton = kernel->skeleton;

	skeleton->bss->settings.released = 1;
	__sync_fetch_and_add(&skeleton->bss->counters.holders_died, 1);
	guard_holder_stop(kernel->holder);
	kernel->holder = NULL;
	return start_holder(kernel);
}

int guard_kernel_events(struct guard_kernel *kernel, guard_record_fn fn, void *data)
{
	int count, died = kernel->holder ? guard_holder_died(kernel->holder) : -ECHILD;

	if (died > 0)
		died = replace_holder(kernel);
	if (died)
		return died;
	kernel->fn = fn;
	kernel->data = data;
	count = ring_buffer__consume(kernel->events);
	return count < 0 ? count : 0;
}

int guard_kernel_events_fd(const struct guard_kernel *kernel)
{
	return kernel->epoll_fd;
}

int guard_kernel_spare_process(struct guard_kernel *kernel, uint32_t tgid)
{
	uint64_t start;
	int err = process_start(tgid, &start);

	if (err)
		return err;
	if (bpf_map_update_elem(bpf_map__fd(kernel->skeleton->maps.spared), &tgid, &start, BPF_ANY))
		return errno == E2BIG ? -ENOSPC : -errno;
	kernel->skeleton->bss->settings.spares = 1;
	return 0;
}

int guard_kernel_each_task(struct guard_kernel *kernel, guard_task_fn fn, void *data)
{
	_cleanup_(closep) int fd = -1;
	struct guard_task_record record;
	struct bpf_link *link;
	ssize_t len;
	int err = 0;

	link = bpf_program__attach_iter(kernel->skeleton->progs.guard_tasks, NULL);
	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0)
		err = fd;
	while (!err && (len = read(fd, &record, sizeof(record))) > 0)
		err = len == sizeof(record) ? fn(&record, data) : -EIO;
	bpf_link__destroy(link);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events of threads are inherited by what those create. Threads that were created while we went through their process
 * have inherited one or not, which cannot be told, and with two they would be sampled twice. So if there is a thread
 * that has begun before the last event was there, all is taken back and tried again.
 */
#include "sampler.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "threads.h"
#include "util/cleanup.h"
#include "util/process.h"

#define ATTEMPTS                                                                                                       \
	20 /* then whatever creates threads that fast is likely to be sampled through those it has created before */

void sampler_deinit(struct sampler *sampler)
{
	for (size_t i = 0; i < sampler->count; i++)
		close(sampler->events[i]);
	free(sampler->events);
	sampler->events = NULL;
	sampler->count = 0;
}

static int keep_event(struct sampler *sampler, int fd)
{
	int *events = reallocarray(sampler->events, sampler->count + 1, sizeof(*events));

	if (!events)
		return -ENOMEM;
	sampler->events = events;
	events[sampler->count++] = fd;
	return 0;
}

static int open_event(struct sampler *sampler, struct perf_event_attr *attr, int target, int cpu, unsigned long flags)
{
	_cleanup_(closep) int fd = -1;
	int err;

	attr->size = sizeof(*attr);
	attr->type = PERF_TYPE_SOFTWARE;
	attr->config = PERF_COUNT_SW_CPU_CLOCK;
	attr->freq = 1;
	attr->sample_freq = sampler->hz;
	fd = syscall(SYS_perf_event_open, attr, target, cpu, -1, flags | PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, sampler->program))
		return -errno;
	err = keep_event(sampler, fd);
	if (err)
		return err;
	(void)TAKE_FD(fd);
	return 0;
}

static int open_threads(struct sampler *sampler, const struct thread_list *threads, bool tree)
{
	int err = 0;

	for (size_t i = 0; i < threads->count && !err; i++) {
		struct perf_event_attr attr = { .inherit = 1, .inherit_thread = !tree };

		err = open_event(sampler, &attr, threads->list[i], -1, 0);
		if (err == -ESRCH)
			err = 0;
	}
	return err;
}

static int list_threads(struct thread_list *threads, pid_t pid, bool tree)
{
	_cleanup_(thread_list_deinit) struct thread_list processes = {};
	int err;

	err = tree ? thread_list_add_tree(&processes, pid) : thread_list_add(&processes, pid);
	for (size_t i = 0; i < processes.count && !err; i++) {
		err = thread_list_add_process(threads, processes.list[i]);
		if (err == -ESRCH && i)
			err = 0;
	}
	return err;
}

/* -EAGAIN: there is a thread of which it cannot be told whether it has an event. */
static int check_complete(const struct thread_list *threads, pid_t pid, bool tree, uint64_t opened)
{
	_cleanup_(thread_list_deinit) struct thread_list now = {};
	uint64_t start;
	int err;

	err = list_threads(&now, pid, tree);
	if (err)
		return err == -ESRCH ? 0 : err;
	for (size_t i = 0; i < now.count; i++)
		if (!thread_list_has(threads, now.list[i]) && !process_start(now.list[i], &start) && start <= opened)
			return -EAGAIN;
	return 0;
}

static void take_back(struct sampler *sampler, size_t count)
{
	while (sampler->count > count)
		close(sampler->events[--sampler->count]);
}

static int try_process(struct sampler *sampler, pid_t pid, bool tree)
{
	_cleanup_(thread_list_deinit) struct thread_list threads = {};
	int err;

	err = list_threads(&threads, pid, tree);
	if (!err)
		err = open_threads(sampler, &threads, tree);
	return err ?: check_complete(&threads, pid, tree, thread_now());
}

int sampler_add_process(struct sampler *sampler, pid_t pid, bool tree)
{
	size_t before = sampler->count;
	int err;

	for (int i = 0; i < ATTEMPTS; i++) {
		err = try_process(sampler, pid, tree);
		if (err != -EAGAIN || i == ATTEMPTS - 1)
			break;
		take_back(sampler, before);
	}
	if (err == -EAGAIN)
		err = 0;
	if (!err && sampler->count == before)
		err = -ESRCH;
	if (err)
		take_back(sampler, before);
	return err;
}

int sampler_add_cgroup(struct sampler *sampler, int fd)
{
	size_t before = sampler->count;
	int cpus = libbpf_num_possible_cpus(), err = 0;

	for (int cpu = 0; cpu < cpus && !err; cpu++) {
		struct perf_event_attr attr = {};

		err = open_event(sampler, &attr, fd, cpu, PERF_FLAG_PID_CGROUP);
		/* This one is off. */
		if (err == -ENODEV)
			err = 0;
	}
	if (err)
		take_back(sampler, before);
	return err;
}

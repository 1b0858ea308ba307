// SPDX-License-Identifier: GPL-2.0-or-later
#include "leaving.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <uapi/kview.h>

#include "exit_filter.skel.h"
#include "supervisor.h"

#define CATEGORY "sched"
#define NAME "sched_process_exit"

bool leaving_is_at(uint32_t kind, const char *name)
{
	switch (kind) {
	case KVIEW_HOOK_TP:
		return name && !strcmp(name, CATEGORY "/" NAME);
	case KVIEW_HOOK_RAW_TP:
	case KVIEW_HOOK_BTF_TP:
		return name && !strcmp(name, NAME);
	default:
		return false;
	}
}

/* The kernel lets programs of the same type alone jump to each other. */
static struct bpf_program *filter_for(const struct exit_filter *filter, uint32_t kind)
{
	switch (kind) {
	case KVIEW_HOOK_TP:
		return filter->progs.at_event;
	case KVIEW_HOOK_RAW_TP:
		return filter->progs.at_raw;
	default:
		return filter->progs.at_typed;
	}
}

/* Of all but the first the marks are those of the first. */
static int prepare(const struct leaving *leaving, struct exit_filter *filter, uint32_t kind)
{
	int err;

	err = bpf_program__set_autoload(filter_for(filter, kind), true);
	if (err || !leaving->count)
		return err;
	err = bpf_program__set_autoload(filter->progs.mark, false);
	return err ?: bpf_map__reuse_fd(filter->maps.marks, bpf_map__fd(leaving->filters[0]->maps.marks));
}

static int load(struct leaving *leaving, uint32_t kind, struct exit_filter **ret_filter)
{
	struct exit_filter *filter, **filters;
	int err;

	filters = reallocarray(leaving->filters, leaving->count + 1, sizeof(*filters));
	if (!filters)
		return -ENOMEM;
	leaving->filters = filters;
	filter = exit_filter__open();
	if (!filter)
		return -errno;
	err = prepare(leaving, filter, kind) ?: exit_filter__load(filter);
	if (err) {
		exit_filter__destroy(filter);
		return err;
	}
	*ret_filter = filters[leaving->count++] = filter;
	return 0;
}

/* Before any filter is attached: a process that exits meanwhile is not seen, but none is seen that is not traced. */
static int attach_marker(struct supervisor *sup)
{
	struct leaving *leaving = &sup->leaving;
	struct kview_target target = { .name = (uintptr_t) "do_exit" };
	uint32_t why;
	int fd;

	if (leaving->marker >= 0)
		return 0;
	fd = attach_link(sup, 0, KVIEW_HOOK_ENTRY, &target, 1, bpf_program__fd(leaving->filters[0]->progs.mark), &why);
	if (fd < 0)
		return fd;
	leaving->marker = fd;
	return 0;
}

static int put_program(const struct exit_filter *filter, int prog_fd)
{
	uint32_t zero = 0, fd = prog_fd;

	return bpf_map_update_elem(bpf_map__fd(filter->maps.program), &zero, &fd, BPF_ANY);
}

/* The link keeps the event. That is off, which its programs do not care about. */
static int attach_event(const struct bpf_program *filter, uint64_t cookie)
{
	LIBBPF_OPTS(bpf_tracepoint_opts, opts, .bpf_cookie = cookie);
	struct bpf_link *link = bpf_program__attach_tracepoint_opts(filter, CATEGORY, NAME, &opts);
	int fd;

	if (!link)
		return -errno;
	fd = fcntl(bpf_link__fd(link), F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		fd = -errno;
	bpf_link__destroy(link);
	return fd;
}

/* @name NULL: the program knows it. With a cookie since Linux 6.10, later than our libbpf. */
static int attach_raw(const struct bpf_program *filter, const char *name, uint64_t cookie)
{
	struct {
		uint64_t name;
		uint32_t prog_fd, pad;
		uint64_t cookie;
	} attr = { .name = (uintptr_t)name, .prog_fd = bpf_program__fd(filter), .cookie = cookie };
	size_t size = cookie ? sizeof(attr) : offsetof(typeof(attr), cookie);
	int fd = syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &attr, size);

	return fd < 0 ? -errno : fd;
}

static int attach_filter(const struct exit_filter *filter, uint32_t kind, uint64_t cookie)
{
	switch (kind) {
	case KVIEW_HOOK_TP:
		return attach_event(filter->progs.at_event, cookie);
	case KVIEW_HOOK_RAW_TP:
		return attach_raw(filter->progs.at_raw, NAME, cookie);
	default:
		return attach_raw(filter->progs.at_typed, NULL, cookie);
	}
}

int leaving_attach(struct supervisor *sup, uint32_t kind, int prog_fd, uint64_t cookie, int *ret_link)
{
	struct exit_filter *filter;
	int err, fd;

	err = load(&sup->leaving, kind, &filter) ?: put_program(filter, prog_fd) ?: attach_marker(sup);
	if (err)
		return err;
	fd = attach_filter(filter, kind, cookie);
	if (fd < 0)
		return fd;
	*ret_link = fd;
	return 0;
}

void leaving_deinit(struct leaving *leaving)
{
	closep(&leaving->marker);
	while (leaving->count)
		exit_filter__destroy(leaving->filters[--leaving->count]);
	free(leaving->filters);
}

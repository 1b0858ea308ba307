// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel's own attach points, for the ordinary mode: kprobes and tracepoints as perf events, raw tracepoints, and the
 * trampolines of tracing programs.
 *
 * The perf events are created disabled and stay so: programs run nevertheless, and no samples are made.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "ordinary.h"

static int open_event(struct perf_event_attr *attr)
{
	int fd;

	attr->size = sizeof(*attr);
	attr->disabled = 1;
	/* The CPU says nothing here: a program runs wherever the event happens. */
	fd = syscall(SYS_perf_event_open, attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int refuse_kprobe(const struct kview_link *link, size_t index, int err)
{
	switch (err) {
	case -ENOENT:
		return kview_refuse_site(link, index, err, KVIEW_WHY_NO_SYMBOL);
	case -EADDRNOTAVAIL:
		return kview_refuse_site(link, index, -ENOTUNIQ, KVIEW_WHY_AMBIGUOUS);
	case -EINVAL: /* on the list of functions that the kprobes' own machinery needs */
	case -EILSEQ:
		return kview_refuse_site(link, index, -EOPNOTSUPP, KVIEW_WHY_NOT_TRACEABLE);
	default:
		return kview_refuse_site(link, index, err, KVIEW_WHY_NONE);
	}
}

static int open_kprobe(const struct kview_link *link, size_t index)
{
	struct perf_event_attr attr = {
		.config = link->kind == KVIEW_KIND_RETURN, /* events/kprobe/format/retprobe */
		.config1 = (uintptr_t)link->sites[index].name,
	};
	unsigned int type;
	int fd;

	if (kview_file_read_number("/sys/bus/event_source/devices/kprobe/type", &type))
		return kview_refuse_link(link, -EOPNOTSUPP, "this kernel has no kprobes (CONFIG_KPROBE_EVENTS)");
	attr.type = type;
	fd = open_event(&attr);
	return fd < 0 ? refuse_kprobe(link, index, fd) : fd;
}

static uint32_t why_no_event(const struct kview_link *link)
{
	return link->kind == KVIEW_KIND_TP ? KVIEW_WHY_NO_TRACEPOINT : KVIEW_WHY_NO_SUCH_SYSCALL;
}

/* The number of an event is in its folder of tracefs. */
static int read_event_id(const struct kview_link *link, size_t index, unsigned int *ret_id)
{
	const char *prefix = link->kind == KVIEW_KIND_TP_ENTER ? "syscalls/sys_enter_" :
			     link->kind == KVIEW_KIND_TP_EXIT  ? "syscalls/sys_exit_" : "";
	char file[KVIEW_TRACEFS_PATH_LEN], path[KVIEW_TRACEFS_PATH_LEN];
	int err;

	snprintf(file, sizeof(file), "events/%s%s/id", prefix, link->sites[index].name);
	err = kview_tracefs_path(file, path);
	if (err == -ENODEV)
		return kview_refuse_link(link, -EOPNOTSUPP,
					 "tracefs is not mounted: mount -t tracefs tracefs /sys/kernel/tracing");
	err = err ?: kview_file_read_number(path, ret_id);
	return err ? kview_refuse_site(link, index, err, err == -ENOENT ? why_no_event(link) : KVIEW_WHY_NONE) : 0;
}

static int open_tracepoint(const struct kview_link *link, size_t index)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT };
	unsigned int id;
	int fd;

	fd = read_event_id(link, index, &id);
	if (fd)
		return fd;
	attr.config = id;
	fd = open_event(&attr);
	return fd < 0 ? kview_refuse_site(link, index, fd, KVIEW_WHY_NONE) : fd;
}

static int attach_event(const struct kview_link *link, size_t index, struct kview_probe *probe)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .perf_event = { .bpf_cookie = link->sites[index].cookie });

	probe->event_fd = kview_kind_is_function(link->kind) ? open_kprobe(link, index) : open_tracepoint(link, index);
	if (probe->event_fd < 0)
		return probe->event_fd;
	probe->link_fd = bpf_link_create(probe->filter_fd, probe->event_fd, BPF_PERF_EVENT, &opts);
	if (probe->link_fd == -EACCES)
		return kview_refuse_site(link, index, -EACCES, KVIEW_WHY_PROG_CONTEXT);
	if (probe->link_fd < 0)
		return kview_refuse_site(link, index, probe->link_fd, KVIEW_WHY_NONE);
	return 0;
}

/* Since Linux commit 68ca5d4eebb8 ("bpf: support BPF cookie in raw tracepoint (raw_tp, tp_btf) programs") (in v6.10). */
static int open_raw(const char *name, int prog_fd, uint64_t cookie)
{
	struct {
		uint64_t name;
		uint32_t prog_fd, pad;
		uint64_t cookie;
	} attr = { .name = (uintptr_t)name, .prog_fd = prog_fd, .cookie = cookie };
	int fd;

	if (!cookie)
		return bpf_raw_tracepoint_open(name, prog_fd);
	fd = syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr));
	return fd < 0 ? -errno : fd;
}

/* What the tracepoint is called there; NULL where the program has it. */
static const char *raw_name(const struct kview_link *link, size_t index)
{
	switch (link->kind) {
	case KVIEW_KIND_RAW_ENTER:
		return "sys_enter";
	case KVIEW_KIND_RAW_EXIT:
		return "sys_exit";
	case KVIEW_KIND_TP_BTF:
		return NULL;
	default:
		return link->sites[index].name;
	}
}

/* The kernel says EINVAL to a program that reads too far, as to a cookie it does not know. */
static int refuse_raw(const struct kview_link *link, size_t index, int err, bool without_cookie)
{
	if (err == -ENOENT)
		return kview_refuse_site(link, index, err, KVIEW_WHY_NO_TRACEPOINT);
	if (without_cookie)
		return kview_refuse_link(link, -EOPNOTSUPP, "this kernel has no cookies for raw tracepoints");
	if (err == -EINVAL)
		return kview_refuse_site(link, index, -EACCES, KVIEW_WHY_PROG_CONTEXT);
	return kview_refuse_site(link, index, err, KVIEW_WHY_NONE);
}

static int attach_raw(const struct kview_link *link, size_t index, struct kview_probe *probe)
{
	uint64_t cookie = link->sites[index].cookie;
	const char *name = raw_name(link, index);
	_cleanup_(closep) int without = -1;

	probe->link_fd = open_raw(name, probe->filter_fd, cookie);
	if (probe->link_fd >= 0)
		return 0;
	if (cookie)
		without = open_raw(name, probe->filter_fd, 0);
	return refuse_raw(link, index, probe->link_fd, without >= 0);
}

static int attach_tracing(const struct kview_link *link, size_t index, struct kview_probe *probe)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .tracing = { .cookie = link->sites[index].cookie });

	probe->link_fd = bpf_link_create(probe->filter_fd, 0, kview_kind_info(link->kind)->attach_type, &opts);
	if (probe->link_fd >= 0)
		return 0;
	return kview_refuse_site(link, index, probe->link_fd, KVIEW_WHY_NONE);
}

int kview_probe_attach(const struct kview_link *link, size_t index, struct kview_probe *probe)
{
	switch (kview_kind_info(link->kind)->prog_type) {
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
		return attach_raw(link, index, probe);
	case BPF_PROG_TYPE_TRACING:
		if (link->kind == KVIEW_KIND_TP_BTF)
			return attach_raw(link, index, probe);
		return attach_tracing(link, index, probe);
	default:
		return attach_event(link, index, probe);
	}
}

void kview_probe_close(struct kview_probe *probe)
{
	closep(&probe->link_fd);
	closep(&probe->event_fd);
	closep(&probe->filter_fd);
}

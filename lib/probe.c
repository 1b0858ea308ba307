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

/* Read a file of the system call's folder in tracefs, telling what stands in the way. */
static int read_tracepoint(const struct kview_link *link, const char *file, char **ret_text)
{
	const char *way = link->kind == KVIEW_KIND_TP_ENTER ? "enter" : "exit", *tracefs = kview_tracefs();
	char path[256];
	int err;

	if (!tracefs)
		return kview_refuse_link(link, -EOPNOTSUPP,
					 "tracefs is not mounted: mount -t tracefs tracefs /sys/kernel/tracing");
	snprintf(path, sizeof(path), "%s/events/syscalls/sys_%s_%s/%s", tracefs, way, link->sites[0].name, file);
	err = kview_file_read(path, ret_text);
	if (err)
		return kview_refuse_site(link, 0, err, err == -ENOENT ? KVIEW_WHY_NO_SUCH_SYSCALL : KVIEW_WHY_NONE);
	return 0;
}

static int open_tracepoint(const struct kview_link *link)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT };
	_cleanup_(freep) char *id = NULL;
	int fd;

	fd = read_tracepoint(link, "id", &id);
	if (fd)
		return fd;
	attr.config = strtoull(id, NULL, 10);
	fd = open_event(&attr);
	return fd < 0 ? kview_refuse_site(link, 0, fd, KVIEW_WHY_NONE) : fd;
}

/* The record ends with its last field: "field:const char * buf;	offset:24;	size:8;	signed:0;" */
static uint32_t record_size(const char *format)
{
	unsigned int offset = 0, size = 0;

	for (const char *at = format; (at = strstr(at, "\tfield:")); at++) {
		const char *numbers = strstr(at, "\toffset:");

		if (!numbers || sscanf(numbers, " offset:%u; size:%u;", &offset, &size) != 2)
			return UINT32_MAX;
	}
	return offset + size;
}

int kview_probe_context(const struct kview_link *link, uint32_t *ret_size)
{
	_cleanup_(freep) char *format = NULL;
	int err;

	switch (kview_kind_prog_type(link->kind)) {
	case BPF_PROG_TYPE_TRACEPOINT:
		err = read_tracepoint(link, "format", &format);
		if (err)
			return err;
		*ret_size = record_size(format);
		return 0;
	case BPF_PROG_TYPE_RAW_TRACEPOINT: /* sys_enter and sys_exit have two arguments */
		*ret_size = 2 * sizeof(uint64_t);
		return 0;
	default:
		*ret_size = UINT32_MAX;
		return 0;
	}
}

static int attach_event(const struct kview_link *link, size_t index, struct kview_probe *probe)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .perf_event = { .bpf_cookie = link->sites[index].cookie });

	probe->event_fd = kview_kind_is_function(link->kind) ? open_kprobe(link, index) : open_tracepoint(link);
	if (probe->event_fd < 0)
		return probe->event_fd;
	probe->link_fd = bpf_link_create(probe->filter_fd, probe->event_fd, BPF_PERF_EVENT, &opts);
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

static int attach_raw(const struct kview_link *link, size_t index, struct kview_probe *probe)
{
	const char *name = link->kind == KVIEW_KIND_RAW_ENTER ? "sys_enter" : "sys_exit";
	uint64_t cookie = link->sites[index].cookie;

	probe->link_fd = open_raw(name, probe->filter_fd, cookie);
	if (probe->link_fd >= 0)
		return 0;
	if (cookie && (probe->link_fd == -EINVAL || probe->link_fd == -E2BIG))
		return kview_refuse_link(link, -EOPNOTSUPP, "this kernel has no cookies for raw tracepoints");
	return kview_refuse_site(link, index, probe->link_fd, KVIEW_WHY_NONE);
}

static int attach_tracing(const struct kview_link *link, size_t index, struct kview_probe *probe)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .tracing = { .cookie = link->sites[index].cookie });

	probe->link_fd = bpf_link_create(probe->filter_fd, 0, kview_kind_attach_type(link->kind), &opts);
	if (probe->link_fd >= 0)
		return 0;
	return kview_refuse_site(link, index, probe->link_fd, KVIEW_WHY_NONE);
}

int kview_probe_attach(const struct kview_link *link, size_t index, struct kview_probe *probe)
{
	switch (kview_kind_prog_type(link->kind)) {
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
		return attach_raw(link, index, probe);
	case BPF_PROG_TYPE_TRACING:
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

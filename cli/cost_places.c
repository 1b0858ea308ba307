// SPDX-License-Identifier: GPL-2.0-or-later
/* Where BPF links lead. What perf events hook is not in them: cost_holders.c asks their descriptors. */
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "cost_programs.h"
#include "format.h"
#include "util/cleanup.h"

#define PLACE_LEN 256

DEFINE_CLEANUP(struct btf *, btf__free)

/* The kernel's own type information, loaded when it is first needed. */
static const char *function_name(struct btf **btf, uint32_t type)
{
	const struct btf_type *function;

	if (!*btf)
		*btf = btf__load_vmlinux_btf();
	function = *btf ? btf__type_by_id(*btf, type) : NULL;
	return function ? btf__name_by_offset(*btf, function->name_off) : NULL;
}

/* "trace_fentry vfs_read": programs of type tracing. Of what modules and other programs have, the number has to do. */
static void describe_tracing(char place[PLACE_LEN], const struct bpf_link_info *info, struct btf **btf)
{
	const char *kind = libbpf_bpf_attach_type_str(info->tracing.attach_type) ?: "tracing";
	const char *name = function_name(btf, info->tracing.target_btf_id);

	if (!strncmp(kind, "trace_", strlen("trace_")))
		kind += strlen("trace_");
	if (info->tracing.attach_type == BPF_TRACE_RAW_TP) {
		kind = "tp_btf";
		name = name && !strncmp(name, "btf_trace_", strlen("btf_trace_")) ? name + strlen("btf_trace_") : name;
	}
	if (name)
		snprintf(place, PLACE_LEN, "%s %s", kind, name);
	else
		snprintf(place, PLACE_LEN, "%s #%u", kind, info->tracing.target_btf_id);
}

static void describe_xdp(char place[PLACE_LEN], const struct bpf_link_info *info)
{
	char name[IF_NAMESIZE];

	snprintf(place, PLACE_LEN, "xdp %s", if_indextoname(info->xdp.ifindex, name) ?: "(gone)");
}

/*
 * What the kernel has told of such links since Linux commit 7ac8d0d26190 ("bpf: Support ->fill_link_info for
 * kprobe_multi") (in v6.6); before that, zeros. Newer than Debian 12's headers.
 */
struct multi_info {
	uint32_t type, id, prog_id, pad;
	uint64_t addrs;
	uint32_t count, flags;
};

static void describe_multi(char place[PLACE_LEN], const struct bpf_link_info *info)
{
	struct multi_info multi;

	memcpy(&multi, info, sizeof(multi));
	snprintf(place, PLACE_LEN, "%s %u function%s", multi.flags & BPF_F_KPROBE_MULTI_RETURN ? "kretprobe.multi" : "kprobe.multi",
		 multi.count, format_plural(multi.count));
}

static void describe(char place[PLACE_LEN], const struct bpf_link_info *info, const char *tp_name, struct btf **btf)
{
	switch (info->type) {
	case BPF_LINK_TYPE_RAW_TRACEPOINT:
		snprintf(place, PLACE_LEN, "raw_tp %s", tp_name);
		return;
	case BPF_LINK_TYPE_TRACING:
		describe_tracing(place, info, btf);
		return;
	case BPF_LINK_TYPE_CGROUP:
		snprintf(place, PLACE_LEN, "%s cgroup %" PRIu64,
			 libbpf_bpf_attach_type_str(info->cgroup.attach_type) ?: "cgroup", (uint64_t)info->cgroup.cgroup_id);
		return;
	case BPF_LINK_TYPE_XDP:
		describe_xdp(place, info);
		return;
	case BPF_LINK_TYPE_KPROBE_MULTI:
		describe_multi(place, info);
		return;
	case BPF_LINK_TYPE_PERF_EVENT:
		place[0] = '\0';
		return;
	default:
		snprintf(place, PLACE_LEN, "%s", libbpf_bpf_link_type_str(info->type) ?: "unknown");
	}
}

static int add_link(const struct cost_programs *programs, uint32_t id, struct btf **btf)
{
	_cleanup_(closep) int fd = bpf_link_get_fd_by_id(id);
	char place[PLACE_LEN], tp_name[128] = "";
	struct bpf_link_info info = {};
	uint32_t size = sizeof(info);

	if (fd < 0) /* has just gone */
		return fd == -ENOENT ? 0 : fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	if (info.type == BPF_LINK_TYPE_RAW_TRACEPOINT) {
		/* Only now it is known that there is a name. */
		info.raw_tracepoint.tp_name = (uintptr_t)tp_name;
		info.raw_tracepoint.tp_name_len = sizeof(tp_name);
		size = sizeof(info);
		if (bpf_obj_get_info_by_fd(fd, &info, &size))
			return -errno;
	}
	describe(place, &info, tp_name, btf);
	return place[0] ? cost_programs_add_place(programs, info.prog_id, place) : 0;
}

int cost_find_places(const struct cost_programs *programs)
{
	_cleanup_(btf__freep) struct btf *btf = NULL;
	uint32_t id = 0;
	int err;

	for (;;) {
		err = bpf_link_get_next_id(id, &id);
		if (err)
			return err == -ENOENT ? 0 : err;
		err = add_link(programs, id, &btf);
		if (err)
			return err;
	}
}

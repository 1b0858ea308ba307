// SPDX-License-Identifier: GPL-2.0-or-later
#include "programs.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#define TYPE_NETFILTER 32 /* BPF_PROG_TYPE_NETFILTER, later than the headers we are built with */

static const struct {
	const char *name;
	enum program_reach reach;
} types[PROGRAM_TYPES] = {
	[BPF_PROG_TYPE_UNSPEC] = { "unspec", REACH_CALLER },
	[BPF_PROG_TYPE_SOCKET_FILTER] = { "socket_filter", REACH_MACHINE },
	[BPF_PROG_TYPE_KPROBE] = { "kprobe", REACH_EVENTS },
	[BPF_PROG_TYPE_SCHED_CLS] = { "sched_cls", REACH_UNSEEN },
	[BPF_PROG_TYPE_SCHED_ACT] = { "sched_act", REACH_UNSEEN },
	[BPF_PROG_TYPE_TRACEPOINT] = { "tracepoint", REACH_EVENTS },
	[BPF_PROG_TYPE_XDP] = { "xdp", REACH_UNSEEN },
	[BPF_PROG_TYPE_PERF_EVENT] = { "perf_event", REACH_EVENTS },
	[BPF_PROG_TYPE_CGROUP_SKB] = { "cgroup_skb", REACH_MACHINE },
	[BPF_PROG_TYPE_CGROUP_SOCK] = { "cgroup_sock", REACH_MACHINE },
	[BPF_PROG_TYPE_LWT_IN] = { "lwt_in", REACH_UNSEEN },
	[BPF_PROG_TYPE_LWT_OUT] = { "lwt_out", REACH_UNSEEN },
	[BPF_PROG_TYPE_LWT_XMIT] = { "lwt_xmit", REACH_UNSEEN },
	[BPF_PROG_TYPE_SOCK_OPS] = { "sock_ops", REACH_MACHINE },
	[BPF_PROG_TYPE_SK_SKB] = { "sk_skb", REACH_MACHINE },
	[BPF_PROG_TYPE_CGROUP_DEVICE] = { "cgroup_device", REACH_MACHINE },
	[BPF_PROG_TYPE_SK_MSG] = { "sk_msg", REACH_MACHINE },
	[BPF_PROG_TYPE_RAW_TRACEPOINT] = { "raw_tracepoint", REACH_EVENTS },
	[BPF_PROG_TYPE_CGROUP_SOCK_ADDR] = { "cgroup_sock_addr", REACH_MACHINE },
	[BPF_PROG_TYPE_LWT_SEG6LOCAL] = { "lwt_seg6local", REACH_UNSEEN },
	[BPF_PROG_TYPE_LIRC_MODE2] = { "lirc_mode2", REACH_MACHINE },
	[BPF_PROG_TYPE_SK_REUSEPORT] = { "sk_reuseport", REACH_MACHINE },
	[BPF_PROG_TYPE_FLOW_DISSECTOR] = { "flow_dissector", REACH_MACHINE },
	[BPF_PROG_TYPE_CGROUP_SYSCTL] = { "cgroup_sysctl", REACH_MACHINE },
	[BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE] = { "raw_tracepoint_writable", REACH_EVENTS },
	[BPF_PROG_TYPE_CGROUP_SOCKOPT] = { "cgroup_sockopt", REACH_MACHINE },
	[BPF_PROG_TYPE_TRACING] = { "tracing", REACH_EVENTS },
	[BPF_PROG_TYPE_STRUCT_OPS] = { "struct_ops", REACH_UNSEEN },
	[BPF_PROG_TYPE_EXT] = { "ext", REACH_MACHINE },
	[BPF_PROG_TYPE_LSM] = { "lsm", REACH_MACHINE },
	[BPF_PROG_TYPE_SK_LOOKUP] = { "sk_lookup", REACH_MACHINE },
	[BPF_PROG_TYPE_SYSCALL] = { "syscall", REACH_CALLER },
	[TYPE_NETFILTER] = { "netfilter", REACH_MACHINE },
};

enum program_reach program_reach(uint32_t type)
{
	return type < PROGRAM_TYPES ? types[type].reach : REACH_MACHINE;
}

const char *program_type_name(uint32_t type)
{
	return type < PROGRAM_TYPES ? types[type].name : "unknown";
}

void program_info(int fd, struct bpf_prog_info *ret_info)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		info = (struct bpf_prog_info){};
	*ret_info = info;
}

// SPDX-License-Identifier: GPL-2.0-only
/* Keeps true who is monitored: what a process forks and what is made in a cgroup belongs where that belongs. */
#include "monitor/probes/scope.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct sock_common {
	__u16 skc_num;
};

struct sock {
	struct sock_common __sk_common;
};

#pragma clang attribute pop

/* 1 << enum scope_news_kind of what user space waits for. */
__u32 wanted;
__u64 lost;
__u64 missed; /* of them news */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} news SEC(".maps");

static __always_inline void tell(enum scope_news_kind kind, __u32 tgid, __u32 port)
{
	struct scope_news record = { .kind = kind, .tgid = tgid, .port = port };

	if (!(wanted & 1U << kind) || !bpf_ringbuf_output(&news, &record, sizeof(record), 0))
		return;
	__sync_fetch_and_add(&lost, 1);
	__sync_fetch_and_add(&missed, 1);
}

SEC("tp_btf/sched_process_fork")
int scope_fork(__u64 *ctx)
{
	struct task_struct *parent = (void *)ctx[0], *child = (void *)ctx[1];
	__u32 tgid = parent->tgid, new = child->tgid, target;

	if (tgid == new)
		return 0;
	target = scope_of_tgid(tgid);
	if (target && bpf_map_update_elem(&scope_tasks, &new, &target, BPF_ANY))
		__sync_fetch_and_add(&lost, 1);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int scope_exec(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];

	tell(SCOPE_EXEC, task->tgid, 0);
	return 0;
}

/* Its number can be another process's next. Not at its exit: its threads are still counted until they are gone. */
SEC("tp_btf/sched_process_free")
int scope_free(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	__u32 tgid = task->tgid;

	if (task->pid == (int)tgid)
		bpf_map_delete_elem(&scope_tasks, &tgid);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int scope_mkdir(__u64 *ctx)
{
	struct cgroup *cgroup = (void *)ctx[0];
	__u64 id = BPF_CORE_READ(cgroup, kn, id), parent = BPF_CORE_READ(cgroup, self.parent, cgroup, kn, id);
	__u32 target = scope_of_cgroup(parent);

	if (target && bpf_map_update_elem(&scope_cgroups, &id, &target, BPF_ANY))
		__sync_fetch_and_add(&lost, 1);
	tell(SCOPE_CGROUP, 0, 0);
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int scope_rmdir(__u64 *ctx)
{
	struct cgroup *cgroup = (void *)ctx[0];
	__u64 id = BPF_CORE_READ(cgroup, kn, id);

	bpf_map_delete_elem(&scope_cgroups, &id);
	return 0;
}

#define TCP_LISTEN 10 /* include/net/tcp_states.h */

SEC("tp_btf/inet_sock_set_state")
int scope_listen(__u64 *ctx)
{
	const struct sock *sk = (void *)ctx[0];

	/* It is not among those that listen yet: /proc would not tell the port. */
	if ((int)ctx[2] == TCP_LISTEN)
		tell(SCOPE_LISTEN, bpf_get_current_pid_tgid() >> 32, BPF_CORE_READ(sk, __sk_common.skc_num));
	return 0;
}

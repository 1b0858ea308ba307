/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose sockets listen, for tcp.bpf.c, which has the kernel's structures, and what was lost, before it. */
#ifndef KVIEW_MONITOR_TCP_LISTENERS_BPF_H
#define KVIEW_MONITOR_TCP_LISTENERS_BPF_H

/* Whose sockets listen on a port. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TCP_LISTENERS);
	__type(key, struct tcp_listener);
	__type(value, __u32);
} listeners SEC(".maps");

/* The sockets themselves, by their cookies: several can have one port, by their addresses or in spite of them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TCP_LISTENING);
	__uint(map_flags, 1); /* BPF_F_NO_PREALLOC: most machines have few */
	__type(key, __u64);
	__type(value, struct tcp_listening);
} listening SEC(".maps");

static __always_inline __u32 netns_of(const struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

/* NULL: nobody is known to listen on its port. */
static __always_inline __u32 *find_listener(const struct sock *sk)
{
	struct tcp_listener listener = { .netns = netns_of(sk), .port = BPF_CORE_READ(sk, __sk_common.skc_num) };

	return bpf_map_lookup_elem(&listeners, &listener);
}

static __always_inline __u32 scope_of_port(const struct sock *sk)
{
	__u32 *target = find_listener(sk);

	return target && *target < TCP_TARGETS ? *target : 0;
}

static __always_inline void listen(struct sock *sk, __u32 target)
{
	struct tcp_listening new = { .target = target };
	__u64 cookie = bpf_get_socket_cookie(sk);

	new.at.netns = netns_of(sk);
	new.at.port = BPF_CORE_READ(sk, __sk_common.skc_num);
	if (bpf_map_update_elem(&listening, &cookie, &new, BPF_ANY) ||
	    bpf_map_update_elem(&listeners, &new.at, &target, BPF_ANY))
		__sync_fetch_and_add(&lost, 1);
}

static long find_sibling(struct bpf_map *map, __u64 *cookie, struct tcp_listening *other, struct tcp_listening *gone)
{
	(void)map;
	(void)cookie;
	if (other->at.netns != gone->at.netns || other->at.port != gone->at.port)
		return 0;
	gone->target = other->target;
	return 1;
}

/* The port is that of whoever else listens there. */
static __always_inline void end_listening(struct sock *sk)
{
	__u64 cookie = bpf_get_socket_cookie(sk);
	struct tcp_listening *known = bpf_map_lookup_elem(&listening, &cookie), gone;

	if (!known)
		return;
	gone = *known;
	gone.target = 0;
	bpf_map_delete_elem(&listening, &cookie);
	bpf_for_each_map_elem(&listening, find_sibling, &gone, 0);
	if (gone.target)
		bpf_map_update_elem(&listeners, &gone.at, &gone.target, BPF_ANY);
	else
		bpf_map_delete_elem(&listeners, &gone.at);
}

#endif /* KVIEW_MONITOR_TCP_LISTENERS_BPF_H */

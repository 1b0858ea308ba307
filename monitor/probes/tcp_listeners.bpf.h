/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose sockets listen, for tcp.bpf.c, which has the kernel's structures, what was lost, and read_address() before it.
 * Those of nobody are noted, too: what comes in by them does not by another one's that listens at all addresses.
 */
#ifndef KVIEW_MONITOR_TCP_LISTENERS_BPF_H
#define KVIEW_MONITOR_TCP_LISTENERS_BPF_H

#define EEXIST 17 /* include/uapi/asm-generic/errno-base.h */

/* Whose sockets listen at a place. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TCP_LISTENERS);
	__uint(map_flags, 1); /* BPF_F_NO_PREALLOC: most machines have few */
	__type(key, struct tcp_listener);
	__type(value, __u32);
} listeners SEC(".maps");

/* The sockets themselves, by their cookies: with SO_REUSEPORT several can have one place. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TCP_LISTENING);
	__uint(map_flags, 1);
	__type(key, __u64);
	__type(value, struct tcp_listening);
} listening SEC(".maps");

static __always_inline __u32 netns_of(const struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

static __always_inline void read_place(const struct sock *sk, struct tcp_listener *at)
{
	at->netns = netns_of(sk);
	at->port = BPF_CORE_READ(sk, __sk_common.skc_num);
	read_address(sk, TCP_HERE, at->address);
	tcp_place_of_socket(at, BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_ipv6only));
}

/* NULL: nobody is known to listen where it has come in. */
static __always_inline __u32 *find_listener(const struct sock *sk)
{
	struct tcp_listener at = {};
	int place, version4;
	__u32 *target;

	read_place(sk, &at);
	version4 = tcp_is_version4(&at);
	target = bpf_map_lookup_elem(&listeners, &at);
	for (place = 1; place < TCP_PLACES && !target; place++) {
		tcp_next_place(&at, place, version4);
		target = bpf_map_lookup_elem(&listeners, &at);
	}
	return target;
}

static __always_inline __u32 scope_of_listener(const struct sock *sk)
{
	__u32 *target = find_listener(sk);

	return target && *target < TCP_TARGETS ? *target : 0;
}

/* Of sockets that several processes have, and of several at one place, a target's are not nobody's. */
static __always_inline void listen(struct sock *sk, __u32 target)
{
	__u64 cookie = bpf_get_socket_cookie(sk), flags = target == TCP_NOBODY ? BPF_NOEXIST : BPF_ANY;
	struct tcp_listening new = { .target = target };
	int err; /* before 6.4 the upper half of what an update returns is not its own */

	read_place(sk, &new.at);
	err = bpf_map_update_elem(&listening, &cookie, &new, flags);
	if (!err || err == -EEXIST)
		err = bpf_map_update_elem(&listeners, &new.at, &target, flags);
	if (err && err != -EEXIST)
		__sync_fetch_and_add(&lost, 1);
}

/* Until one that is a target's is found. */
static long find_sibling(struct bpf_map *map, __u64 *cookie, struct tcp_listening *other, struct tcp_listening *gone)
{
	(void)map;
	(void)cookie;
	if (!tcp_is_same_place(&other->at, &gone->at))
		return 0;
	gone->target = other->target;
	return gone->target != TCP_NOBODY;
}

/* The place is that of whoever else listens there. */
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

// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP sessions of the targets: who they belong to, how long they live, what they carry.
 *
 * Whose a socket is is decided once: when it connects, by the process that asks; when it is accepted, by its cgroup,
 * which it has from the socket that listens, or by who listens there; if they are nobody's, by the addresses and
 * the interface. What was there before is found by going through the targets' open files, and what nobody has accepted
 * yet among all sockets.
 */
#include "monitor/probes/sessions.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define IPPROTO_TCP 6
#define SOCK_DONE_BIT 1 /* enum sock_flags: the other side has said that it is done */
#define AF_INET 2
#define AF_INET6 10

enum { /* include/net/tcp_states.h */
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_TIME_WAIT = 6,
	TCP_CLOSE,
	TCP_CLOSE_WAIT,
	TCP_LISTEN = 10,
	TCP_NEW_SYN_RECV = 12,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

typedef struct {
	__s64 counter;
} atomic64_t;

struct in6_addr {
	__u8 bytes[16];
};

struct sock_common {
	__u32 skc_daddr, skc_rcv_saddr;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	unsigned char skc_ipv6only : 1;
	possible_net_t skc_net;
	__u16 skc_num, skc_dport;
	unsigned long skc_flags;
	atomic64_t skc_cookie;
};

struct sock_cgroup_data {
	struct cgroup *cgroup;
};

struct net_device {
	char name[TCP_NAME];
};

struct dst_entry {
	struct net_device *dev;
};

struct socket;

struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
	struct dst_entry *sk_dst_cache;
	__u16 sk_protocol, sk_type;
	struct sock_cgroup_data sk_cgrp_data;
};

struct tcp_sock {
	__u64 bytes_sent, bytes_retrans, bytes_received;
	__u32 srtt_us, total_retrans, rcv_nxt, snd_nxt;
};

struct socket {
	struct sock *sk;
};

struct file;
struct bpf_map;

struct bpf_iter__task_file {
	struct task_struct___monitor *task;
	struct file *file;
};

struct bpf_iter__tcp {
	struct sock_common *sk_common;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	void *key, *value;
};

#pragma clang attribute pop

__u64 lost;

__u64 open_sessions[TCP_TARGETS];
__u8 listeners_only; /* look for these first: they tell which end of a session is the server */
__u8 alive[TCP_TARGETS]; /* whether a target still has this number */
__u8 by_network, by_interface; /* whether targets name such */

/* @address is all 0. */
static __always_inline void read_address(const struct sock *sk, enum tcp_end end, __u8 address[16])
{
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6) {
		if (end == TCP_THERE)
			BPF_CORE_READ_INTO((struct in6_addr *)address, sk, __sk_common.skc_v6_daddr);
		else
			BPF_CORE_READ_INTO((struct in6_addr *)address, sk, __sk_common.skc_v6_rcv_saddr);
		return;
	}
	address[10] = address[11] = 0xff;
	*(__u32 *)&address[12] = end == TCP_THERE ? BPF_CORE_READ(sk, __sk_common.skc_daddr) :
						    BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
}

#include "monitor/probes/tcp_listeners.bpf.h"

static const struct monitor_sample empty;
static const struct tcp_session new_session = { .http.answers.answers = 1 };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TCP_WHATS * 64);
	__type(key, struct monitor_key);
	__type(value, struct monitor_sample);
} samples SEC(".maps");

/* Whose sessions have ended a moment ago: a socket that is closed by a reset ends first, and sends it then. */
struct {
	__uint(type, MAP_TYPE_LRU_HASH);
	__uint(max_entries, TCP_ENDED);
	__type(key, __u64);
	__type(value, __u32);
} ended SEC(".maps");

/* Whether monitor_state runs on this CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} busy SEC(".maps");

/* Whose sessions are those with an address, or by an interface. */
struct {
	__uint(type, MAP_TYPE_LPM_TRIE);
	__uint(max_entries, TCP_NETWORKS);
	__uint(map_flags, 1); /* BPF_F_NO_PREALLOC, as such a map must have */
	__type(key, struct tcp_network);
	__type(value, __u32);
} networks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TCP_INTERFACES);
	__type(key, char[TCP_NAME]);
	__type(value, __u32);
} interfaces SEC(".maps");

static __always_inline struct monitor_sample *sample_for(__u32 target, enum tcp_what what)
{
	struct monitor_key key = { .target = target, .what = what };

	return sample_of(&samples, &key, &empty);
}

static __always_inline void count(__u32 target, enum tcp_what what, __u64 value)
{
	struct monitor_sample *sample = sample_for(target, what);

	if (sample)
		sample_add_shared(sample, value);
}

static __always_inline __u32 scope_of_sock(const struct sock *sk)
{
	return scope_of_cgroup(BPF_CORE_READ(sk, sk_cgrp_data.cgroup, kn, id));
}

static __always_inline __u32 scope_of_end(const struct sock *sk, enum tcp_end end)
{
	struct tcp_network network = { .bits = 128 };
	__u32 *target;

	read_address(sk, end, network.address);
	target = bpf_map_lookup_elem(&networks, &network);
	return target ? *target : 0;
}

static __always_inline __u32 scope_of_interface(const struct sock *sk)
{
	struct net_device *dev = BPF_CORE_READ(sk, sk_dst_cache, dev);
	char name[TCP_NAME] = {};
	__u32 *target;

	if (!dev || bpf_core_read_str(name, sizeof(name), &dev->name) < 0)
		return 0;
	target = bpf_map_lookup_elem(&interfaces, name);
	return target ? *target : 0;
}

/* Of a socket that is nobody's. */
static __always_inline __u32 scope_of_link(const struct sock *sk)
{
	__u32 target = 0;

	if (by_network)
		target = scope_of_end(sk, TCP_THERE) ?: scope_of_end(sk, TCP_HERE);
	if (!target && by_interface)
		target = scope_of_interface(sk);
	return target;
}

/* --- what a session carries --------------------------------------------------------------------------------------- */

static __always_inline __u64 sent_by(const struct sock *sk)
{
	const struct tcp_sock *tp = (const void *)sk;

	return BPF_CORE_READ(tp, bytes_sent) - BPF_CORE_READ(tp, bytes_retrans);
}

/* The end of the other side's data counts as a byte there. */
static __always_inline __u64 received_by(const struct sock *sk)
{
	const struct tcp_sock *tp = (const void *)sk;
	__u64 bytes = BPF_CORE_READ(tp, bytes_received);

	return bytes && (BPF_CORE_READ(sk, __sk_common.skc_flags) & 1UL << SOCK_DONE_BIT) ? bytes - 1 : bytes;
}

/*
 * What has come since somebody looked. It can be less than nothing: two look at once, or the end has just been told
 * off.
 */
static __always_inline __u64 take_new(__u64 *known, __u64 bytes)
{
	return bytes - __sync_lock_test_and_set(known, bytes);
}

static __always_inline void look(struct tcp_session *session, const struct sock *sk)
{
	const struct tcp_sock *tp = (const void *)sk;
	struct monitor_sample *bytes = sample_for(session->target, TCP_BYTES);
	struct monitor_sample *retransmits = sample_for(session->target, TCP_RETRANSMITS);
	__u64 rtt = BPF_CORE_READ(tp, srtt_us) >> 3;

	if (bytes) {
		__sync_fetch_and_add(&bytes->extra[0], take_new(&session->sent, sent_by(sk)));
		__sync_fetch_and_add(&bytes->extra[1], take_new(&session->received, received_by(sk)));
	}
	if (retransmits)
		__sync_fetch_and_add(&retransmits->extra[0],
				     take_new(&session->retransmits, BPF_CORE_READ(tp, total_retrans)));
	if (rtt)
		count(session->target, TCP_RTT, rtt * 1000);
}

/* --- its life ----------------------------------------------------------------------------------------------------- */

/* Where data begins, in both directions: the first packet that comes by may not be the first one. A request may. */
static __always_inline void expect(struct tcp_session *session, const struct sock *sk)
{
	const struct tcp_sock *tp = (const void *)sk;

	session->http.order[0].next = BPF_CORE_READ(tp, rcv_nxt);
	session->http.order[1].next = BPF_CORE_READ(tp, snd_nxt);
	session->http.order[0].seen = session->http.order[1].seen = 1;
	session->http.requests.state = HTTP_BETWEEN;
}

/* One that is nobody's yet: who fills it in sets its target at the end. It is too large for the stack. */
static __always_inline struct tcp_session *add_session(struct sock *sk, __u64 cookie, __u64 flags)
{
	struct tcp_session *session;

	if (bpf_map_update_elem(&sessions, &cookie, &new_session, flags))
		return NULL;
	session = bpf_map_lookup_elem(&sessions, &cookie);
	if (!session)
		return NULL;
	session->sock = (__u64)sk;
	session->began = bpf_ktime_get_ns();
	return session;
}

static __always_inline void begin(struct sock *sk, __u64 cookie, __u32 target, __u8 server, __u8 established)
{
	struct tcp_session *session = add_session(sk, cookie, BPF_ANY);

	if (!session) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	session->server = server;
	session->established = established;
	if (established)
		expect(session, sk);
	session->target = target;
}

static __always_inline void establish(struct sock *sk, __u64 cookie, struct tcp_session *session, __u8 server)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 target;

	if (session) {
		count(session->target, TCP_CONNECT, now - session->began);
		session->began = now;
		session->established = 1;
		expect(session, sk);
		return;
	}
	target = scope_of_sock(sk) ?: (server ? scope_of_listener(sk) : 0) ?: scope_of_link(sk);
	if (target)
		begin(sk, cookie, target, server, 1);
}

static __always_inline void end(struct sock *sk, __u64 cookie, struct tcp_session *session)
{
	look(session, sk);
	if (!session->established)
		count(session->target, TCP_FAILED, 0);
	else if (!session->old)
		count(session->target, TCP_LIFE, bpf_ktime_get_ns() - session->began);
	bpf_map_update_elem(&ended, &cookie, &session->target, BPF_ANY);
	/* One with requests that nobody has answered has to be seen by the probe http, whose turn comes after this. */
	if (http_waiting(&session->http) || session->http.piped)
		session->http.ended = 1;
	else
		bpf_map_delete_elem(&sessions, &cookie);
}

static __always_inline void change(__u64 *ctx)
{
	struct sock *sk = (void *)ctx[0];
	int from = ctx[1], to = ctx[2];
	struct tcp_session *session;
	__u32 target;
	__u64 cookie;

	if (sk->sk_protocol != IPPROTO_TCP)
		return;
	if (to == TCP_LISTEN) {
		listen(sk, scope_current() ?: TCP_NOBODY);
		return;
	}
	/* A new connection's socket is a copy of the one that listens, and leaves that state, too. */
	if (from == TCP_LISTEN) {
		if (to == TCP_CLOSE)
			end_listening(sk);
		return;
	}
	cookie = bpf_get_socket_cookie(sk);
	session = bpf_map_lookup_elem(&sessions, &cookie);
	if (to == TCP_SYN_SENT) {
		target = scope_current() ?: scope_of_link(sk);
		if (target && !session)
			begin(sk, cookie, target, 0, 0);
	} else if (to == TCP_ESTABLISHED) {
		establish(sk, cookie, session, from != TCP_SYN_SENT);
	} else if (to == TCP_CLOSE && session) {
		end(sk, cookie, session);
	}
}

/*
 * A softirq that interrupts this program changes other sockets' states, and the kernel does not run a program that runs
 * already on that CPU. It runs the other one.
 */
SEC("tp_btf/inet_sock_set_state")
int monitor_state(__u64 *ctx)
{
	__u32 zero = 0;
	volatile __u32 *runs = bpf_map_lookup_elem(&busy, &zero);

	if (!runs)
		return 0;
	*runs = 1;
	change(ctx);
	*runs = 0;
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int monitor_state_within(__u64 *ctx)
{
	__u32 zero = 0, *runs = bpf_map_lookup_elem(&busy, &zero);

	if (runs && *runs)
		change(ctx);
	return 0;
}

SEC("kretprobe/inet_csk_accept")
int monitor_accept(struct pt_regs *ctx)
{
	const struct sock *sk = (void *)PT_REGS_RC(ctx);
	struct tcp_session *session;
	__u64 cookie;

	if (!sk)
		return 0;
	cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	session = bpf_map_lookup_elem(&sessions, &cookie);
	if (!session || !session->server || session->accepted)
		return 0;
	session->accepted = 1;
	count(session->target, TCP_ACCEPT, bpf_ktime_get_ns() - session->began);
	return 0;
}

static __always_inline int count_reset(const struct sock *sk, enum tcp_what what)
{
	struct tcp_session *session;
	__u32 *target;
	__u64 cookie;

	if (!sk)
		return 0;
	cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	session = cookie ? bpf_map_lookup_elem(&sessions, &cookie) : NULL;
	target = session ? &session->target : bpf_map_lookup_elem(&ended, &cookie);
	if (target)
		count(*target, what, 0);
	return 0;
}

SEC("tp_btf/tcp_send_reset")
int monitor_send_reset(__u64 *ctx)
{
	return count_reset((void *)ctx[0], TCP_RESET_SENT);
}

SEC("tp_btf/tcp_receive_reset")
int monitor_receive_reset(__u64 *ctx)
{
	return count_reset((void *)ctx[0], TCP_RESET_RECEIVED);
}

#include "monitor/probes/tcp_look.bpf.h"

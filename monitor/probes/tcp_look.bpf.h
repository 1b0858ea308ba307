/* SPDX-License-Identifier: GPL-2.0-only */
/* What user space has done when it looks: sessions are counted, found and told. tcp.bpf.c has all else before it. */
#ifndef KVIEW_MONITOR_TCP_LOOK_BPF_H
#define KVIEW_MONITOR_TCP_LOOK_BPF_H

static long look_at(struct bpf_map *map, __u64 *cookie, struct tcp_session *session, void *data)
{
	const struct sock *sk = (void *)session->sock;
	__u32 target = session->target;

	(void)data;
	/* It is being made. */
	if (!target)
		return 0;
	/* The probe http may be off by now. */
	if (target >= TCP_TARGETS || !alive[target] || session->http.ended) {
		bpf_map_delete_elem(map, cookie);
		return 0;
	}
	/* The memory may be another's by now. */
	if (!session->established || BPF_CORE_READ(sk, __sk_common.skc_cookie.counter) != (__s64)*cookie)
		return 0;
	look(session, sk);
	if (target < TCP_TARGETS)
		open_sessions[target]++;
	return 0;
}

SEC("raw_tp")
int monitor_look(void *ctx)
{
	__u32 i;

	(void)ctx;
	for (i = 0; i < TCP_TARGETS; i++)
		open_sessions[i] = 0;
	bpf_for_each_map_elem(&sessions, look_at, NULL, 0);
	return 0;
}

static __always_inline int find(struct sock *sk, __u32 target)
{
	__u8 state = sk->__sk_common.skc_state;
	struct tcp_session *session;

	if (state == TCP_LISTEN) {
		listen(sk, target ?: TCP_NOBODY);
		return 0;
	}
	target = target ?: scope_of_link(sk);
	if (!target || listeners_only || state == TCP_CLOSE || state == TCP_SYN_SENT || state == TCP_SYN_RECV)
		return 0;
	session = add_session(sk, bpf_get_socket_cookie(sk), BPF_NOEXIST);
	if (!session)
		return 0;
	session->established = session->accepted = session->old = 1;
	session->server = find_listener(sk) != NULL;
	/* Bytes of before belong to nobody's interval. */
	session->sent = sent_by(sk);
	session->received = received_by(sk);
	session->retransmits = BPF_CORE_READ((const struct tcp_sock *)sk, total_retrans);
	session->target = target;
	return 0;
}

SEC("iter/task_file")
int monitor_find(struct bpf_iter__task_file *ctx)
{
	struct task_struct___monitor *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *socket;
	struct sock *sk;
	__u32 target;

	if (!task || !file)
		return 0;
	target = scope_of_task(task);
	if (!target && !by_network && !by_interface && !listeners_only)
		return 0;
	socket = bpf_sock_from_file(file);
	sk = socket ? socket->sk : NULL;
	if (!sk || sk->sk_protocol != IPPROTO_TCP ||
	    (sk->__sk_common.skc_family != AF_INET && sk->__sk_common.skc_family != AF_INET6))
		return 0;
	return find(sk, target);
}

/* Sockets that have a connection and no file yet. */
SEC("iter/tcp")
int monitor_find_waiting(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common;
	struct sock *sk = common ? (struct sock *)bpf_skc_to_tcp_sock(common) : NULL;
	__u32 target;

	if (!sk || BPF_CORE_READ(sk, sk_socket) ||
	    (sk->__sk_common.skc_state != TCP_ESTABLISHED && sk->__sk_common.skc_state != TCP_CLOSE_WAIT))
		return 0;
	target = scope_of_sock(sk) ?: scope_of_listener(sk) ?: scope_of_link(sk);
	return target ? find(sk, target) : 0;
}

/* Each session, for whoever reads the iterator. */
SEC("iter/bpf_map_elem")
int monitor_tell(struct bpf_iter__bpf_map_elem *ctx)
{
	const struct tcp_session *session = ctx->value;
	const __u64 *cookie = ctx->key;
	struct tcp_told told = {};
	const struct sock *sk;

	if (!cookie || !session)
		return 0;
	sk = (const void *)session->sock;
	/* The memory may be another's by now. */
	if (BPF_CORE_READ(sk, __sk_common.skc_cookie.counter) != (__s64)*cookie)
		return 0;
	told.began = session->began;
	told.target = session->target;
	told.server = session->server;
	told.established = session->established;
	told.old = session->old;
	told.sent = sent_by(sk);
	told.received = received_by(sk);
	told.retransmits = BPF_CORE_READ((const struct tcp_sock *)sk, total_retrans);
	told.rtt_us = BPF_CORE_READ((const struct tcp_sock *)sk, srtt_us) >> 3;
	read_address(sk, TCP_HERE, told.address[TCP_HERE]);
	read_address(sk, TCP_THERE, told.address[TCP_THERE]);
	told.port[TCP_HERE] = BPF_CORE_READ(sk, __sk_common.skc_num);
	told.port[TCP_THERE] = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	bpf_seq_write(ctx->meta->seq, &told, sizeof(told));
	return 0;
}

#endif /* KVIEW_MONITOR_TCP_LOOK_BPF_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * DNS over UDP: each packet of the targets' cgroups comes by, and leaves at once unless it is of UDP and of the port
 * DNS is spoken on. Queries wait for their answers by socket, peer and id.
 *
 * Whose a socket is is noted when a target's process makes it, or when it is found among its open files; else its
 * cgroup tells.
 */
#include "monitor/probes/scope.bpf.h"

#include "monitor/probes/dns_parse.h"
#include "monitor/probes/dns_record.h"
#include "monitor/probes/ip_parse.h"

char LICENSE[] SEC("license") = "GPL";

#define AF_INET 2
#define AF_INET6 10
#define SOCK_DGRAM 2
#define IPPROTO_UDP 17
#define MAP_TYPE_SK_STORAGE 24
#define BPF_LOCAL_STORAGE_GET_F_CREATE 1

#define DNS_IN 0
#define DNS_OUT 1

__u64 lost;
const volatile __u16 port;

/*
 * Always zero, which the verifier cannot know. That of 6.1 takes what is true at a loop's first turn for true at all of
 * them, and would leave out the tests of how far a name has come.
 */
__u32 zero;

/* Changes when the target that had the number is gone. */
__u32 lives[DNS_TARGETS];

static const struct monitor_sample empty;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct sock_common {
	unsigned short skc_family;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
};

struct socket {
	struct sock *sk;
};

struct file;

struct bpf_iter__task_file {
	struct task_struct___monitor *task;
	struct file *file;
};

#pragma clang attribute pop

struct bpf_sock;

/* include/uapi/linux/bpf.h */
struct __sk_buff {
	__u32 len;
	__u32 others[41];
	struct bpf_sock *sk;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DNS_KEYS);
	__uint(map_flags, 1); /* BPF_F_NO_PREALLOC */
	__type(key, struct dns_key);
	__type(value, struct monitor_sample);
} samples SEC(".maps");

struct owner {
	__u32 target, life;
};

struct {
	__uint(type, MAP_TYPE_SK_STORAGE);
	__uint(map_flags, 1); /* BPF_F_NO_PREALLOC */
	__type(key, int);
	__type(value, struct owner);
} owners SEC(".maps");

struct question {
	__u64 cookie;
	__u8 peer[16];
	__u16 peer_port, id;
	__u32 client; /* the socket's side has asked */
};

struct asked {
	__u64 at;
	__u32 target, type;
};

struct {
	__uint(type, MAP_TYPE_LRU_HASH);
	__uint(max_entries, DNS_PENDING);
	__type(key, struct question);
	__type(value, struct asked);
} pending SEC(".maps");

/* --- whose a socket is -------------------------------------------------------------------------------------------- */

static __always_inline __u32 life_of(__u32 target)
{
	return target < DNS_TARGETS ? lives[target] : 0;
}

static __always_inline void own(struct sock *sk, __u32 target)
{
	struct owner *owner = bpf_sk_storage_get(&owners, sk, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!owner) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	owner->target = target;
	owner->life = life_of(target);
}

/* Its cgroup tells of all others, so only members by process are noted. */
static __always_inline __u32 scope_by_process(void)
{
	return scope_of_tgid(bpf_get_current_pid_tgid() >> 32);
}

SEC("fentry/security_socket_post_create")
int monitor_dns_socket(__u64 *ctx)
{
	struct socket *socket = (void *)ctx[0];
	__u32 target;
	struct sock *sk;

	if (((int)ctx[1] != AF_INET && (int)ctx[1] != AF_INET6) || (int)ctx[2] != SOCK_DGRAM)
		return 0;
	target = scope_by_process();
	sk = target ? socket->sk : NULL;
	if (sk)
		own(sk, target);
	return 0;
}

/* Those that were there before. */
SEC("iter/task_file")
int monitor_dns_find(struct bpf_iter__task_file *ctx)
{
	struct task_struct___monitor *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *socket;
	struct sock *sk;
	__u32 target;

	if (!task || !file)
		return 0;
	target = scope_of_tgid(task->tgid);
	socket = target ? bpf_sock_from_file(file) : NULL;
	sk = socket ? socket->sk : NULL;
	if (sk && sk->sk_protocol == IPPROTO_UDP &&
	    (sk->__sk_common.skc_family == AF_INET || sk->__sk_common.skc_family == AF_INET6))
		own(sk, target);
	return 0;
}

static __always_inline __u32 scope_of_packet(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	struct owner *owner = sk ? bpf_sk_storage_get(&owners, sk, NULL, 0) : NULL;

	if (owner && owner->target < DNS_TARGETS && owner->life == life_of(owner->target))
		return owner->target;
	return scope_of_cgroup(bpf_skb_cgroup_id(skb));
}

/* --- counting ----------------------------------------------------------------------------------------------------- */

static __always_inline void count(struct dns_key *key, __u64 value, __u32 bytes)
{
	struct monitor_sample *sample = sample_of(&samples, key, &empty);

	if (!sample)
		return;
	sample_add_shared(sample, value);
	__sync_fetch_and_add(&sample->extra[0], bytes);
}

static __always_inline void count_malformed(__u32 target, __u32 bytes)
{
	struct dns_key key = { .target = target, .what = DNS_MALFORMED_SEEN };

	count(&key, 0, bytes);
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

struct walk {
	struct __sk_buff *skb;
	struct dns_name name;
	__u32 message; /* where it begins in the packet */
};

static long step(__u32 i, struct walk *walk)
{
	__u8 len;

	(void)i;
	if (bpf_skb_load_bytes(walk->skb, walk->message + walk->name.at, &len, 1))
		return 1;
	return dns_name_step(&walk->name, len);
}

/* The type that is asked for. -1: the question cannot be read. */
static __always_inline int type_of_question(struct __sk_buff *skb, __u32 message)
{
	struct walk walk = { .skb = skb, .message = message };
	__u8 question[DNS_QUESTION_BYTES];
	__u32 at;

	dns_name_begin(&walk.name);
	walk.name.at += zero;
	bpf_loop(DNS_LABELS, step, &walk, 0);
	at = dns_type_at(&walk.name);
	if (!at || bpf_skb_load_bytes(skb, message + at, question, sizeof(question)))
		return -1;
	return dns_known_type((__u16)question[0] << 8 | question[1]);
}

struct message {
	__u32 target, at, bytes;
	struct question question;
	struct dns_header header;
};

static __always_inline void take_query(struct __sk_buff *skb, struct message *message)
{
	struct dns_key key = { .target = message->target,
			       .what = message->question.client ? DNS_ASKED_OUT : DNS_ASKED_IN };
	struct asked asked = { .target = message->target };
	int type = type_of_question(skb, message->at);

	if (type < 0) {
		count_malformed(message->target, message->bytes);
		return;
	}
	key.type = asked.type = type;
	count(&key, 0, message->bytes);
	asked.at = bpf_ktime_get_ns();
	bpf_map_update_elem(&pending, &message->question, &asked, BPF_ANY);
}

static __always_inline void take_answer(const struct message *message)
{
	struct asked *asked = bpf_map_lookup_elem(&pending, &message->question);
	struct dns_key key = { .code = message->header.code,
			       .what = message->question.client ? DNS_ANSWERED_IN : DNS_ANSWERED_OUT };

	/* One that nobody has asked for, or that comes a second time. */
	if (!asked)
		return;
	key.target = asked->target;
	key.type = asked->type;
	count(&key, bpf_ktime_get_ns() - asked->at, message->bytes);
	bpf_map_delete_elem(&pending, &message->question);
}

static __always_inline void take_message(struct __sk_buff *skb, struct message *message, __u32 direction)
{
	__u8 header[DNS_HEADER_BYTES];

	if (bpf_skb_load_bytes(skb, message->at, header, sizeof(header))) {
		count_malformed(message->target, message->bytes);
		return;
	}
	dns_header(header, &message->header);
	message->question.id = message->header.id;
	switch (message->header.kind) {
	case DNS_QUERY:
		message->question.client = direction == DNS_OUT;
		take_query(skb, message);
		break;
	case DNS_ANSWER:
		message->question.client = direction == DNS_IN;
		take_answer(message);
		break;
	case DNS_MALFORMED:
		count_malformed(message->target, message->bytes);
		break;
	}
}

/* The other side's address, of an IP header whose first byte is @first. */
static __always_inline int load_peer(struct __sk_buff *skb, __u8 first, __u32 direction, __u8 *peer)
{
	if (first >> 4 == 4)
		return bpf_skb_load_bytes(skb, direction == DNS_OUT ? 16 : 12, peer, 4);
	return bpf_skb_load_bytes(skb, direction == DNS_OUT ? 24 : 8, peer, 16);
}

static __always_inline int take_packet(struct __sk_buff *skb, __u32 direction)
{
	__u8 ip[IP_LEAST_BYTES], udp[8];
	__u16 source, destination;
	struct message message = {};
	__u32 offset;

	if (bpf_skb_load_bytes(skb, 0, ip, sizeof(ip)))
		return 1;
	offset = ip_payload(ip, IP_UDP);
	if (!offset || bpf_skb_load_bytes(skb, offset, udp, sizeof(udp)))
		return 1;
	source = (__u16)udp[0] << 8 | udp[1];
	destination = (__u16)udp[2] << 8 | udp[3];
	if (source != port && destination != port)
		return 1;
	message.target = scope_of_packet(skb);
	if (!message.target || load_peer(skb, ip[0], direction, message.question.peer))
		return 1;
	message.question.cookie = bpf_get_socket_cookie(skb);
	message.question.peer_port = direction == DNS_OUT ? destination : source;
	message.at = offset + sizeof(udp);
	message.bytes = skb->len - message.at;
	take_message(skb, &message, direction);
	return 1;
}

SEC("cgroup_skb/ingress")
int monitor_dns_in(struct __sk_buff *skb)
{
	return take_packet(skb, DNS_IN);
}

SEC("cgroup_skb/egress")
int monitor_dns_out(struct __sk_buff *skb)
{
	return take_packet(skb, DNS_OUT);
}

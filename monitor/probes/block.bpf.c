// SPDX-License-Identifier: GPL-2.0-only
/* How long block devices take for what the targets' processes have asked for. */
#include "monitor/probes/io_record.h"
#include "monitor/probes/scope.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define REQ_OP_MASK 255 /* include/linux/blk_types.h */

__u64 lost;

static const struct monitor_sample empty;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct blkcg {
	struct cgroup_subsys_state css;
};

struct blkcg_gq {
	struct blkcg *blkcg;
};

struct bio {
	struct blkcg_gq *bi_blkg;
};

struct request {
	unsigned int cmd_flags;
	unsigned int __data_len;
	struct bio *bio;
};

#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, IO_WHATS * 64);
	__type(key, struct monitor_key);
	__type(value, struct monitor_sample);
} samples SEC(".maps");

/* A request that waits or is under way. */
struct asked {
	__u64 at; /* 0: it waits */
	__u32 target; /* 0: nobody's */
	__u32 bytes;
	__u32 again; /* the device could not take it, and it will be issued once more */
	__u32 reserved;
};

struct {
	__uint(type, MAP_TYPE_LRU_HASH);
	__uint(max_entries, SCOPE_THREADS);
	__type(key, __u64);
	__type(value, struct asked);
} requests SEC(".maps");

/* Whoever is here may do it for somebody else, as writeback does: then the request's cgroup tells. */
static __always_inline __u32 scope_of_request(const struct request *rq)
{
	return scope_current() ?: scope_of_cgroup(BPF_CORE_READ(rq, bio, bi_blkg, blkcg, css.cgroup, kn, id));
}

/*
 * A request that has to wait is issued later, in anybody's context, by an interrupt even: whose it is has to be known
 * by then, and that it is nobody's, too.
 */
SEC("tp_btf/block_rq_insert")
int monitor_insert(__u64 *ctx)
{
	struct request *rq = (void *)ctx[0];
	__u64 key = (__u64)rq;
	struct asked *known = bpf_map_lookup_elem(&requests, &key);
	struct asked asked = {};

	if (known && known->again)
		return 0;
	asked.target = scope_of_request(rq);
	bpf_map_update_elem(&requests, &key, &asked, BPF_ANY);
	return 0;
}

SEC("tp_btf/block_rq_issue")
int monitor_issue(__u64 *ctx)
{
	struct request *rq = (void *)ctx[0];
	__u64 key = (__u64)rq, now = bpf_ktime_get_ns();
	struct asked *known = bpf_map_lookup_elem(&requests, &key);
	struct asked asked = {};

	if (known && !known->at) {
		known->bytes = rq->__data_len;
		known->at = now;
		known->again = 0;
		return 0;
	}
	asked.target = scope_of_request(rq);
	asked.at = now;
	asked.bytes = rq->__data_len;
	if (asked.target)
		bpf_map_update_elem(&requests, &key, &asked, BPF_ANY);
	else if (known)
		bpf_map_delete_elem(&requests, &key);
	return 0;
}

SEC("tp_btf/block_rq_requeue")
int monitor_requeue(__u64 *ctx)
{
	__u64 key = ctx[0];
	struct asked *known = bpf_map_lookup_elem(&requests, &key);

	if (known) {
		known->at = 0;
		known->again = 1;
	}
	return 0;
}

/* It has become part of another one. */
SEC("tp_btf/block_rq_merge")
int monitor_merge(__u64 *ctx)
{
	__u64 key = ctx[0];

	bpf_map_delete_elem(&requests, &key);
	return 0;
}

static __always_inline void count(const struct asked *asked, __u32 op)
{
	__u64 now = bpf_ktime_get_ns();
	struct monitor_sample *sample;
	struct monitor_key key = {};

	key.target = asked->target;
	key.what = op < IO_OTHER ? op : IO_OTHER;
	sample = sample_of(&samples, &key, &empty);
	if (!sample)
		return;
	sample_add(sample, now - asked->at);
	sample->extra[0] += asked->bytes;
}

SEC("tp_btf/block_rq_complete")
int monitor_complete(__u64 *ctx)
{
	struct request *rq = (void *)ctx[0];
	__u64 key = (__u64)rq;
	struct asked *asked = bpf_map_lookup_elem(&requests, &key);

	/* It is told for each part that is done; the last one is no smaller than what is left. */
	if (!asked || rq->__data_len > (__u32)ctx[2])
		return 0;
	if (asked->target && asked->at)
		count(asked, rq->cmd_flags & REQ_OP_MASK);
	bpf_map_delete_elem(&requests, &key);
	return 0;
}

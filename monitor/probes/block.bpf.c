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

struct issued {
	__u64 at;
	__u32 target, bytes;
};

struct {
	__uint(type, MAP_TYPE_LRU_HASH);
	__uint(max_entries, SCOPE_THREADS);
	__type(key, __u64);
	__type(value, struct issued);
} requests SEC(".maps");

/* Whoever issues it may be a worker that does so for somebody: then the request's cgroup tells. */
SEC("tp_btf/block_rq_issue")
int monitor_issue(__u64 *ctx)
{
	struct request *rq = (void *)ctx[0];
	struct issued issued = {};
	__u64 key = (__u64)rq;

	issued.target = scope_current() ?:
				scope_of_cgroup(BPF_CORE_READ(rq, bio, bi_blkg, blkcg, css.cgroup, kn, id));
	if (!issued.target)
		return 0;
	issued.at = bpf_ktime_get_ns();
	issued.bytes = rq->__data_len;
	bpf_map_update_elem(&requests, &key, &issued, BPF_ANY);
	return 0;
}

SEC("tp_btf/block_rq_complete")
int monitor_complete(__u64 *ctx)
{
	struct request *rq = (void *)ctx[0];
	__u64 now = bpf_ktime_get_ns(), id = (__u64)rq;
	struct issued *issued = bpf_map_lookup_elem(&requests, &id);
	struct monitor_sample *sample;
	struct monitor_key key = {};
	__u32 op = rq->cmd_flags & REQ_OP_MASK;

	if (!issued)
		return 0;
	/* It is told for each part that is done; this is the last one. */
	if (rq->__data_len > (__u32)ctx[2])
		return 0;
	key.target = issued->target;
	key.what = op < IO_OTHER ? op : IO_OTHER;
	sample = sample_of(&samples, &key, &empty);
	if (sample) {
		sample_add(sample, now - issued->at);
		sample->extra[0] += issued->bytes;
	}
	bpf_map_delete_elem(&requests, &id);
	return 0;
}

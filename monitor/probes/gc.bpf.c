// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pauses of garbage collectors: probes that runtimes have built in (USDT), and the function of V8 that collects. They
 * lie in files, so whoever runs the same file comes by, too, and leaves at once.
 */
#include "monitor/probes/scope.bpf.h"

#include "monitor/probes/gc_record.h"

#define BPF_USDT_MAX_IP_CNT 1 /* kernels without cookies, which kview does not support */
#define BPF_USDT_MAX_SPEC_CNT 64
#include <bpf/usdt.bpf.h>

char LICENSE[] SEC("license") = "GPL";

__u64 lost;

static const struct monitor_sample empty;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GC_KEYS);
	__uint(map_flags, 1); /* BPF_F_NO_PREALLOC */
	__type(key, struct gc_key);
	__type(value, struct monitor_sample);
} samples SEC(".maps");

/* A thread marks and sweeps at different times, but may begin one within the other. */
struct collection {
	__u32 tid, cookie;
};

struct begun {
	__u64 at;
	struct gc_key key;
};

struct {
	__uint(type, MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct collection);
	__type(value, struct begun);
} collections SEC(".maps");

static __always_inline void begin(__u32 cookie, __u32 kind)
{
	struct collection collection = { .tid = bpf_get_current_pid_tgid(), .cookie = cookie };
	struct begun begun = { .key.target = scope_current(), .key.runtime = cookie >> 8 };

	if (!begun.key.target)
		return;
	begun.key.kind = kind < GC_KINDS ? kind : GC_KINDS - 1;
	begun.at = bpf_ktime_get_ns();
	bpf_map_update_elem(&collections, &collection, &begun, BPF_ANY);
}

static __always_inline void end(__u32 cookie, __u64 collected)
{
	struct collection collection = { .tid = bpf_get_current_pid_tgid(), .cookie = cookie };
	struct begun *begun = bpf_map_lookup_elem(&collections, &collection);
	struct monitor_sample *sample;
	struct gc_key key;

	if (!begun)
		return;
	key = begun->key;
	sample = sample_of(&samples, &key, &empty);
	if (sample) {
		sample_add_shared(sample, bpf_ktime_get_ns() - begun->at);
		__sync_fetch_and_add(&sample->extra[0], collected);
	}
	bpf_map_delete_elem(&collections, &collection);
}

SEC("usdt")
int monitor_gc_begin(struct pt_regs *ctx)
{
	__u32 cookie = bpf_usdt_cookie(ctx), runtime = cookie >> 8;
	long arg = 0;

	/* Python tells the generation, the JVM whether it is a full collection. */
	if (runtime == GC_PYTHON || runtime == GC_JVM)
		bpf_usdt_arg(ctx, 0, &arg);
	begin(cookie, runtime == GC_RUBY ? cookie & 255 : arg);
	return 0;
}

SEC("usdt")
int monitor_gc_end(struct pt_regs *ctx)
{
	__u32 cookie = bpf_usdt_cookie(ctx);
	long collected = 0;

	if (cookie >> 8 == GC_PYTHON)
		bpf_usdt_arg(ctx, 0, &collected);
	end(cookie, collected);
	return 0;
}

SEC("uprobe")
int monitor_gc_v8_begin(struct pt_regs *ctx)
{
	begin(GC_COOKIE(GC_V8, 0), PT_REGS_PARM2(ctx));
	return 0;
}

SEC("uretprobe")
int monitor_gc_v8_end(struct pt_regs *ctx)
{
	(void)ctx;
	end(GC_COOKIE(GC_V8, 0), 0);
	return 0;
}

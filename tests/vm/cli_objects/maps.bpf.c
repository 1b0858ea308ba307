// SPDX-License-Identifier: GPL-2.0-only
/* A map of each kind that `kview run` prints, filled by 1000 calls of getppid. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

enum colour {
	RED,
	GREEN,
};

struct key {
	__u32 number;
	enum colour colour;
};

struct value {
	__u64 count;
	__u64 total_ns;
	char name[8];
	struct {
		__u8 low : 4;
		__u8 high : 4;
		_Bool odd;
	} bits;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct key);
	__type(value, struct value);
} colours SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} syscalls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct value);
} per_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __s64);
} slots_of_three SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} size_hist SEC(".maps");

const volatile __u32 divisor = 3;
__u64 calls;
static __s32 last = -1;
struct value summary = { .name = "all" };

static void fill(struct value *value, __u64 call)
{
	value->count++;
	value->total_ns += 1500;
	value->name[0] = 'a' + call % 2;
	value->bits.low = 3;
	value->bits.high = 12;
	value->bits.odd = 1;
}

static void add_colour(__u64 call)
{
	struct key key = { .number = 7, .colour = call % divisor ? GREEN : RED };
	struct value *value, zero = {};

	bpf_map_update_elem(&colours, &key, &zero, BPF_NOEXIST);
	value = bpf_map_lookup_elem(&colours, &key);
	if (value)
		fill(value, 0);
}

static void add_per_cpu(__u64 call)
{
	struct value *value, zero = {};
	__u32 key = call % 2;

	bpf_map_update_elem(&per_cpu, &key, &zero, BPF_NOEXIST);
	value = bpf_map_lookup_elem(&per_cpu, &key);
	if (value)
		fill(value, key);
}

static void add(void *map, __u32 key, __u64 count)
{
	__u64 *value, zero = 0;

	bpf_map_update_elem(map, &key, &zero, BPF_NOEXIST);
	value = bpf_map_lookup_elem(map, &key);
	if (value)
		*value += count;
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int count_getppid(void *ctx)
{
	__u64 call = __sync_fetch_and_add(&calls, 1);

	last = call;
	fill(&summary, 0);
	add_colour(call);
	add_per_cpu(call);
	add(&syscalls, 110, 1);
	add(&syscalls, call % 2, 1);
	add(&slots_of_three, call % 3 * 5, -1);
	add(&size_hist, call % 4 + 3, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

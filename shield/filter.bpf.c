// SPDX-License-Identifier: GPL-2.0-only
/* In front of an interface: what the rules do not let in costs nothing behind it. */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "packet.h"
#include "shield_record.h"

char LICENSE[] SEC("license") = "GPL";

#define MAP_TYPE_LRU_HASH 9
#define MAP_TYPE_LPM_TRIE 11
#define MAP_TYPE_ARRAY_OF_MAPS 12
#define BPF_F_NO_PREALLOC 1
#define XDP_DROP 1
#define XDP_PASS 2
#define RATE_ATTEMPTS 4 /* then so many others have just been let in that this one is not */

/* include/uapi/linux/bpf.h; the kernel rewrites accesses to it. */
struct xdp_md {
	__u32 data;
	__u32 data_end;
};

/* The slot in force; a packet reads it once. */
__u32 active;

#define INNER(name, kind, key_type, value_type, entries, flags)     \
	struct name {                                               \
		__uint(type, kind);                                 \
		__uint(max_entries, entries);                       \
		__type(key, key_type);                              \
		__type(value, value_type);                          \
		__uint(map_flags, flags);                           \
	}

#define OUTER(name, inner_type, inner)                  \
	inner_type inner SEC(".maps");                  \
	struct {                                        \
		__uint(type, MAP_TYPE_ARRAY_OF_MAPS);   \
		__uint(max_entries, SHIELD_SLOTS);      \
		__type(key, __u32);                     \
		__array(values, inner_type);            \
	} name SEC(".maps") = {                         \
		.values = { &inner },                   \
	}

INNER(trie4, MAP_TYPE_LPM_TRIE, struct shield_key4, struct shield_bits, SHIELD_PREFIXES, BPF_F_NO_PREALLOC);
INNER(trie6, MAP_TYPE_LPM_TRIE, struct shield_key6, struct shield_bits, SHIELD_PREFIXES, BPF_F_NO_PREALLOC);
INNER(by_protocol, BPF_MAP_TYPE_ARRAY, __u32, struct shield_bits, 256, 0);
INNER(by_port, BPF_MAP_TYPE_ARRAY, __u32, struct shield_bits, 65536, 0);
INNER(by_rule, BPF_MAP_TYPE_ARRAY, __u32, struct shield_action, SHIELD_RULES, 0);
INNER(once, BPF_MAP_TYPE_ARRAY, __u32, struct shield_settings, 1, 0);

OUTER(sources4, struct trie4, sources4_0);
OUTER(sources6, struct trie6, sources6_0);
OUTER(protocols, struct by_protocol, protocols_0);
OUTER(sports, struct by_port, sports_0);
OUTER(dports, struct by_port, dports_0);
OUTER(rules, struct by_rule, rules_0);
OUTER(settings, struct once, settings_0);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SHIELD_COUNTERS);
	__type(key, __u32);
	__type(value, struct shield_count);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SHIELD_REASONS);
	__type(key, __u32);
	__type(value, struct shield_count);
} reasons SEC(".maps");

/* When the next packet of a rule, or of a source under a rule, is due at the full rate: CLOCK_MONOTONIC. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SHIELD_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} rates SEC(".maps");

struct {
	__uint(type, MAP_TYPE_LRU_HASH);
	__uint(max_entries, SHIELD_SOURCES);
	__type(key, struct shield_source);
	__type(value, __u64);
} source_rates SEC(".maps");

static __always_inline void count(void *map, __u32 key, __u64 bytes)
{
	struct shield_count *value = bpf_map_lookup_elem(map, &key);

	if (!value)
		return;
	value->packets++;
	value->bytes += bytes;
}

static __always_inline void *in_slot(void *outer, __u32 slot, const void *key)
{
	void *inner = bpf_map_lookup_elem(outer, &slot);

	return inner ? bpf_map_lookup_elem(inner, key) : NULL;
}

static __always_inline struct shield_bits *find_source(__u32 slot, const struct shield_packet *packet)
{
	struct shield_key4 key4 = { .len = 32 };
	struct shield_key6 key6 = { .len = 128 };

	if (packet->family == 4) {
		__builtin_memcpy(key4.addr, packet->source, sizeof(key4.addr));
		return in_slot(&sources4, slot, &key4);
	}
	__builtin_memcpy(key6.addr, packet->source, sizeof(key6.addr));
	return in_slot(&sources6, slot, &key6);
}

static __always_inline __s32 lowest_bit(__u64 word)
{
	__s32 bit = 0;

	if (!(word & 0xffffffff)) {
		word >>= 32;
		bit += 32;
	}
	if (!(word & 0xffff)) {
		word >>= 16;
		bit += 16;
	}
	if (!(word & 0xff)) {
		word >>= 8;
		bit += 8;
	}
	if (!(word & 0xf)) {
		word >>= 4;
		bit += 4;
	}
	if (!(word & 3)) {
		word >>= 2;
		bit += 2;
	}
	return bit + !(word & 1);
}

/* The first rule that matches; -1: none. */
static __always_inline __s32 match(__u32 slot, const struct shield_settings *set, const struct shield_packet *packet)
{
	__u32 protocol = packet->protocol, sport = packet->sport, dport = packet->dport;
	const struct shield_bits *from = find_source(slot, packet), *of = in_slot(&protocols, slot, &protocol), *out,
				 *in;
	__u64 word;
	int i;

	out = packet->fragment ? &set->fragments : in_slot(&sports, slot, &sport);
	in = packet->fragment ? &set->fragments : in_slot(&dports, slot, &dport);
	if (!from || !of || !out || !in)
		return -1;
	for (i = 0; i < SHIELD_WORDS; i++) {
		word = from->words[i] & of->words[i] & out->words[i] & in->words[i];
		if (word)
			return i * 64 + lowest_bit(word);
	}
	return -1;
}

/* Take a packet's share of the rate whose next one is due at *@due. */
static __always_inline bool within(__u64 *due, const struct shield_action *action, __u64 now)
{
	__u64 old, start;
	int i;

	for (i = 0; i < RATE_ATTEMPTS; i++) {
		old = *(volatile __u64 *)due;
		start = old > now ? old : now;
		if (start - now > action->burst_ns)
			return false;
		if (__sync_val_compare_and_swap(due, old, start + action->interval_ns) == old)
			return true;
	}
	return false;
}

static __always_inline __u64 *find_due(const struct shield_action *action, const struct shield_packet *packet)
{
	struct shield_source source = shield_source_of(packet, action->counter);
	const __u64 never = 0;
	__u32 counter = action->counter;
	__u64 *due;

	if (!action->each)
		return bpf_map_lookup_elem(&rates, &counter);
	due = bpf_map_lookup_elem(&source_rates, &source);
	if (due)
		return due;
	bpf_map_update_elem(&source_rates, &source, &never, BPF_NOEXIST);
	return bpf_map_lookup_elem(&source_rates, &source);
}

static __always_inline enum shield_reason apply(__u32 slot, __u32 rule, const struct shield_packet *packet, __u64 bytes)
{
	const struct shield_action *action = in_slot(&rules, slot, &rule);
	__u64 *due;

	if (!action)
		return SHIELD_DEFAULT_DROP;
	count(&counters, action->counter, bytes);
	if (!action->allow)
		return SHIELD_RULE;
	if (!action->interval_ns)
		return SHIELD_RULE_PASS;
	due = find_due(action, packet);
	return due && within(due, action, bpf_ktime_get_ns()) ? SHIELD_RULE_PASS : SHIELD_RATE;
}

static __always_inline enum shield_reason decide(__u32 slot, const struct shield_settings *set, const void *data,
						 const void *end, __u64 bytes)
{
	struct shield_packet packet = {};
	enum shield_reason reason = shield_parse(data, end, &packet);
	__s32 rule;

	if (reason == SHIELD_NONE)
		reason = shield_builtin(&packet);
	if (reason >= SHIELD_ARP && reason <= SHIELD_DHCP && !(set->builtin & 1 << reason))
		reason = packet.family ? SHIELD_NONE : set->pass ? SHIELD_DEFAULT_PASS : SHIELD_DEFAULT_DROP;
	if (reason != SHIELD_NONE)
		return reason;
	rule = match(slot, set, &packet);
	if (rule >= 0)
		return apply(slot, rule, &packet, bytes);
	return set->pass ? SHIELD_DEFAULT_PASS : SHIELD_DEFAULT_DROP;
}

static __always_inline bool drops(enum shield_reason reason)
{
	return reason >= SHIELD_TRUNCATED && reason <= SHIELD_DEFAULT_DROP;
}

SEC("xdp")
int shield(struct xdp_md *ctx)
{
	const void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 slot = *(volatile __u32 *)&active & (SHIELD_SLOTS - 1), zero = 0;
	const struct shield_settings *set = in_slot(&settings, slot, &zero);
	__u64 bytes = end - data;
	enum shield_reason reason;

	/* Nothing is in force yet. */
	if (!set)
		return XDP_PASS;
	reason = decide(slot, set, data, end, bytes);
	count(&reasons, reason, bytes);
	if (!drops(reason))
		return XDP_PASS;
	if (!set->dry)
		return XDP_DROP;
	count(&reasons, SHIELD_DRY, bytes);
	return XDP_PASS;
}

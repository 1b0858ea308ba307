// SPDX-License-Identifier: GPL-2.0-only
/* Programs for many functions: what each of them has seen of each function. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ordinary_multi.h"

const volatile __u32 process;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct multi_key);
	__type(value, struct multi_seen);
} seen SEC(".maps");

static int note(__u32 program, __u64 place, __u64 value, __u64 cookie)
{
	struct multi_key key = { .place = place, .program = program };
	struct multi_seen first = {}, *seen_there;

	if (bpf_get_current_pid_tgid() >> 32 != process)
		return 0;
	bpf_map_update_elem(&seen, &key, &first, BPF_NOEXIST);
	seen_there = bpf_map_lookup_elem(&seen, &key);
	if (!seen_there)
		return 0;
	seen_there->runs++;
	seen_there->sum += value;
	seen_there->cookie = cookie;
	return 0;
}

SEC("kprobe.multi/__x64_sys_getp?id")
int on_entry(struct pt_regs *ctx)
{
	return note(MULTI_ENTRY, bpf_get_func_ip(ctx), 0, bpf_get_attach_cookie(ctx));
}

SEC("kretprobe.multi/__x64_sys_getp?id")
int on_return(struct pt_regs *ctx)
{
	return note(MULTI_RETURN, bpf_get_func_ip(ctx), PT_REGS_RC(ctx), bpf_get_attach_cookie(ctx));
}

SEC("kprobe.multi/__x64_sys_getuid")
int on_one(struct pt_regs *ctx)
{
	return note(MULTI_ONE, bpf_get_func_ip(ctx), 0, bpf_get_attach_cookie(ctx));
}

SEC("kprobe.multi/exc_*")
int on_none(struct pt_regs *ctx)
{
	return 0;
}

SEC("kretprobe.multi/no_such_*")
int on_nothing(struct pt_regs *ctx)
{
	return 0;
}

extern bool bpf_session_is_return(void) __ksym __weak;
extern __u64 *bpf_session_cookie(void) __ksym __weak;

/* The return sees what the entry left for it, and of getpgid() no return is wanted. */
SEC("?kprobe.session/__x64_sys_getp?id")
int on_session(struct pt_regs *ctx)
{
	__u64 *left;

	if (!bpf_session_is_return || !bpf_session_cookie)
		return 0;
	left = bpf_session_cookie();
	if (bpf_session_is_return())
		return note(MULTI_SESSION_RETURN, bpf_get_func_ip(ctx), *left == 42 ? PT_REGS_RC(ctx) : 0, 0);
	*left = 42;
	note(MULTI_SESSION_ENTRY, bpf_get_func_ip(ctx), 0, 0);
	return bpf_get_attach_cookie(ctx) == MULTI_NO_RETURN;
}

SEC("raw_tp/task_rename")
int on_raw_tp(void *ctx)
{
	return note(MULTI_TRACEPOINT, 0, 0, 0);
}

SEC("tp/task/task_rename")
int on_event(void *ctx)
{
	return note(MULTI_TRACEPOINT, 0, 0, bpf_get_attach_cookie(ctx));
}

char LICENSE[] SEC("license") = "GPL";

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What `kview trace` attaches: one program for each kind of hook. Cookies are numbers of hooks; system calls have all
 * of theirs behind one program, for all of them pass it in a member anyway.
 *
 * Programs run for members alone: no test of the process here.
 */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "cli/trace_event.h"

#define TS_COMPAT 2 /* arch/x86/include/asm/thread_info.h: in a system call of 32-bit code */
#define ERRNO_MAX 4095
#define MAX_TRIES 8 /* to put a new minimum or maximum in place against other processors */

const volatile bool counting;
const volatile __u32 syscall_hooks[TRACE_SYSCALLS]; /* number of the hook, from 1; 0: not asked for */

__u64 lost;	/* events the buffer had no room for */
__u64 untimed;	/* calls whose begin there was no room to note */
__u64 foreign;	/* system calls of 32-bit code, whose numbers are others */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct trace_hook_info);
} hooks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct trace_stats);
} stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768); /* calls under way at the same time */
	__type(key, struct trace_key);
	__type(value, struct trace_call);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct trace_key);
	__type(value, struct trace_text);
} texts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

static const struct trace_text no_text;

static __always_inline void count_one(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

static __always_inline __u32 log2_slot(__u64 value)
{
	__u32 slot = 0;

	for (int bits = 32; bits; bits /= 2) {
		if (value >> bits) {
			value >>= bits;
			slot += bits;
		}
	}
	return slot < TRACE_SLOTS ? slot : TRACE_SLOTS - 1;
}

static __always_inline bool is_error(const struct trace_hook_info *info, __s64 result)
{
	switch (info->result) {
	case TRACE_RESULT_INT:
		return (__s32)result < 0 && (__s32)result >= -ERRNO_MAX;
	case TRACE_RESULT_LONG:
	case TRACE_RESULT_POINTER:
		return result < 0 && result >= -ERRNO_MAX;
	default:
		return false;
	}
}

static __always_inline void keep_extremes(struct trace_stats *stat, __u64 ns)
{
	__u64 seen;

	for (int i = 0; i < MAX_TRIES; i++) {
		seen = stat->max_ns;
		if (seen >= ns || __sync_val_compare_and_swap(&stat->max_ns, seen, ns) == seen)
			break;
	}
	for (int i = 0; i < MAX_TRIES; i++) {
		seen = stat->min_ns;
		if ((seen && seen <= ns) || __sync_val_compare_and_swap(&stat->min_ns, seen, ns) == seen)
			break;
	}
}

static __always_inline void count_hit(__u32 hook)
{
	struct trace_stats *stat = bpf_map_lookup_elem(&stats, &hook);

	if (stat)
		count_one(&stat->hits);
}

static __always_inline void count_result(__u32 hook, const struct trace_hook_info *info, __s64 result)
{
	struct trace_stats *stat = bpf_map_lookup_elem(&stats, &hook);

	if (stat && is_error(info, result))
		count_one(&stat->errors);
}

static __always_inline void count_time(__u32 hook, __u64 ns)
{
	struct trace_stats *stat = bpf_map_lookup_elem(&stats, &hook);
	__u32 slot = log2_slot(ns);

	if (!stat)
		return;
	count_one(&stat->returns);
	__sync_fetch_and_add(&stat->total_ns, ns);
	keep_extremes(stat, ns ?: 1);
	if (slot < TRACE_SLOTS)
		count_one(&stat->slots[slot]);
}

static __always_inline void fill_call(struct trace_call *call, __u32 hook)
{
	__u64 id = bpf_get_current_pid_tgid();

	call->ns = bpf_ktime_get_ns();
	call->hook = hook;
	call->pid = id >> 32;
	call->tid = (__u32)id;
	bpf_get_current_comm(call->comm, sizeof(call->comm));
}

static __always_inline __u16 read_text(char *to, const struct trace_call *call, struct trace_text_arg text)
{
	__u64 from, length;
	long size;

	if (text.arg > TRACE_ARGS || text.length > TRACE_ARGS)
		return 0;
	from = call->args[text.arg - 1];
	if (!text.length) {
		size = bpf_probe_read_user_str(to, TRACE_TEXT_LEN, (void *)from);
		/* The size has the NUL in it, but for empty text it is 0. */
		return size < 0 ? 0 : size ?: 1;
	}
	length = call->args[text.length - 1];
	if (length > TRACE_TEXT_LEN)
		length = TRACE_TEXT_LEN;
	if (!length || bpf_probe_read_user(to, length, (void *)from))
		return 0;
	return length;
}

/* What is not in memory cannot be read yet: it is tried again when the call returns, for then it mostly is. */
static __always_inline void read_texts(struct trace_text *text, const struct trace_call *call,
				       const struct trace_hook_info *info)
{
	if (info->texts[0].arg && !text->sizes[0])
		text->sizes[0] = read_text(text->data, call, info->texts[0]);
	if (info->texts[1].arg && !text->sizes[1])
		text->sizes[1] = read_text(text->data + TRACE_TEXT_LEN, call, info->texts[1]);
}

static __always_inline struct trace_text *new_text(const struct trace_key *key)
{
	bpf_map_update_elem(&texts, key, &no_text, BPF_ANY);
	return bpf_map_lookup_elem(&texts, key);
}

static __always_inline void fill_event(struct trace_event *event, const struct trace_call *call, __u32 flags)
{
	event->ns = call->ns;
	event->duration_ns = 0;
	event->result = 0;
	__builtin_memcpy(event->args, call->args, sizeof(event->args));
	event->hook = call->hook;
	event->pid = call->pid;
	event->tid = call->tid;
	event->flags = flags;
	__builtin_memcpy(event->comm, call->comm, sizeof(event->comm));
	event->data_len = 0;
	event->sizes[0] = event->sizes[1] = 0;
}

/* Each size is one the verifier knows. */
static __always_inline void send_plain(const struct trace_call *call, __u32 flags, __s64 result, __u64 duration)
{
	struct trace_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		count_one(&lost);
		return;
	}
	fill_event(event, call, flags);
	event->result = result;
	event->duration_ns = duration;
	bpf_ringbuf_submit(event, 0);
}

static __always_inline void send_text(const struct trace_call *call, const struct trace_text *text, __u32 flags,
				      __s64 result, __u64 duration)
{
	struct trace_event *event = bpf_ringbuf_reserve(&events, sizeof(*event) + TRACE_DATA_LEN, 0);

	if (!event) {
		count_one(&lost);
		return;
	}
	fill_event(event, call, flags);
	event->result = result;
	event->duration_ns = duration;
	event->data_len = TRACE_DATA_LEN;
	event->sizes[0] = text->sizes[0];
	event->sizes[1] = text->sizes[1];
	bpf_probe_read_kernel(event->data, TRACE_DATA_LEN, text->data);
	bpf_ringbuf_submit(event, 0);
}

static __always_inline void begin_syscall(struct trace_key *key, struct trace_call *call,
					  const struct trace_hook_info *info)
{
	struct trace_text *text = NULL;

	if (!counting && info->texts[0].arg)
		text = new_text(key);
	if (text)
		read_texts(text, call, info);
	call->has_text = text != NULL;
	if (info->endless) {
		if (!counting)
			send_plain(call, TRACE_HAS_ARGS | TRACE_UNFINISHED, 0, 0);
		return;
	}
	if (bpf_map_update_elem(&calls, key, call, BPF_ANY))
		count_one(&untimed);
}

SEC("raw_tp/sys_enter")
int on_sys_enter(struct bpf_raw_tracepoint_args *ctx) /* struct pt_regs *regs, long number */
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct trace_key key = { .where = (__u64)task, .hook = TRACE_SYSCALL };
	struct trace_call call = {};
	struct trace_hook_info *info;
	__u64 number = ctx->args[1];
	struct pt_regs *regs = (void *)ctx->args[0];
	__u32 hook;

	if (number >= TRACE_SYSCALLS)
		return 0;
	if (BPF_CORE_READ(task, thread_info.status) & TS_COMPAT) {
		count_one(&foreign);
		return 0;
	}
	hook = syscall_hooks[number & (TRACE_SYSCALLS - 1)];
	if (!hook)
		return 0;
	hook--;
	info = bpf_map_lookup_elem(&hooks, &hook);
	if (!info)
		return 0;
	if (counting)
		count_hit(hook);
	fill_call(&call, hook);
	call.args[0] = BPF_CORE_READ(regs, di);
	call.args[1] = BPF_CORE_READ(regs, si);
	call.args[2] = BPF_CORE_READ(regs, dx);
	call.args[3] = BPF_CORE_READ(regs, r10);
	call.args[4] = BPF_CORE_READ(regs, r8);
	call.args[5] = BPF_CORE_READ(regs, r9);
	begin_syscall(&key, &call, info);
	return 0;
}

/* A call that had begun is over. */
static __always_inline void end_call(const struct trace_key *key, __s64 result)
{
	const __u32 flags = TRACE_HAS_ARGS | TRACE_HAS_RESULT | TRACE_HAS_DURATION;
	struct trace_call *call = bpf_map_lookup_elem(&calls, key);
	struct trace_hook_info *info;
	struct trace_text *text;
	__u64 ns;

	if (!call)
		return;
	ns = bpf_ktime_get_ns() - call->ns;
	info = bpf_map_lookup_elem(&hooks, &call->hook);
	if (counting && info) {
		count_time(call->hook, ns);
		count_result(call->hook, info, result);
	} else if (info) {
		text = call->has_text ? bpf_map_lookup_elem(&texts, key) : NULL;
		if (text) {
			read_texts(text, call, info);
			send_text(call, text, flags, result, ns);
			bpf_map_delete_elem(&texts, key);
		} else {
			send_plain(call, flags, result, ns);
		}
	}
	bpf_map_delete_elem(&calls, key);
}

SEC("raw_tp/sys_exit")
int on_sys_exit(struct bpf_raw_tracepoint_args *ctx) /* struct pt_regs *regs, long result */
{
	struct trace_key key = { .where = bpf_get_current_task(), .hook = TRACE_SYSCALL };

	end_call(&key, ctx->args[1]);
	return 0;
}

static __always_inline void fill_function(struct trace_call *call, struct pt_regs *regs, __u32 hook)
{
	fill_call(call, hook);
	call->args[0] = PT_REGS_PARM1(regs);
	call->args[1] = PT_REGS_PARM2(regs);
	call->args[2] = PT_REGS_PARM3(regs);
	call->args[3] = PT_REGS_PARM4(regs);
	call->args[4] = PT_REGS_PARM5(regs);
	call->args[5] = regs->r9;
}

/* Where the four are attached is said when they are: to many functions at once, if the kernel can. */
SEC("kprobe.multi/*")
int on_entry(struct pt_regs *ctx)
{
	__u32 hook = bpf_get_attach_cookie(ctx);
	struct trace_call call = {};

	if (counting) {
		count_hit(hook);
		return 0;
	}
	fill_function(&call, ctx, hook);
	send_plain(&call, TRACE_HAS_ARGS, 0, 0);
	return 0;
}

SEC("kretprobe.multi/*")
int on_return(struct pt_regs *ctx)
{
	__u32 hook = bpf_get_attach_cookie(ctx);
	struct trace_hook_info *info = bpf_map_lookup_elem(&hooks, &hook);
	struct trace_call call = {};

	if (!info)
		return 0;
	if (counting) {
		count_hit(hook);
		count_result(hook, info, PT_REGS_RC(ctx));
		return 0;
	}
	fill_call(&call, hook);
	send_plain(&call, TRACE_HAS_RESULT, PT_REGS_RC(ctx), 0);
	return 0;
}

/* The return address is where it is for the time of one call: recursion and interrupts have their own. */
SEC("kprobe.multi/*")
int on_call(struct pt_regs *ctx)
{
	__u32 hook = bpf_get_attach_cookie(ctx);
	struct trace_key key = { .where = PT_REGS_SP(ctx), .hook = hook };
	struct trace_call call = {};

	if (counting)
		count_hit(hook);
	fill_function(&call, ctx, hook);
	if (bpf_map_update_elem(&calls, &key, &call, BPF_ANY))
		count_one(&untimed);
	return 0;
}

SEC("kretprobe.multi/*")
int on_call_return(struct pt_regs *ctx)
{
	struct trace_key key = { .where = PT_REGS_SP(ctx) - sizeof(__u64), .hook = bpf_get_attach_cookie(ctx) };

	end_call(&key, PT_REGS_RC(ctx));
	return 0;
}

/*
 * What a tracepoint hands over: an event's record, or the arguments. Text of variable length lies behind the record; so
 * far as can be read it is taken along with whatever follows.
 */
static __always_inline int send_record(void *ctx, __u32 hook)
{
	struct trace_hook_info *info = bpf_map_lookup_elem(&hooks, &hook);
	struct trace_event *event;
	struct trace_call call = {};
	__u32 size;

	if (!info)
		return 0;
	if (counting) {
		count_hit(hook);
		return 0;
	}
	fill_call(&call, hook);
	event = bpf_ringbuf_reserve(&events, sizeof(*event) + TRACE_DATA_LEN, 0);
	if (!event) {
		count_one(&lost);
		return 0;
	}
	fill_event(event, &call, TRACE_HAS_RECORD);
	event->data_len = TRACE_DATA_LEN;
	event->sizes[0] = TRACE_DATA_LEN;
	size = info->size;
	if (size > TRACE_DATA_LEN)
		size = TRACE_DATA_LEN;
	if (bpf_probe_read_kernel(event->data, TRACE_DATA_LEN, ctx))
		event->sizes[0] = bpf_probe_read_kernel(event->data, size, ctx) ? 0 : size;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("tracepoint")
int on_tracepoint(void *ctx)
{
	return send_record(ctx, bpf_get_attach_cookie(ctx));
}

SEC("raw_tp")
int on_raw_tracepoint(void *ctx)
{
	return send_record(ctx, bpf_get_attach_cookie(ctx));
}

char LICENSE[] SEC("license") = "GPL";

// SPDX-License-Identifier: GPL-2.0-only
/* Each call of getppid prints a line and sends a record of each kind. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct event {
	__u64 call;
	__u32 tid;
	char comm[16];
	__u32 flags;
};

/* Tells readers what the records in the first buffer are. */
struct event *unused __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(int));
	__uint(value_size, sizeof(int));
} perf SEC(".maps");

__u64 calls;

SEC("tracepoint/syscalls/sys_enter_getppid")
int send_records(void *ctx)
{
	__u64 call = __sync_fetch_and_add(&calls, 1);
	struct event event = { .call = call, .tid = bpf_get_current_pid_tgid(), .flags = 5 };
	__u64 bytes[5] = { call, 0x1122334455667788 };

	bpf_get_current_comm(event.comm, sizeof(event.comm));
	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
	bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, bytes, sizeof(bytes));
	bpf_printk("call %d", (int)call);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

// SPDX-License-Identifier: GPL-2.0-only
/* How long reading and writing regular files takes, and syncing any. In a view only the targets' own calls come here. */
#include "monitor/probes/io_record.h"
#include "monitor/probes/scope.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define S_IFMT 0170000
#define S_IFREG 0100000

__u64 lost;

static const struct monitor_sample empty;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct inode {
	unsigned short i_mode;
};

struct file {
	struct inode *f_inode;
};

#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 3 * 64);
	__type(key, struct monitor_key);
	__type(value, struct monitor_sample);
} samples SEC(".maps");

/* When a thread's call began. One that reads while it reads (a file system on a file) is that of the inner one. */
struct {
	__uint(type, MAP_TYPE_LRU_HASH);
	__uint(max_entries, SCOPE_THREADS);
	__type(key, __u32);
	__type(value, __u64);
} began SEC(".maps");

static __always_inline int begin(void)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u64 now = bpf_ktime_get_ns();

	if (scope_current())
		bpf_map_update_elem(&began, &tid, &now, BPF_ANY);
	return 0;
}

static __always_inline int is_regular(const struct file *file)
{
	return (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) == S_IFREG;
}

static __always_inline int end(enum io_what what, long result)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct monitor_key key = { .target = scope_current(), .what = what };
	__u64 *at = bpf_map_lookup_elem(&began, &tid), ns;
	struct monitor_sample *sample;

	if (!at || !key.target)
		return 0;
	ns = bpf_ktime_get_ns() - *at;
	bpf_map_delete_elem(&began, &tid);
	sample = sample_of(&samples, &key, &empty);
	if (!sample)
		return 0;
	sample_add(sample, ns);
	if (result > 0)
		sample->extra[0] += result;
	return 0;
}

SEC("fentry/vfs_read")
int monitor_read_begin(__u64 *ctx)
{
	return is_regular((void *)ctx[0]) ? begin() : 0;
}

SEC("fexit/vfs_read")
int monitor_read_end(__u64 *ctx)
{
	return end(IO_READ, ctx[4]);
}

SEC("fentry/vfs_write")
int monitor_write_begin(__u64 *ctx)
{
	return is_regular((void *)ctx[0]) ? begin() : 0;
}

SEC("fexit/vfs_write")
int monitor_write_end(__u64 *ctx)
{
	return end(IO_WRITE, ctx[4]);
}

/* The calls themselves: vfs_fsync_range() is inlined in one of them on 6.1. What a write with O_SYNC takes is a write's time. */
SEC("fentry/__x64_sys_fsync")
int monitor_fsync_begin(void *ctx)
{
	(void)ctx;
	return begin();
}

SEC("fexit/__x64_sys_fsync")
int monitor_fsync_end(void *ctx)
{
	(void)ctx;
	return end(IO_SYNC, 0);
}

SEC("fentry/__x64_sys_fdatasync")
int monitor_fdatasync_begin(void *ctx)
{
	(void)ctx;
	return begin();
}

SEC("fexit/__x64_sys_fdatasync")
int monitor_fdatasync_end(void *ctx)
{
	(void)ctx;
	return end(IO_SYNC, 0);
}

// SPDX-License-Identifier: GPL-2.0-only
/* Empty programs at both ends of a function that every read() calls once. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("kprobe/vfs_read")
int kprobe(void *ctx)
{
	return 0;
}

SEC("kretprobe/vfs_read")
int kretprobe(void *ctx)
{
	return 0;
}

SEC("fentry/vfs_read")
int fentry(void *ctx)
{
	return 0;
}

SEC("fexit/vfs_read")
int fexit(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

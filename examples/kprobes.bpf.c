// SPDX-License-Identifier: GPL-2.0-only
/*
 * Function entries: what a program gets at kprobe/FUNCTION and ksyscall/NAME.
 *
 * Counts vfs_read() by size asked for, notes each openat() with its path in a ring buffer and each exit_group() by
 * bpf_printk().
 */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define PATH_LEN 128 /* longer paths are cut */

struct hits {
	__u64 count;
	__u64 bytes;
	__u64 func_ip; /* bpf_get_func_ip() at the last hit */
	__u64 cookie;  /* bpf_get_attach_cookie() */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32); /* process */
	__type(value, struct hits);
} reads SEC(".maps");

struct open_note {
	__u32 process;
	__u32 flags;
	char path[PATH_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024); /* bytes, of struct open_note */
} opens SEC(".maps");

SEC("kprobe/vfs_read")
int BPF_KPROBE(on_read, void *file, char *buf, unsigned long count)
{
	struct hits first = { .count = 1, .bytes = count }, *hits;
	__u32 process = bpf_get_current_pid_tgid() >> 32;

	first.func_ip = bpf_get_func_ip(ctx);
	first.cookie = bpf_get_attach_cookie(ctx);
	hits = bpf_map_lookup_elem(&reads, &process);
	if (!hits && !bpf_map_update_elem(&reads, &process, &first, BPF_NOEXIST))
		return 0;
	hits = bpf_map_lookup_elem(&reads, &process);
	if (!hits)
		return 0;
	__sync_fetch_and_add(&hits->count, 1);
	__sync_fetch_and_add(&hits->bytes, count);
	hits->func_ip = first.func_ip;
	hits->cookie = first.cookie;
	return 0;
}

SEC("ksyscall/openat")
int BPF_KSYSCALL(on_openat, int dir_fd, const char *path, int flags)
{
	struct open_note *note = bpf_ringbuf_reserve(&opens, sizeof(*note), 0);

	if (!note)
		return 0;
	note->process = bpf_get_current_pid_tgid() >> 32;
	note->flags = flags;
	note->path[0] = '\0';
	bpf_probe_read_user_str(note->path, sizeof(note->path), path);
	bpf_ringbuf_submit(note, 0);
	return 0;
}

SEC("ksyscall/exit_group")
int BPF_KSYSCALL(on_exit_group, int status)
{
	bpf_printk("exits with %d", status);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

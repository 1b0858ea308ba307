// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program for perf(1), which attaches it to the event its section names, and reads the samples that it lets pass: calls
 * that may create a file. An application makes many that may not.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define O_CREAT 0100

/* The record: common fields, number, and the arguments dfd, filename, flags, mode. */
struct openat_args {
	unsigned long long common;
	long number;
	long dfd, filename, flags, mode;
};

SEC("syscalls:sys_enter_openat") int creates(struct openat_args *args)
{
	return (args->flags & O_CREAT) != 0;
}

char _license[] SEC("license") = "GPL";

// SPDX-License-Identifier: GPL-2.0-only
/* Programs that cannot be attached; each is loaded alone. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

SEC("?kprobe/__x64_sys_getpgid")
int good(void *ctx)
{
	return 0;
}

SEC("?kprobe/vfs_raed")
int unknown_function(void *ctx)
{
	return 0;
}

SEC("?kprobe/do_syscall_64")
int not_traceable(void *ctx)
{
	return 0;
}

SEC("?kprobe/type_show")
int several(void *ctx)
{
	return 0;
}

SEC("?kprobe/vfs_read+8")
int inside(void *ctx)
{
	return 0;
}

SEC("?ksyscall/getpidd")
int unknown_ksyscall(void *ctx)
{
	return 0;
}

SEC("?tracepoint/syscalls/sys_enter_getpidd")
int unknown_syscall(void *ctx)
{
	return 0;
}

SEC("?kretprobe/vfs_raed")
int on_return(void *ctx)
{
	return 0;
}

SEC("?kretprobe/vfs_read+8")
int return_inside(void *ctx)
{
	return 0;
}

SEC("?kretprobe/do_syscall_64")
int not_returnable(void *ctx)
{
	return 0;
}

/* It takes a variable number of arguments. */
SEC("?kretprobe/_printk")
int variable(void *ctx)
{
	return 0;
}

SEC("?fmod_ret/security_file_permission")
int decides(void *ctx)
{
	return 0;
}

SEC("?lsm/file_permission")
int guards(void *ctx)
{
	return 0;
}

/* Loaded for fexit by the test, of a BPF program. */
SEC("?fexit")
int on_program(void *ctx)
{
	return 0;
}

SEC("?tp/sched/sched_swich")
int unknown_event(void *ctx)
{
	return 0;
}

SEC("?raw_tp/sched_swich")
int unknown_raw(void *ctx)
{
	return 0;
}

SEC("?raw_tp.w/nbd_send_request")
int writable(void *ctx)
{
	return 0;
}

SEC("?tp/exceptions/page_fault_user")
int global(void *ctx)
{
	return 0;
}

SEC("?tp_btf/page_fault_kernel")
int global_btf(void *ctx)
{
	return 0;
}

SEC("?kprobe.multi/vfs_*")
int multi(void *ctx)
{
	return 0;
}

SEC("?raw_tp/sys_enter")
int beyond_raw(struct bpf_raw_tracepoint_args *ctx)
{
	return ctx->args[2] != 0; /* it has two */
}

SEC("?tracepoint/syscalls/sys_enter_close")
int beyond_tracepoint(struct trace_event_raw_sys_enter *ctx)
{
	return ctx->args[1] != 0; /* it has one */
}

SEC("?raw_tp/task_rename")
int beyond_raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	return ctx->args[3] != 0; /* it has two, on newer kernels three */
}

SEC("?tp/task/task_rename")
int beyond_event(unsigned char *ctx)
{
	return ctx[200]; /* it ends before 64 */
}

char LICENSE[] SEC("license") = "GPL";

// SPDX-License-Identifier: GPL-2.0-or-later
#include "filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define X32_BIT 0x40000000
#define I386_PERF_EVENT_OPEN 336
#define I386_BPF 357
#define PERF_IOCTL ('$' << 8) /* type of perf's ioctls in their number */

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF(value, then) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, then, 0)
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
#define HAND_OVER RETURN(SECCOMP_RET_USER_NOTIF)
#define HAND_OVER_IF(value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1), HAND_OVER
#define ALLOW RETURN(SECCOMP_RET_ALLOW)
#define UNKNOWN RETURN(SECCOMP_RET_ERRNO | ENOSYS)

/* Tools of the two other ABIs, whose structures differ, are told that there is no BPF rather than let attach for all. */
static const struct sock_filter filter[] = {
	LOAD(arch),
	IF(AUDIT_ARCH_X86_64, 5),
	LOAD(nr),
	IF(I386_BPF, 2),
	IF(I386_PERF_EVENT_OPEN, 1),
	ALLOW,
	UNKNOWN,

	LOAD(nr),
	HAND_OVER_IF(SYS_perf_event_open),
	IF(SYS_bpf, 6),
	IF(SYS_ioctl, 23),
	IF(SYS_setsockopt, 27),
	IF(SYS_bpf | X32_BIT, 2),
	IF(SYS_perf_event_open | X32_BIT, 1),
	ALLOW,
	UNKNOWN,

	/* bpf: nothing that handles maps, which may be hot. */
	LOAD(args[0]),
	HAND_OVER_IF(BPF_LINK_CREATE),
	HAND_OVER_IF(BPF_RAW_TRACEPOINT_OPEN),
	HAND_OVER_IF(BPF_PROG_ATTACH),
	HAND_OVER_IF(BPF_OBJ_PIN),
	HAND_OVER_IF(BPF_OBJ_GET_INFO_BY_FD),
	HAND_OVER_IF(BPF_LINK_UPDATE),
	HAND_OVER_IF(BPF_LINK_DETACH),
	HAND_OVER_IF(BPF_PROG_LOAD),
	ALLOW,

	/* ioctl */
	LOAD(args[1]),
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff00),
	HAND_OVER_IF(PERF_IOCTL),
	ALLOW,

	/* setsockopt */
	LOAD(args[1]),
	IF(SOL_SOCKET, 1),
	ALLOW,
	LOAD(args[2]),
	HAND_OVER_IF(SO_ATTACH_BPF),
	HAND_OVER_IF(SO_ATTACH_REUSEPORT_EBPF),
	ALLOW,
};

const struct sock_filter *exec_filter(size_t *ret_count)
{
	*ret_count = sizeof(filter) / sizeof(filter[0]);
	return filter;
}

/*
 * A call we have received is not interrupted by signals, but for deadly ones: it would be made again, and what it
 * attaches would be attached twice. Go's scheduler sends signals all the time.
 */
static int install(void)
{
	const unsigned int flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	const struct sock_fprog program = {
		.len = sizeof(filter) / sizeof(filter[0]),
		.filter = (struct sock_filter *)filter,
	};
	int fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);

	return fd < 0 ? -errno : fd;
}

int exec_filter_install(void)
{
	int fd = install();

	/* Without CAP_SYS_ADMIN the tool has to give up programs that would raise its rights. */
	if (fd != -EACCES || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return fd;
	return install();
}

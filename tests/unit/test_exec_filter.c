// SPDX-License-Identifier: GPL-2.0-or-later
/* The seccomp filter of kview exec: which system calls are handed over, by its instructions. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "exec/filter.h"
#include "unit.h"

#define X32_BIT 0x40000000

/* What the kernel would do: the few instructions seccomp filters are made of. */
static uint32_t run(const struct seccomp_data *data)
{
	size_t count;
	const struct sock_filter *code = exec_filter(&count);
	uint32_t a = 0;

	for (size_t at = 0; at < count; at++) {
		switch (code[at].code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)data + code[at].k, sizeof(a));
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= code[at].k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += a == code[at].k ? code[at].jt : code[at].jf;
			break;
		case BPF_RET | BPF_K:
			return code[at].k;
		default:
			fail_msg("instruction %zu: unknown code %#x", at, code[at].code);
		}
	}
	fail_msg("the filter has no end");
	return 0;
}

static uint32_t call(uint32_t arch, int nr, uint64_t arg0, uint64_t arg1)
{
	const struct seccomp_data data = { .arch = arch, .nr = nr, .args = { arg0, arg1 } };

	return run(&data);
}

static uint32_t native(int nr, uint64_t arg0, uint64_t arg1)
{
	return call(AUDIT_ARCH_X86_64, nr, arg0, arg1);
}

static void handed_over(void **state)
{
	static const int commands[] = {
		BPF_LINK_CREATE, BPF_RAW_TRACEPOINT_OPEN, BPF_PROG_ATTACH, BPF_OBJ_PIN, BPF_OBJ_GET_INFO_BY_FD,
		BPF_LINK_UPDATE, BPF_LINK_DETACH, BPF_PROG_LOAD,
	};
	static const unsigned long requests[] = {
		PERF_EVENT_IOC_SET_BPF, PERF_EVENT_IOC_ENABLE, PERF_EVENT_IOC_DISABLE, PERF_EVENT_IOC_ID,
		PERF_EVENT_IOC_QUERY_BPF,
	};

	(void)state;
	assert_int_equal(native(SYS_perf_event_open, 0, 0), SECCOMP_RET_USER_NOTIF);
	for (size_t i = 0; i < COUNT(commands); i++)
		assert_int_equal(native(SYS_bpf, commands[i], 0), SECCOMP_RET_USER_NOTIF);
	for (size_t i = 0; i < COUNT(requests); i++)
		assert_int_equal(native(SYS_ioctl, 3, requests[i]), SECCOMP_RET_USER_NOTIF);
}

static void left_alone(void **state)
{
	static const int commands[] = {
		BPF_MAP_CREATE, BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_PROG_TEST_RUN, BPF_BTF_LOAD, BPF_MAP_LOOKUP_BATCH,
	};

	(void)state;
	for (int nr = 0; nr < 1024; nr++)
		if (nr != SYS_perf_event_open && nr != SYS_bpf && nr != SYS_ioctl && nr != SYS_setsockopt)
			assert_int_equal(native(nr, 28, PERF_EVENT_IOC_SET_BPF), SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < COUNT(commands); i++)
		assert_int_equal(native(SYS_bpf, commands[i], 0), SECCOMP_RET_ALLOW);
	assert_int_equal(native(SYS_ioctl, 0, FIONREAD), SECCOMP_RET_ALLOW);
	assert_int_equal(native(SYS_ioctl, 0, TIOCGWINSZ), SECCOMP_RET_ALLOW);
	/* Only the low half of an argument that the kernel takes as int counts. */
	assert_int_equal(native(SYS_ioctl, 0, 0xdeadbeef00000000ULL | PERF_EVENT_IOC_ENABLE), SECCOMP_RET_USER_NOTIF);
}

static uint32_t socket_option(int level, int option)
{
	const struct seccomp_data data = {
		.arch = AUDIT_ARCH_X86_64,
		.nr = SYS_setsockopt,
		.args = { 3, level, option },
	};

	return run(&data);
}

static void socket_options(void **state)
{
	(void)state;
	assert_int_equal(socket_option(SOL_SOCKET, SO_ATTACH_BPF), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(socket_option(SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(socket_option(SOL_SOCKET, SO_REUSEADDR), SECCOMP_RET_ALLOW);
	assert_int_equal(socket_option(IPPROTO_TCP, SO_ATTACH_BPF), SECCOMP_RET_ALLOW);
}

static void other_abis(void **state)
{
	(void)state;
	assert_int_equal(call(AUDIT_ARCH_I386, 357, 28, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(call(AUDIT_ARCH_I386, 336, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(call(AUDIT_ARCH_I386, SYS_bpf, 28, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(native(SYS_bpf | X32_BIT, 28, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(native(SYS_perf_event_open | X32_BIT, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(native(SYS_read | X32_BIT, 0, 0), SECCOMP_RET_ALLOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handed_over),
		cmocka_unit_test(left_alone),
		cmocka_unit_test(socket_options),
		cmocka_unit_test(other_abis),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What kview-monitord reads of processes: of this one, and of lines as the kernel writes them. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "monitor/daemon/process.h"
#include "unit.h"

/* A name can look like what comes behind it. */
static void names(void **state)
{
	static const char *const names[] = { "plain", "a b", ") R 1 2 3", "((", "))" };
	char name[PROCESS_NAME];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct process_stat stat;

		prctl(PR_SET_NAME, names[i]);
		assert_int_equal(process_name(getpid(), name), 0);
		assert_string_equal(name, names[i]);
		assert_int_equal(process_stat(getpid(), &stat), 0);
		assert_int_equal(stat.threads, 1);
		assert_true(stat.resident >= 4096);
		assert_true(stat.start > 0);
		assert_false(stat.kernel);
	}
}

static void stat_lines(void **state)
{
	static const char kernel[] = "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 5 0 0 20 0 1 0 7 0 0 18446744073709551615";
	struct process_stat stat = { .start = 99 };

	(void)state;
	assert_int_equal(process_stat_parse(kernel, &stat), 0);
	assert_true(stat.kernel);
	assert_int_equal(stat.start, 7);
	assert_int_equal(stat.resident, 0);
	assert_int_equal(process_stat_parse("", &stat), -ESRCH);
	assert_int_equal(process_stat_parse("2 kthreadd S 0", &stat), -ESRCH);
	assert_int_equal(process_stat_parse("2 (kthreadd) S 0 0", &stat), -ESRCH);
	assert_int_equal(stat.start, 7);
}

static void gone(void **state)
{
	pid_t pid = fork();
	struct process_stat stat;
	char name[PROCESS_NAME], path[64];

	(void)state;
	if (!pid)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(process_name(pid, name), -ESRCH);
	assert_int_equal(process_stat(pid, &stat), -ESRCH);
	assert_int_equal(process_cgroup(pid, path, sizeof(path)), -ESRCH);
	assert_false(process_listens(pid, 1));
}

static int bound_socket(int family, uint16_t *ret_port)
{
	struct sockaddr_in6 address = { .sin6_family = family };
	socklen_t len = sizeof(address);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len)) {
		assert_int_equal(family, AF_INET6); /* a machine without it */
		if (fd >= 0)
			close(fd);
		return -1;
	}
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*ret_port = ntohs(address.sin6_port); /* lies where that of version 4 does */
	return fd;
}

static void listens(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };

	(void)state;
	for (size_t i = 0; i < COUNT(families); i++) {
		uint16_t port;
		int fd = bound_socket(families[i], &port);

		if (fd < 0)
			continue;
		assert_false(process_listens(getpid(), port));
		assert_int_equal(listen(fd, 1), 0);
		assert_true(process_listens(getpid(), port));
		/* Another one's, though it sees the same table. */
		assert_false(process_listens(1, port));
		close(fd);
		assert_false(process_listens(getpid(), port));
	}
}

static void listener_lines(void **state)
{
	static const char listens[] = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0";
	static const char talks[] = "   1: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1";
	static const char listens6[] = "   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0";
	uint64_t inode = 0;
	uint16_t port = 0;

	(void)state;
	assert_int_equal(process_listener_parse(listens, &port, &inode), 0);
	assert_int_equal(port, 8080);
	assert_int_equal(inode, 4711);
	assert_int_equal(process_listener_parse(talks, &port, &inode), -ENOENT);
	assert_int_equal(inode, 4711);
	assert_int_equal(process_listener_parse(listens6, &port, &inode), 0);
	assert_int_equal(port, 80);
	assert_int_equal(process_listener_parse("  sl  local_address rem_address   st", &port, &inode), -ENOENT);
	assert_int_equal(process_listener_parse("", &port, &inode), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),   cmocka_unit_test(stat_lines),     cmocka_unit_test(gone),
		cmocka_unit_test(listens), cmocka_unit_test(listener_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

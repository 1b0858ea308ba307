// SPDX-License-Identifier: GPL-2.0-or-later
/* What kview-monitord may still do once it runs. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include "monitor/daemon/privileges.h"
#include "unit.h"

#define BIT(number) (1ULL << (number))

static const uint64_t of_daemon = BIT(CAP_BPF) | BIT(CAP_PERFMON) | BIT(CAP_NET_ADMIN) | BIT(CAP_SYS_PTRACE) |
				  BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_SYSLOG);
static const uint64_t of_opener = BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_READ_SEARCH);

/* A number in hexadecimal from /proc/self/status. */
static uint64_t status_of(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	size_t len = strlen(name);
	uint64_t value = ~0ULL;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, len) && line[len] == ':')
			value = strtoull(line + len + 1, NULL, 16);
	if (file)
		fclose(file);
	return value;
}

/* Exit status: 0, or which of these is not so. */
static int drop(int (*give_up)(void), uint64_t kept)
{
	uint64_t permitted = status_of("CapPrm");
	int could_bound = !!(status_of("CapEff") & BIT(CAP_SETPCAP));

	if (give_up())
		return 1;
	if (status_of("CapPrm") != (permitted & kept) || status_of("CapEff") != (permitted & kept))
		return 2;
	if (status_of("CapInh") || status_of("CapAmb"))
		return 3;
	if (could_bound && (status_of("CapBnd") & ~kept))
		return 4;
	if (!prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0))
		return 5;
	/* Twice is once. */
	return give_up() ? 6 : 0;
}

static void drops(int (*give_up)(void), uint64_t kept)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(drop(give_up, kept));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void daemon_drops(void **state)
{
	(void)state;
	drops(privileges_drop, of_daemon);
}

static void opener_drops(void **state)
{
	(void)state;
	drops(privileges_keep_perf, of_opener);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(daemon_drops), cmocka_unit_test(opener_drops) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

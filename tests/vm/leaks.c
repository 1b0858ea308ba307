// SPDX-License-Identifier: GPL-2.0-or-later
#include "leaks.h"

#include "testlib.h"

#define LEAKS "/sys/kernel/debug/kmemleak"

bool leaks_possible(void)
{
	return !access(LEAKS, F_OK);
}

/* Print what was found; returns whether a stack of an allocation passed through the module. */
static bool report(void)
{
	FILE *file = fopen(LEAKS, "re");
	char line[512];
	bool ours = false;

	CHECK(file);
	while (fgets(line, sizeof(line), file)) {
		fputs(line, stdout);
		ours |= !!strstr(line, "[kview]");
	}
	fclose(file);
	fflush(stdout);
	return ours;
}

void leaks_expect_none(void)
{
	/* Memory younger than five seconds is not looked at; and whatever changes between two scans is in use. */
	for (int i = 0; i < 3; i++) {
		sleep(6);
		test_set(LEAKS, "scan");
	}
	if (report())
		FAIL("the module lost memory");
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "faults.h"

#include "testlib.h"

#define SLAB "/sys/kernel/debug/failslab/"
#define PAGES "/sys/kernel/debug/fail_page_alloc/"
#define NTH "/proc/thread-self/fail-nth"

bool faults_possible(void)
{
	return !access(SLAB, F_OK) && !access(PAGES, F_OK);
}

/* To the files of both kinds of allocation. */
static void set(const char *name, const char *format, long value)
{
	static const char *const folders[] = { SLAB, PAGES };
	char path[256], text[32];

	snprintf(text, sizeof(text), format, value);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s%s", folders[i], name);
		test_set(path, text);
	}
}

/* "kview 81920 1 - Live 0xffffffffc0000000 (O)": all of the module, of which only text appears in stack traces. */
static void find_module(unsigned long *ret_start, unsigned long *ret_end)
{
	FILE *file = fopen("/proc/modules", "re");
	unsigned long size;
	char name[64];

	CHECK(file);
	while (fscanf(file, "%63s %lu %*s %*s %*s %lx%*[^\n]", name, &size, ret_start) == 3) {
		if (strcmp(name, "kview"))
			continue;
		fclose(file);
		*ret_end = *ret_start + size;
		return;
	}
	FAIL("kview is not in /proc/modules");
}

void faults_aim(void)
{
	unsigned long start, end;

	find_module(&start, &end);
	set("require-start", "%#lx", start);
	set("require-end", "%#lx", end);
	set("stacktrace-depth", "%ld", 32);
	set("ignore-gfp-wait", "%ld", 0);
	set("task-filter", "%ld", 1);
	set("times", "%ld", -1);
	set("verbose", "%ld", 0);
	test_set(PAGES "min-order", "0");
	test_set(PAGES "ignore-gfp-highmem", "0");
}

void faults_begin(unsigned int percent)
{
	test_set("/proc/self/make-it-fail", percent ? "1" : "0");
	set("probability", "%ld", percent);
}

void faults_spare(void)
{
	if (faults_possible())
		test_set("/proc/self/make-it-fail", "0");
}

void faults_nth(unsigned int nth)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", nth);
	test_set(NTH, text);
}

bool faults_nth_reached(void)
{
	bool reached = !test_read_number(NTH);

	test_set(NTH, "0");
	return reached;
}

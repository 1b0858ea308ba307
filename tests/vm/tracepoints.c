// SPDX-License-Identifier: GPL-2.0-or-later
#include "tracepoints.h"

#include "symbols.h"
#include "testlib.h"

#define PREFIX "__tracepoint_"
#define LIMIT 2048

static void ask(const struct kview_target *targets, __u32 *reasons, __u32 count)
{
	struct kview_check call = {
		.size = sizeof(call),
		.kind = KVIEW_HOOK_RAW_TP,
		.targets = (unsigned long)targets,
		.reasons = (unsigned long)reasons,
		.count = count,
	};

	CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_CHECK, &call));
}

__u32 tracepoint_reason(const char *name)
{
	struct kview_target target = { .name = (unsigned long)name };
	__u32 reason;

	ask(&target, &reason, 1);
	return reason;
}

bool tracepoint_is_checked(const char *name)
{
	static int checks = -1;

	if (checks < 0)
		checks = !!symbol_address("kasan_report");
	return checks && tracepoint_reason(name) == KVIEW_WHY_UNKNOWN_CODE;
}

void tracepoint_need(const char *name)
{
	if (tracepoint_is_checked(name))
		test_skip("%s: this kernel's code checks all accesses", name);
}

/* Every tracepoint is a variable of the kernel; those of modules have the module's name behind theirs. */
static void read_names(struct tracepoints *all)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[512], name[256], module[64];

	CHECK(file);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %*[bBdD] " PREFIX "%255s %63s", name, module) != 1)
			continue;
		CHECK(all->count < LIMIT && strlen(name) < sizeof(all->list->name));
		strcpy(all->list[all->count++].name, name);
	}
	fclose(file);
}

struct tracepoints tracepoints_all(void)
{
	struct tracepoints all = { .list = calloc(LIMIT, sizeof(*all.list)) };
	struct kview_target *targets = calloc(LIMIT, sizeof(*targets));
	__u32 *reasons = calloc(LIMIT, sizeof(*reasons));

	CHECK(all.list && targets && reasons);
	read_names(&all);
	for (size_t i = 0; i < all.count; i++)
		targets[i].name = (unsigned long)all.list[i].name;
	ask(targets, reasons, all.count);
	for (size_t i = 0; i < all.count; i++)
		all.list[i].reason = reasons[i];
	free(targets);
	free(reasons);
	return all;
}

int kv_try_tracepoint(int view, __u32 kind, int prog, const char *name)
{
	struct kview_target target = { .name = (unsigned long)name };

	return kv_try_link(view, kind, prog, &target, 1);
}

int kv_tracepoint(int view, __u32 kind, int prog, const char *name)
{
	int link = kv_try_tracepoint(view, kind, prog, name);

	if (link < 0)
		FAIL("hook tracepoint %s: %s, %s", name, strerror(-link), kv_reason_name(kv_reason));
	return link;
}

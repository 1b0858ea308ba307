// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <kview/kview.h>
#include <uapi/kview.h>

#include "cli.h"
#include "format.h"
#include "options.h"
#include "scope.h"

struct info {
	struct cli_options shared; /* first: see cli_parse() */
	struct kview_status status;
	const char *problem; /* why the module cannot be asked; NULL: it can, or is not there */
};

/* A bit, its word in JSON and its word for people. */
struct bit {
	uint64_t bit;
	const char *name;
	const char *text;
};

static const struct bit hooks[] = {
	{ KVIEW_FEATURE_ENTRY, "entry", "function entries" },
	{ KVIEW_FEATURE_RETURN, "return", "function returns" },
	{ KVIEW_FEATURE_TRACING, "tracing", "fentry and fexit" },
	{ KVIEW_FEATURE_MULTI, "multi", "kprobe.multi" },
	{ KVIEW_FEATURE_SESSION, "session", "kprobe.session" },
	{ KVIEW_FEATURE_TRACEPOINT, "tracepoint", "tracepoints" },
	{ KVIEW_FEATURE_SYSCALL, "syscall", "system calls" },
	{},
};

static const struct bit choices[] = {
	{ KVIEW_FEATURE_INTERRUPTS, "interrupts", "interrupts" },
	{ KVIEW_FEATURE_THREAD, "thread", "threads" },
	{ KVIEW_FEATURE_FOLLOW, "follow", "forks" },
	{ KVIEW_FEATURE_CGROUP, "cgroup", "cgroups" },
	{},
};

static const struct bit machine_facts[] = {
	{ KVIEW_MACHINE_LA57, "la57", "five-level page tables" },
	{ KVIEW_MACHINE_PTI, "pti", "page table isolation" },
	{ KVIEW_MACHINE_PCID, "pcid", "tagged TLB (PCID)" },
	{ KVIEW_MACHINE_IBT, "ibt", "indirect branch tracking" },
	{},
};

/* The first line of /proc/cpuinfo's flags; the names of facts are the kernel's own there. */
static uint32_t read_machine(void)
{
	_cleanup_(fclosep) FILE *file = fopen("/proc/cpuinfo", "re");
	_cleanup_(freep) char *line = NULL;
	const struct bit *fact;
	uint32_t machine = 0;
	size_t room = 0;
	char word[16];

	while (file && getline(&line, &room, file) > 0) {
		if (strncmp(line, "flags", strlen("flags")))
			continue;
		*strchrnul(line, '\n') = ' ';
		for (fact = machine_facts; fact->name; fact++) {
			snprintf(word, sizeof(word), " %s ", fact->name);
			machine |= strstr(line, word) ? fact->bit : 0;
		}
		break;
	}
	return machine;
}

static void read_info(struct info *info)
{
	info->status.sz = sizeof(info->status);
	if (kview_status(&info->status)) {
		memset(&info->status, 0, sizeof(info->status));
		info->problem = kview_reason(NULL);
	}
	if (!info->status.module_loaded)
		info->status.machine = read_machine();
}

static void name_bits(json_t *json, const struct bit *bits, uint64_t set)
{
	for (; bits->name; bits++)
		json_object_set_new(json, bits->name, json_boolean(set & bits->bit));
}

static json_t *describe_features(uint64_t set)
{
	json_t *json = json_object();

	name_bits(json, hooks, set);
	name_bits(json, choices, set);
	return json;
}

static json_t *describe_machine(uint32_t set)
{
	json_t *json = json_object();

	name_bits(json, machine_facts, set);
	return json;
}

static json_t *describe_module(const struct info *info)
{
	const struct kview_status *status = &info->status;

	if (!status->module_loaded)
		return json_pack("{s:b, s:s?}", "loaded", info->problem && !access("/sys/module/kview", F_OK), "problem",
				 info->problem);
	return json_pack("{s:b, s:s, s:i}", "loaded", true, "version", status->version, "abi", (int)status->abi);
}

static json_t *describe_use(const struct kview_status *status)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:I}", "views", status->views, "members",
			 status->members, "links", status->links, "images", status->images, "text_pages",
			 status->text_pages, "table_pages", status->table_pages, "shared_leaves", status->shared_leaves,
			 "retired", status->retired, "bytes", (json_int_t)status->bytes);
}

static enum kview_mode mode(const struct info *info)
{
	return info->status.module_loaded ? KVIEW_MODE_VIEW : KVIEW_MODE_ORDINARY;
}

static json_t *describe(const struct info *info)
{
	struct utsname name;

	uname(&name);
	return json_pack("{s:s, s:s, s:i, s:s, s:o, s:s, s:o, s:o, s:o*}", "version", kview_version(), "libbpf",
			 libbpf_version_string() + 1, "abi", KVIEW_ABI_VERSION, "kernel", name.release, "module",
			 describe_module(info), "mode", kview_mode_name(mode(info)), "features",
			 describe_features(info->status.features), "machine", describe_machine(info->status.machine), "use",
			 info->status.module_loaded ? describe_use(&info->status) : NULL);
}

static void print_bits(const char *label, const struct bit *bits, uint64_t set)
{
	const char *separator = "";

	printf("%-10s", label);
	for (; bits->name; bits++) {
		if (!(set & bits->bit))
			continue;
		printf("%s%s", separator, bits->text);
		separator = ", ";
	}
	puts(*separator ? "" : "none");
}

static void print_module(const struct info *info)
{
	if (info->status.module_loaded)
		printf("module    kview.ko %s, ABI %u\n", info->status.version, info->status.abi);
	else
		printf("module    %s\n", info->problem ?: "not loaded (modprobe kview)");
}

static void print_mode(const struct info *info)
{
	if (info->status.module_loaded)
		puts("mode      view: only members pay for their programs");
	else if (!info->problem)
		puts("mode      ordinary: every process pays for the filter in front of each program");
}

static void print_use(const struct kview_status *status)
{
	char buf[FORMAT_LEN];

	printf("in use    %u view%s, %u member%s, %u link%s, %u image%s\n", status->views, format_plural(status->views),
	       status->members, format_plural(status->members), status->links, format_plural(status->links),
	       status->images, format_plural(status->images));
	printf("memory    %s: %u pages of text, %u of page tables", format_bytes(buf, status->bytes), status->text_pages,
	       status->table_pages);
	if (status->retired)
		printf("; %u trampoline%s waiting to be freed", status->retired, format_plural(status->retired));
	putchar('\n');
}

static void print_info(const struct info *info)
{
	struct utsname name;

	uname(&name);
	printf("kview     %s, ABI %u, libbpf %s\n", kview_version(), KVIEW_ABI_VERSION, libbpf_version_string() + 1);
	print_module(info);
	printf("kernel    %s\n", name.release);
	print_mode(info);
	if (info->status.module_loaded) {
		print_bits("hooks", hooks, info->status.features);
		print_bits("follows", choices, info->status.features);
	}
	print_bits("machine", machine_facts, info->status.machine);
	if (info->status.module_loaded)
		print_use(&info->status);
}

static int cmd_info(int argc, char **argv)
{
	static const struct argp argp = {
		.doc = "Tell versions, whether the module is there, what it can do on this machine, and the mode that would "
		       "be used.",
	};
	_cleanup_(json_decrefp) json_t *json = NULL;
	struct info info = {};

	cli_parse(&argp, argc, argv, &info);
	read_info(&info);
	if (!info.shared.json) {
		print_info(&info);
		return CLI_OK;
	}
	json = describe(&info);
	return json && !cli_print_document(stdout, json) ? CLI_OK : cli_fail(-ENOMEM, NULL, "info");
}

const struct cli_command cli_cmd_info = { "info", "tell versions, module, machine and mode", cmd_info };

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long attaching one program to very many functions takes, and detaching it: through a view and in the kernel's own
 * ways; and the instructions of tools people use, from their start to their end. A process with the view is there all the time.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <kview/kview.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "bench.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define SOME 100 /* as many as the ways that take hooks one by one are asked for */
#define LOTS 10000
#define ALL SIZE_MAX
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

DEFINE_CLEANUP(struct kview *, kview_close)

static const size_t sizes[] = { 1, SOME, LOTS, ALL };

/* Functions all ways can hook, by names that are theirs alone; each once, though some have several names. */
struct functions {
	struct named {
		char *name;
		uint64_t addr;
	} *list;
	char **names;
	size_t count;
};

/* Ticks, which are instructions and nanoseconds of waiting. */
struct spell {
	uint64_t attach, detach;
};

static struct row {
	const char *by;
	size_t hooks;
	struct spell spell; /* of tools: instructions of all they do, in the first */
	bool tool;
	int error;
} rows[32];

static size_t row_count;

/* The kernel's own test of kprobe.multi leaves them out: with a program there the machine gets nowhere. */
static bool unwise(const char *name)
{
	static const char *const patterns[] = { "arch_cpu_idle", "default_idle", "bpf_dispatcher_xdp_func", "*rcu_*",
						"__ftrace_invalid_address__*" };

	for (size_t i = 0; i < COUNT(patterns); i++) {
		if (!fnmatch(patterns[i], name, 0))
			return true;
	}
	return false;
}

/* Hooks come in the order of their names. */
static int note_function(const struct kview_hook *hook, void *data)
{
	struct functions *functions = data;
	char *name;

	if (hook->kind != KVIEW_KIND_ENTRY || !hook->attachable || strchr(hook->name, '.') || unwise(hook->name))
		return 0;
	if (functions->count && !strcmp(functions->list[functions->count - 1].name, hook->name))
		return 0;
	if (functions->count % 1024 == 0) {
		void *list = reallocarray(functions->list, functions->count + 1024, sizeof(*functions->list));

		if (!list)
			return -ENOMEM;
		functions->list = list;
	}
	name = strdup(hook->name);
	if (!name)
		return -ENOMEM;
	functions->list[functions->count++] = (struct named){ name, hook->addr };
	return 0;
}

static int compare_addresses(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In the order of their names, so that the first of them lie all over the kernel. */
static int functions_find(struct functions *functions)
{
	int err = kview_each_kernel_hook(NULL, note_function, functions);
	size_t found = functions->count;

	if (err)
		return err;
	functions->names = calloc(found, sizeof(*functions->names));
	if (!functions->names)
		return -ENOMEM;
	qsort(functions->list, found, sizeof(*functions->list), compare_addresses);
	functions->count = 0;
	for (size_t i = 0; i < found; i++) {
		if (i && functions->list[i].addr == functions->list[i - 1].addr)
			free(functions->list[i].name);
		else
			functions->names[functions->count++] = functions->list[i].name;
	}
	qsort(functions->names, functions->count, sizeof(*functions->names), compare_names);
	return 0;
}

static void functions_free(struct functions *functions)
{
	while (functions->names && functions->count)
		free(functions->names[--functions->count]);
	free(functions->names);
	free(functions->list);
}

static int time_view(struct bench *bench, const struct functions *functions, size_t count, struct spell *ret_spell)
{
	_cleanup_(kview_closep) struct kview *view = NULL;
	_cleanup_(closep) int prog = program_load(bench->programs, PROGRAM_EMPTY, BPF_PROG_TYPE_KPROBE, 0);
	struct kview_open_opts opts = { .sz = sizeof(opts), .name = "bench", .mode = KVIEW_MODE_VIEW };
	struct kview_link *link = NULL;
	uint64_t start, middle;
	int err = prog < 0 ? prog : kview_open(&opts, &view);

	if (!err)
		err = kview_add_pid(view, subject_pid(bench->traced));
	start = insns_now();
	if (!err)
		err = kview_attach_entries(view, prog, (const char *const *)functions->names, NULL, count, &link);
	if (err) {
		bench_progress("%s", view ? kview_reason(view) : kview_reason(NULL));
		return err;
	}
	middle = insns_now();
	kview_link_close(link);
	*ret_spell = (struct spell){ middle - start, insns_now() - middle };
	return 0;
}

static int time_multi(struct bench *bench, const struct functions *functions, size_t count, struct spell *ret_spell)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .kprobe_multi.syms = (const char **)functions->names,
		    .kprobe_multi.cnt = count);
	_cleanup_(closep) int prog = program_load_multi(bench->programs, PROGRAM_EMPTY);
	uint64_t start, middle;
	int link;

	if (prog < 0)
		return prog;
	start = insns_now();
	link = bpf_link_create(prog, 0, BPF_TRACE_KPROBE_MULTI, &opts);
	middle = insns_now();
	if (link < 0)
		return link;
	close(link);
	*ret_spell = (struct spell){ middle - start, insns_now() - middle };
	return 0;
}

static int time_kprobe(struct bench *bench, const struct functions *functions, size_t count, struct spell *ret_spell)
{
	_cleanup_(closep) int prog = program_load(bench->programs, PROGRAM_EMPTY, BPF_PROG_TYPE_KPROBE, 0);
	int events[SOME], links[SOME], err = 0;
	uint64_t start = insns_now(), middle;
	size_t done = 0;

	if (prog < 0 || count > SOME)
		return prog < 0 ? prog : -E2BIG;
	for (; !err && done < count; done++) {
		events[done] = attach_open_kprobe(functions->names[done]);
		links[done] = events[done] < 0 ? events[done] :
						 bpf_link_create(prog, events[done], BPF_PERF_EVENT, NULL);
		err = links[done] < 0 ? links[done] : 0;
	}
	middle = insns_now();
	while (done--) {
		if (links[done] >= 0)
			close(links[done]);
		if (events[done] >= 0)
			close(events[done]);
	}
	*ret_spell = (struct spell){ middle - start, insns_now() - middle };
	return err;
}

/* How a tool is told its process, and its hooks. */
struct tool {
	const char *begin, *hook, *end;
};

/* Processor time of all commands that have ended: under -icount, instructions. */
static uint64_t insns_of_commands(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NS_PER_SECOND +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000ULL;
}

/* Not by the clock: tools are read from the host's disk, and virtual time jumps while they wait for it. */
static int time_tool(const struct tool *tool, pid_t pid, char **names, size_t count, struct spell *ret_spell)
{
	_cleanup_(freep) char *command = NULL;
	uint64_t start = insns_of_commands();
	size_t size;
	FILE *out = open_memstream(&command, &size);
	int status;

	if (!out)
		return -errno;
	fprintf(out, tool->begin, pid);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%s%s", i ? "," : "", tool->hook, names[i]);
	fputs(tool->end, out);
	fclose(out);
	status = system(command);
	*ret_spell = (struct spell){ insns_of_commands() - start, 0 };
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ENOEXEC;
}

static int time_bpftrace(struct bench *bench, const struct functions *functions, size_t count, struct spell *ret_spell)
{
	static const struct tool tool = { "bpftrace -p %d -e '", "kprobe:",
					  " /pid == 1/ { @ = count(); } BEGIN { exit(); }' >/dev/null" };

	return time_tool(&tool, subject_pid(bench->traced), functions->names, count, ret_spell);
}

/* It knows functions only after `perf probe`, so its hooks are tracepoints of system calls. */
static int time_perf(struct bench *bench, const struct functions *functions, size_t count, struct spell *ret_spell)
{
	static const struct tool tool = { "perf stat -o /dev/null -p %d -e ", "syscalls:", " -- true" };
	char *names[SOME];
	glob_t found;
	int err;

	(void)functions;
	if (glob("/sys/kernel/tracing/events/syscalls/sys_enter_*", 0, NULL, &found))
		return -ENOENT;
	err = count > SOME || count > found.gl_pathc ? -E2BIG : 0;
	for (size_t i = 0; !err && i < count; i++)
		names[i] = strrchr(found.gl_pathv[i], '/') + 1;
	if (!err)
		err = time_tool(&tool, subject_pid(bench->traced), names, count, ret_spell);
	globfree(&found);
	return err;
}

static const struct {
	const char *by;
	bool tool;
	int (*time)(struct bench *bench, const struct functions *functions, size_t count, struct spell *ret_spell);
} ways[] = {
	{ "kview", false, time_view },
	{ "kprobe.multi", false, time_multi },
	{ "kprobe", false, time_kprobe },
	{ "bpftrace -p", true, time_bpftrace },
	{ "perf stat -p", true, time_perf },
};

static void print_row(struct bench *bench, const struct row *row)
{
	if (row->error)
		results_print(bench->results, "\"method\": \"%s\", \"hooks\": %zu, \"attach\": null, \"error\": \"%s\"",
			      row->by, row->hooks, strerror(-row->error));
	else
		results_print(bench->results,
			      "\"method\": \"%s\", \"hooks\": %zu, \"attach\": %lu, \"detach\": %lu, \"whole_command\": %s, "
			      "\"unit\": \"%s\"",
			      row->by, row->hooks, row->spell.attach, row->spell.detach, row->tool ? "true" : "false",
			      row->tool ? "instructions" : "virtual ns, waiting included");
}

/* A way that does not exist on this kernel is a result, too; a view that fails is not. */
static int run_row(struct bench *bench, const struct functions *functions, size_t way, size_t count)
{
	struct row *row = &rows[row_count++];

	bench_progress("%s, %zu hooks", ways[way].by, count);
	*row = (struct row){ .by = ways[way].by, .hooks = count, .tool = ways[way].tool };
	row->error = ways[way].time(bench, functions, count, &row->spell);
	print_row(bench, row);
	return way == 0 ? row->error : 0;
}

static int run(struct bench *bench)
{
	struct functions functions = {};
	int err = functions_find(&functions);

	for (size_t i = 0; !err && i < COUNT(ways) * COUNT(sizes); i++) {
		size_t size = sizes[i % COUNT(sizes)], way = i / COUNT(sizes);

		if (size <= SOME || ways[way].time == time_view || ways[way].time == time_multi)
			err = run_row(bench, &functions, way, size < functions.count ? size : functions.count);
	}
	functions_free(&functions);
	return err;
}

static void print_table(const struct bench *bench, FILE *out)
{
	(void)bench;
	fprintf(out, "\nOne program on many functions, milliseconds of guest time, waiting for grace periods included\n\n");
	fprintf(out, "  %-32s%8s%14s%14s\n", "", "hooks", "attach", "detach");
	for (size_t i = 0; i < row_count; i++) {
		const struct row *row = &rows[i];

		fprintf(out, "    %-30s%8zu", row->by, row->hooks);
		if (row->error)
			fprintf(out, "  %s\n", strerror(-row->error));
		else if (row->tool)
			fprintf(out, "%14.1f  million instructions, the whole command\n", row->spell.attach / 1e6);
		else
			fprintf(out, "%14.1f%14.1f\n", row->spell.attach / 1e6, row->spell.detach / 1e6);
	}
}

const struct benchmark benchmark_many = {
	.name = "many",
	.help = "how long attaching to 1, 100, 10,000, all functions takes",
	.run = run,
	.table = print_table,
};

// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 240
/*
 * Programs for many functions, by pattern and by list: the kernel's own attachment of the same object, where it has one,
 * leaves the same in the maps; and so many are attached as there are.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <uapi/kview.h>

#include "ordinary.h"
#include "ordinary_multi.h"
#include "ordinary_multi.skel.h"

/* Asked for once: the calls are what is counted. */
static uint64_t group, parent;

static struct ordinary_multi *open_object(bool sessions)
{
	struct ordinary_multi *skel = ordinary_multi__open();

	EXPECT(skel, "the object opens");
	skel->rodata->process = getpid();
	bpf_program__set_autoload(skel->progs.on_session, sessions);
	/* Attached by name. */
	bpf_program__set_autoattach(skel->progs.on_none, false);
	bpf_program__set_autoattach(skel->progs.on_nothing, false);
	bpf_program__set_autoattach(skel->progs.on_raw_tp, false);
	bpf_program__set_autoattach(skel->progs.on_event, false);
	return skel;
}

static struct ordinary_multi *load(struct kview *view, bool sessions)
{
	struct ordinary_multi *skel = open_object(sessions);

	EXPECT(!kview_prepare_object(view, skel->obj), "%s", kview_reason(view));
	EXPECT(!ordinary_multi__load(skel), "the object loads");
	return skel;
}

static void do_things(void)
{
	syscall(SYS_getpgid, 0);
	for (int i = 0; i < 3; i++)
		syscall(SYS_getppid);
	syscall(SYS_getuid);
	prctl(PR_SET_NAME, "multi");
}

static uint64_t address(const char *name)
{
	uint64_t addr = 0;
	char line[512], symbol[256];
	FILE *file = fopen("/proc/kallsyms", "re");

	while (!addr && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %*s %255s", symbol) == 1 && !strcmp(symbol, name))
			addr = strtoull(line, NULL, 16);
	fclose(file);
	EXPECT(addr, "%s", name);
	return addr;
}

static struct multi_seen seen(struct ordinary_multi *skel, enum multi_program program, const char *function)
{
	struct multi_key key = { .place = function ? address(function) : 0, .program = program };
	struct multi_seen value = {};

	bpf_map_lookup_elem(bpf_map__fd(skel->maps.seen), &key, &value);
	return value;
}

/* How many entries there were; the next part begins without any. */
static int clear(struct ordinary_multi *skel)
{
	struct multi_key key;
	int count = 0;

	for (; !bpf_map_get_next_key(bpf_map__fd(skel->maps.seen), NULL, &key); count++)
		bpf_map_delete_elem(bpf_map__fd(skel->maps.seen), &key);
	return count;
}

static void expect_seen(struct ordinary_multi *skel, enum multi_program program, const char *function, uint64_t runs,
			uint64_t sum, uint64_t cookie)
{
	struct multi_seen value = seen(skel, program, function);

	EXPECT(value.runs == runs, "%s: program %d ran %llu times, not %lu", function, program, value.runs, runs);
	EXPECT(value.sum == sum, "%s: program %d: %llu, not %lu", function, program, value.sum, sum);
	EXPECT(value.cookie == cookie, "%s: program %d: cookie %llu, not %lu", function, program, value.cookie, cookie);
}

static void expect_all(struct ordinary_multi *skel)
{
	expect_seen(skel, MULTI_ENTRY, "__x64_sys_getpgid", 1, 0, 0);
	expect_seen(skel, MULTI_ENTRY, "__x64_sys_getppid", 3, 0, 0);
	expect_seen(skel, MULTI_RETURN, "__x64_sys_getpgid", 1, group, 0);
	expect_seen(skel, MULTI_RETURN, "__x64_sys_getppid", 3, 3 * parent, 0);
	expect_seen(skel, MULTI_ONE, "__x64_sys_getuid", 1, 0, 0);
	EXPECT_EQUAL(clear(skel), 5);
}

/* The kernel's own way, where it was built with it. */
static void by_libbpf(void)
{
	struct ordinary_multi *skel = open_object(false);

	EXPECT(!ordinary_multi__load(skel), "the object loads");
	if (!ordinary_multi__attach(skel)) {
		do_things();
		ordinary_multi__detach(skel);
		expect_all(skel);
	} else {
		printf("this kernel has no kprobe.multi\n");
	}
	ordinary_multi__destroy(skel);
}

/* In what follows this process is a member, and links end with each part. */
static int close_link(struct kview_link *link, void *data)
{
	(void)data;
	kview_link_close(link);
	return 0;
}

static void end_part(struct kview *view, struct ordinary_multi *skel)
{
	kview_each_link(view, close_link, NULL);
	clear(skel);
}

/* Each function has counts of its own, whoever attached it. */
static int expect_counts(const struct kview_hook *hook, void *data)
{
	uint64_t calls = !strcmp(hook->name, "__x64_sys_getppid") ? 3 : 1;

	(void)data;
	EXPECT(hook->counts.runs == calls, "%s: %llu runs", hook->name, (unsigned long long)hook->counts.runs);
	return 0;
}

static int expect_link_counts(struct kview_link *link, void *data)
{
	uint64_t runs = !strcmp(kview_link_program(link), "on_one") ? 1 : 4;
	struct kview_counts counts;

	(void)data;
	EXPECT_EQUAL(kview_link_counts(link, &counts), 0);
	EXPECT_EQUAL(counts.runs, runs);
	EXPECT_EQUAL(kview_each_hook(link, expect_counts, NULL), 0);
	return 0;
}

static void by_section(struct kview *view, struct ordinary_multi *skel)
{
	size_t count;

	EXPECT(!kview_attach_object(view, skel->obj, &count), "%s", kview_reason(view));
	EXPECT_EQUAL(count, 3);
	do_things();
	kview_each_link(view, expect_link_counts, NULL);
	expect_all(skel);
	end_part(view, skel);
}

/* Lists have a cookie for each. */
static void by_list(struct kview *view, struct ordinary_multi *skel)
{
	static const char *const names[] = { "__x64_sys_getppid", "__x64_sys_getuid" }, *const event = "task/task_rename";
	static const uint64_t cookies[] = { 11, 12 };
	int entry = bpf_program__fd(skel->progs.on_entry), on_return = bpf_program__fd(skel->progs.on_return);

	EXPECT(!kview_attach_hooks(view, entry, KVIEW_KIND_ENTRY, names, cookies, 2, NULL), "%s", kview_reason(view));
	EXPECT(!kview_attach_hooks(view, on_return, KVIEW_KIND_RETURN, names, cookies, 1, NULL), "%s", kview_reason(view));
	EXPECT(!kview_attach_hooks(view, bpf_program__fd(skel->progs.on_event), KVIEW_KIND_TP, &event, cookies, 1, NULL),
	       "%s", kview_reason(view));
	do_things();
	expect_seen(skel, MULTI_ENTRY, "__x64_sys_getppid", 3, 0, 11);
	expect_seen(skel, MULTI_ENTRY, "__x64_sys_getuid", 1, 0, 12);
	expect_seen(skel, MULTI_RETURN, "__x64_sys_getppid", 3, 3 * parent, 11);
	expect_seen(skel, MULTI_TRACEPOINT, NULL, 1, 0, 11);
	EXPECT_EQUAL(clear(skel), 4);
	end_part(view, skel);
}

struct hooks {
	int count;
	bool closed_to_kprobes;
};

static int note_hook(const struct kview_hook *hook, void *data)
{
	struct hooks *hooks = data;

	hooks->count++;
	hooks->closed_to_kprobes |= !strcmp(hook->name, "notifier_call_chain");
	return 0;
}

/* __x64_sys_getppid, __do_sys_getppid and so on are the same. */
static void one_of_several_names(struct kview *view, int entry)
{
	struct hooks hooks = {};
	struct kview_counts counts;
	struct kview_link *link;

	EXPECT(!kview_attach_pattern(view, entry, KVIEW_KIND_ENTRY, "*_sys_getppid", NULL, &link), "%s", kview_reason(view));
	do_things();
	EXPECT_EQUAL(kview_link_counts(link, &counts), 0);
	EXPECT_EQUAL(counts.runs, 3);
	EXPECT_EQUAL(kview_each_hook(link, note_hook, &hooks), 0);
	EXPECT_EQUAL(hooks.count, 1);
}

static void by_pattern(struct kview *view, struct ordinary_multi *skel)
{
	struct kview_attach_opts opts = { .sz = sizeof(opts), .cookie = 77 };
	int entry = bpf_program__fd(skel->progs.on_entry), raw = bpf_program__fd(skel->progs.on_raw_tp);
	bool multi = bpf_program__expected_attach_type(skel->progs.on_entry) == BPF_TRACE_KPROBE_MULTI;
	bool views = kview_mode(view) == KVIEW_MODE_VIEW;
	struct hooks hooks = {};
	struct kview_link *link;

	EXPECT(!kview_attach_pattern(view, entry, KVIEW_KIND_ENTRY, "__x64_sys_getp?id", &opts, NULL), "%s",
	       kview_reason(view));
	EXPECT(!kview_attach_pattern(view, raw, KVIEW_KIND_RAW_TP, "task_re*", NULL, NULL), "%s", kview_reason(view));
	EXPECT(!kview_attach_pattern(view, entry, KVIEW_KIND_ENTRY, views ? "*_ca*" : "*notifier_call_chain", NULL, &link),
	       "%s", kview_reason(view));
	do_things();
	expect_seen(skel, MULTI_ENTRY, "__x64_sys_getpgid", 1, 0, 77);
	expect_seen(skel, MULTI_TRACEPOINT, NULL, 1, 0, 0);
	EXPECT_EQUAL(kview_each_hook(link, note_hook, &hooks), 0);
	EXPECT(hooks.count >= (views ? 500 : 2), "%d", hooks.count);
	EXPECT(hooks.closed_to_kprobes == (views || multi), "%d hooks", hooks.count);
	end_part(view, skel);
	one_of_several_names(view, entry);
	end_part(view, skel);
}

/* It is refused before the names are looked at, of which there are none here. */
static void too_many(struct kview *view, int fd)
{
	static char names[1001][16];
	const char *list[1001];

	for (int i = 0; i < 1001; i++) {
		snprintf(names[i], sizeof(names[i]), "none_%d", i);
		list[i] = names[i];
	}
	test_refused(view, kview_attach_hooks(view, fd, KVIEW_KIND_ENTRY, list, NULL, 1001, NULL), -EOPNOTSUPP,
		     "1001 functions: too many for the ordinary mode");
}

static void refusals(struct kview *view, struct ordinary_multi *skel)
{
	bool multi = bpf_program__expected_attach_type(skel->progs.on_entry) == BPF_TRACE_KPROBE_MULTI;
	int fd = bpf_program__fd(skel->progs.on_entry);
	const char *name = "vfs_read";

	test_refused(view, kview_attach_program(view, skel->progs.on_nothing, NULL, NULL), -ENOENT,
		     "kretprobe.multi/no_such_*: nothing in the kernel matches no_such_*");
	test_refused(view, kview_attach_program(view, skel->progs.on_none, NULL, NULL), -EOPNOTSUPP,
		     "that match can be hooked; first exc_");
	test_refused(view, kview_attach_pattern(view, fd, KVIEW_KIND_TP, "task/*", NULL, NULL), -EINVAL, "type");
	test_refused(view, kview_attach_hooks(view, fd, KVIEW_KIND_FENTRY, &name, NULL, 1, NULL), -EINVAL,
		     "on_entry: hooks of kind fentry cannot be listed");
	if (multi && kview_mode(view) == KVIEW_MODE_ORDINARY)
		too_many(view, fd);
}

static void by_session(struct kview *view)
{
	static const char *const names[] = { "__x64_sys_getpgid", "__x64_sys_getppid" };
	static const uint64_t cookies[] = { MULTI_NO_RETURN, 0 };
	struct ordinary_multi *skel = load(view, true);
	int fd = bpf_program__fd(skel->progs.on_session);

	EXPECT(!kview_attach_hooks(view, fd, KVIEW_KIND_SESSION, names, cookies, 2, NULL), "%s", kview_reason(view));
	do_things();
	expect_seen(skel, MULTI_SESSION_ENTRY, "__x64_sys_getpgid", 1, 0, 0);
	expect_seen(skel, MULTI_SESSION_RETURN, "__x64_sys_getpgid", 0, 0, 0);
	expect_seen(skel, MULTI_SESSION_ENTRY, "__x64_sys_getppid", 3, 0, 0);
	expect_seen(skel, MULTI_SESSION_RETURN, "__x64_sys_getppid", 3, 3 * parent, 0);
	ordinary_multi__destroy(skel);
}

static void sessions(struct kview *view)
{
	struct kview_status status = { .sz = sizeof(status) };
	struct ordinary_multi *skel;

	EXPECT_EQUAL(kview_status(&status), 0);
	if (status.features & KVIEW_FEATURE_SESSION) {
		by_session(view);
		return;
	}
	/* Without the module nobody tells whether the kernel has them. */
	if (!status.module_loaded)
		return;
	skel = open_object(true);
	test_refused(view, kview_prepare_object(view, skel->obj), -EOPNOTSUPP, "kprobe.session/");
	ordinary_multi__destroy(skel);
}

static void multi(enum kview_mode mode)
{
	struct kview *view = test_open(mode);
	struct ordinary_multi *skel = load(view, false);

	EXPECT(!kview_add_pid(view, getpid()), "%s", kview_reason(view));
	by_section(view, skel);
	by_list(view, skel);
	by_pattern(view, skel);
	refusals(view, skel);
	sessions(view);
	kview_close(view);
	ordinary_multi__destroy(skel);
}

int main(void)
{
	libbpf_set_print(NULL);
	group = getpgid(0);
	parent = getppid();
	by_libbpf();
	return test_modes(multi);
}

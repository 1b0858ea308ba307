// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A tracing tool on plain libbpf that knows nothing of kview.
 *
 * usage: exec_tool PROGRAM [close|dup|fork|info|pin|detach|update|ioctls|abort|twice|drop|netlink|FUNCTION+OFFSET|FUNCTION|CGROUP]
 *
 * It attaches one program, says "attached", waits until its standard input ends, and prints "PID COUNT" for each process
 * that was seen. First "close": closes the link; "dup": closes it but for a copy; "fork": leaves it to a child alone;
 * "info": prints what the kernel says of the link; "pin": tries to leave it in bpffs; "detach": to detach it without
 * closing it; "update": to give it another program; "ioctls": to filter and move it, as an event; "abort": crashes with the program attached; "twice": detaches it and attaches it again; "drop": gives up all
 * capabilities before it attaches; "netlink": attaches without bpf(2), until its input ends. Programs can be attached to another function with its offset, "multi" to another one
 * beside getppid(), and "pass" to a cgroup without a link.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_link.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "exec_tool.skel.h"

#define TRACEFS "/sys/kernel/tracing"

static struct exec_tool *skel;

static void __attribute__((noreturn)) fail(const char *what)
{
	perror(what);
	exit(1);
}

static unsigned int read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned int number;

	if (!file || fscanf(file, "%u", &number) != 1)
		fail(path);
	fclose(file);
	return number;
}

/* As bcc does it. */
static int attach_plain(int prog_fd, struct perf_event_attr attr)
{
	int fd;

	attr.size = sizeof(attr);
	attr.sample_period = 1;
	attr.wakeup_events = 1;
	fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		fail("perf_event_open");
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog_fd))
		fail("PERF_EVENT_IOC_SET_BPF");
	if (ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
		fail("PERF_EVENT_IOC_ENABLE");
	return fd;
}

static int attach_plain_kprobe(int prog_fd)
{
	struct perf_event_attr attr = {
		.type = read_number("/sys/bus/event_source/devices/kprobe/type"),
		.kprobe_func = (uintptr_t)"__x64_sys_getppid",
	};

	return attach_plain(prog_fd, attr);
}

/* @id: the file of its number in tracefs. */
static int attach_plain_event(int prog_fd, const char *id)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.config = read_number(id),
	};

	return attach_plain(prog_fd, attr);
}

/* By names, which spares libbpf a look at all of the kernel's functions. */
static struct bpf_link *attach_multi(const struct bpf_program *prog, const char *other)
{
	const char *functions[] = { "__x64_sys_getppid", *other ? other : "__x64_sys_setpriority" };
	LIBBPF_OPTS(bpf_kprobe_multi_opts, opts, .syms = functions, .cnt = 2,
		    .retprobe = !strcmp(bpf_program__name(prog), "multi_return"));

	return bpf_program__attach_kprobe_multi_opts(prog, NULL, &opts);
}

/* Later than our headers. */
#define ATTACH_TCX_INGRESS 46  /* BPF_TCX_INGRESS */
#define ATTACH_UPROBE_MULTI 48 /* BPF_TRACE_UPROBE_MULTI */

#define LOOPBACK 1 /* the device's number in every network namespace */

static void find_getppid(Dl_info *ret_library, unsigned long *ret_offset)
{
	void *function = dlsym(RTLD_DEFAULT, "getppid");

	if (!function || !dladdr(function, ret_library))
		fail("getppid");
	*ret_offset = (char *)function - (char *)ret_library->dli_fbase;
}

static struct bpf_link *attach_uprobe(const struct bpf_program *prog)
{
	unsigned long offset;
	Dl_info library;

	find_getppid(&library, &offset);
	return bpf_program__attach_uprobe(prog, false, -1, library.dli_fname, offset);
}

/* Without libbpf, whose version here does not know it. */
static int attach_uprobe_multi(int prog_fd)
{
	unsigned long offset;
	Dl_info library;
	struct {
		__u32 prog_fd, target_fd, attach_type, link_flags;
		__u64 path, offsets, counters, cookies;
		__u32 count, flags, pid, zero;
	} attr = { .prog_fd = prog_fd, .attach_type = ATTACH_UPROBE_MULTI, .count = 1 };
	int fd;

	find_getppid(&library, &offset);
	attr.path = (uintptr_t)library.dli_fname;
	attr.offsets = (uintptr_t)&offset;
	fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	if (fd < 0)
		fail("BPF_LINK_CREATE");
	return fd;
}

/* Without libbpf, too. */
static int attach_tcx(int prog_fd)
{
	struct {
		__u32 prog_fd, ifindex, attach_type, flags;
	} attr = { .prog_fd = prog_fd, .ifindex = LOOPBACK, .attach_type = ATTACH_TCX_INGRESS };

	return syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
}

/* Both stay when we end. */
static int attach_xdp(int prog_fd)
{
	int err = bpf_xdp_attach(LOOPBACK, prog_fd, XDP_FLAGS_SKB_MODE, NULL);

	errno = -err;
	return err ? -1 : prog_fd;
}

static int attach_tc(int prog_fd)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = LOOPBACK, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog_fd);
	int err = bpf_tc_hook_create(&hook) ?: bpf_tc_attach(&hook, &opts);

	errno = -err;
	return err ? -1 : prog_fd;
}

static int attach_by_netlink(const struct bpf_program *prog)
{
	bool xdp = !strcmp(bpf_program__name(prog), "xdp");

	return xdp ? attach_xdp(bpf_program__fd(prog)) : attach_tc(bpf_program__fd(prog));
}

static void detach_by_netlink(const char *name)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = LOOPBACK, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	if (!strcmp(name, "xdp") ? bpf_xdp_detach(LOOPBACK, XDP_FLAGS_SKB_MODE, NULL) : bpf_tc_hook_destroy(&hook))
		fail("netlink");
}

/* To a socket of our own, which is closed with us. */
static int attach_to_socket(int prog_fd)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &prog_fd, sizeof(prog_fd)) ? -1 : fd;
}

static int attach_to_cgroup(int prog_fd, const char *path)
{
	int cgroup = open(path, O_RDONLY | O_CLOEXEC);

	if (cgroup < 0 || bpf_prog_attach(prog_fd, cgroup, BPF_CGROUP_INET_EGRESS, 0))
		fail(path);
	return cgroup;
}

static void wait_for_tick(void)
{
	__u32 zero = 0;
	__u64 count;

	while (bpf_map_lookup_elem(bpf_map__fd(skel->maps.calls), &zero, &count))
		usleep(1000);
}

/* Attached to nothing: it is run here, and the timer waited for. */
static int run_timer(int prog_fd)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	if (bpf_prog_test_run_opts(prog_fd, &opts) || opts.retval)
		fail("BPF_PROG_RUN");
	wait_for_tick();
	return prog_fd;
}

/* An iterator's program runs as it is read. */
static void read_all(int link)
{
	int fd = bpf_iter_create(link);
	char text[64];

	if (fd < 0)
		fail("bpf_iter_create");
	while (read(fd, text, sizeof(text)) > 0)
		;
	close(fd);
}

/* To the clocks of all processors. */
static int attach_clocks(int prog_fd, unsigned long period_ns)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.size = sizeof(attr),
		.sample_period = period_ns,
	};
	int fd = -1;

	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++) {
		fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
		if (fd < 0)
			fail("perf_event_open");
		if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog_fd) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
			fail("PERF_EVENT_IOC_SET_BPF");
	}
	return fd;
}

static int attach_samples(int prog_fd)
{
	return attach_clocks(prog_fd, 1000000);
}

/* As bpftrace does it for intervals. */
static int attach_ticks(int prog_fd)
{
	int fd = attach_clocks(prog_fd, 100000000);

	wait_for_tick();
	return fd;
}

static struct bpf_link *attach_at(const struct bpf_program *prog, const char *where)
{
	char *function = strdup(where), *offset = strchr(function, '+');
	LIBBPF_OPTS(bpf_kprobe_opts, opts, .offset = atol(offset));

	*offset = '\0';
	return bpf_program__attach_kprobe_opts(prog, function, &opts);
}

static int attach_exit_plain(int prog_fd)
{
	return attach_plain_event(prog_fd, TRACEFS "/events/sched/sched_process_exit/id");
}

static int attach_defined(int prog_fd)
{
	return attach_plain_event(prog_fd, TRACEFS "/events/exec_tool/getppid/id");
}

/* The ways that are not libbpf's. Each returns a descriptor, or -1 and errno. */
static const struct {
	const char *program;
	int (*attach)(int prog_fd);
} ways[] = {
	{ "plain", attach_plain_kprobe },
	{ "exit_plain", attach_exit_plain },
	{ "defined", attach_defined },
	{ "uprobe_multi", attach_uprobe_multi },
	{ "samples", attach_samples },
	{ "ticks", attach_ticks },
	{ "tcx", attach_tcx },
	{ "packets", attach_to_socket },
	{ "timer", run_timer },
};

static struct bpf_link *attach_link(const struct bpf_program *prog, const char *how)
{
	LIBBPF_OPTS(bpf_kprobe_opts, cookie, .bpf_cookie = 1);
	const char *name = bpf_program__name(prog);

	if (strchr(how, '+'))
		return attach_at(prog, how);
	if (!strcmp(name, "uprobe"))
		return attach_uprobe(prog);
	if (!strcmp(name, "pass"))
		return bpf_program__attach_cgroup(prog, open("/sys/fs/cgroup", O_RDONLY | O_CLOEXEC));
	if (!strcmp(name, "xdp"))
		return bpf_program__attach_xdp(prog, LOOPBACK);
	if (!strcmp(name, "cookie"))
		return bpf_program__attach_kprobe_opts(prog, "__x64_sys_getppid", &cookie);
	if (!strncmp(name, "multi", 5))
		return attach_multi(prog, how);
	return bpf_program__attach(prog);
}

/* Returns a descriptor, or -1 and errno. */
static int attach(const struct bpf_program *prog, const char *how)
{
	struct bpf_link *link;

	if (how[0] == '/')
		return attach_to_cgroup(bpf_program__fd(prog), how);
	if (!strcmp(how, "netlink"))
		return attach_by_netlink(prog);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(bpf_program__name(prog), ways[i].program))
			return ways[i].attach(bpf_program__fd(prog));
	link = attach_link(prog, how);
	if (link && !strcmp(bpf_program__name(prog), "tasks"))
		read_all(bpf_link__fd(link));
	return link ? bpf_link__fd(link) : -1;
}

/* What was attached may be let go a moment after it was closed, and be in the way until then. */
static int attach_again(const struct bpf_program *prog, int fd)
{
	int tries = 0;

	close(fd);
	do
		usleep(10000);
	while ((fd = attach(prog, "")) < 0 && ++tries < 3000);
	return fd;
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};

	if (syscall(SYS_capset, &header, none))
		fail("capset");
}

static int attach_as_asked(const struct bpf_program *prog, const char *how)
{
	int fd;

	if (!strcmp(how, "drop"))
		drop_capabilities();
	fd = attach(prog, how);
	if (fd >= 0 && !strcmp(how, "twice"))
		fd = attach_again(prog, fd);
	if (fd < 0)
		fail("attach");
	return fd;
}

static void print_info(int fd)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		fail("bpf_obj_get_info_by_fd");
	printf("link type %u program %s\n", info.type, info.prog_id ? "known" : "unknown");
}

/* Only the child has the link then; it ends with the input, too. */
static void leave_to_child(int fd)
{
	pid_t child = fork();
	char c;

	if (child < 0)
		fail("fork");
	if (child == 0) {
		while (read(0, &c, 1) > 0)
			;
		_exit(0);
	}
	close(fd);
}

/* What a link has no use for. */
static void try_ioctls(int fd)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(attr) };

	if (!ioctl(fd, PERF_EVENT_IOC_SET_FILTER, "common_pid != 1") || !ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, -1) ||
	    !ioctl(fd, PERF_EVENT_IOC_MODIFY_ATTRIBUTES, &attr))
		puts("changed");
}

static void prepare(int fd, const char *how)
{
	if (!strcmp(how, "ioctls"))
		try_ioctls(fd);
	if (!strcmp(how, "update"))
		puts(bpf_link_update(fd, fd, NULL) ? "not updated" : "updated");
	if (!strcmp(how, "close"))
		close(fd);
	if (!strcmp(how, "info"))
		print_info(fd);
	if (!strcmp(how, "detach"))
		puts(bpf_link_detach(fd) ? "not detached" : "detached");
	if (!strcmp(how, "pin"))
		puts(bpf_obj_pin(fd, "/sys/fs/bpf/exec_tool") ? "not pinned" : "pinned");
	if (!strcmp(how, "fork"))
		leave_to_child(fd);
	if (strcmp(how, "dup"))
		return;
	if (dup(fd) < 0)
		fail("dup");
	close(fd);
}

static void print_counts(int map)
{
	__u32 pid, *previous = NULL;
	__u64 count;

	while (!bpf_map_get_next_key(map, previous, &pid)) {
		if (!bpf_map_lookup_elem(map, &pid, &count))
			printf("%u %llu\n", pid, count);
		previous = &pid;
	}
}

/* Which the kernel refuses, for it is of no struct; but it is asked. */
static void __attribute__((noreturn)) load_struct_ops(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	if (bpf_prog_load(BPF_PROG_TYPE_STRUCT_OPS, "struct_ops", "GPL", insns, 2, NULL) >= 0)
		puts("loaded");
	fail("load");
}

int main(int argc, char **argv)
{
	const char *how = argc > 2 ? argv[2] : "";
	struct bpf_program *prog;
	char c;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && !strcmp(argv[1], "struct_ops"))
		load_struct_ops();
	skel = exec_tool__open();
	prog = skel && argc > 1 ? bpf_object__find_program_by_name(skel->obj, argv[1]) : NULL;
	if (prog && !strcmp(argv[1], "uprobe_multi"))
		bpf_program__set_expected_attach_type(prog, ATTACH_UPROBE_MULTI);
	if (!prog || bpf_program__set_autoload(prog, true) || exec_tool__load(skel))
		fail("load");
	prepare(attach_as_asked(prog, how), how);
	puts("attached");
	while (read(0, &c, 1) > 0)
		;
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "netlink"))
		detach_by_netlink(argv[1]);
	print_counts(bpf_map__fd(skel->maps.calls));
	return 0;
}

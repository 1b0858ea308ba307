// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A tracing tool on plain libbpf that knows nothing of kview.
 *
 * usage: exec_tool PROGRAM [close|dup|fork|info|pin|abort|FUNCTION+OFFSET]
 *
 * It attaches one program, says "attached", waits until its standard input ends, and prints "PID COUNT" for each process
 * that was seen. First "close": closes the link; "dup": closes it but for a copy; "fork": leaves it to a child alone;
 * "info": prints what the kernel says of the link; "pin": tries to leave it in bpffs; "abort": crashes with the program
 * attached. The program "kprobe" can be attached elsewhere.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "exec_tool.skel.h"

#define TRACEFS "/sys/kernel/tracing"

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
static struct bpf_link *attach_multi(const struct bpf_program *prog)
{
	const char *functions[] = { "__x64_sys_getppid", "__x64_sys_setpriority" };
	LIBBPF_OPTS(bpf_kprobe_multi_opts, opts, .syms = functions, .cnt = 2,
		    .retprobe = !strcmp(bpf_program__name(prog), "multi_return"));

	return bpf_program__attach_kprobe_multi_opts(prog, NULL, &opts);
}

#define ATTACH_UPROBE_MULTI 48 /* BPF_TRACE_UPROBE_MULTI, later than our headers */

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

/* Of all processors, 1,000 times a second. */
static int attach_samples(int prog_fd)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.size = sizeof(attr),
		.sample_period = 1000000,
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

static struct bpf_link *attach_at(const struct bpf_program *prog, const char *where)
{
	char *function = strdup(where), *offset = strchr(function, '+');
	LIBBPF_OPTS(bpf_kprobe_opts, opts, .offset = atol(offset));

	*offset = '\0';
	return bpf_program__attach_kprobe_opts(prog, function, &opts);
}

static int attach(const struct bpf_program *prog, const char *how)
{
	LIBBPF_OPTS(bpf_kprobe_opts, cookie, .bpf_cookie = 1);
	struct bpf_link *link;

	if (!strcmp(bpf_program__name(prog), "plain"))
		return attach_plain_kprobe(bpf_program__fd(prog));
	if (!strcmp(bpf_program__name(prog), "exit_plain"))
		return attach_plain_event(bpf_program__fd(prog), TRACEFS "/events/sched/sched_process_exit/id");
	if (!strcmp(bpf_program__name(prog), "defined"))
		return attach_plain_event(bpf_program__fd(prog), TRACEFS "/events/exec_tool/getppid/id");
	if (!strcmp(bpf_program__name(prog), "uprobe_multi"))
		return attach_uprobe_multi(bpf_program__fd(prog));
	if (!strcmp(bpf_program__name(prog), "samples"))
		return attach_samples(bpf_program__fd(prog));
	if (strchr(how, '+'))
		link = attach_at(prog, how);
	else if (!strcmp(bpf_program__name(prog), "uprobe"))
		link = attach_uprobe(prog);
	else if (!strcmp(bpf_program__name(prog), "pass"))
		link = bpf_program__attach_cgroup(prog, open("/sys/fs/cgroup", O_RDONLY | O_CLOEXEC));
	else if (!strcmp(bpf_program__name(prog), "cookie"))
		link = bpf_program__attach_kprobe_opts(prog, "__x64_sys_getppid", &cookie);
	else if (!strncmp(bpf_program__name(prog), "multi", 5))
		link = attach_multi(prog);
	else
		link = bpf_program__attach(prog);
	if (!link)
		fail("attach");
	return bpf_link__fd(link);
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

static void prepare(int fd, const char *how)
{
	if (!strcmp(how, "close"))
		close(fd);
	if (!strcmp(how, "info"))
		print_info(fd);
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

int main(int argc, char **argv)
{
	const char *how = argc > 2 ? argv[2] : "";
	struct exec_tool *skel = exec_tool__open();
	struct bpf_program *prog;
	char c;

	setvbuf(stdout, NULL, _IOLBF, 0);
	prog = skel && argc > 1 ? bpf_object__find_program_by_name(skel->obj, argv[1]) : NULL;
	if (prog && !strcmp(argv[1], "uprobe_multi"))
		bpf_program__set_expected_attach_type(prog, ATTACH_UPROBE_MULTI);
	if (!prog || bpf_program__set_autoload(prog, true) || exec_tool__load(skel))
		fail("load");
	prepare(attach(prog, how), how);
	puts("attached");
	while (read(0, &c, 1) > 0)
		;
	if (!strcmp(how, "abort"))
		abort();
	print_counts(bpf_map__fd(skel->maps.calls));
	return 0;
}

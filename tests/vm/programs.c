// SPDX-License-Identifier: GPL-2.0-or-later
#include "programs.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "testlib.h"

static int load(enum bpf_prog_type type, const struct bpf_insn *insns, unsigned int count,
		const struct bpf_prog_load_opts *opts)
{
	static char log[65536];
	struct bpf_prog_load_opts with_log = *opts;
	int prog;

	with_log.log_buf = log;
	with_log.log_size = sizeof(log);
	prog = bpf_prog_load(type, "test", "GPL", insns, count, &with_log);
	if (prog < 0)
		FAIL("program does not load: %s\n%s", strerror(-prog), log);
	return prog;
}

int program_load(enum bpf_prog_type type, const struct bpf_insn *insns, unsigned int count)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts);

	return load(type, insns, count, &opts);
}

int program_nothing(enum bpf_prog_type type)
{
	const struct bpf_insn insns[] = { INSN_MOV(BPF_REG_0, 0), INSN_EXIT };

	return program_load(type, insns, 2);
}

static void make_map(struct counter *counter)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	void *page;

	counter->map = CHECK_CALL(bpf_map_create(BPF_MAP_TYPE_ARRAY, "count", 4, 8, 1, &opts));
	page = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED, counter->map, 0);
	CHECK(page != MAP_FAILED);
	counter->value = page;
}

/* *map[0] += 1, if there is no @tgid or it is that of the current task. */
static unsigned int write_counting(struct bpf_insn *to, int map, pid_t tgid)
{
	const struct bpf_insn filter[] = {
		INSN_CALL(BPF_FUNC_get_current_pid_tgid),
		INSN(BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_0, 0, 0, 32),
		INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_0, 0, 4, tgid),
	};
	const struct bpf_insn count[] = {
		INSN(BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_VALUE, 0, map),
		INSN(0, 0, 0, 0, 0),
		INSN_MOV(BPF_REG_2, 1),
		INSN(BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_1, BPF_REG_2, 0, BPF_ADD),
		INSN_MOV(BPF_REG_0, 0),
		INSN_EXIT,
	};
	unsigned int done = 0;

	if (tgid) {
		memcpy(to, filter, sizeof(filter));
		done += sizeof(filter) / sizeof(filter[0]);
	}
	memcpy(to + done, count, sizeof(count));
	return done + sizeof(count) / sizeof(count[0]);
}

static struct counter make_counter(enum bpf_prog_type type, pid_t tgid, const struct bpf_prog_load_opts *opts)
{
	struct counter counter;
	struct bpf_insn insns[16];
	unsigned int count;

	make_map(&counter);
	count = write_counting(insns, counter.map, tgid);
	counter.prog = load(type, insns, count, opts);
	return counter;
}

struct counter counter_of(enum bpf_prog_type type, pid_t tgid)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts);

	return make_counter(type, tgid, &opts);
}

struct counter counter_multi(enum bpf_attach_type attach)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach);

	return make_counter(BPF_PROG_TYPE_KPROBE, 0, &opts);
}

struct counter counter_new(enum bpf_prog_type type)
{
	return counter_of(type, 0);
}

/* The kernel's types take seconds to read where everything is emulated: once must do. */
static int attach_type_id(enum bpf_attach_type attach, const char *name)
{
	static struct btf *types;
	char typedef_name[128];
	int id;

	types = types ?: btf__load_vmlinux_btf();
	CHECK(types);
	snprintf(typedef_name, sizeof(typedef_name), "btf_trace_%s", name);
	if (attach == BPF_TRACE_RAW_TP)
		id = btf__find_by_name_kind(types, typedef_name, BTF_KIND_TYPEDEF);
	else
		id = btf__find_by_name_kind(types, name, BTF_KIND_FUNC);
	if (id < 0)
		FAIL("%s is not in the kernel's BTF: %s", name, strerror(-id));
	return id;
}

struct counter counter_tracing(enum bpf_attach_type attach, const char *function, pid_t tgid)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach);

	opts.attach_btf_id = attach_type_id(attach, function);
	return make_counter(BPF_PROG_TYPE_TRACING, tgid, &opts);
}

void counter_free(struct counter *counter)
{
	munmap((void *)counter->value, getpagesize());
	close(counter->map);
	close(counter->prog);
}

static int perf_open(struct perf_event_attr *attr, int prog)
{
	int event = syscall(SYS_perf_event_open, attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);

	if (event < 0)
		return -errno;
	CHECK_CALL(ioctl(event, PERF_EVENT_IOC_SET_BPF, prog));
	CHECK_CALL(ioctl(event, PERF_EVENT_IOC_ENABLE, 0));
	return event;
}

int kprobe_attach(int prog, const char *function, unsigned long offset, bool on_return)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = test_read_number("/sys/bus/event_source/devices/kprobe/type"),
		.config = on_return, /* bit 0 of this PMU */
		.kprobe_func = (unsigned long)function,
		.probe_offset = offset,
	};

	return perf_open(&attr, prog);
}

int tracepoint_attach(int prog, const char *name)
{
	struct perf_event_attr attr = { .size = sizeof(attr), .type = PERF_TYPE_TRACEPOINT, .sample_period = 1 };
	char path[256];

	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/%s/id", name);
	attr.config = test_read_number(path);
	return CHECK_CALL(perf_open(&attr, prog));
}

int raw_tracepoint_attach(int prog, const char *name)
{
	return CHECK_CALL(bpf_raw_tracepoint_open(name, prog));
}

int tracing_attach(int prog)
{
	return CHECK_CALL(bpf_raw_tracepoint_open(NULL, prog));
}

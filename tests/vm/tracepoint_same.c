// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 300
/*
 * The same program at the same tracepoint, attached by the kernel and through a view, for the same process at the same
 * time: both write down the arguments of every event, and what they wrote must be the same, byte for byte.
 *
 * A view leaves out interrupts and what a process does after it has given up its address space: exactly these events
 * may be missing from its log, and it must have counted them.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "programs.h"
#include "subject.h"
#include "testlib.h"
#include "tracepoints.h"

#define ARGS_MAX 12
#define LOADS_MAX 48
#define EVENTS_MAX 4096

/* --- a program that writes down arguments ---------------------------------------------------------------------------- */

struct event {
	uint64_t args[LOADS_MAX];
};

/* What of the context is written down. */
struct loads {
	unsigned int count;
	struct {
		unsigned short offset, size;
	} list[LOADS_MAX];
};

struct recorder {
	int prog, count_map, log_map;
	volatile uint64_t *count;
	struct event *events;
};

static void *map_memory(int map, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);

	CHECK(memory != MAP_FAILED);
	return memory;
}

static int bpf_size(unsigned int bytes)
{
	return bytes == 8 ? BPF_DW : bytes == 4 ? BPF_W : bytes == 2 ? BPF_H : BPF_B;
}

static unsigned int write_recorder(struct bpf_insn *to, const struct recorder *recorder, const struct loads *loads,
				   pid_t tgid)
{
	const struct bpf_insn head[] = {
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_6, BPF_REG_1, 0, 0),
		INSN_CALL(BPF_FUNC_get_current_pid_tgid),
		INSN(BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_0, 0, 0, 32),
		INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_0, 0, 14 + 2 * loads->count, tgid),
		/* index = count++ */
		INSN(BPF_LD | BPF_IMM | BPF_DW, BPF_REG_7, BPF_PSEUDO_MAP_VALUE, 0, recorder->count_map),
		INSN(0, 0, 0, 0, 0),
		INSN(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_8, BPF_REG_7, 0, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_8, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_1, 0, 0, 1),
		INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_7, BPF_REG_1, 0, 0),
		/* events[index] */
		INSN(BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, BPF_REG_8, -4, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -4),
		INSN(BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, recorder->log_map),
		INSN(0, 0, 0, 0, 0),
		INSN_CALL(BPF_FUNC_map_lookup_elem),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 1 + 2 * loads->count, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_9, BPF_REG_0, 0, 0),
	};
	unsigned int count = sizeof(head) / sizeof(head[0]);

	memcpy(to, head, sizeof(head));
	for (unsigned int i = 0; i < loads->count; i++) {
		to[count++] = INSN(BPF_LDX | BPF_MEM | bpf_size(loads->list[i].size), BPF_REG_1, BPF_REG_6,
				   loads->list[i].offset, 0);
		to[count++] = INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_9, BPF_REG_1, 8 * i, 0);
	}
	to[count++] = INSN_MOV(BPF_REG_0, 0);
	to[count++] = INSN_EXIT;
	return count;
}

static void make_maps(struct recorder *recorder)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);

	recorder->count_map = CHECK_CALL(bpf_map_create(BPF_MAP_TYPE_ARRAY, "count", 4, 8, 1, &opts));
	recorder->log_map = CHECK_CALL(bpf_map_create(BPF_MAP_TYPE_ARRAY, "log", 4, sizeof(struct event), EVENTS_MAX,
						      &opts));
	recorder->count = map_memory(recorder->count_map, getpagesize());
	recorder->events = map_memory(recorder->log_map, EVENTS_MAX * sizeof(struct event));
}

/* A program for @type, or a negative number where the verifier knows of fewer arguments. */
static int load_with(enum bpf_prog_type type, const char *tracepoint, const struct loads *loads, pid_t tgid,
		     struct recorder *recorder)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	struct bpf_insn insns[32 + 2 * LOADS_MAX];
	unsigned int count;

	make_maps(recorder);
	count = write_recorder(insns, recorder, loads, tgid);
	if (type == BPF_PROG_TYPE_TRACING) {
		opts.expected_attach_type = BPF_TRACE_RAW_TP;
		opts.attach_btf_id = CHECK_CALL(libbpf_find_vmlinux_btf_id(tracepoint, BPF_TRACE_RAW_TP));
	}
	recorder->prog = bpf_prog_load(type, "recorder", "GPL", insns, count, &opts);
	return recorder->prog;
}

static int load_recorder(enum bpf_prog_type type, const char *tracepoint, unsigned int args, pid_t tgid,
			 struct recorder *recorder)
{
	struct loads loads = { .count = args };

	for (unsigned int i = 0; i < args; i++) {
		loads.list[i].offset = 8 * i;
		loads.list[i].size = 8;
	}
	return load_with(type, tracepoint, &loads, tgid, recorder);
}

static void free_recorder(struct recorder *recorder)
{
	munmap((void *)recorder->count, getpagesize());
	munmap(recorder->events, EVENTS_MAX * sizeof(struct event));
	close(recorder->prog);
	close(recorder->count_map);
	close(recorder->log_map);
}

/* How many arguments the kernel says the tracepoint has. */
static unsigned int count_args(const char *tracepoint)
{
	for (unsigned int args = ARGS_MAX; args; args--) {
		struct recorder recorder;
		int link;

		CHECK(load_recorder(BPF_PROG_TYPE_RAW_TRACEPOINT, tracepoint, args, 0, &recorder) >= 0);
		link = bpf_raw_tracepoint_open(tracepoint, recorder.prog);
		free_recorder(&recorder);
		if (link < 0)
			continue;
		close(link);
		return args;
	}
	FAIL("%s: no such tracepoint", tracepoint);
}

/* --- things to do ------------------------------------------------------------------------------------------------------ */

static void on_signal(int number)
{
	(void)number;
}

static void processes(void)
{
	for (int i = 0; i < 3; i++) {
		pid_t child = fork();

		if (!child)
			_exit(0);
		waitpid(child, NULL, 0);
	}
	prctl(PR_SET_NAME, "renamed");
	sched_yield();
	usleep(1000);
}

static void *idle(void *argument)
{
	return argument;
}

static void threads(void)
{
	pthread_t thread;

	for (int i = 0; i < 3; i++)
		if (!pthread_create(&thread, NULL, idle, NULL))
			pthread_join(thread, NULL);
}

static void memory(void)
{
	size_t size = 256 * getpagesize();
	char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		return;
	for (size_t at = 0; at < size; at += getpagesize())
		pages[at] = 1;
	madvise(pages, size, MADV_DONTNEED);
	munmap(pages, size);
}

static void signals(void)
{
	struct itimerval timer = { .it_value = { .tv_usec = 1000 } };

	signal(SIGUSR1, on_signal);
	signal(SIGALRM, on_signal);
	raise(SIGUSR1);
	kill(getpid(), SIGUSR1);
	setitimer(ITIMER_REAL, &timer, NULL);
	usleep(5000);
}

static void files(void)
{
	char buffer[8192] = "";
	int fd = open("/tmp/tracepoint_same", O_RDWR | O_CREAT, 0600);

	if (write(fd, buffer, sizeof(buffer)) < 0 || pread(fd, buffer, sizeof(buffer), 0) < 0)
		return;
	fsync(fd);
	flock(fd, LOCK_EX);
	close(fd);
	unlink("/tmp/tracepoint_same");
}

static void network(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), peer;
	char buffer[64] = "";

	if (bind(server, (void *)&address, length) || listen(server, 1) ||
	    getsockname(server, (void *)&address, &length) || connect(client, (void *)&address, length))
		return;
	peer = accept(server, NULL, NULL);
	for (int i = 0; i < 3; i++)
		if (send(client, buffer, sizeof(buffer), 0) < 0 || recv(peer, buffer, sizeof(buffer), 0) < 0)
			return;
	close(client);
	close(peer);
	close(server);
}

static void everything(void *argument)
{
	(void)argument;
	processes();
	threads();
	memory();
	signals();
	files();
	network();
}

/* --- comparing ----------------------------------------------------------------------------------------------------------- */

static bool same(const struct event *a, const struct event *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* Is @few what remains of @all when some events are left out? */
static void expect_subset(const char *name, const struct recorder *few, const struct recorder *all)
{
	uint64_t count = *few->count, total = *all->count, at = 0;

	for (uint64_t i = 0; i < count && i < EVENTS_MAX; i++) {
		while (at < total && at < EVENTS_MAX && !same(&few->events[i], &all->events[at]))
			at++;
		if (at == EVENTS_MAX)
			return;
		if (at == total)
			FAIL("%s: event %llu of %llu in the view (%llx, %llx, %llx, %llx) is none the kernel has", name,
			     (unsigned long long)i, (unsigned long long)count,
			     (unsigned long long)few->events[i].args[0], (unsigned long long)few->events[i].args[1],
			     (unsigned long long)few->events[i].args[2], (unsigned long long)few->events[i].args[3]);
		at++;
	}
}

/* Attach @ours to a view and @theirs in the kernel's way, let things happen, compare. Returns how many the kernel saw. */
static uint64_t compare_recorders(const char *name, __u32 kind, struct subject *subject, struct recorder *ours,
				  struct recorder *theirs)
{
	int view = kv_view(), link, other;
	struct kview_link_info info;
	uint64_t seen;

	kv_member(view, subject->pid);
	link = kv_tracepoint(view, kind, ours->prog, name);
	if (kind == KVIEW_HOOK_BTF_TP)
		other = tracing_attach(theirs->prog);
	else if (kind == KVIEW_HOOK_RAW_TP)
		other = raw_tracepoint_attach(theirs->prog, name);
	else
		other = tracepoint_attach(theirs->prog, name);
	subject_do(subject, everything, NULL);
	usleep(20000);
	close(other);
	info = kv_link_info(link);
	seen = *theirs->count;
	if (*ours->count != seen)
		test_note("%s: %llu of %llu, %llu skipped", name, (unsigned long long)*ours->count,
			  (unsigned long long)seen, (unsigned long long)info.skipped);
	CHECK(*ours->count <= seen);
	CHECK(seen - *ours->count <= info.skipped + info.missed);
	expect_subset(name, ours, theirs);
	close(link);
	close(view);
	free_recorder(ours);
	free_recorder(theirs);
	subject_end(subject);
	return seen;
}

static uint64_t compare(const char *name, enum bpf_prog_type type)
{
	struct subject subject = subject_new(1);
	__u32 kind = type == BPF_PROG_TYPE_TRACING ? KVIEW_HOOK_BTF_TP : KVIEW_HOOK_RAW_TP;
	unsigned int args = count_args(name);
	struct recorder ours, theirs;

	CHECK(load_recorder(type, name, args, subject.pid, &ours) >= 0);
	CHECK(load_recorder(type, name, args, subject.pid, &theirs) >= 0);
	return compare_recorders(name, kind, &subject, &ours, &theirs);
}

/* The verifier does not let typed programs read a pointer to const void, as the allocator's tracepoints have it. */
static bool can_read(const char *name, enum bpf_prog_type type)
{
	struct recorder recorder;
	int prog = load_recorder(type, name, count_args(name), 0, &recorder);

	free_recorder(&recorder);
	return prog >= 0;
}

static void compare_all(const char *const *names, size_t count, enum bpf_prog_type type, size_t at_least)
{
	size_t compared = 0, checked = 0;

	for (size_t i = 0; i < count; i++) {
		if (tracepoint_is_checked(names[i])) {
			checked++;
			continue;
		}
		if (!can_read(names[i], type))
			continue;
		if (!compare(names[i], type))
			FAIL("%s: nothing happened", names[i]);
		compared++;
	}
	if (checked)
		test_note("%zu of %zu left out: this kernel's code checks all accesses", checked, count);
	CHECK(compared + checked >= at_least);
}

/* What happens in every kernel. One place, several, many; up to seven arguments; some in interrupts, too. */
static const char *const tracepoints[] = {
	"task_newtask", "task_rename", "sched_process_fork", "sched_process_wait", "sched_switch", "sched_waking",
	"sched_wakeup_new", "kmem_cache_alloc", "kmem_cache_free", "kmalloc", "kfree", "mm_page_alloc", "mm_page_free",
	"rss_stat", "signal_generate", "signal_deliver", "itimer_state", "hrtimer_start", "timer_start",
	"inet_sock_set_state", "net_dev_queue", "netif_rx", "consume_skb", "tcp_probe",
};

#define COUNT (sizeof(tracepoints) / sizeof(tracepoints[0]))

static void raw(void)
{
	compare_all(tracepoints, COUNT, BPF_PROG_TYPE_RAW_TRACEPOINT, COUNT);
}

static void btf(void)
{
	compare_all(tracepoints, COUNT, BPF_PROG_TYPE_TRACING, COUNT / 2);
}

/* --- records ------------------------------------------------------------------------------------------------------------- */

static void add_field(struct loads *loads, unsigned int offset, unsigned int size)
{
	unsigned int step = size == 2 || size == 4 || size == 8 ? size : 1;

	for (unsigned int at = 0; at < size && loads->count < LOADS_MAX; at += step) {
		loads->list[loads->count].offset = offset + at;
		loads->list[loads->count++].size = step;
	}
}

/* The fields of "category/name", but for the first eight bytes, which programs may not read. */
static struct loads read_format(const char *name)
{
	unsigned int offset, size;
	struct loads loads = {};
	char path[256], line[512];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/%s/format", name);
	file = fopen(path, "re");
	if (!file)
		FAIL("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		const char *numbers = strstr(line, "offset:");

		if (strstr(line, "field:") && numbers && sscanf(numbers, "offset:%u; size:%u;", &offset, &size) == 2 &&
		    offset >= 8)
			add_field(&loads, offset, size);
	}
	fclose(file);
	CHECK(loads.count);
	return loads;
}

static uint64_t compare_record(const char *name)
{
	struct subject subject = subject_new(1);
	struct loads loads = read_format(name);
	struct recorder ours, theirs;

	CHECK(load_with(BPF_PROG_TYPE_TRACEPOINT, name, &loads, subject.pid, &ours) >= 0);
	CHECK(load_with(BPF_PROG_TYPE_TRACEPOINT, name, &loads, subject.pid, &theirs) >= 0);
	return compare_recorders(name, KVIEW_HOOK_TP, &subject, &ours, &theirs);
}

static void records(void)
{
	static const char *const names[] = {
		"task/task_newtask", "task/task_rename", "sched/sched_process_fork", "sched/sched_switch",
		"sched/sched_waking", "kmem/kmem_cache_alloc", "kmem/kmalloc", "kmem/mm_page_alloc",
		"signal/signal_generate", "timer/hrtimer_start", "timer/itimer_state", "sock/inet_sock_set_state",
		"net/net_dev_queue",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!tracepoint_is_checked(basename(names[i])) && !compare_record(names[i]))
			FAIL("%s: nothing happened", names[i]);
}

TEST_MAIN(TEST_CASE(raw), TEST_CASE(btf), TEST_CASE(records))

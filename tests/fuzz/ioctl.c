// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzes the module's ioctls.
 *
 * Threads of one process make requests that are valid but for some bytes, on descriptors the others close under them and
 * from memory the others write to, about processes that fork, exec and exit meanwhile and hold descriptors, too. When
 * all are gone the module must hold nothing and work as before.
 *
 * KVIEW_FUZZ_SECONDS: for how long (20). KVIEW_FUZZ_SEED: to make the same choices as an earlier run.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <bpf/bpf.h>

#include "tests/vm/cgroups.h"
#include "tests/vm/programs.h"
#include "tests/vm/storm.h"
#include "tests/vm/subject.h"
#include "tests/vm/symbols.h"
#include "tests/vm/testlib.h"

#define THREADS 4
#define PAGE 4096
#define TARGETS 512 /* in one request */
#define PROCESSES 6
#define SLOTS 10 /* descriptors of each kind */

/* Numbers that are more often wrong in an interesting way. */
static uint64_t odd_number(void)
{
	static const uint64_t odd[] = { 0, 1, 2, 7, 8, 0x7f, 0xff, 0x100, 0xfff, 0x1000, 0x7fffffff, 0x80000000,
					0xffffffff, 0x100000000, INT64_MAX, -1ULL, -8ULL, -4096ULL, 65535, 65537 };

	return once_in(2) ? odd[below(sizeof(odd) / sizeof(odd[0]))] : draw() >> below(53);
}

/* --- what requests are about --- */

enum pool { DEVICES, VIEWS, LINKS, PIDFDS, POOLS };

static atomic_int pools[POOLS][SLOTS];
static atomic_int processes[PROCESSES];
static atomic_bool stop;

/* Programs of all kinds the module takes, and some it does not. */
#define PROGRAMS 12
static int programs[PROGRAMS];
static struct targets functions;

static const char *const names[] = {
	"__x64_sys_getppid", "__x64_sys_getpid", "__x64_sys_read", "ksys_read", "vfs_read", "do_sys_openat2", "do_exit",
	"begin_new_exec", "schedule", "wake_up_new_task", "mmput", "handle_mm_fault", "x64_sys_call", "exit_mmap",
	"syscall_exit_to_user_mode_prepare", "__text_poke", "do_syscall_64", "type_show", "kview_view_new", "jiffies",
	"no_such_function", "",
};
#define NAMES (sizeof(names) / sizeof(names[0]))

/* Of tracepoints, and of events: some of either are none of the other. */
static const char *const events[] = {
	"sched_switch", "task_rename", "sched_process_exit", "sched/sched_switch", "task/task_rename",
	"sched/sched_process_fork", "sys_enter", "syscalls/sys_enter_read", "sched/", "/",
};
#define EVENTS (sizeof(events) / sizeof(events[0]))

static int cgroups[2];

static int descriptor(enum pool pool)
{
	if (once_in(30))
		return odd_number();
	if (once_in(30))
		return programs[below(PROGRAMS)];
	if (once_in(20))
		pool = below(POOLS);
	return pools[pool][below(SLOTS)];
}

/* In the place of another, which is closed while somebody may be using it. */
static void keep(enum pool pool, int fd)
{
	int old = atomic_exchange(&pools[pool][below(SLOTS)], fd);

	if (old >= 0)
		close(old);
}

static pid_t process(void)
{
	switch (below(40)) {
	case 0:
		return odd_number();
	case 1:
		return getpid();
	case 2:
		return below(300);
	default:
		return processes[below(PROCESSES)];
	}
}

/* A new one in the place of another, which may not be done yet. */
static void replace_process(void)
{
	pid_t pid = storm_process(), old;
	int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	if (pid <= 0)
		return;
	if (pidfd >= 0)
		keep(PIDFDS, pidfd);
	old = atomic_exchange(&processes[below(PROCESSES)], pid);
	if (old <= 0)
		return;
	if (once_in(2))
		kill(old, SIGKILL);
	else
		usleep(below(5000));
	/* Those that have ended stay around until now, and then make room. */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* --- requests --- */

union request {
	__u32 size;
	struct kview_view_create view;
	struct kview_member member;
	struct kview_link_create link;
	struct kview_check check;
	struct kview_view_info view_info;
	struct kview_member_info member_info;
	struct kview_link_info link_info;
	struct kview_hook_info hook_info;
	struct kview_cgroup cgroup;
	struct kview_cgroup_info cgroup_info;
	unsigned char bytes[PAGE];
};

/* A thread's own memory for what requests point to, and memory all threads write to. */
static __thread struct kview_target own_targets[TARGETS];
static __thread __u32 own_reasons[TARGETS];
static struct kview_target common_targets[TARGETS];
static union request common_request;
static unsigned char *page_ends[2]; /* of writable memory, of read-only memory; nothing follows */

static void fill_target(struct kview_target *target, __u32 kind)
{
	*target = (struct kview_target){ .cookie = draw() };
	if (kind >= KVIEW_HOOK_TP_ENTER && kind <= KVIEW_HOOK_RAW_EXIT)
		target->value = once_in(20) ? odd_number() : below(460);
	else if (kind >= KVIEW_HOOK_RAW_TP)
		target->name = (unsigned long)events[below(EVENTS)];
	else if ((kind == KVIEW_HOOK_FENTRY || kind == KVIEW_HOOK_FEXIT) && !once_in(4))
		return;
	else if (once_in(2))
		target->name = (unsigned long)names[once_in(8) ? below(NAMES) : below(6)];
	else
		target->value = functions.list[below(functions.count)].value;
	if (once_in(100))
		target->name = odd_number();
	if (once_in(100))
		target->value += odd_number();
}

static struct kview_target *fill_targets(__u32 kind, __u32 *ret_count)
{
	struct kview_target *targets = once_in(8) ? common_targets : own_targets;
	/* To look for a function's type takes long. */
	__u32 count = once_in(20) ? 1 + below(kind <= KVIEW_HOOK_RAW_EXIT ? TARGETS : 8) : 1 + below(3);

	if (once_in(2) && (kind == KVIEW_HOOK_RAW_ENTER || kind == KVIEW_HOOK_RAW_EXIT || kind == KVIEW_HOOK_FENTRY ||
			   kind == KVIEW_HOOK_FEXIT))
		count = 1;
	for (__u32 i = 0; i < count; i++)
		fill_target(&targets[i], kind);
	*ret_count = count;
	return targets;
}

static __u32 any_kind(void)
{
	return once_in(2) ? KVIEW_HOOK_ENTRY : KVIEW_HOOK_ENTRY + below(KVIEW_HOOK_TP);
}

static int program_for(__u32 kind)
{
	static const unsigned int fitting[] = { [KVIEW_HOOK_ENTRY] = 0,   [KVIEW_HOOK_TP_ENTER] = 2, [KVIEW_HOOK_TP_EXIT] = 2,
					       [KVIEW_HOOK_RAW_ENTER] = 3, [KVIEW_HOOK_RAW_EXIT] = 3, [KVIEW_HOOK_RETURN] = 1,
					       [KVIEW_HOOK_FENTRY] = 8,    [KVIEW_HOOK_FEXIT] = 9,    [KVIEW_HOOK_SESSION] = 11,
					       [KVIEW_HOOK_RAW_TP] = 3,    [KVIEW_HOOK_BTF_TP] = 10,  [KVIEW_HOOK_TP] = 2 };

	if (once_in(20))
		return descriptor(VIEWS);
	return programs[once_in(20) ? below(PROGRAMS) : fitting[kind]];
}

static void fill_nothing(union request *request)
{
	(void)request;
}

static void fill_view(union request *request)
{
	snprintf(request->view.name, sizeof(request->view.name), "fuzz %u", below(1000));
}

static void fill_check(union request *request)
{
	request->check.kind = any_kind();
	request->check.targets = (unsigned long)fill_targets(request->check.kind, &request->check.count);
	request->check.reasons = (unsigned long)own_reasons;
}

static void fill_link(union request *request)
{
	request->link.kind = any_kind();
	request->link.flags = (once_in(3) ? KVIEW_LINK_HELD : 0) | (once_in(6) ? KVIEW_LINK_INTERRUPTS : 0);
	request->link.prog_fd = program_for(request->link.kind);
	request->link.targets = (unsigned long)fill_targets(request->link.kind, &request->link.count);
}

static void fill_member(union request *request)
{
	request->member.flags = once_in(3) ? KVIEW_MEMBER_FOLLOW : 0;
	request->member.pidfd = -1;
	if (once_in(3))
		request->member.pidfd = descriptor(PIDFDS);
	else
		request->member.pid = process();
	if (once_in(3))
		request->member.flags = KVIEW_MEMBER_THREAD;
}

static void fill_cgroup(union request *request)
{
	request->cgroup.fd = once_in(10) ? descriptor(DEVICES) : cgroups[below(2)];
}

/* The descriptor the thread is about to use. */
static __thread int on;

/* Members with their view's descriptor, views, and links with their views, that were there a moment ago. */
static atomic_ullong known_members[SLOTS];
#define THREAD_KNOWN (1U << 31) /* in the number of one that is a thread */
static atomic_uint known_views[SLOTS];
static atomic_ullong known_links[SLOTS];

static __u32 known_view(void)
{
	return once_in(10) ? odd_number() : known_views[below(SLOTS)];
}

static void note_view(const struct kview_view_info *info)
{
	known_views[below(SLOTS)] = info->id;
}

static void note_member(const struct kview_member *request)
{
	__u32 thread = request->flags & KVIEW_MEMBER_THREAD ? THREAD_KNOWN : 0;

	known_members[below(SLOTS)] = (unsigned long long)on << 32 | thread | request->pid;
}

static void note_link(const struct kview_link_info *info)
{
	known_links[below(SLOTS)] = (unsigned long long)info->view << 32 | info->id;
}

static void fill_next_view(union request *request)
{
	request->view_info.id = once_in(2) ? 0 : known_view();
}

static void fill_member_info(union request *request)
{
	request->member_info.view = known_view();
	request->member_info.index = below(3);
}

static void fill_next_link(union request *request)
{
	request->link_info.view = known_view();
	request->link_info.id = once_in(4) ? odd_number() : 0;
}

static void fill_hook_info(union request *request)
{
	unsigned long long known = known_links[below(SLOTS)];

	request->hook_info.view = known >> 32;
	request->hook_info.link = known;
	request->hook_info.index = once_in(2) ? 0 : below(4);
}

static void fill_cgroup_info(union request *request)
{
	request->cgroup_info.view = known_view();
	request->cgroup_info.index = below(3);
}

static void fill_removal(union request *request)
{
	unsigned long long known = known_members[below(SLOTS)];

	fill_member(request);
	request->member.flags = 0;
	if (once_in(2))
		return;
	on = known >> 32;
	request->member.pid = (__u32)known & ~THREAD_KNOWN;
	request->member.pidfd = -1;
	request->member.flags = known & THREAD_KNOWN ? KVIEW_MEMBER_THREAD : 0;
}

struct call {
	const char *name;
	unsigned long number;
	enum pool on;
	void (*fill)(union request *request);
	unsigned int weight;
	atomic_ulong done, refused;
};

#define CALL(name, ...) { #name, KVIEW_IOC_##name, __VA_ARGS__, 0, 0 }
static struct call calls[] = {
	CALL(INFO, DEVICES, fill_nothing, 1),
	CALL(VIEW_CREATE, DEVICES, fill_view, 4),
	CALL(CHECK, DEVICES, fill_check, 1),
	CALL(NEXT_VIEW, DEVICES, fill_next_view, 4),
	CALL(MEMBER_INFO, DEVICES, fill_member_info, 4),
	CALL(NEXT_LINK, DEVICES, fill_next_link, 4),
	CALL(HOOK_INFO, DEVICES, fill_hook_info, 4),
	CALL(MEMBER_ADD, VIEWS, fill_member, 8),
	CALL(MEMBER_REMOVE, VIEWS, fill_removal, 4),
	CALL(LINK_CREATE, VIEWS, fill_link, 8),
	CALL(LINKS_START, VIEWS, fill_nothing, 4),
	CALL(VIEW_INFO, VIEWS, fill_nothing, 4),
	CALL(LINK_INFO, LINKS, fill_nothing, 4),
	CALL(CGROUP_ADD, VIEWS, fill_cgroup, 4),
	CALL(CGROUP_REMOVE, VIEWS, fill_cgroup, 4),
	CALL(CGROUP_INFO, DEVICES, fill_cgroup_info, 4),
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))
#define WEIGHTS 66

static struct call *any_call(void)
{
	unsigned int at = below(WEIGHTS);
	struct call *call = calls;

	while (at >= call->weight)
		at -= call++->weight;
	return call;
}

static void mutate(union request *request, size_t size)
{
	switch (below(12)) {
	case 0:
		request->size = odd_number();
		break;
	case 1:
		request->size = 4 * below(size / 4 + 4);
		break;
	case 2:
		for (int i = 1 + below(4); i; i--)
			request->bytes[below(size)] ^= 1 << below(8);
		break;
	case 3:
		for (int i = 1 + below(3); i; i--) {
			uint64_t number = odd_number();

			memcpy(request->bytes + 4 * below(size / 4), &number, once_in(2) ? 4 : 8);
		}
		break;
	case 4:
		request->size = size + 4 * below(8);
		request->bytes[below(PAGE)] = once_in(2);
		break;
	}
}

/* Where the request lies. */
static void *place(union request *request, size_t size)
{
	switch (below(16)) {
	case 0:
		memcpy(&common_request, request, sizeof(common_request));
		return &common_request;
	case 1:
		memcpy(page_ends[0] - size, request, size);
		return page_ends[0] - size;
	case 2:
		return page_ends[once_in(2)] - 4 * below(PAGE / 4);
	case 3:
		return once_in(8) ? (void *)odd_number() : request;
	default:
		return request;
	}
}

static unsigned long spoil_number(unsigned long number)
{
	if (once_in(2))
		return calls[below(CALLS)].number;
	return number ^ 1UL << below(once_in(8) ? 64 : 32);
}

static void note(const struct call *call, const union request *request)
{
	if (call->number == KVIEW_IOC_VIEW_INFO || call->number == KVIEW_IOC_NEXT_VIEW)
		note_view(&request->view_info);
	else if (call->number == KVIEW_IOC_LINK_INFO || call->number == KVIEW_IOC_NEXT_LINK)
		note_link(&request->link_info);
	else if (call->number == KVIEW_IOC_MEMBER_ADD && request->member.pidfd == -1)
		note_member(&request->member);
}

static void make_call(void)
{
	struct call *call = any_call();
	size_t size = _IOC_SIZE(call->number);
	unsigned long number = once_in(60) ? spoil_number(call->number) : call->number;
	union request request = { .size = size };
	int result;

	on = descriptor(call->on);
	call->fill(&request);
	if (size)
		mutate(&request, size);
	result = ioctl(on, number, place(&request, size));
	result < 0 ? call->refused++ : call->done++;
	if (result > 0)
		keep(_IOC_NR(number) == _IOC_NR(KVIEW_IOC_LINK_CREATE) ? LINKS : VIEWS, result);
	else if (!result)
		note(call, &request);
}

/* --- what goes on beside requests --- */

static void scribble(void)
{
	common_request.bytes[below(once_in(2) ? 64 : PAGE)] = draw();
	common_targets[below(TARGETS)].value = odd_number();
	common_targets[below(TARGETS)].name = once_in(2) ? 0 : odd_number();
}

static void duplicate(void)
{
	enum pool pool = below(PIDFDS);
	int fd = fcntl(pools[pool][below(SLOTS)], F_DUPFD, 3);

	if (fd >= 0)
		keep(pool, fd);
}

static void open_device(void)
{
	int fd = open(KVIEW_DEVICE, O_RDWR | (once_in(2) ? O_CLOEXEC : 0));

	if (fd >= 0)
		keep(DEVICES, fd);
}

static void move(void)
{
	char text[16];
	pid_t pid = processes[below(PROCESSES)];

	snprintf(text, sizeof(text), "%d", pid);
	if (pid > 0)
		cgroup_try_write(once_in(2) ? "a" : "b", "cgroup.procs", text);
}

static void disturb(void)
{
	switch (below(16)) {
	case 0:
	case 1:
		replace_process();
		break;
	case 2:
		open_device();
		break;
	case 3:
	case 4:
		duplicate();
		break;
	case 5:
	case 6:
		keep(below(PIDFDS - VIEWS) + VIEWS, -1);
		break;
	case 7:
		storm_calls();
		break;
	case 8:
		move();
		break;
	default:
		scribble();
	}
}

static void *work(void *number)
{
	chance_seed((uintptr_t)number);
	while (!stop)
		once_in(4) ? disturb() : make_call();
	return NULL;
}

/* --- the run --- */

static int special_program(__u32 flags, int expected)
{
	const struct bpf_insn insns[] = { INSN_MOV(BPF_REG_0, 0), INSN_EXIT };
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = flags, .expected_attach_type = expected);

	return CHECK_CALL(bpf_prog_load(BPF_PROG_TYPE_KPROBE, "fuzz", "GPL", insns, 2, &opts));
}

static void make_programs(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	struct kview_info info;

	programs[0] = counter.prog;
	programs[1] = program_nothing(BPF_PROG_TYPE_KPROBE);
	programs[2] = program_nothing(BPF_PROG_TYPE_TRACEPOINT);
	programs[3] = program_nothing(BPF_PROG_TYPE_RAW_TRACEPOINT);
	programs[4] = program_nothing(BPF_PROG_TYPE_SOCKET_FILTER);
	programs[5] = special_program(BPF_F_SLEEPABLE, 0);
	programs[6] = special_program(0, BPF_TRACE_KPROBE_MULTI);
	programs[7] = counter.map;
	programs[8] = counter_tracing(BPF_TRACE_FENTRY, "vfs_read", 0).prog;
	programs[9] = counter_tracing(BPF_TRACE_FEXIT, "vfs_read", 0).prog;
	programs[10] = counter_tracing(BPF_TRACE_RAW_TP, "sched_switch", 0).prog;
	kv_info(&info);
	programs[11] = info.features & KVIEW_FEATURE_SESSION ? counter_multi(TRACE_KPROBE_SESSION).prog : programs[6];
}

static unsigned char *end_of_memory(int protection)
{
	unsigned char *page = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(page != MAP_FAILED);
	CHECK_CALL(mprotect(page, PAGE, protection));
	return page + PAGE;
}

static void set_up(void)
{
	page_ends[0] = end_of_memory(PROT_READ | PROT_WRITE);
	page_ends[1] = end_of_memory(PROT_READ);
	functions = targets_all();
	make_programs();
	cgroups[0] = cgroup_new("a");
	cgroups[1] = cgroup_new("b");
	for (int i = 0; i < POOLS * SLOTS; i++)
		pools[i / SLOTS][i % SLOTS] = -1;
	for (int i = 0; i < SLOTS; i++)
		pools[DEVICES][i] = CHECK_CALL(open(KVIEW_DEVICE, O_RDWR | O_CLOEXEC));
	for (int i = 0; i < PROCESSES; i++)
		processes[i] = -1;
}

static void report(long seconds)
{
	for (size_t i = 0; i < CALLS; i++) {
		test_note("%-13s %8lu done %8lu refused", calls[i].name, calls[i].done, calls[i].refused);
		/* The rarer calls depend too much on what came before for a busy machine's few seconds. */
		if (seconds >= 10 && calls[i].weight >= 8 && !(calls[i].done && calls[i].refused))
			FAIL("%s: always the same", calls[i].name);
	}
}

static void fuzz(void)
{
	long seconds = test_parameter("KVIEW_FUZZ_SECONDS", 20);
	long number = test_parameter("KVIEW_FUZZ_SEED", time(NULL));
	pthread_t threads[THREADS];

	test_note("KVIEW_FUZZ_SEED=%ld", number);
	set_up();
	storm_begin();
	for (int i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&threads[i], NULL, work, (void *)(number * THREADS + i)));
	sleep(seconds);
	stop = true;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	storm_end();
	report(seconds);
}

/* The module still does its work. */
static void works_afterwards(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	struct subject member = subject_new(2);
	int view = kv_view(), link = kv_entry(view, counter.prog, "__x64_sys_getppid");

	kv_member(view, member.pid);
	subject_call(&member, 500);
	CHECK_EQUAL(*counter.value, 1000);
	CHECK_EQUAL(kv_link_info(link).runs, 1000);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST_CASE(fuzz), TEST_CASE(works_afterwards) };

	storm_main(argc, argv);
	test_undo = cgroup_undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}

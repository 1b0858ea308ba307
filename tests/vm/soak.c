// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 400
/*
 * Attach and detach, many times, while all that could disturb it goes on: members and others that call, fork, exec and
 * end, tools that are killed, and everybody else who patches kernel text.
 *
 * KVIEW_SOAK: how many cycles (80; a release takes 10000). KVIEW_SOAK_SEED: to make the same choices as an earlier run.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "programs.h"
#include "storm.h"
#include "subject.h"
#include "symbols.h"
#include "testlib.h"

#define LONE_FUNCTION "__x64_sys_getppid" /* nobody else patches it, only its neighbours */
#define PATCHED_FUNCTION "__x64_sys_getpgid"
#define THREADS 2
#define STORM 6 /* processes of which the first half may become members */
#define TRACER "/sys/kernel/tracing/instances/kview_soak/"

/* --- what has happened, told by all processes --- */

enum event { CYCLES, LINKS, VIEWS, JOINED, KILLED, STARTED, KPROBES, FENTRIES, TRACERS, KEYS, TRACEPOINTS, EVENTS };

static const char *const event_names[EVENTS] = {
	"cycles", "links", "views", "members", "tools killed", "processes started", "kprobes", "fentries", "tracers",
	"static keys", "tracepoints",
};

static struct {
	atomic_ulong events[EVENTS];
	atomic_bool stop;
	pid_t storm[STORM]; /* -1: has ended */
} *shared;

static void happened(enum event event)
{
	shared->events[event]++;
}

static void report_events(void)
{
	for (int i = 0; i < EVENTS; i++)
		test_note("%8lu %s", shared->events[i], event_names[i]);
}

/* --- attach and detach --- */

static const char *const functions[] = {
	LONE_FUNCTION, PATCHED_FUNCTION, "__x64_sys_getpid", "__x64_sys_gettid", "vfs_read", "ksys_read", "vfs_open",
	"do_sys_openat2", "wake_up_new_task", "begin_new_exec", "do_exit", "mmput", "exit_mmap", "handle_mm_fault",
	"schedule", "x64_sys_call",
};
#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

static const int calls[] = { SYS_getppid, SYS_getpgid, SYS_read, SYS_openat, SYS_clone, SYS_execve, SYS_exit_group };

static struct targets all;
static int programs[KVIEW_HOOK_RAW_EXIT + 1]; /* one for each kind of hook */

static void make_programs(void)
{
	programs[KVIEW_HOOK_ENTRY] = counter_new(BPF_PROG_TYPE_KPROBE).prog;
	programs[KVIEW_HOOK_TP_ENTER] = counter_new(BPF_PROG_TYPE_TRACEPOINT).prog;
	programs[KVIEW_HOOK_TP_EXIT] = programs[KVIEW_HOOK_TP_ENTER];
	programs[KVIEW_HOOK_RAW_ENTER] = counter_new(BPF_PROG_TYPE_RAW_TRACEPOINT).prog;
	programs[KVIEW_HOOK_RAW_EXIT] = programs[KVIEW_HOOK_RAW_ENTER];
}

/* Different ones: two steps through a list whose length is a prime to both. */
static void fill_targets(struct kview_target *targets, __u32 count, __u32 kind)
{
	unsigned int at = below(1000);

	for (__u32 i = 0; i < count; i++, at++) {
		targets[i] = (struct kview_target){ .cookie = draw() };
		if (kind != KVIEW_HOOK_ENTRY)
			targets[i].value = calls[at % (sizeof(calls) / sizeof(calls[0]))];
		else if (once_in(3))
			targets[i].value = all.list[(at * 37 + i) % all.count].value;
		else
			targets[i].name = (unsigned long)functions[at % FUNCTIONS];
	}
}

static int attach(int view)
{
	__u32 kind = once_in(2) ? KVIEW_HOOK_ENTRY : 1 + below(KVIEW_HOOK_RAW_EXIT);
	__u32 count = kind >= KVIEW_HOOK_RAW_ENTER ? 1 : 1 + below(4);
	struct kview_target targets[4];
	int link;

	fill_targets(targets, count, kind);
	link = kv_try_link(view, kind, programs[kind], targets, count);
	/* The same function by its name and by its address, now and then. */
	if (link < 0 && kv_reason != KVIEW_WHY_DUPLICATE)
		FAIL("kind %u: %s, %s", kind, strerror(-link), kv_reason_name(kv_reason));
	if (link >= 0)
		happened(LINKS);
	return link;
}

/* It may have ended, or be one already. */
static void join(int view, pid_t pid)
{
	int err = pid > 0 ? kv_try_member(view, pid) : -ESRCH;

	if (err && err != -ESRCH && err != -EEXIST)
		FAIL("member: %s, %s", strerror(-err), kv_reason_name(kv_reason));
	if (!err)
		happened(JOINED);
}

static void join_some(int view, pid_t also)
{
	for (int i = below(3); i; i--)
		join(view, shared->storm[below(STORM / 2)]);
	if (once_in(4))
		join(view, also);
}

/* A view of its own for a moment; it ends before or after its link. */
static void cycle_with_view(pid_t also)
{
	int view = kv_view(), link;

	happened(VIEWS);
	if (once_in(2))
		join_some(view, also);
	link = attach(view);
	join_some(view, also);
	usleep(below(3000));
	if (once_in(2))
		close(view);
	close(link);
	close(view);
}

static void cycle_in(int view)
{
	int link = attach(view);

	usleep(below(3000));
	if (link >= 0)
		close(link);
}

/* --- those who make trouble --- */

static void start_storm(void)
{
	storm_begin();
	for (int i = 0; i < STORM; i++)
		shared->storm[i] = storm_process();
}

static void forget(pid_t pid)
{
	for (int i = 0; i < STORM; i++) {
		if (shared->storm[i] == pid)
			shared->storm[i] = -1;
	}
}

/* Put new processes in the places of those that have ended. */
static void keep_storming(void)
{
	pid_t victim = shared->storm[below(STORM)], pid;

	if (victim > 0 && once_in(3))
		kill(victim, SIGKILL);
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		forget(pid);
	for (int i = 0; i < STORM; i++) {
		if (shared->storm[i] > 0)
			continue;
		shared->storm[i] = storm_process();
		happened(STARTED);
	}
}

/* A tool holds views and is killed, whatever it does at that moment. */
static _Noreturn void tool_main(pid_t also)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	kv_device_close();
	for (;;) {
		int view = kv_view();

		happened(VIEWS);
		for (int i = below(6); i; i--) {
			join_some(view, also);
			attach(view);
			usleep(below(5000));
		}
		if (once_in(2))
			close(view);
	}
}

static pid_t start_tool(pid_t also)
{
	uint64_t seed = draw();
	pid_t pid = CHECK_CALL(fork());

	if (!pid) {
		chance_seed(seed);
		tool_main(also);
	}
	return pid;
}

static pid_t replace_tool(pid_t tool, pid_t also)
{
	kill(tool, SIGKILL);
	waitpid(tool, NULL, 0);
	happened(KILLED);
	return start_tool(also);
}

/* --- other patchers of kernel text --- */

/* All of them known to BTF. */
static const char *const patched[] = { PATCHED_FUNCTION, "__x64_sys_read", "vfs_read", "ksys_read", "vfs_open" };
#define PATCHED (sizeof(patched) / sizeof(patched[0]))

static void linger(void)
{
	usleep(1000 + below(20000));
}

/* At an entry a kprobe uses ftrace, elsewhere a breakpoint that may become a jump; one on returns begins at the entry. */
static void patch_kprobe(void)
{
	static int prog = -1;
	int offset = once_in(2) ? 0 : 5 + below(12), event;

	if (prog < 0)
		prog = program_nothing(BPF_PROG_TYPE_KPROBE);
	event = kprobe_attach(prog, patched[below(PATCHED)], offset, !offset && once_in(2));
	/* Not every byte begins an instruction. */
	if (event < 0)
		return;
	happened(KPROBES);
	linger();
	close(event);
}

static void patch_fentry(void)
{
	static int progs[PATCHED];
	int at = below(PATCHED), link;

	if (!progs[at])
		progs[at] = counter_tracing(BPF_TRACE_FENTRY, patched[at], 0).prog;
	link = tracing_attach(progs[at]);
	happened(FENTRIES);
	linger();
	close(link);
}

static void patch_tracer(void)
{
	test_set(TRACER "set_ftrace_filter", patched[below(PATCHED)]);
	test_set(TRACER "current_tracer", "function");
	happened(TRACERS);
	linger();
	test_set(TRACER "current_tracer", "nop");
}

static void patch_keys(void)
{
	const char *key = once_in(2) ? "/proc/sys/kernel/sched_schedstats" : "/proc/sys/kernel/bpf_stats_enabled";

	test_set(key, "1");
	happened(KEYS);
	linger();
	test_set(key, "0");
	linger();
}

static void patch_tracepoint(void)
{
	static int prog = -1;
	int event;

	if (prog < 0)
		prog = program_nothing(BPF_PROG_TYPE_RAW_TRACEPOINT);
	event = raw_tracepoint_attach(prog, once_in(2) ? "sched_switch" : "sys_enter");
	happened(TRACEPOINTS);
	linger();
	close(event);
}

/* Each in a process of its own, since most of them wait for RCU most of the time. */
static void (*const patches[])(void) = { patch_kprobe, patch_fentry, patch_tracer, patch_keys, patch_tracepoint };
#define PATCHERS (sizeof(patches) / sizeof(patches[0]))

/* Patch from outside of all views, and from within one that hooks the same functions. */
static _Noreturn void patcher_main(void (*patch)(void))
{
	int view = kv_view(), nothing = program_nothing(BPF_PROG_TYPE_KPROBE);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < PATCHED; i++)
		kv_entry(view, nothing, patched[i]);
	while (!shared->stop) {
		if (once_in(4))
			once_in(2) ? join(view, getpid()) : (void)kv_try_member_remove(view, getpid());
		patch();
	}
	_exit(0);
}

static pid_t start_patcher(void (*patch)(void))
{
	uint64_t seed = draw();
	pid_t pid = CHECK_CALL(fork());

	if (!pid) {
		chance_seed(seed);
		patcher_main(patch);
	}
	return pid;
}

/* --- the members whose calls must all be counted --- */

/* Let others run, too. */
static void pause_sometimes(void)
{
	static __thread unsigned int calls;

	if (!(++calls % 128))
		usleep(5000);
}

static void call_getppid(void)
{
	syscall(SYS_getppid);
	pause_sometimes();
}

static void call_getpgid(void)
{
	syscall(SYS_getpgid, 0);
	pause_sometimes();
}

struct watched {
	const char *function;
	struct subject member;
	struct counter counter;
	int view, link;
};

static struct watched watch(const char *function, void (*call)(void))
{
	struct watched watched = { .function = function, .member = subject_new_calling(THREADS, call) };

	watched.counter = counter_of(BPF_PROG_TYPE_KPROBE, watched.member.pid);
	watched.view = kv_view();
	kv_member(watched.view, watched.member.pid);
	watched.link = kv_entry(watched.view, watched.counter.prog, function);
	subject_start(&watched.member);
	return watched;
}

/*
 * Others were members of the view, too, so its link has run and missed more often than for this one. Only what was
 * missed, or fell into a window the module told about, may be uncounted.
 */
static void expect_all_counted(struct watched *watched)
{
	unsigned long long calls = subject_stop(&watched->member), counted = *watched->counter.value;
	struct kview_link_info link = kv_link_info(watched->link);
	struct kview_view_info view = kv_view_info(watched->view);

	test_note("%s: %llu calls, %llu counted; %llu missed, aside %llu times, %llu us", watched->function, calls, counted,
		  link.missed, view.aside_count, view.aside_ns / 1000);
	CHECK(calls);
	CHECK(counted <= calls && counted <= link.runs);
	if (!view.aside_count)
		CHECK(counted + link.missed >= calls);
}

/* --- a round --- */

/* Cycles in a row, with everything around them. Ends the process. */
static _Noreturn void round_main(long cycles)
{
	struct watched lone = watch(LONE_FUNCTION, call_getppid), patched_one = watch(PATCHED_FUNCTION, call_getpgid);
	pid_t patchers[PATCHERS], tool;

	for (size_t i = 0; i < PATCHERS; i++)
		patchers[i] = start_patcher(patches[i]);
	start_storm();
	tool = start_tool(lone.member.pid);
	while (cycles--) {
		switch (below(4)) {
		case 0:
			cycle_in(lone.view);
			break;
		case 1:
			cycle_in(patched_one.view);
			break;
		default:
			cycle_with_view(once_in(2) ? lone.member.pid : patched_one.member.pid);
		}
		happened(CYCLES);
		keep_storming();
		if (once_in(10))
			tool = replace_tool(tool, lone.member.pid);
		if (once_in(10))
			join(once_in(2) ? lone.view : patched_one.view, shared->storm[below(STORM / 2)]);
	}
	shared->stop = true;
	for (size_t i = 0; i < PATCHERS; i++)
		CHECK_EQUAL(test_wait(patchers[i]), 0);
	expect_all_counted(&lone);
	expect_all_counted(&patched_one);
	kill(tool, SIGKILL);
	subject_end(&lone.member);
	subject_end(&patched_one.member);
	storm_end();
	_exit(0);
}

static bool is_empty(void)
{
	struct kview_info info;

	kv_info(&info);
	return !info.views && !info.members && !info.links && !info.images && !info.text_pages && !info.shared_leaves &&
	       !info.retired;
}

static void run_round(long cycles)
{
	pid_t pid;

	shared->stop = false;
	pid = CHECK_CALL(fork());
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		round_main(cycles);
	}
	CHECK_EQUAL(test_wait(pid), 0);
	WAIT_FOR(is_empty());
}

/* --- memory --- */

static const char *const measures[] = { "Slab:", "Percpu:", "VmallocUsed:" };
#define MEASURES 3

struct memory {
	long kib[MEASURES];
};

static struct memory measure(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	struct memory memory = {};
	char name[64];
	long kib;

	CHECK(file);
	while (fscanf(file, "%63s %ld%*[^\n]", name, &kib) == 2) {
		for (int i = 0; i < MEASURES; i++) {
			if (!strcmp(name, measures[i]))
				memory.kib[i] = kib;
		}
	}
	fclose(file);
	return memory;
}

/* Let go of what the kernel keeps for later. */
static void settle(void)
{
	sleep(2);
	test_set("/proc/sys/vm/drop_caches", "3");
	if (system("for f in /sys/kernel/slab/*/shrink; do echo 1 >$f; done") < 0)
		FAIL("shrink");
	sleep(1);
}

static void expect_no_leak(const struct memory *before, const struct memory *after, long cycles)
{
	static const long allowed[MEASURES] = { 1024, 256, 512 };

	for (int i = 0; i < MEASURES; i++)
		test_note("%-12s %ld KiB, %ld KiB after %ld cycles", measures[i], before->kib[i], after->kib[i], cycles);
	for (int i = 0; i < MEASURES; i++) {
		if (after->kib[i] - before->kib[i] > allowed[i])
			FAIL("%s grew by %ld KiB", measures[i], after->kib[i] - before->kib[i]);
	}
}

static void soak(void)
{
	long cycles = test_parameter("KVIEW_SOAK", 80), seed = test_parameter("KVIEW_SOAK_SEED", time(NULL));
	struct memory before, after;
	long start;

	test_note("KVIEW_SOAK=%ld KVIEW_SOAK_SEED=%ld", cycles, seed);
	chance_seed(seed);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	CHECK(!mkdir(TRACER, 0700) || errno == EEXIST);
	all = targets_all();
	make_programs();

	run_round(cycles / 10 + 10);
	settle();
	before = measure();
	start = test_now();
	run_round(cycles);
	test_note("%ld ms for %ld cycles", test_now() - start, cycles);
	report_events();
	settle();
	after = measure();
	expect_no_leak(&before, &after, cycles);
}

/* --- afterwards --- */

/* One attaches long lists, so that links come to the view in another order than they got their ids in. */
struct attacher {
	pthread_t thread;
	int view, prog, count;
	const struct kview_target *targets;
};

#define EACH 20

static void *attach_again_and_again(void *argument)
{
	struct attacher *attacher = argument;

	for (int i = 0; i < EACH; i++)
		CHECK_CALL(kv_try_link(attacher->view, KVIEW_HOOK_ENTRY, attacher->prog, attacher->targets, attacher->count));
	return NULL;
}

static void expect_listed(int view)
{
	struct kview_link_info link = { .view = kv_view_info(view).id };
	struct kview_hook_info hook = { .view = link.view };
	unsigned int count = 0;

	for (;; count++) {
		link.size = sizeof(link);
		if (ioctl(kv_device(), KVIEW_IOC_NEXT_LINK, &link))
			break;
		hook.size = sizeof(hook);
		hook.link = link.id;
		CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_HOOK_INFO, &hook));
	}
	CHECK_EQUAL(errno, ENOENT);
	CHECK_EQUAL(count, 2 * EACH);
}

static void links_are_listed(void)
{
	struct kview_target lists[2][200];
	struct attacher attachers[2] = { { .targets = lists[0], .count = 200 }, { .targets = lists[1], .count = 1 } };
	int view = kv_view();

	all = targets_all();
	for (int i = 0; i < 200; i++)
		lists[0][i] = lists[1][i] = all.list[i * 37];
	for (int i = 0; i < 2; i++) {
		attachers[i].view = view;
		attachers[i].prog = program_nothing(BPF_PROG_TYPE_KPROBE);
		CHECK(!pthread_create(&attachers[i].thread, NULL, attach_again_and_again, &attachers[i]));
	}
	for (int i = 0; i < 2; i++)
		pthread_join(attachers[i].thread, NULL);
	expect_listed(view);
}

static void load(void)
{
	struct utsname name;
	char path[256];
	int fd;

	uname(&name);
	snprintf(path, sizeof(path), "build/kmod/%s/kview.ko", name.release);
	fd = CHECK_CALL(open(path, O_RDONLY | O_CLOEXEC));
	CHECK_CALL(syscall(SYS_finit_module, fd, "", 0));
	close(fd);
	WAIT_FOR(kv_loaded());
}

static void reload(void)
{
	struct subject member = subject_new(2);
	struct counter counter;
	int view;

	kv_device_close();
	CHECK_CALL(syscall(SYS_delete_module, "kview", O_NONBLOCK));
	load();
	counter = counter_new(BPF_PROG_TYPE_KPROBE);
	view = kv_view();
	kv_member(view, member.pid);
	kv_entry(view, counter.prog, LONE_FUNCTION);
	subject_call(&member, 500);
	CHECK_EQUAL(*counter.value, 1000);
}

static void undo(void)
{
	test_write(TRACER "current_tracer", "nop");
	rmdir(TRACER);
	test_write("/proc/sys/kernel/sched_schedstats", "0");
	test_write("/proc/sys/kernel/bpf_stats_enabled", "0");
	if (!kv_loaded())
		load();
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST_CASE(soak), TEST_CASE(links_are_listed), TEST_CASE(reload) };

	storm_main(argc, argv);
	test_undo = undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}

// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// vm: --pti
// timeout: 120
/*
 * Hooks on the return of functions: the frame of a trampoline stays on the stack meanwhile. So tasks that sleep, die, exec
 * or are traced by others inside such a function are what matters.
 */
#include <ctype.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "modules.h"
#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define FUNCTION "__x64_sys_getppid"
#define READ "vfs_read"
#define CALLS 300

static int attach(int view, __u32 kind, int prog, const char *function)
{
	struct kview_target target = { .name = (unsigned long)function };
	int link = kv_try_link(view, kind, prog, &target, 1);

	if (link < 0)
		FAIL("%s: %s, %s", function, strerror(-link), kv_reason_name(kv_reason));
	return link;
}

static int attach_return(int view, const struct counter *counter, const char *function)
{
	return attach(view, KVIEW_HOOK_RETURN, counter->prog, function);
}

/* --- counts and values --------------------------------------------------------------------------------------------- */

static void exact(void)
{
	struct subject member = subject_new(3), outsider = subject_new(2);
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), link;

	kv_member(view, member.pid);
	link = attach_return(view, &counter, FUNCTION);
	subject_call(&outsider, CALLS);
	CHECK_EQUAL(*counter.value, 0);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counter.value, 3 * CALLS);
	CHECK_EQUAL(kv_link_info(link).runs, 3 * CALLS);
	close(link);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counter.value, 3 * CALLS);
}

/* Each kind of hook alone and all together, on one function and in one trampoline. */
static void all_kinds(void)
{
	struct subject member = subject_new_calling(2, subject_read);
	struct counter counters[4] = {
		counter_new(BPF_PROG_TYPE_KPROBE),
		counter_new(BPF_PROG_TYPE_KPROBE),
		counter_tracing(BPF_TRACE_FENTRY, READ, 0),
		counter_tracing(BPF_TRACE_FEXIT, READ, 0),
	};
	static const __u32 kinds[] = { KVIEW_HOOK_ENTRY, KVIEW_HOOK_RETURN, KVIEW_HOOK_FENTRY, KVIEW_HOOK_FEXIT };
	int view = kv_view(), links[4];

	kv_member(view, member.pid);
	for (int set = 1; set < 16; set++) {
		for (int i = 0; i < 4; i++) {
			*counters[i].value = 0;
			links[i] = set & 1 << i ? attach(view, kinds[i], counters[i].prog, READ) : -1;
		}
		subject_call(&member, CALLS);
		for (int i = 0; i < 4; i++) {
			CHECK_EQUAL(*counters[i].value, set & 1 << i ? 2 * CALLS : 0);
			close(links[i]);
		}
	}
}

/* A program that stores one word of its context: what it has at @offset. */
static int store_word(int map, enum bpf_prog_type type, int offset)
{
	const struct bpf_insn insns[] = {
		INSN(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_3, BPF_REG_1, offset, 0),
		INSN(BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_VALUE, 0, map),
		INSN(0, 0, 0, 0, 0),
		INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_3, 0, 0),
		INSN_MOV(BPF_REG_0, 0),
		INSN_EXIT,
	};

	return program_load(type, insns, sizeof(insns) / sizeof(insns[0]));
}

static void result(void)
{
	struct subject member = subject_new(1);
	struct counter cell = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view();

	kv_member(view, member.pid);
	attach(view, KVIEW_HOOK_RETURN, store_word(cell.map, BPF_PROG_TYPE_KPROBE, 10 * 8 /* ax */), FUNCTION);
	subject_call(&member, 1);
	CHECK_EQUAL(*cell.value, getpid());
}

/* do_mmap() has more arguments than registers hold: the calls must work, and all kinds of hooks with them. */
static void map_and_check(void)
{
	char *memory = mmap(NULL, 3 * getpagesize(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
			    -1, 0);
	unsigned char resident[3] = {};

	if (memory == MAP_FAILED || mincore(memory, 3 * getpagesize(), resident) || !resident[2])
		_exit(1);
	memset(memory, 7, 3 * getpagesize());
	munmap(memory, 3 * getpagesize());
}

static void stack_arguments(void)
{
	struct subject member = subject_new_calling(1, map_and_check);
	struct counter exits = counter_tracing(BPF_TRACE_FEXIT, "do_mmap", 0);
	struct counter entries = counter_tracing(BPF_TRACE_FENTRY, "do_mmap", 0);
	struct counter returns = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view();

	kv_member(view, member.pid);
	attach_return(view, &returns, "do_mmap");
	subject_call(&member, 20);
	CHECK_EQUAL(*returns.value, 20);
	attach(view, KVIEW_HOOK_FEXIT, exits.prog, "do_mmap");
	attach(view, KVIEW_HOOK_FENTRY, entries.prog, "do_mmap");
	subject_call(&member, 20);
	CHECK_EQUAL(*returns.value, 40);
	CHECK_EQUAL(*exits.value, 20);
	CHECK_EQUAL(*entries.value, 20);
	/* With the kernel's own probes underneath. */
	CHECK_CALL(kprobe_attach(counter_new(BPF_PROG_TYPE_KPROBE).prog, "do_mmap", 0, true));
	subject_call(&member, 20);
	CHECK_EQUAL(*returns.value, 60);
	CHECK_EQUAL(*exits.value, 40);
	CHECK_EQUAL(*entries.value, 40);
}

/* --- inside for long ----------------------------------------------------------------------------------------------- */

/* What members sleep in: a read() from one end of these. */
static int sockets[2];
static volatile long *got;

static void read_socket(void)
{
	char byte = 0;

	*got = read(sockets[0], &byte, 1) == 1 ? byte : -1;
}

struct sleeper {
	struct subject subject;
	int view;
};

static void sleep_now(void *unused)
{
	(void)unused;
	read_socket();
}

static struct sleeper sleeper_new(void)
{
	struct sleeper sleeper;

	CHECK_CALL(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	got = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK((void *)got != MAP_FAILED);
	sleeper.subject = subject_new(0);
	sleeper.view = kv_view();
	kv_member(sleeper.view, sleeper.subject.pid);
	return sleeper;
}

static bool is_asleep_in(pid_t pid, int call)
{
	char path[64], text[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	/* A number only while it sleeps in there. */
	return isdigit((unsigned char)*text) && atoi(text) == call;
}

static bool is_asleep(pid_t pid)
{
	return is_asleep_in(pid, SYS_read);
}

static void put_to_sleep(struct sleeper *sleeper)
{
	subject_begin(&sleeper->subject, sleep_now, NULL);
	WAIT_FOR(is_asleep(sleeper->subject.pid));
}

static void wake(struct sleeper *sleeper)
{
	CHECK_EQUAL(write(sockets[1], "x", 1), 1);
	subject_done(&sleeper->subject);
	CHECK_EQUAL(*got, 'x');
}

/* The link closes while a member sleeps in the function: everything is freed at once, and the member goes on. */
static void closed_meanwhile(void)
{
	struct sleeper sleeper = sleeper_new();
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int link = attach_return(sleeper.view, &counter, READ);

	put_to_sleep(&sleeper);
	close(link);
	kv_wait_retired();
	CHECK(is_asleep(sleeper.subject.pid));
	wake(&sleeper);
	CHECK_EQUAL(*counter.value, 0);
}

/* The same with the whole view, and tracing programs with their record on the stack. */
static void view_closed_meanwhile(void)
{
	struct sleeper sleeper = sleeper_new();
	struct counter counter = counter_tracing(BPF_TRACE_FEXIT, READ, 0);
	int link = attach(sleeper.view, KVIEW_HOOK_FEXIT, counter.prog, NULL);

	put_to_sleep(&sleeper);
	close(sleeper.view);
	close(link);
	kv_wait_retired();
	wake(&sleeper);
	CHECK_EQUAL(*counter.value, 0);
}

/* Other programs come and go on the function: who is inside still has its return reported, once. */
static void others_come_meanwhile(void)
{
	struct sleeper sleeper = sleeper_new();
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE), other = counter_new(BPF_PROG_TYPE_KPROBE);

	attach_return(sleeper.view, &counter, READ);
	put_to_sleep(&sleeper);
	for (int i = 0; i < 3; i++)
		close(attach_return(sleeper.view, &other, READ));
	attach_return(sleeper.view, &other, READ);
	usleep(1500000); /* the first trampoline is looked for in the meantime, and must stay */
	wake(&sleeper);
	CHECK_EQUAL(*counter.value, 1);
	CHECK_EQUAL(*other.value, 0);
	kv_wait_retired();
}

static void killed_inside(void)
{
	struct sleeper sleeper = sleeper_new();
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int link = attach_return(sleeper.view, &counter, READ);

	put_to_sleep(&sleeper);
	subject_end(&sleeper.subject);
	close(link);
	kv_wait_retired();
}

/* The module goes while members sleep inside. */
static void unloaded_meanwhile(void)
{
	struct sleeper sleeper = sleeper_new();
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int link = attach_return(sleeper.view, &counter, READ), err;

	put_to_sleep(&sleeper);
	close(link);
	close(sleeper.view);
	kv_device_close();
	err = module_unload("kview");
	if (err)
		FAIL("unload: %s", strerror(-err));
	CHECK(is_asleep(sleeper.subject.pid));
	wake(&sleeper);
	CHECK_EQUAL(module_load(module_path("kmod", "kview")), 0);
	WAIT_FOR(kv_loaded());
}

#define NAME "kview"

/* A page that is missing until a byte comes through the socket. */
static void *supply_page(void *page)
{
	static char content[4096] __attribute__((aligned(4096))) = NAME;
	struct uffdio_register request = { .range = { .start = (uintptr_t)page, .len = sizeof(content) },
					   .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_copy copy = { .dst = (uintptr_t)page, .src = (uintptr_t)content, .len = sizeof(content) };
	struct uffdio_api api = { .api = UFFD_API };
	int fd = CHECK_CALL(syscall(SYS_userfaultfd, O_CLOEXEC));

	CHECK_CALL(ioctl(fd, UFFDIO_API, &api));
	CHECK_CALL(ioctl(fd, UFFDIO_REGISTER, &request));
	*got = 1;
	read_socket();
	CHECK_CALL(ioctl(fd, UFFDIO_COPY, &copy));
	return NULL;
}

static void unload_slowly(void *unused)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t supplier;

	(void)unused;
	CHECK(page != MAP_FAILED);
	CHECK(!pthread_create(&supplier, NULL, supply_page, page));
	while (!*got)
		usleep(1000);
	CHECK_CALL(syscall(SYS_delete_module, page, O_NONBLOCK));
}

/* ... and who unloads it is itself inside: it entered while the hook was there, and came to its senses when it was not. */
static void unloaded_from_inside(void)
{
	struct sleeper sleeper = sleeper_new();
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int link = attach_return(sleeper.view, &counter, "__x64_sys_delete_module");

	subject_begin(&sleeper.subject, unload_slowly, NULL);
	WAIT_FOR(is_asleep_in(sleeper.subject.pid, SYS_delete_module));
	close(link);
	close(sleeper.view);
	kv_device_close();
	wake(&sleeper);
	CHECK(!kv_loaded());
	CHECK_EQUAL(module_load(module_path("kmod", NAME)), 0);
	WAIT_FOR(kv_loaded());
}

/* A tracer took our return address from the stack and keeps it elsewhere, while the link closes. */
static void kretprobe_inside(void)
{
	struct sleeper sleeper = sleeper_new();
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE), kernels;
	int link = attach_return(sleeper.view, &counter, READ), probe;
	uint64_t before;

	kernels = counter_of(BPF_PROG_TYPE_KPROBE, sleeper.subject.pid);
	probe = CHECK_CALL(kprobe_attach(kernels.prog, READ, 0, true));
	put_to_sleep(&sleeper);
	close(link);
	kv_wait_retired();
	before = *kernels.value;
	wake(&sleeper);
	CHECK(*kernels.value > before);
	CHECK_EQUAL(*counter.value, 0);
	close(probe);
}

static void graph_tracer_inside(void)
{
	struct sleeper sleeper = sleeper_new();
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int link = attach_return(sleeper.view, &counter, READ);

	test_set("/sys/kernel/tracing/set_graph_function", READ);
	test_set("/sys/kernel/tracing/set_ftrace_filter", READ);
	test_set("/sys/kernel/tracing/current_tracer", "function_graph");
	put_to_sleep(&sleeper);
	close(link);
	kv_wait_retired();
	wake(&sleeper);
	CHECK_EQUAL(*counter.value, 0);
	test_set("/sys/kernel/tracing/current_tracer", "nop");
}

/* --- ends of another kind ------------------------------------------------------------------------------------------ */

static void exec_inside(void *unused)
{
	(void)unused;
	test_exec_caller(1000);
}

/* An exec enters with one address space and returns with another. */
static void across_exec(void)
{
	struct subject member = subject_new(0);
	struct counter whole = counter_new(BPF_PROG_TYPE_KPROBE), part = counter_new(BPF_PROG_TYPE_KPROBE);
	struct counter calls = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view();

	kv_member(view, member.pid);
	attach_return(view, &whole, "__x64_sys_execve");
	attach_return(view, &part, "begin_new_exec");
	attach_return(view, &calls, FUNCTION);
	subject_begin(&member, exec_inside, NULL);
	CHECK_EQUAL(test_wait(member.pid), 0);
	CHECK_EQUAL(*whole.value, 1);
	CHECK_EQUAL(*part.value, 1);
	CHECK(*calls.value >= 1000);
}

/* do_exit() never returns. */
static void no_return(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE), entries = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), link = attach_return(view, &counter, "do_exit");

	kv_entry(view, entries.prog, "do_exit");
	for (int i = 0; i < 5; i++) {
		struct subject member = subject_new(3);

		kv_member(view, member.pid);
		subject_call(&member, 10);
		subject_end(&member);
	}
	CHECK_EQUAL(*counter.value, 0);
	CHECK(*entries.value >= 20);
	close(link);
	kv_wait_retired();
}

/* Attach and detach while members go in and out: each event counts for whoever saw both its ends. */
static void under_load(void)
{
	struct subject member = subject_new_calling(2, subject_read);
	struct counter always = counter_new(BPF_PROG_TYPE_KPROBE), some = counter_tracing(BPF_TRACE_FEXIT, READ, 0);
	struct counter more = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), link = attach_return(view, &always, "__x64_sys_read");
	struct kview_link_info info;
	uint64_t calls;

	kv_member(view, member.pid);
	subject_start(&member);
	for (int i = 0; i < 30; i++) {
		int other = attach(view, KVIEW_HOOK_FEXIT, some.prog, NULL);
		int third = attach_return(view, &more, "__x64_sys_read");

		usleep(10000);
		close(i % 2 ? other : third);
		close(i % 2 ? third : other);
	}
	calls = subject_stop(&member);
	info = kv_link_info(link);
	CHECK_EQUAL(info.runs + info.missed, calls);
	CHECK_EQUAL(*always.value, info.runs);
}

/* --- refusals ------------------------------------------------------------------------------------------------------ */

static void refused(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE), exits = counter_tracing(BPF_TRACE_FEXIT, READ, 0);
	struct kview_target target = { .name = (unsigned long)"vfs_write" };
	int view = kv_view();

	CHECK_EQUAL(kv_try_link(view, KVIEW_HOOK_FEXIT, exits.prog, &target, 1), -EINVAL);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_OTHER_FUNCTION);
	CHECK_EQUAL(kv_try_link(view, KVIEW_HOOK_FENTRY, exits.prog, &target, 1), -EINVAL);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_PROG_TYPE);
	CHECK_EQUAL(kv_try_link(view, KVIEW_HOOK_RETURN, exits.prog, &target, 1), -EINVAL);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_PROG_TYPE);
	CHECK_EQUAL(kv_try_link(view, KVIEW_HOOK_FEXIT, counter.prog, &target, 1), -EINVAL);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_PROG_TYPE);
	/* It takes a variable number of arguments. */
	target.name = (unsigned long)"_printk";
	CHECK_EQUAL(kv_try_link(view, KVIEW_HOOK_RETURN, counter.prog, &target, 1), -EOPNOTSUPP);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_NO_PROTOTYPE);
	CHECK_EQUAL(kv_view_info(view).links, 0);
}

static void undo(void)
{
	test_write("/sys/kernel/tracing/current_tracer", "nop");
	if (!kv_loaded())
		module_load(module_path("kmod", "kview"));
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST_CASE(exact),		 TEST_CASE(all_kinds),	    TEST_CASE(result),
		TEST_CASE(stack_arguments),	 TEST_CASE(closed_meanwhile), TEST_CASE(view_closed_meanwhile),
		TEST_CASE(others_come_meanwhile), TEST_CASE(killed_inside),   TEST_CASE(unloaded_meanwhile),
		TEST_CASE(unloaded_from_inside),
		TEST_CASE(kretprobe_inside),	 TEST_CASE(graph_tracer_inside), TEST_CASE(across_exec),
		TEST_CASE(no_return),		 TEST_CASE(under_load),	    TEST_CASE(refused),
	};

	test_undo = undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}

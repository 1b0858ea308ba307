// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 150
/* Programs that cannot run in a view, or not at this place: the errno, the reason, and that nothing is half done. */
#include <sys/syscall.h>

#include <bpf/bpf.h>

#include "programs.h"
#include "scene.h"

/* In newer headers than those of Debian 12. */
#define TRACE_UPROBE_MULTI 48

static const struct kview_target read_call = { .value = SYS_read };

/* A program of type tracing knows its function. */
static const struct kview_target unnamed;

static const struct kview_target *target_for(__u32 kind)
{
	switch (kind) {
	case KVIEW_HOOK_ENTRY:
	case KVIEW_HOOK_RETURN:
		return &good_target;
	case KVIEW_HOOK_FENTRY:
	case KVIEW_HOOK_FEXIT:
		return &unnamed;
	default:
		return &read_call;
	}
}

static void refuse_program(__u32 kind, int prog, int err, __u32 why)
{
	refuse_link(kind, prog, target_for(kind), 1, err, why, 0);
}

static void prog_fd(void)
{
	int closed, map;

	scene_new();
	map = CHECK_CALL(bpf_map_create(BPF_MAP_TYPE_ARRAY, "test", 4, 4, 1, NULL));
	closed = CHECK_CALL(dup(scene.prog));
	close(closed);
	for (__u32 kind = KVIEW_HOOK_ENTRY; kind <= KVIEW_HOOK_FEXIT; kind++) {
		refuse_program(kind, -1, EBADF, KVIEW_WHY_PROG_FD);
		refuse_program(kind, closed, EBADF, KVIEW_WHY_PROG_FD);
		refuse_program(kind, 1 << 30, EBADF, KVIEW_WHY_PROG_FD);
		refuse_program(kind, map, EBADF, KVIEW_WHY_PROG_FD);
		refuse_program(kind, scene.device, EBADF, KVIEW_WHY_PROG_FD);
		refuse_program(kind, scene.view, EBADF, KVIEW_WHY_PROG_FD);
	}
}

static void prog_type(void)
{
	static const enum bpf_prog_type types[] = { BPF_PROG_TYPE_KPROBE, BPF_PROG_TYPE_TRACEPOINT,
						    BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_PROG_TYPE_SOCKET_FILTER,
						    BPF_PROG_TYPE_PERF_EVENT };
	static const enum bpf_prog_type wanted[] = {
		[KVIEW_HOOK_ENTRY] = BPF_PROG_TYPE_KPROBE,
		[KVIEW_HOOK_TP_ENTER] = BPF_PROG_TYPE_TRACEPOINT,
		[KVIEW_HOOK_TP_EXIT] = BPF_PROG_TYPE_TRACEPOINT,
		[KVIEW_HOOK_RAW_ENTER] = BPF_PROG_TYPE_RAW_TRACEPOINT,
		[KVIEW_HOOK_RAW_EXIT] = BPF_PROG_TYPE_RAW_TRACEPOINT,
		[KVIEW_HOOK_RETURN] = BPF_PROG_TYPE_KPROBE,
		[KVIEW_HOOK_FENTRY] = BPF_PROG_TYPE_TRACING,
		[KVIEW_HOOK_FEXIT] = BPF_PROG_TYPE_TRACING,
	};

	scene_new();
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		int prog = program_nothing(types[i]);

		for (__u32 kind = KVIEW_HOOK_ENTRY; kind <= KVIEW_HOOK_FEXIT; kind++) {
			if (types[i] != wanted[kind])
				refuse_program(kind, prog, EINVAL, KVIEW_WHY_PROG_TYPE);
		}
	}
}

/* A program that reads the eight bytes at @offset of its context. */
static int reader(enum bpf_prog_type type, int offset)
{
	const struct bpf_insn insns[] = {
		INSN(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_0, BPF_REG_1, offset, 0),
		INSN_MOV(BPF_REG_0, 0),
		INSN_EXIT,
	};

	return program_load(type, insns, 3);
}

static void accept_program(__u32 kind, int prog, const struct kview_target *target)
{
	int link = kv_try_link(scene.view, kind, prog, target, 1);

	if (link < 0)
		FAIL("kind %u: %s, %s", kind, strerror(-link), kv_reason_name(kv_reason));
	close(link);
}

static void prog_context(void)
{
	const struct kview_target close_call = { .value = SYS_close }; /* has one argument */
	enum bpf_prog_type type = BPF_PROG_TYPE_TRACEPOINT;

	scene_new();
	accept_program(KVIEW_HOOK_TP_ENTER, reader(type, 16), &close_call);
	refuse_link(KVIEW_HOOK_TP_ENTER, reader(type, 24), &close_call, 1, EACCES, KVIEW_WHY_PROG_CONTEXT, 0);
	accept_program(KVIEW_HOOK_TP_EXIT, reader(type, 16), &close_call);
	refuse_link(KVIEW_HOOK_TP_EXIT, reader(type, 24), &close_call, 1, EACCES, KVIEW_WHY_PROG_CONTEXT, 0);

	type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	for (__u32 kind = KVIEW_HOOK_RAW_ENTER; kind <= KVIEW_HOOK_RAW_EXIT; kind++) {
		accept_program(kind, reader(type, 8), &close_call);
		refuse_link(kind, reader(type, 16), &close_call, 1, EACCES, KVIEW_WHY_PROG_CONTEXT, 0);
	}
}

/* Programs of type tracing were loaded for one end of one function. */
static void prog_tracing(void)
{
	int entries = counter_tracing(BPF_TRACE_FENTRY, "vfs_read", 0).prog;
	int exits = counter_tracing(BPF_TRACE_FEXIT, "vfs_read", 0).prog;
	struct kview_target named = { .name = (unsigned long)"vfs_read" };

	scene_new();
	accept_program(KVIEW_HOOK_FENTRY, entries, &unnamed);
	accept_program(KVIEW_HOOK_FEXIT, exits, &named);
	for (__u32 kind = KVIEW_HOOK_ENTRY; kind <= KVIEW_HOOK_FEXIT; kind++) {
		if (kind != KVIEW_HOOK_FENTRY)
			refuse_program(kind, entries, EINVAL, KVIEW_WHY_PROG_TYPE);
		if (kind != KVIEW_HOOK_FEXIT)
			refuse_program(kind, exits, EINVAL, KVIEW_WHY_PROG_TYPE);
	}
	refuse_link(KVIEW_HOOK_FENTRY, entries, &good_target, 1, EINVAL, KVIEW_WHY_OTHER_FUNCTION, 0);
	refuse_link(KVIEW_HOOK_FEXIT, exits, &good_target, 1, EINVAL, KVIEW_WHY_OTHER_FUNCTION, 0);
}

/* A trampoline that waits for a function's return has to know the arguments on the stack. */
static void no_prototype(void)
{
	struct kview_target targets[] = { good_target, { .name = (unsigned long)"_printk" } }; /* takes any number */

	scene_new();
	CHECK_EQUAL(reason_of(KVIEW_HOOK_ENTRY, &targets[1]), KVIEW_WHY_NONE);
	for (__u32 kind = KVIEW_HOOK_RETURN; kind <= KVIEW_HOOK_FEXIT; kind++)
		CHECK_EQUAL(reason_of(kind, &targets[1]), KVIEW_WHY_NO_PROTOTYPE);
	refuse_link(KVIEW_HOOK_RETURN, scene.prog, targets, 2, EOPNOTSUPP, KVIEW_WHY_NO_PROTOTYPE, 1);
}

/* An empty program of type kprobe with something special about it; negative when the kernel does not know that. */
static int special_program(__u32 flags, int expected)
{
	const struct bpf_insn insns[] = { INSN_MOV(BPF_REG_0, 0), INSN_EXIT };
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = flags, .expected_attach_type = expected);

	return bpf_prog_load(BPF_PROG_TYPE_KPROBE, "test", "GPL", insns, 2, &opts);
}

static void refuse_special(__u32 flags, int expected, __u32 why)
{
	refuse_program(KVIEW_HOOK_ENTRY, CHECK_CALL(special_program(flags, expected)), EOPNOTSUPP, why);
}

static bool has_multi(void)
{
	struct kview_info info;

	kv_info(&info);
	return info.features & KVIEW_FEATURE_MULTI;
}

/* Their helpers look for run contexts that only the kernel's own links provide. */
static void prog_multi(void)
{
	scene_new();
	if (!has_multi())
		refuse_special(0, BPF_TRACE_KPROBE_MULTI, KVIEW_WHY_PROG_MULTI);
	if (test_kernel() >= 612)
		refuse_special(0, TRACE_UPROBE_MULTI, KVIEW_WHY_PROG_MULTI);
}

static void prog_sleepable(void)
{
	scene_new();
	refuse_special(BPF_F_SLEEPABLE, 0, KVIEW_WHY_PROG_SLEEPABLE);
}

static void restore_jit(void)
{
	test_write("/proc/sys/net/core/bpf_jit_enable", "1");
}

static void prog_not_jited(void)
{
	scene_new();
	test_set("/proc/sys/net/core/bpf_jit_enable", "0");
	refuse_program(KVIEW_HOOK_ENTRY, program_nothing(BPF_PROG_TYPE_KPROBE), EOPNOTSUPP, KVIEW_WHY_PROG_NOT_JITED);
	refuse_program(KVIEW_HOOK_TP_EXIT, program_nothing(BPF_PROG_TYPE_TRACEPOINT), EOPNOTSUPP,
		       KVIEW_WHY_PROG_NOT_JITED);
	refuse_program(KVIEW_HOOK_RAW_ENTER, program_nothing(BPF_PROG_TYPE_RAW_TRACEPOINT), EOPNOTSUPP,
		       KVIEW_WHY_PROG_NOT_JITED);
}

static void prog_override(void)
{
	const struct bpf_insn insns[] = {
		INSN_MOV(BPF_REG_2, 0),
		INSN_CALL(BPF_FUNC_override_return),
		INSN_MOV(BPF_REG_0, 0),
		INSN_EXIT,
	};
	int prog = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "test", "GPL", insns, 4, NULL);

	scene_new();
	if (prog < 0)
		test_note("this kernel has no bpf_override_return()");
	else
		refuse_program(KVIEW_HOOK_ENTRY, prog, EOPNOTSUPP, KVIEW_WHY_PROG_OVERRIDE);
}

/* Where something was refused nothing runs, and what was there before runs on. */
static void refusals_leave_no_trace(void)
{
	struct kview_target list[] = { good_target, { .name = (unsigned long)SCENE_FUNCTION }, { .value = 0 } };
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);

	scene_new();
	refuse_link(KVIEW_HOOK_ENTRY, counter.prog, list, 3, EINVAL, KVIEW_WHY_NOT_TEXT, 2);
	subject_call(&scene.member, 100);
	CHECK_EQUAL(*counter.value, 0);
	CHECK_EQUAL(kv_link_info(scene.link).runs, 100);
	accept_program(KVIEW_HOOK_ENTRY, counter.prog, list);
}

static void undo(void)
{
	restore_jit();
	scene_undo();
}

static const struct test_case cases[] = {
	TEST_CASE(no_prototype), TEST_CASE(prog_tracing), TEST_CASE(prog_fd), TEST_CASE(prog_type),
	TEST_CASE(prog_context), TEST_CASE(prog_multi), TEST_CASE(prog_sleepable), TEST_CASE(prog_not_jited),
	TEST_CASE(prog_override), TEST_CASE(refusals_leave_no_trace),
};

int main(int argc, char **argv)
{
	test_undo = undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}

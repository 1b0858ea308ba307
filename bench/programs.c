// SPDX-License-Identifier: GPL-2.0-or-later
#include "programs.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>

#include "function_programs.skel.h"
#include "syscall_programs.skel.h"
#include "util/cleanup.h"

#define REGISTER_ARGS 6 /* x86-64 passes that many in registers, and BPF trampolines before Linux v6.6 take no more */

struct programs {
	struct btf *kernel;
	struct function_programs *functions;
	struct syscall_programs *syscalls[PROGRAM_COUNT + 1];
};

DEFINE_CLEANUP(struct programs *, programs_close)

static int open_functions(struct programs *programs, pid_t traced)
{
	programs->functions = function_programs__open();
	if (!programs->functions)
		return -errno;
	programs->functions->rodata->traced = traced;
	return function_programs__load(programs->functions);
}

static int open_syscalls(struct programs *programs, enum program program)
{
	struct syscall_programs *syscalls = syscall_programs__open();

	if (!syscalls)
		return -errno;
	programs->syscalls[program] = syscalls;
	syscalls->rodata->idle = program == PROGRAM_EMPTY;
	return syscall_programs__load(syscalls);
}

int programs_open(pid_t traced, struct programs **ret_programs)
{
	_cleanup_(programs_closep) struct programs *programs = calloc(1, sizeof(*programs));
	int err;

	if (!programs)
		return -ENOMEM;
	programs->kernel = btf__load_vmlinux_btf();
	if (!programs->kernel)
		return -errno;
	err = open_functions(programs, traced);
	for (enum program i = PROGRAM_EMPTY; !err && i <= PROGRAM_COUNT; i++)
		err = open_syscalls(programs, i);
	if (err)
		return err;
	*ret_programs = TAKE_PTR(programs);
	return 0;
}

void programs_close(struct programs *programs)
{
	if (!programs)
		return;
	for (enum program i = PROGRAM_EMPTY; i <= PROGRAM_COUNT; i++)
		syscall_programs__destroy(programs->syscalls[i]);
	function_programs__destroy(programs->functions);
	btf__free(programs->kernel);
	free(programs);
}

const char *program_name(enum program program)
{
	static const char *const names[PROGRAMS] = { "empty", "count", "filter" };

	return names[program];
}

int programs_function_id(const struct programs *programs, const char *function)
{
	int id = btf__find_by_name_kind(programs->kernel, function, BTF_KIND_FUNC);
	const struct btf_type *type;

	if (id < 0)
		return id;
	type = btf__type_by_id(programs->kernel, id);
	type = btf__type_by_id(programs->kernel, type->type);
	return btf_vlen(type) <= REGISTER_ARGS ? id : -EOPNOTSUPP;
}

static int load(const struct programs *programs, enum program program, enum bpf_prog_type type,
		const struct bpf_prog_load_opts *opts)
{
	const struct bpf_program *model =
		bpf_object__find_program_by_name(programs->functions->obj, program_name(program));

	return bpf_prog_load(type, program_name(program), "GPL", bpf_program__insns(model),
			     bpf_program__insn_cnt(model), opts);
}

int program_load(const struct programs *programs, enum program program, enum bpf_prog_type type, int function_id)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts);

	if (type == BPF_PROG_TYPE_TRACING) {
		opts.expected_attach_type = BPF_TRACE_FENTRY;
		opts.attach_btf_id = function_id;
	}
	return load(programs, program, type, &opts);
}

int program_load_multi(const struct programs *programs, enum program program)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_KPROBE_MULTI);

	return load(programs, program, BPF_PROG_TYPE_KPROBE, &opts);
}

const struct bpf_program *program_for_syscall(const struct programs *programs, enum program program, const char *name)
{
	char function[64];

	snprintf(function, sizeof(function), "enter_%s", name ? name : "any");
	return bpf_object__find_program_by_name(programs->syscalls[program]->obj, function);
}

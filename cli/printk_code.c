// SPDX-License-Identifier: GPL-2.0-or-later
#include "printk_code.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>

#include "printk_line.h"

/* The functions of a program: its own and those it calls. */
struct functions {
	uint64_t *starts;
	uint32_t *sizes;
	uint32_t count;
};

static void functions_deinit(struct functions *functions)
{
	free(functions->starts);
	free(functions->sizes);
}

/* @functions is for the caller to free, even then. */
static int read_functions(int prog_fd, struct functions *functions)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(prog_fd, &info, &size))
		return -errno;
	/* None: the program is interpreted. */
	if (!info.nr_jited_ksyms)
		return -EACCES;
	functions->starts = calloc(info.nr_jited_ksyms, sizeof(*functions->starts));
	functions->sizes = calloc(info.nr_jited_ksyms, sizeof(*functions->sizes));
	if (!functions->starts || !functions->sizes)
		return -ENOMEM;
	functions->count = info.nr_jited_ksyms;
	info = (struct bpf_prog_info){
		.nr_jited_ksyms = functions->count,
		.jited_ksyms = (uintptr_t)functions->starts,
		.nr_jited_func_lens = functions->count,
		.jited_func_lens = (uintptr_t)functions->sizes,
	};
	if (bpf_obj_get_info_by_fd(prog_fd, &info, &size))
		return -errno;
	return functions->starts[0] ? 0 : -EACCES;
}

static int add_function(struct printk_code *code, uint64_t start, uint32_t size)
{
	uint64_t first = start / PRINTK_CHUNK, last = (start + size - 1) / PRINTK_CHUNK;
	uint64_t *chunks = reallocarray(code->chunks, code->count + (last - first + 1), sizeof(*chunks));

	if (!chunks)
		return -ENOMEM;
	code->chunks = chunks;
	for (; first <= last; first++)
		chunks[code->count++] = first;
	return 0;
}

static int add_program(struct printk_code *code, int prog_fd)
{
	_cleanup_(functions_deinit) struct functions functions = {};
	int err = read_functions(prog_fd, &functions);
	uint32_t i;

	for (i = 0; !err && i < functions.count; i++)
		err = add_function(code, functions.starts[i], functions.sizes[i]);
	return err;
}

int printk_code_read(const struct bpf_object *obj, struct printk_code *ret_code)
{
	_cleanup_(printk_code_deinit) struct printk_code code = {};
	struct bpf_program *prog;
	int err;

	bpf_object__for_each_program(prog, obj) {
		/* Programs that are not to be loaded have none. */
		if (bpf_program__fd(prog) < 0)
			continue;
		err = add_program(&code, bpf_program__fd(prog));
		if (err)
			return err;
	}
	*ret_code = code;
	code = (struct printk_code){};
	return 0;
}

void printk_code_deinit(struct printk_code *code)
{
	free(code->chunks);
}

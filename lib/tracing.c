// SPDX-License-Identifier: LGPL-2.1-or-later
/* The one function or tracepoint a program of type tracing was loaded for. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "program.h"

DEFINE_CLEANUP(struct btf *, btf__free)

#define TRACEPOINT_TYPE "btf_trace_"

static const char *type_name(const struct btf *btf, const struct btf_type *type)
{
	const char *name = type ? btf__name_by_offset(btf, type->name_off) : NULL;

	if (name && btf_is_func(type))
		return name;
	if (name && btf_is_typedef(type) && !strncmp(name, TRACEPOINT_TYPE, strlen(TRACEPOINT_TYPE)))
		return name + strlen(TRACEPOINT_TYPE);
	return NULL;
}

/* Type information of a module continues the kernel's. */
static int find_name(int btf_fd, uint32_t btf_id, uint32_t type_id, char **ret_name)
{
	_cleanup_(btf__freep) struct btf *kernel = btf__load_vmlinux_btf(), *module = NULL;
	const struct btf *btf = kernel;
	const char *name;

	if (!kernel)
		return -errno;
	if (btf_fd >= 0)
		btf = module = btf__load_from_kernel_by_id_split(btf_id, kernel);
	if (!btf)
		return -errno;
	name = type_name(btf, btf__type_by_id(btf, type_id));
	if (!name)
		return -ENOENT;
	*ret_name = strdup(name);
	return *ret_name ? 0 : -ENOMEM;
}

/*
 * Whose type information it is: -1 for the kernel's own, a descriptor for a module's, -ENOTSUP for that of a BPF program.
 * Only CAP_SYS_ADMIN may ask, and only with it can programs for modules and other programs be loaded.
 */
static int open_btf(uint32_t id, int *ret_fd)
{
	struct bpf_btf_info info = {};
	uint32_t size = sizeof(info);
	_cleanup_(closep) int fd = -1;
	char name[16] = "";
	int err;

	*ret_fd = -1;
	fd = bpf_btf_get_fd_by_id(id);
	if (fd == -EPERM)
		return 0;
	if (fd < 0)
		return fd;
	info.name = (uintptr_t)name;
	info.name_len = sizeof(name);
	err = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (err && err != -ENOSPC) /* a long name, cut */
		return err;
	if (!info.kernel_btf)
		return -ENOTSUP;
	if (strcmp(name, "vmlinux"))
		*ret_fd = TAKE_FD(fd);
	return 0;
}

int kview_tracing_read(int prog_fd, struct kview_tracing *ret_tracing)
{
	struct kview_tracing tracing = { .btf_fd = -1 };
	struct bpf_prog_info info;
	int err;

	err = kview_program_info(prog_fd, &info) ?: open_btf(info.attach_btf_obj_id, &tracing.btf_fd);
	if (err)
		return err;
	tracing.btf_id = info.attach_btf_id;
	err = find_name(tracing.btf_fd, info.attach_btf_obj_id, info.attach_btf_id, &tracing.name);
	if (err)
		kview_tracing_deinit(&tracing);
	else
		*ret_tracing = tracing;
	return err;
}

void kview_tracing_deinit(struct kview_tracing *tracing)
{
	closep(&tracing->btf_fd);
	free(tracing->name);
}

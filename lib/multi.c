// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One filter in front of a program on many functions, by the kernel's own attach points for that: kprobe.multi and
 * kprobe.session. Not all kernels have them: for those a program is loaded as a plain kprobe (prepare.c) and attached to
 * each function alone.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>

#include "ordinary.h"
#include "program.h"

/* libbpf of Debian 12 passes no list for attach types that it does not know. */
static int create_link(int prog_fd, unsigned int attach_type, const uint64_t *addrs, const uint64_t *cookies, uint32_t count,
		       uint32_t flags)
{
	union bpf_attr attr = {
		.link_create = {
			.prog_fd = prog_fd,
			.attach_type = attach_type,
			.kprobe_multi = {
				.flags = flags,
				.cnt = count,
				.addrs = (uintptr_t)addrs,
				.cookies = (uintptr_t)cookies,
			},
		},
	};
	int fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

	return fd < 0 ? -errno : fd;
}

/* A list at an address where nothing can be is read only for a program and kernel to which all else is right. */
static bool takes_list(int prog_fd, unsigned int attach_type)
{
	return create_link(prog_fd, attach_type, (const uint64_t *)1, NULL, 1, 0) == -EFAULT;
}

unsigned int kview_multi_type(int prog_fd)
{
	unsigned int session = kview_kind_info(KVIEW_KIND_SESSION)->attach_type;

	if (takes_list(prog_fd, BPF_TRACE_KPROBE_MULTI))
		return BPF_TRACE_KPROBE_MULTI;
	return takes_list(prog_fd, session) ? session : 0;
}

static bool kernel_has(unsigned int attach_type)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach_type);
	_cleanup_(closep) int fd = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "kview_probe", "GPL", nothing, ARRAY_SIZE(nothing), &opts);

	return fd >= 0 && takes_list(fd, attach_type);
}

uint64_t kview_multi_features(void)
{
	uint64_t features = kernel_has(BPF_TRACE_KPROBE_MULTI) ? KVIEW_FEATURE_MULTI : 0;

	return features | (kernel_has(kview_kind_info(KVIEW_KIND_SESSION)->attach_type) ? KVIEW_FEATURE_SESSION : 0);
}

static int find_address(const struct kview_link *link, size_t index, const struct kview_symbols *symbols, uint64_t *ret_addr)
{
	const char *name = link->sites[index].name;
	const struct kview_symbol *found = kview_symbols_find(symbols, name), *end = symbols->symbols + symbols->count;

	if (!found)
		return kview_refuse_site(link, index, -ENOENT, KVIEW_WHY_NO_SYMBOL);
	/* Any of those that have the name was found; those of the kernel itself come first. */
	while (found > symbols->symbols && !strcmp(found[-1].name, name))
		found--;
	if (found->in_module)
		return kview_refuse_site(link, index, -EOPNOTSUPP, KVIEW_WHY_MODULE_TEXT);
	if (found + 1 < end && !strcmp(found[1].name, name) && !found[1].in_module)
		return kview_refuse_site(link, index, -ENOTUNIQ, KVIEW_WHY_AMBIGUOUS);
	if (!found->addr)
		return kview_refuse_link(link, -EOPNOTSUPP, "the addresses of functions are hidden (kernel.kptr_restrict)");
	*ret_addr = found->addr;
	return 0;
}

static int find_addresses(const struct kview_link *link, struct kview_multi *multi)
{
	struct kview_symbols symbols;
	int err = kview_symbols_read("/proc/kallsyms", link->count == 1 ? link->sites[0].name : NULL, &symbols);

	if (err)
		return kview_refuse_link(link, err, "/proc/kallsyms: %s", strerror(-err));
	for (size_t i = 0; i < link->count && !err; i++) {
		err = find_address(link, i, &symbols, &multi->addrs[i]);
		multi->cookies[i] = link->sites[i].cookie;
	}
	kview_symbols_deinit(&symbols);
	return err;
}

/* A function with two names is there twice, as for the kernel. */
static int create_sites(const struct kview_link *link, struct kview_multi *multi)
{
	int err = 0;

	multi->sites_fd = bpf_map_create(BPF_MAP_TYPE_HASH, "kview_sites", sizeof(uint64_t), sizeof(uint32_t), link->count, NULL);
	if (multi->sites_fd < 0)
		return kview_refuse_site(link, 0, multi->sites_fd, KVIEW_WHY_NONE);
	for (uint32_t i = 0; i < link->count && !err; i++)
		err = bpf_map_update_elem(multi->sites_fd, &multi->addrs[i], &i, BPF_ANY);
	return err ? kview_refuse_site(link, 0, err, KVIEW_WHY_NONE) : 0;
}

int kview_multi_init(const struct kview_link *link, struct kview_multi *multi)
{
	*multi = (struct kview_multi){
		.addrs = calloc(link->count, sizeof(*multi->addrs)),
		.cookies = calloc(link->count, sizeof(*multi->cookies)),
		.sites_fd = -1,
	};
	if (!multi->addrs || !multi->cookies)
		return kview_refuse_site(link, 0, -ENOMEM, KVIEW_WHY_NONE);
	return find_addresses(link, multi) ?: create_sites(link, multi);
}

void kview_multi_deinit(struct kview_multi *multi)
{
	free(multi->addrs);
	free(multi->cookies);
	closep(&multi->sites_fd);
}

/* The kernel does not say which of them ftrace does not know; its list has one name of each. */
static size_t find_untraceable(const struct kview_link *link)
{
	char path[KVIEW_TRACEFS_PATH_LEN];
	struct kview_names names;
	size_t i;

	if (kview_tracefs_path("available_filter_functions", path) || kview_names_read(path, &names))
		return 0;
	for (i = 0; i < link->count && kview_names_have(&names, link->sites[i].name);)
		i++;
	kview_names_deinit(&names);
	return i < link->count ? i : 0;
}

int kview_multi_attach(const struct kview_link *link, const struct kview_multi *multi, unsigned int attach_type,
		       struct kview_probe *probe)
{
	uint32_t flags = link->kind == KVIEW_KIND_RETURN ? BPF_F_KPROBE_MULTI_RETURN : 0;

	probe->link_fd = create_link(probe->filter_fd, attach_type, multi->addrs, multi->cookies, link->count, flags);
	switch (probe->link_fd) {
	case -EINVAL:
	case -ENOENT:
	case -ESRCH:
		return kview_refuse_site(link, find_untraceable(link), -EOPNOTSUPP, KVIEW_WHY_NOT_TRACEABLE);
	default:
		return probe->link_fd < 0 ? kview_refuse_site(link, 0, probe->link_fd, KVIEW_WHY_NONE) : 0;
	}
}

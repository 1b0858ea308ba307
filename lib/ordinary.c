// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The ordinary mode: attach in the kernel's own ways, with a filter in front of each program (filter.c).
 *
 * A link has one filter per site, so that each site has its own counts, or, for many functions where the kernel can do
 * that, one for all of them (multi.c), which looks up whose counts are meant; and one PROG_ARRAY through which all of them
 * reach the caller's program. That stays unmodified, and sees the same context, cookie and function address as if it had
 * been attached itself. While the array is empty the filters let nothing run: start() fills it.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "context.h"
#include "ordinary.h"
#include "program.h"

/* With a filter on much of what runs all the time, in interrupts and around them, the machine gets nowhere. */
#define MULTI_MAX 1000

struct ordinary_link {
	struct kview_link base;
	int programs_fd;
	struct kview_tracing tracing; /* of the caller's program, if it is one of that type */
	uint32_t reach;		      /* how far it reads into its context, if the kernel has to check that */
	struct kview_shared counts;
	size_t sites; /* that the counts have room for: those of the link and, with @multi, one for what nobody looked up */
	unsigned int multi_type; /* enum bpf_attach_type, if one filter stands for all sites; else 0 */
	struct kview_multi multi;
	struct kview_probe *probes;
	size_t count; /* probes that are attached */
};

static struct ordinary_link *ordinary_link(const struct kview_link *link)
{
	return (struct ordinary_link *)link;
}

/* "0-3,8": CPUs can be missing in between. */
static int read_cpus(uint32_t *ret_cpus)
{
	_cleanup_(freep) char *text = NULL;
	int err = kview_file_read("/sys/devices/system/cpu/possible", &text);
	const char *last = text;

	if (err)
		return err;
	for (const char *c = text; *c; c++)
		if (*c == '-' || *c == ',')
			last = c + 1;
	*ret_cpus = strtoul(last, NULL, 10) + 1;
	return 0;
}

static int ordinary_open(struct kview *base)
{
	struct ordinary_view *view = ordinary_view(base);
	int err;

	if (!kview_has_privilege())
		return kview_refuse(base, -EPERM, "%s", kview_needs_privilege);
	err = read_cpus(&view->cpus);
	if (err)
		return kview_refuse(base, err, "/sys/devices/system/cpu/possible: %s", strerror(-err));
	err = kview_layout_read(&view->layout);
	if (err)
		return kview_refuse(base, -EOPNOTSUPP, "ordinary mode needs the kernel's type information: %s",
				    "/sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF)");
	view->features = kview_multi_features();
	return kview_ordinary_members_init(view);
}

static void ordinary_close(struct kview *base)
{
	kview_ordinary_members_deinit(ordinary_view(base));
}

/* The kernel compares a program with what is in the array already, so the caller's goes in first; this also tests it. */
static int create_programs(struct ordinary_link *link)
{
	const struct kview_link *base = &link->base;
	uint32_t zero = 0, fd = base->prog_fd;
	int err;

	link->programs_fd = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "kview_program", sizeof(zero), sizeof(fd), 1, NULL);
	if (link->programs_fd < 0)
		return kview_refuse_site(base, 0, link->programs_fd, KVIEW_WHY_NONE);
	err = bpf_map_update_elem(link->programs_fd, &zero, &fd, BPF_ANY) ?:
	      bpf_map_delete_elem(link->programs_fd, &zero);
	if (err == -EINVAL)
		return kview_refuse_link(base, -EOPNOTSUPP, "this program cannot run behind a filter (%s)",
					 "bpf_override_return, or loaded for a special attach type");
	return err ? kview_refuse_site(base, 0, err, KVIEW_WHY_NONE) : 0;
}

static int create_counts(struct ordinary_link *link)
{
	size_t size = ordinary_view(link->base.view)->cpus * kview_filter_stride(link->sites);
	int err = kview_shared_init(&link->counts, "kview_counts", size);

	return err ? kview_refuse_site(&link->base, 0, err, KVIEW_WHY_NONE) : 0;
}

static bool is_of_syscalls(const struct kview_kind_info *info)
{
	return info->naming == KVIEW_NAMED_SYSCALL || info->naming == KVIEW_NAMED_NOTHING;
}

static int load_filter(const struct ordinary_link *link, size_t index)
{
	const struct kview_kind_info *info = kview_kind_info(link->base.kind);
	const struct ordinary_view *view = ordinary_view(link->base.view);
	bool function = info->naming == KVIEW_NAMED_FUNCTION;
	struct kview_filter filter = {
		.members_fd = view->members_fd,
		.hints_fd = view->hints.fd,
		.counts_fd = link->counts.fd,
		.programs_fd = link->programs_fd,
		.site = index,
		.sites = link->sites,
		.sites_fd = link->multi.sites_fd,
		.many = link->multi_type,
		.session = link->base.kind == KVIEW_KIND_SESSION,
		.cpus = view->cpus,
		.tick_ns = 1000000000 / sysconf(_SC_CLK_TCK),
		.task_only = !is_of_syscalls(info) && !(info->interrupts && link->base.view->interrupts),
		.func_ip = function && info->prog_type == BPF_PROG_TYPE_TRACING,
		.reach = link->reach,
		.layout = view->layout,
		.pids = view->pids,
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = link->multi_type ?: info->attach_type,
		    .attach_btf_id = link->tracing.btf_id,
		    .attach_btf_obj_fd = link->tracing.btf_fd < 0 ? 0 : link->tracing.btf_fd);
	struct bpf_insn insns[KVIEW_FILTER_MAX];
	size_t count = kview_filter_build(&filter, insns);

	return bpf_prog_load(info->prog_type, "kview_filter", "GPL", insns, count, &opts);
}

static int attach_probe(struct ordinary_link *link, size_t index)
{
	struct kview_probe probe = KVIEW_PROBE_NONE;
	int err;

	probe.filter_fd = load_filter(link, index);
	if (probe.filter_fd < 0)
		return kview_refuse_site(&link->base, index, probe.filter_fd, KVIEW_WHY_NONE);
	if (link->multi_type)
		err = kview_multi_attach(&link->base, &link->multi, link->multi_type, &probe);
	else
		err = kview_probe_attach(&link->base, index, &probe);
	if (err) {
		kview_probe_close(&probe);
		return err;
	}
	link->probes[link->count++] = probe;
	return 0;
}

static void ordinary_detach(struct kview_link *base)
{
	struct ordinary_link *link = ordinary_link(base);

	while (link->count)
		kview_probe_close(&link->probes[--link->count]);
	free(link->probes);
	kview_multi_deinit(&link->multi);
	kview_shared_deinit(&link->counts);
	kview_tracing_deinit(&link->tracing);
	closep(&link->programs_fd);
}

/* The filter has to be loaded for the same function, else the kernel would let neither jump to the other. */
static int read_tracing(struct ordinary_link *link)
{
	int err;

	if (kview_kind_info(link->base.kind)->prog_type != BPF_PROG_TYPE_TRACING)
		return 0;
	err = kview_tracing_read(link->base.prog_fd, &link->tracing);
	return err ? kview_refuse_site(&link->base, 0, err, KVIEW_WHY_NONE) : 0;
}

/* Of other types the verifier knows the context when the program is loaded. */
static int read_reach(struct ordinary_link *link)
{
	unsigned int type = kview_kind_info(link->base.kind)->prog_type;
	const struct bpf_program *prog = link->base.prog;
	_cleanup_(freep) struct bpf_insn *insns = NULL;
	size_t count;
	int err;

	if (type != BPF_PROG_TYPE_TRACEPOINT && type != BPF_PROG_TYPE_RAW_TRACEPOINT)
		return 0;
	if (prog)
		err = kview_context_reach(bpf_program__insns(prog), bpf_program__insn_cnt(prog), &link->reach);
	else
		err = kview_program_insns(link->base.prog_fd, &insns, &count) ?:
		      kview_context_reach(insns, count, &link->reach);
	return err ? kview_refuse_site(&link->base, 0, err, KVIEW_WHY_NONE) : 0;
}

/* Some functions that ftrace knows are closed to kprobes. */
static int attach_sites(struct ordinary_link *link)
{
	struct kview_link *base = &link->base;
	int err = 0;

	/* Everybody is counted behind the functions, but members. */
	if (link->multi_type)
		return attach_probe(link, base->count);
	while (link->count < base->count && !err) {
		err = attach_probe(link, link->count);
		if (err != -EOPNOTSUPP || !base->some || base->count == 1)
			continue;
		kview_link_drop(base, link->count);
		kview_reason_clear(base->view);
		err = 0;
	}
	return err;
}

static int attach_all(struct ordinary_link *link)
{
	int err;

	err = read_tracing(link) ?: read_reach(link) ?: create_programs(link) ?: create_counts(link);
	if (!err && link->multi_type)
		err = kview_multi_init(&link->base, &link->multi);
	if (err)
		return err;
	link->probes = calloc(link->base.count, sizeof(*link->probes));
	if (!link->probes)
		return kview_refuse_site(&link->base, 0, -ENOMEM, KVIEW_WHY_NONE);
	return attach_sites(link);
}

/* Programs for many functions find cookie and function where nothing else puts them, and the other way round. */
static int check_multi(struct ordinary_link *link)
{
	const struct kview_link *base = &link->base;
	unsigned int session = kview_kind_info(KVIEW_KIND_SESSION)->attach_type;

	link->multi_type = kview_multi_type(base->prog_fd);
	if (base->kind == KVIEW_KIND_SESSION && link->multi_type != session)
		return kview_refuse_site(base, 0, -EINVAL, KVIEW_WHY_PROG_TYPE);
	if (base->kind != KVIEW_KIND_SESSION && link->multi_type == session)
		return kview_refuse_site(base, 0, -EOPNOTSUPP, KVIEW_WHY_PROG_MULTI);
	if (!link->multi_type && kview_program_is_multi(base->prog_fd))
		return kview_refuse_site(base, 0, -EOPNOTSUPP, KVIEW_WHY_PROG_MULTI);
	if (link->multi_type && base->count > MULTI_MAX)
		return kview_refuse_link(base, -EOPNOTSUPP, "%zu functions: too many for the ordinary mode (%d), in which %s",
					 base->count, MULTI_MAX, "everybody pays; in a view they can be had");
	return 0;
}

/* What the kernel would refuse if it saw the program itself at the attach point. */
static int check_program(struct ordinary_link *link)
{
	const struct kview_link *base = &link->base;

	if (base->prog && bpf_program__flags(base->prog) & BPF_F_SLEEPABLE)
		return kview_refuse_site(base, 0, -EOPNOTSUPP, KVIEW_WHY_PROG_SLEEPABLE);
	return kview_kind_info(base->kind)->prog_type == BPF_PROG_TYPE_KPROBE ? check_multi(link) : 0;
}

static int ordinary_attach(struct kview_link *base)
{
	struct ordinary_link *link = ordinary_link(base);
	int err;

	err = check_program(link);
	if (err)
		return err;
	link->programs_fd = -1;
	link->tracing.btf_fd = -1;
	link->multi.sites_fd = -1;
	link->sites = base->count + (link->multi_type ? 1 : 0);
	err = attach_all(link);
	if (err)
		ordinary_detach(base);
	return err;
}

static int start_one(const struct kview_link *base)
{
	uint32_t zero = 0, fd = base->prog_fd;
	int err;

	err = bpf_map_update_elem(ordinary_link(base)->programs_fd, &zero, &fd, BPF_ANY);
	return err ? kview_refuse_site(base, 0, err, KVIEW_WHY_NONE) : 0;
}

/* One after the other, but quickly: the slow part has been done. */
static int ordinary_start(struct kview_link *first)
{
	int err = 0;

	for (struct kview_link *link = first; link && !err; link = TAILQ_NEXT(link, entry))
		err = start_one(link);
	return err;
}

static void add_counts(struct kview_counts *sum, const struct kview_counts *counts)
{
	sum->runs += counts->runs;
	sum->missed += counts->missed;
	sum->skipped += counts->skipped;
	sum->rejected += counts->rejected;
}

static const struct kview_filter_counts *site_counts(const struct ordinary_link *link, uint32_t cpu, size_t index)
{
	const char *records = link->counts.data;

	return (const void *)(records + cpu * kview_filter_stride(link->sites) +
			      index * sizeof(struct kview_filter_counts));
}

static struct kview_counts read_counts(const struct ordinary_link *link, size_t index)
{
	struct kview_counts sum = {};

	for (uint32_t cpu = 0; cpu < ordinary_view(link->base.view)->cpus; cpu++) {
		const volatile struct kview_filter_counts *counts = site_counts(link, cpu, index);

		sum.runs += counts->runs;
		sum.rejected += counts->rejected;
		sum.skipped += counts->skipped;
	}
	return sum;
}

static int read_missed(const struct ordinary_link *link, size_t index, struct kview_counts *counts)
{
	struct bpf_prog_info info;
	int err = kview_program_info(link->probes[index].filter_fd, &info);

	if (err)
		return kview_refuse_site(&link->base, index, err, KVIEW_WHY_NONE);
	counts->missed = info.recursion_misses;
	return 0;
}

static int ordinary_read_site(const struct kview_link *base, size_t index, struct kview_hook *hook)
{
	const struct ordinary_link *link = ordinary_link(base);

	hook->counts = read_counts(link, index);
	return link->multi_type ? 0 : read_missed(link, index, &hook->counts);
}

static int ordinary_read_link(const struct kview_link *base, struct kview_counts *ret_counts)
{
	const struct ordinary_link *link = ordinary_link(base);
	struct kview_counts sum = {}, counts;
	int err;

	kview_ordinary_prune(ordinary_view(base->view));
	for (size_t i = 0; i < link->sites; i++) {
		counts = read_counts(link, i);
		add_counts(&sum, &counts);
	}
	for (size_t i = 0; i < link->count; i++) {
		counts = (struct kview_counts){};
		err = read_missed(link, i, &counts);
		if (err)
			return err;
		add_counts(&sum, &counts);
	}
	*ret_counts = sum;
	return 0;
}

static uint32_t ordinary_id(const struct kview *view)
{
	(void)view;
	return 0;
}

static uint64_t ordinary_features(const struct kview *view)
{
	return ordinary_view(view)->features;
}

const struct kview_ops kview_ordinary_ops = {
	.mode = KVIEW_MODE_ORDINARY,
	.view_size = sizeof(struct ordinary_view),
	.link_size = sizeof(struct ordinary_link),
	.open = ordinary_open,
	.close = ordinary_close,
	.add_member = kview_ordinary_add,
	.remove_member = kview_ordinary_remove,
	.add_thread = kview_ordinary_add_thread,
	.remove_thread = kview_ordinary_remove_thread,
	.attach = ordinary_attach,
	.start = ordinary_start,
	.detach = ordinary_detach,
	.read_site = ordinary_read_site,
	.read_link = ordinary_read_link,
	.id = ordinary_id,
	.features = ordinary_features,
};

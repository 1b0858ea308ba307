// SPDX-License-Identifier: GPL-2.0-only
#include "list.h"

#include <linux/capability.h>
#include <linux/cgroup.h>
#include <linux/cleanup.h>
#include <linux/cpufeature.h>
#include <linux/cred.h>
#include <linux/kallsyms.h>
#include <linux/pid.h>
#include <linux/pgtable.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "cgroup.h"
#include "compat/multi.h"
#include "compat/symbols.h"
#include "image.h"
#include "leaf.h"
#include "link.h"
#include "member.h"
#include "retire.h"
#include "record.h"
#include "tracepoint.h"
#include "view.h"

bool kview_list_shows_addresses(void)
{
	return perfmon_capable() || kview_call(kallsyms_show_value)(current_cred());
}

static u32 machine(void)
{
	return (pgtable_l5_enabled() ? KVIEW_MACHINE_LA57 : 0) |
	       (cpu_feature_enabled(X86_FEATURE_PTI) ? KVIEW_MACHINE_PTI : 0) |
	       (cpu_feature_enabled(X86_FEATURE_PCID) ? KVIEW_MACHINE_PCID : 0) |
	       (cpu_feature_enabled(X86_FEATURE_IBT) ? KVIEW_MACHINE_IBT : 0);
}

static size_t link_bytes(const struct kview_view *view)
{
	struct kview_link *link;
	size_t bytes = 0;

	list_for_each_entry(link, &view->links, node)
		bytes += kview_link_bytes(link);
	return bytes;
}

static u64 features(void)
{
	const struct kview_multi_layout *layout;
	u64 bits = KVIEW_FEATURE_ENTRY | KVIEW_FEATURE_SYSCALL | KVIEW_FEATURE_RETURN | KVIEW_FEATURE_TRACING |
		   KVIEW_FEATURE_INTERRUPTS | KVIEW_FEATURE_FOLLOW | KVIEW_FEATURE_CGROUP |
		   KVIEW_FEATURE_TRACEPOINT | KVIEW_FEATURE_THREAD | KVIEW_FEATURE_HELD | KVIEW_FEATURE_SYSCALL_ALL |
		   KVIEW_FEATURE_PUT_OFF;

	if (kview_multi_layout(&layout))
		return bits;
	return bits | KVIEW_FEATURE_MULTI | (layout->sessions ? KVIEW_FEATURE_SESSION : 0);
}

void kview_list_info(struct kview_info *info)
{
	struct kview_image_totals totals;
	struct kview_image *image;
	struct kview_view *view;

	guard(mutex)(&kview_lock);
	kview_image_totals(NULL, &totals);
	*info = (struct kview_info){
		.size = info->size,
		.abi = KVIEW_ABI_VERSION,
		.features = features(),
		.machine = machine(),
		.images = totals.images,
		.text_pages = totals.text_pages,
		/* The neutral tables are there as long as the module is. */
		.table_pages = totals.table_pages + kview_member_neutral()->pages,
		.shared_leaves = kview_leaves(),
		.bytes = totals.bytes + kview_member_neutral()->pages * PAGE_SIZE,
		.retired = kview_retired(),
		.text_start = kview_list_shows_addresses() ? kview_symbols._stext : 0,
		.text_end = kview_list_shows_addresses() ? kview_symbols._etext : 0,
		.version = KVIEW_VERSION,
	};
	list_for_each_entry(view, &kview_views, node) {
		info->views++;
		info->links += list_count_nodes(&view->links);
		info->bytes += sizeof(*view) + link_bytes(view);
	}
	list_for_each_entry(image, &kview_images, node)
		info->members += list_count_nodes(&image->members);
}

/* A struct pid outlives its process as long as somebody holds it. */
static pid_t living_pid(struct pid *pid)
{
	guard(rcu)();
	return pid_task(pid, PIDTYPE_TGID) ? pid_vnr(pid) : 0;
}

static bool is_partial(const struct kview_hook *hook)
{
	return hook->tracepoint && kview_tracepoint_in_modules(hook->tracepoint);
}

static u32 partial_hooks(const struct kview_link *link)
{
	u32 i, count = 0;

	for (i = 0; i < link->count; i++)
		count += is_partial(&link->hooks[i]);
	return count;
}

static void fill_view(struct kview_view *view, struct kview_view_info *info)
{
	struct kview_image_totals totals;
	struct kview_link *link;

	kview_image_totals(view, &totals);
	*info = (struct kview_view_info){
		.size = info->size,
		.id = view->id,
		.owner = living_pid(view->owner),
		.members = kview_member_count(view),
		.links = list_count_nodes(&view->links),
		.text_pages = totals.text_pages,
		.table_pages = totals.table_pages,
		.bytes = totals.bytes + sizeof(*view) + link_bytes(view),
		.aside_count = view->aside_count,
		.aside_ns = view->aside_ns,
		.aside_now = totals.aside,
		.joined = view->joined,
		.lost = view->lost,
		.cgroups = list_count_nodes(&view->cgroups),
	};
	list_for_each_entry(link, &view->links, node) {
		info->hooks += link->count;
		info->partial += partial_hooks(link);
	}
	strscpy(info->name, view->name, sizeof(info->name));
}

void kview_list_view(struct kview_view *view, struct kview_view_info *info)
{
	guard(mutex)(&kview_lock);
	fill_view(view, info);
}

int kview_list_next_view(struct kview_view_info *info)
{
	struct kview_view *view;

	guard(mutex)(&kview_lock);
	list_for_each_entry(view, &kview_views, node) {
		if (view->id > info->id) {
			fill_view(view, info);
			return 0;
		}
	}
	return -ENOENT;
}

static struct kview_view *find_view(u32 id)
{
	struct kview_view *view;

	list_for_each_entry(view, &kview_views, node) {
		if (view->id == id)
			return view;
	}
	return NULL;
}

int kview_list_member(struct kview_member_info *info)
{
	struct task_struct *task, *thread = NULL;
	struct kview_mm *member;
	struct kview_view *view;

	guard(mutex)(&kview_lock);
	view = find_view(info->view);
	member = view ? kview_member_at(view, info->index, &thread) : NULL;
	if (!member)
		return -ENOENT;
	*info = (struct kview_member_info){
		.size = info->size,
		.view = info->view,
		.index = info->index,
		.pid = living_pid(member->tgid),
		.image = member->image->id,
		.flags = kview_set_get(member->set, view),
	};
	if (thread) {
		info->tid = task_pid_vnr(thread);
		info->threads = 1;
		get_task_comm(info->comm, thread);
		return 0;
	}
	task = get_pid_task(member->tgid, PIDTYPE_TGID);
	if (task) {
		info->threads = get_nr_threads(task);
		get_task_comm(info->comm, task);
		put_task_struct(task);
	}
	return 0;
}

int kview_list_cgroup(struct kview_cgroup_info *info)
{
	struct cgroup *cgroup = NULL;
	struct kview_view *view;

	scoped_guard(mutex, &kview_lock) {
		view = find_view(info->view);
		if (view)
			cgroup = kview_cgroup_get(view, info->index);
	}
	if (!cgroup)
		return -ENOENT;
	kview_cgroup_describe(cgroup, info);
	cgroup_put(cgroup);
	return 0;
}

static void fill_link(struct kview_link *link, struct kview_link_info *info)
{
	struct kview_counts counts;
	u32 i;

	*info = (struct kview_link_info){
		.size = info->size,
		.view = link->view ? link->view->id : 0,
		.id = link->id,
		.kind = link->kind,
		.prog_id = link->prog->aux->id,
		.hooks = link->count,
	};
	for (i = 0; i < link->count; i++) {
		kview_hook_counts(&link->hooks[i], &counts);
		info->runs += counts.runs;
		info->missed += counts.missed;
		info->skipped += counts.skipped;
	}
	strscpy(info->prog_name, link->prog->aux->name, sizeof(info->prog_name));
}

void kview_list_link(struct kview_link *link, struct kview_link_info *info)
{
	guard(mutex)(&kview_lock);
	fill_link(link, info);
}

static struct kview_link *find_link(const struct kview_view *view, u32 id)
{
	struct kview_link *link;

	list_for_each_entry(link, &view->links, node) {
		if (link->id >= id)
			return link;
	}
	return NULL;
}

int kview_list_next_link(struct kview_link_info *info)
{
	struct kview_view *view;
	struct kview_link *link;

	guard(mutex)(&kview_lock);
	view = find_view(info->view);
	link = view && info->id != U32_MAX ? find_link(view, info->id + 1) : NULL;
	if (!link)
		return -ENOENT;
	fill_link(link, info);
	return 0;
}

static void name_hook(const struct kview_hook *hook, struct kview_hook_info *info)
{
	char symbol[KSYM_SYMBOL_LEN];

	if (hook->event) {
		snprintf(info->name, sizeof(info->name), "%s/%s", hook->event->class->system,
			 trace_event_name(hook->event));
	} else if (hook->tracepoint) {
		strscpy(info->name, hook->tracepoint->tp->name, sizeof(info->name));
	} else if (hook->name) {
		strscpy(info->name, hook->name, sizeof(info->name));
	} else if (hook->addr) {
		sprint_symbol_no_offset(symbol, hook->addr);
		strscpy(info->name, symbol, sizeof(info->name));
	} else if (hook->number == KVIEW_NUMBER_ALL) {
		strscpy(info->name, "*", sizeof(info->name));
	} else {
		/* "sys_read", without its prefix. */
		strscpy(info->name, (*kview_symbols.syscalls_metadata)[hook->number]->name + 4, sizeof(info->name));
	}
}

int kview_list_hook(struct kview_hook_info *info)
{
	struct kview_counts counts;
	struct kview_view *view;
	struct kview_link *link;
	struct kview_hook *hook;

	guard(mutex)(&kview_lock);
	view = find_view(info->view);
	link = view ? find_link(view, info->link) : NULL;
	if (!link || link->id != info->link || info->index >= link->count)
		return -ENOENT;
	hook = &link->hooks[info->index];
	kview_hook_counts(hook, &counts);
	*info = (struct kview_hook_info){
		.size = info->size,
		.view = info->view,
		.link = info->link,
		.index = info->index,
		.addr = kview_list_shows_addresses() ? hook->addr : 0,
		.number = hook->number,
		.cookie = hook->cookie,
		.runs = counts.runs,
		.missed = counts.missed,
		.skipped = counts.skipped,
		.partial = is_partial(hook),
	};
	name_hook(hook, info);
	return 0;
}

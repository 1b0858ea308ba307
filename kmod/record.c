// SPDX-License-Identifier: GPL-2.0-only
#include "record.h"

#include <linux/bpf.h>
#include <linux/cleanup.h>
#include <linux/jump_label.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/perf_event.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#include "compat/symbols.h"
#include "compat/tracepoint.h"
#include "link.h"

/* --- perf's buffers --------------------------------------------------------------------------------------------------- */

static DEFINE_MUTEX(lock); /* guards all of these; outside of all of perf's and the tracer's locks */
static struct hlist_head __percpu *nobody; /* the list of listeners of every private event: always empty */
static struct perf_event *event;
static u32 records;

/* Nothing in the running system can make it happen, so that switching it on costs nobody anything. */
static bool never_happens(const struct trace_event_call *call)
{
	bool modules;

	if (!(call->flags & TRACE_EVENT_FL_TRACEPOINT) || call->module || call->tp->regfunc || !call->class->perf_probe)
		return false;
	return !kview_jump_entries(&call->tp->key, &modules) && !modules;
}

static u64 find_quiet_event(void)
{
	struct trace_event_call *call;
	u64 type = 0;

	mutex_lock(kview_symbols.event_mutex);
	kview_call(jump_label_lock)();
	list_for_each_entry(call, kview_symbols.ftrace_events, list) {
		if (!never_happens(call))
			continue;
		type = call->event.type;
		break;
	}
	kview_call(jump_label_unlock)();
	mutex_unlock(kview_symbols.event_mutex);
	return type;
}

static int open_event(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = find_quiet_event(),
		.disabled = 1,
	};
	struct perf_event *opened;

	if (!attr.config)
		return -EOPNOTSUPP;
	opened = perf_event_create_kernel_counter(&attr, cpumask_first(cpu_online_mask), NULL, NULL, NULL);
	if (IS_ERR(opened))
		return PTR_ERR(opened);
	event = opened;
	return 0;
}

static int make_nobody(void)
{
	struct hlist_head __percpu *heads = alloc_percpu(struct hlist_head);
	int cpu;

	if (!heads)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		INIT_HLIST_HEAD(per_cpu_ptr(heads, cpu));
	nobody = heads;
	return 0;
}

static int hold_buffers(void)
{
	int err;

	guard(mutex)(&lock);
	err = nobody ? 0 : make_nobody();
	if (!err && !event)
		err = open_event();
	if (!err)
		records++;
	return err;
}

/* Records that are gone, and still have to be taken off @records. */
static atomic_t released = ATOMIC_INIT(0);

/* Closing takes locks of perf and the tracer, inside which ours may be taken: so never while one of them is held. */
static void release_buffers(struct work_struct *work)
{
	guard(mutex)(&lock);
	records -= atomic_xchg(&released, 0);
	if (records || !event)
		return;
	perf_event_release_kernel(event);
	event = NULL;
}

static DECLARE_WORK(release_work, release_buffers);

/* --- records ------------------------------------------------------------------------------------------------------------ */

static bool is_named(struct trace_event_call *call, const char *name)
{
	size_t category = strlen(call->class->system);

	return !strncmp(name, call->class->system, category) && name[category] == '/' &&
	       !strcmp(name + category + 1, trace_event_name(call));
}

struct trace_event_call *kview_record_find(const char *name, bool *ret_module)
{
	struct trace_event_call *call;

	guard(mutex)(kview_symbols.event_mutex);
	list_for_each_entry(call, kview_symbols.ftrace_events, list) {
		if (!(call->flags & TRACE_EVENT_FL_TRACEPOINT) || !is_named(call, name))
			continue;
		*ret_module = call->module;
		return call->class->perf_probe ? call : NULL;
	}
	return NULL;
}

u32 kview_record_size(struct trace_event_call *call)
{
	return kview_call(trace_event_get_offsets)(call);
}

const struct hlist_head __percpu *kview_record_nobody(void)
{
	return nobody;
}

int kview_record_new(struct kview_hook *hook, struct kview_record **ret_record)
{
	struct kview_record *record = kzalloc(sizeof(*record), GFP_KERNEL);
	struct bpf_prog_array *programs;
	int err;

	if (!record)
		return -ENOMEM;
	err = kview_call(bpf_prog_array_copy)(NULL, NULL, hook->link->prog, hook->cookie, &programs);
	if (err)
		goto free_record;
	err = hold_buffers();
	if (err)
		goto free_programs;
	record->hook = hook;
	record->call = *hook->event;
	INIT_LIST_HEAD(&record->call.list);
	record->call.perf_events = nobody;
	rcu_assign_pointer(record->call.prog_array, programs);
	*ret_record = record;
	return 0;

free_programs:
	kview_call(bpf_prog_array_free)(programs);
free_record:
	kfree(record);
	return err;
}

void kview_record_free(struct kview_record *record)
{
	if (!record)
		return;
	kview_call(bpf_prog_array_free)(rcu_dereference_raw(record->call.prog_array));
	kfree(record);
	atomic_inc(&released);
	queue_work(system_unbound_wq, &release_work);
}

void kview_record_exit(void)
{
	flush_work(&release_work);
	WARN_ON_ONCE(event);
	free_percpu(nobody);
}

// SPDX-License-Identifier: GPL-2.0-only
#include "stack.h"

#include <linux/bpf.h>
#include <linux/bsearch.h>
#include <linux/cleanup.h>
#include <linux/rethook.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/sort.h>

#include "compat/execmem.h"
#include "compat/graph.h"
#include "compat/symbols.h"
#include "emit.h"

#define TRIES 100 /* to meet a task on the CPU it runs on */

/* --- the landing --------------------------------------------------------------------------------------------------- */

static struct {
	void *code;	     /* a page of its own, which may have to outlive the module */
	struct bpf_ksym *ksym; /* so that stack traces go on through it */
} landing;

static size_t emit_landing(u8 *buffer)
{
	struct emitter e = { .buffer = buffer, .base = (unsigned long)landing.code };

	EMIT(&e, 0xc9);				/* leave */
	EMIT(&e, 0x48, 0x8d, 0x64, 0x24, 0x08); /* lea 8(%rsp),%rsp: past the return address into the function */
	emit_return(&e);
	return e.size;
}

static void free_landing(void)
{
	if (landing.ksym && landing.ksym->start)
		kview_call(bpf_ksym_del)(landing.ksym);
	if (landing.code)
		kview_execmem_free(landing.code);
	synchronize_rcu(); /* readers walk the symbols under RCU */
	kfree(landing.ksym);
}

static int protect_landing(void)
{
	unsigned long addr = (unsigned long)landing.code;

	return kview_call(set_memory_ro)(addr, 1) ?: kview_call(set_memory_x)(addr, 1);
}

int kview_stack_init(void)
{
	landing.ksym = kzalloc(sizeof(*landing.ksym), GFP_KERNEL);
	landing.code = kview_execmem_alloc(PAGE_SIZE);
	if (!landing.ksym || !landing.code)
		goto free;
	memset(landing.code, 0xcc, PAGE_SIZE);
	emit_landing(landing.code);
	if (protect_landing())
		goto free;
	INIT_LIST_HEAD_RCU(&landing.ksym->lnode);
	landing.ksym->start = (unsigned long)landing.code;
	landing.ksym->end = landing.ksym->start + PAGE_SIZE;
	strscpy(landing.ksym->name, "kview_landing", sizeof(landing.ksym->name));
	kview_call(bpf_ksym_add)(landing.ksym);
	return 0;

free:
	free_landing();
	return -ENOMEM;
}

/* --- searching stacks ---------------------------------------------------------------------------------------------- */

struct search {
	struct kview_frame *frames;
	u32 count;
	unsigned long low, high; /* of all addresses searched for */
};

static int compare(const void *a, const void *b)
{
	const struct kview_frame *x = a, *y = b;

	return x->resume == y->resume ? 0 : x->resume < y->resume ? -1 : 1;
}

/*
 * Any word may be a return address or what an earlier one left behind. To replace the latter does no harm: nobody reads
 * it, or somebody who collects addresses for a trace. Stacks of others are poisoned where KASAN guards their variables.
 */
static void __no_sanitize_address search_words(struct search *search, unsigned long *from, unsigned long *end)
{
	for (; from < end; from++) {
		struct kview_frame key = { .resume = READ_ONCE(*from) }, *frame;

		if (key.resume < search->low || key.resume > search->high)
			continue;
		frame = bsearch(&key, search->frames, search->count, sizeof(key), compare);
		if (!frame)
			continue;
		frame->found = true;
		if (frame->release)
			WRITE_ONCE(*from, (unsigned long)landing.code);
	}
}

static unsigned long *stack_end(struct task_struct *task)
{
	return task_stack_page(task) + THREAD_SIZE;
}

/* Tracers that took a return address from the stack to get control keep it elsewhere. */
static void search_taken(struct search *search, struct task_struct *task)
{
	unsigned long *from, *end;
#ifdef CONFIG_RETHOOK
	struct rethook_node *node;

	llist_for_each_entry(node, task->rethooks.first, llist)
		search_words(search, &node->ret_addr, &node->ret_addr + 1);
#endif
	if (kview_graph_stack(task, &from, &end))
		search_words(search, from, end);
}

/* Called with @task pinned where it is: asleep, waiting for a CPU, or running. */
static int search_stopped(struct task_struct *task, void *data)
{
	if (task->on_cpu)
		return -EAGAIN;
	search_words(data, (unsigned long *)task->thread.sp, stack_end(task));
	search_taken(data, task);
	return 0;
}

struct visit {
	struct search *search;
	struct task_struct *task;
	bool met;
};

/* Coming from user mode, interrupts run on the task's own stack; else how much of it is in use is not known here. */
static unsigned long *running_stack(struct task_struct *task)
{
	unsigned long *here = __builtin_frame_address(0), *base = task_stack_page(task);

	return here >= base && here < stack_end(task) ? here : base;
}

/* In an interrupt of the CPU @task was seen on. */
static void search_running(void *data)
{
	struct visit *visit = data;

	if (current != visit->task)
		return;
	visit->met = true;
	search_words(visit->search, running_stack(current), stack_end(current));
	search_taken(visit->search, current);
}

static int search_task(struct search *search, struct task_struct *task)
{
	struct visit visit = { .search = search, .task = task };
	int i;

	for (i = 0; i < TRIES; i++) {
		if (!kview_call(task_call_func)(task, search_stopped, search))
			return 0;
		smp_call_function_single(task_cpu(task), search_running, &visit, true);
		if (visit.met)
			return 0;
	}
	return -EAGAIN;
}

static int search_all(struct search *search)
{
	struct task_struct *process, *task;
	int err = 0;

	rcu_read_lock();
	for_each_process_thread(process, task) {
		if (task == current || !try_get_task_stack(task))
			continue;
		err = search_task(search, task) ?: err;
		kview_call(put_task_stack)(task);
	}
	rcu_read_unlock();
	return err;
}

int kview_stack_search(struct kview_frame *frames, u32 count)
{
	struct search search = { .frames = frames, .count = count };

	if (!count)
		return 0;
	sort(frames, count, sizeof(*frames), compare, NULL);
	search.low = frames[0].resume;
	search.high = frames[count - 1].resume;
	return search_all(&search);
}

void kview_stack_exit(void)
{
	struct kview_frame frame = { .resume = (unsigned long)landing.code };
	struct search own = { .frames = &frame, .count = 1, .low = frame.resume, .high = frame.resume };

	/*
	 * The task that unloads the module may have to come by, too, when the hook was on what brought it here. Above our own
	 * frame no variable holds the address.
	 */
	search_words(&own, __builtin_frame_address(0), stack_end(current));
	search_taken(&own, current);
	if (frame.found || kview_stack_search(&frame, 1) || frame.found)
		pr_debug("a process still returns through code of this module: one page stays behind\n");
	else
		free_landing();
}

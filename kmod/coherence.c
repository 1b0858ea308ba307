// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lock order: ftrace_lock (held by ftrace around prepare ... post) -> kview_lock -> text_mutex. Nothing in the module
 * takes ftrace_lock while it holds one of its own.
 */
#include "coherence.h"


#include <linux/cleanup.h>
#include <linux/ftrace.h>
#include <linux/jump_label.h>
#include <linux/kprobes.h>
#include <linux/kstrtox.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "aside.h"
#include "compat/symbols.h"
#include "image.h"
#include "patcher.h"
#include "textpage.h"
#include "view.h"

#define JUMP_LABEL_MAX 5

/* --- every write to kernel text ------------------------------------------------------------------------------------ */

static bool in_text(unsigned long addr, size_t len)
{
	return addr < kview_symbols._etext && addr + len > kview_symbols._stext;
}

/*
 * __text_poke(func, addr, src, len) is about to run: text_mutex is held, preemption is off. Our own writes into the
 * arena come by too and end at the first test.
 */
static void notrace on_text_poke(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
				 struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);

	if (!regs || !in_text(regs->si, regs->cx))
		return;
	/* It compares what it reads with what it wrote. */
	kview_patcher_reads(regs->si, regs->cx);
	if (kview_textpage_mirror(regs->si, (void *)regs->dx, regs->cx, regs->di == kview_symbols.text_poke_memset))
		kview_images_restore_later(); /* somebody rewrote a hooked site outside ftrace: chain to it soon */
}

static struct ftrace_ops poke_ops = {
	.func = on_text_poke,
	/* Permanent: with kernel.ftrace_enabled=0 copies would go stale, so that write fails while the module is loaded. */
	.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_PERMANENT,
};

/* --- who reads before writing ---------------------------------------------------------------------------------------- */

static void about_to_read(unsigned long addr, size_t len)
{
	if (in_text(addr, len) && mutex_is_locked(kview_symbols.text_mutex))
		kview_patcher_reads(addr, len);
}

/* __jump_label_patch(entry, type) compares the text with what the label's state says: BUG. text_mutex is held. */
static void notrace on_jump_label(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
				  struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);

	if (regs)
		about_to_read(jump_entry_code((struct jump_entry *)regs->di), JUMP_LABEL_MAX);
}

/* arch_prepare_kprobe(probe) copies the instruction it is about to replace, for everybody. text_mutex is held. */
static void notrace on_prepare_kprobe(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
				      struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);

	if (regs)
		about_to_read((unsigned long)((struct kprobe *)regs->di)->addr, MAX_INSN_SIZE);
}

/* arch_prepare_optimized_kprobe(optimized, probe) copies some more. text_mutex is held. */
static void notrace on_prepare_optimized(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
				       struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);

	if (regs)
		about_to_read((unsigned long)((struct kprobe *)regs->si)->addr, 2 * MAX_INSN_SIZE);
}

/*
 * arch_optimize_kprobes(list) saves what the jump will overwrite, to write it back one day. text_mutex is held; the task
 * mostly is a worker.
 */
static void notrace on_optimize_kprobes(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
					struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	struct optimized_kprobe *probe;

	if (!regs)
		return;
	list_for_each_entry(probe, (struct list_head *)regs->di, list)
		about_to_read((unsigned long)probe->kp.addr, MAX_INSN_SIZE);
}

#define READER(callback) { .func = callback, .flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_PERMANENT }

static struct ftrace_ops jump_label_ops = READER(on_jump_label), prepare_ops = READER(on_prepare_kprobe),
			 prepare_optimized_ops = READER(on_prepare_optimized),
			 optimize_ops = READER(on_optimize_kprobes);

/* --- ftrace's updates ---------------------------------------------------------------------------------------------- */

/* The task that runs an original function through its wrapper; guarded by ftrace_lock, which both callers hold. */
static struct task_struct *passing;
static atomic_t wrapped = ATOMIC_INIT(0); /* tasks inside a wrapper */
static DECLARE_WAIT_QUEUE_HEAD(unwrapped);

static void leave_wrapper(void)
{
	if (atomic_dec_and_test(&wrapped))
		wake_up_all(&unwrapped);
}

/* How the update under way is kept from reading private text; guarded by ftrace_lock. */
static struct kview_patcher patcher;

static bool will_change(struct dyn_ftrace *rec)
{
	/* Whether this update enables or disables is not known here; each of them must leave the record alone. */
	return kview_call(ftrace_test_record)(rec, true) != FTRACE_UPDATE_IGNORE ||
	       kview_call(ftrace_test_record)(rec, false) != FTRACE_UPDATE_IGNORE;
}

/* Find the hooked functions this update rewrites, and have their stubs rebuilt after it. Returns whether there are any. */
static bool touch_changing(void)
{
	struct ftrace_rec_iter *iter;
	bool any = false;

	for (iter = kview_call(ftrace_rec_iter_start)(); iter; iter = kview_call(ftrace_rec_iter_next)(iter)) {
		struct dyn_ftrace *rec = kview_call(ftrace_rec_iter_record)(iter);

		if (in_text(rec->ip, 1) && kview_textpage_any(rec->ip) && will_change(rec))
			any |= kview_images_touch(rec->ip);
	}
	return any;
}

/* In place of ftrace_arch_code_modify_prepare(), in the context of its caller: may sleep. */
static void wrap_prepare(void)
{
	mutex_lock(&kview_lock);
	passing = current;
	kview_call(ftrace_arch_code_modify_prepare)();
	passing = NULL;
	/* text_mutex is held from here to the original post_process, so nobody joins or leaves an image in between. */
	if (!list_empty(&kview_images) && touch_changing())
		kview_patcher_begin(&patcher);
	mutex_unlock(&kview_lock);
	leave_wrapper();
}

static void wrap_post_process(void)
{
	passing = current;
	kview_call(ftrace_arch_code_modify_post_process)();
	passing = NULL;
	mutex_lock(&kview_lock);
	kview_images_restore();
	kview_patcher_end(&patcher);
	mutex_unlock(&kview_lock);
	leave_wrapper();
}

/* Send the caller into @wrapper instead, unless it is the wrapper that calls. Runs in the breakpoint's context. */
static int redirect(struct pt_regs *regs, void (*wrapper)(void))
{
	if (READ_ONCE(passing) == current)
		return 0;
	atomic_inc(&wrapped);
	instruction_pointer_set(regs, (unsigned long)wrapper);
	return 1;
}

static int on_prepare(struct kprobe *probe, struct pt_regs *regs)
{
	return redirect(regs, wrap_prepare);
}

static int on_post_process(struct kprobe *probe, struct pt_regs *regs)
{
	return redirect(regs, wrap_post_process);
}

/* Its presence keeps a probe from being turned into a jump, from which the instruction pointer could not be changed. */
static void keep_breakpoint(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe prepare_probe = {
	.symbol_name = "ftrace_arch_code_modify_prepare",
	.pre_handler = on_prepare,
	.post_handler = keep_breakpoint,
};

static struct kprobe post_process_probe = {
	.symbol_name = "ftrace_arch_code_modify_post_process",
	.pre_handler = on_post_process,
	.post_handler = keep_breakpoint,
};

static struct kprobe *probes[] = { &prepare_probe, &post_process_probe };

/* --- who switches kprobes off ---------------------------------------------------------------------------------------- */

/* In place of what serves writes to kprobes/enabled in debugfs. Kprobes are on, or the module would not have loaded. */
static ssize_t wrap_switch(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	bool on;
	ssize_t ret = kstrtobool_from_user(from, count, &on);

	if (!ret)
		ret = on ? count : -EBUSY;
	leave_wrapper();
	return ret;
}

/* Without our probes, stubs would go on into what ftrace has freed. */
static void notrace on_switch(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);

	if (!regs)
		return;
	atomic_inc(&wrapped);
	instruction_pointer_set(regs, (unsigned long)wrap_switch);
}

static struct ftrace_ops switch_ops = {
	.func = on_switch,
	.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_PERMANENT | FTRACE_OPS_FL_IPMODIFY,
};

/* --- setting all this up --------------------------------------------------------------------------------------------- */

/* What ftrace follows for us. */
static struct {
	struct ftrace_ops *ops;
	const char *function;
} followed[] = {
	{ &poke_ops, "__text_poke" },
	{ &jump_label_ops, "__jump_label_patch" },
	{ &prepare_ops, "arch_prepare_kprobe" },
	{ &prepare_optimized_ops, "arch_prepare_optimized_kprobe" },
	{ &optimize_ops, "arch_optimize_kprobes" },
	{ &switch_ops, "write_enabled_file_bool" },
};

static int follow(struct ftrace_ops *ops, const char *function)
{
	unsigned long addr = kview_call(kallsyms_lookup_name)(function);
	unsigned long site = addr ? kview_call(ftrace_location)(addr) : 0;
	int err;

	if (!site) {
		pr_err("%s cannot be traced on this kernel\n", function);
		return -EOPNOTSUPP;
	}
	err = ftrace_set_filter_ip(ops, site, 0, 0);
	if (!err)
		err = register_ftrace_function(ops);
	if (!err)
		return 0;
	ftrace_free_filter(ops);
	pr_err("cannot follow patches to kernel text%s (%d)\n", err == -EBUSY ? ": kernel.ftrace_enabled is 0" : "", err);
	return err;
}

static void unfollow(u32 count)
{
	while (count--) {
		unregister_ftrace_function(followed[count].ops);
		ftrace_free_filter(followed[count].ops);
	}
}

int kview_coherence_init(void)
{
	u32 i;
	int err;

	for (i = 0; i < ARRAY_SIZE(followed); i++) {
		err = follow(followed[i].ops, followed[i].function);
		if (err) {
			unfollow(i);
			return err;
		}
	}
	err = READ_ONCE(*kview_symbols.kprobes_all_disarmed) ? -EBUSY : register_kprobes(probes, ARRAY_SIZE(probes));
	if (err) {
		pr_err("cannot follow ftrace's updates%s (%d)\n", err == -EBUSY ? ": all kprobes are switched off" : "", err);
		unfollow(ARRAY_SIZE(followed));
	}
	return err;
}

void kview_coherence_exit(void)
{
	unregister_kprobes(probes, ARRAY_SIZE(probes));
	unfollow(ARRAY_SIZE(followed));
	/* Who was sent into a wrapper is counted; the last instructions after the count are waited for by RCU. */
	wait_event(unwrapped, !atomic_read(&wrapped));
	synchronize_rcu_tasks();
	kview_patcher_exit();
}

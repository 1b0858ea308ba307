// SPDX-License-Identifier: GPL-2.0-only
#include "pin.h"

#include <linux/binfmts.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "compat/symbols.h"
#include "hook.h"
#include "member.h"

/* begin_new_exec(bprm) */
static bool run_exec(struct pt_regs *regs)
{
	struct linux_binprm *bprm = (struct linux_binprm *)regs->di;

	kview_member_exec(current, bprm->mm);
	return true;
}

/* exec_mm_release(task, mm) and exit_mm_release(task, mm): the task is about to leave its address space. */
static bool run_release(struct pt_regs *regs)
{
	return kview_member_release((struct mm_struct *)regs->si);
}

/* wake_up_new_task(child): its address space is there, and not one instruction of it has run. */
static bool run_fork(struct pt_regs *regs)
{
	return kview_member_fork((struct task_struct *)regs->di);
}

static struct kview_pin pins[KVIEW_PINS] = {
	[KVIEW_PIN_EXEC] = { .function = "begin_new_exec", .run = run_exec },
	[KVIEW_PIN_RELEASE] = { .function = "exec_mm_release", .run = run_release },
	[KVIEW_PIN_EXIT] = { .function = "exit_mm_release", .run = run_release },
	[KVIEW_PIN_FORK] = { .function = "wake_up_new_task", .run = run_fork },
};

static int find_site(struct kview_pin *pin)
{
	unsigned long addr = kview_call(kallsyms_lookup_name)(pin->function);

	pin->site = addr ? kview_call(ftrace_location)(addr) : 0;
	if (pin->site && offset_in_page(pin->site) + KVIEW_SITE_SIZE <= PAGE_SIZE)
		return 0;
	pr_err("%s cannot be hooked on this kernel\n", pin->function);
	return -EOPNOTSUPP;
}

int kview_pin_init(void)
{
	u32 i;
	int err;

	for (i = 0; i < KVIEW_PINS; i++) {
		err = find_site(&pins[i]);
		if (err)
			return err;
	}
	return 0;
}

const struct kview_pin *kview_pin(enum kview_pin_id id)
{
	return &pins[id];
}

const struct kview_pin *kview_pin_at(unsigned long site)
{
	u32 i;

	for (i = 0; i < KVIEW_PINS; i++) {
		if (pins[i].site == site)
			return &pins[i];
	}
	return NULL;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Running one program from C, inlined into what the stubs call. */
#ifndef KVIEW_RUN_PROGRAM_H
#define KVIEW_RUN_PROGRAM_H

#include <linux/filter.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>

#include "compat/prog.h"
#include "link.h"
#include "run.h"

#define kview_count(hook, what) this_cpu_inc((hook)->counts->what)

/* Run one program as bpf_prog_run_array() does. */
static __always_inline u32 kview_run_uncounted(struct kview_hook *hook, const void *ctx)
{
	struct bpf_trace_run_ctx run_ctx;
	struct bpf_run_ctx *old;
	u32 result;

	kview_run_ctx_init(&run_ctx);
	run_ctx.bpf_cookie = hook->cookie;
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		rcu_read_lock();
	old = bpf_set_run_ctx(&run_ctx.run_ctx);
	result = bpf_prog_run(hook->link->prog, ctx);
	bpf_reset_run_ctx(old);
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		rcu_read_unlock();
	return result;
}

/* ... and count it. */
static __always_inline u32 kview_run_program(struct kview_hook *hook, const void *ctx)
{
	u32 result = kview_run_uncounted(hook, ctx);

	kview_count(hook, runs);
	return result;
}

/* A program that excludes only itself, as __bpf_trace_run() and __bpf_prog_enter_recur() have it; 0 if it is missed. */
static inline u32 kview_run_alone(struct kview_hook *hook, const void *ctx)
{
	struct bpf_prog *prog = hook->link->prog;
	u32 result = 0;

	if (this_cpu_inc_return(*prog->active) == 1)
		result = kview_run_program(hook, ctx);
	else
		kview_run_missed_one(hook);
	this_cpu_dec(*prog->active);
	return result;
}

#endif

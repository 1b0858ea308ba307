/* SPDX-License-Identifier: GPL-2.0-only */
/* What is done about alarms and anomalies, as the profile says. */
#ifndef GUARD_RESPOND_BPF_H
#define GUARD_RESPOND_BPF_H

#include "guard/tell.bpf.h"

#define SIGKILL 9
#define SIGCONT 18
#define SIGSTOP 19
#define NS_PER_TICK 10000000

/*
 * Stop current, of @task, for @ns: whoever holds the map lets it go, also when the guard has died (holder.c). It must
 * not do so before there is something to end, so the signal comes first.
 */
static __u32 hold(struct guard_task *task, __u64 ns, __u32 done)
{
	struct guard_hold how = { .until = bpf_ktime_get_boot_ns() + ns,
				  .born = bpf_get_current_task_btf()->group_leader->start_time };
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (settings.released || bpf_send_signal(SIGSTOP))
		return 0;
	if (bpf_map_update_elem(&held, &tgid, &how, BPF_ANY)) {
		bpf_send_signal(SIGCONT);
		__sync_fetch_and_add(&counters.not_held, 1);
		return 0;
	}
	bpf_ringbuf_output(&stops, &tgid, sizeof(tgid), 0); /* where there is no room, it is awake already */
	task->flags |= GUARD_TASK_HELD;
	__sync_fetch_and_add(&counters.held, 1);
	return done;
}

static bool is_spared(__u32 tgid)
{
	__u64 *began;

	if (tgid == 1 || tgid == settings.guard_tgid || tgid == settings.holder_tgid)
		return true;
	if (!settings.spares)
		return false;
	began = bpf_map_lookup_elem(&spared, &tgid);
	return began && bpf_get_current_task_btf()->group_leader->start_boottime / NS_PER_TICK == *began;
}

static __u64 delay(__u32 lfc)
{
	__u64 ns = (__u64)settings.delay_ns << (lfc < 30 ? lfc : 30);

	return ns < settings.delay_max_ns ? ns : settings.delay_max_ns;
}

/* What the profile's responses make of an alarm or an anomaly. */
static __u32 respond(struct guard_profile *profile, struct guard_task *task, __u32 seen)
{
	__u32 response = profile->response, tgid = bpf_get_current_pid_tgid() >> 32;

	if (!response || response & GUARD_RESPONSE_SPARED || is_spared(tgid))
		return 0;
	if (seen & GUARD_ALARMS && response & GUARD_RESPONSE_KILL) {
		if (bpf_send_signal(SIGKILL))
			return 0;
		task->flags |= GUARD_TASK_HELD;
		__sync_fetch_and_add(&counters.killed, 1);
		return GUARD_KILLED;
	}
	if (seen & GUARD_ALARMS && response & GUARD_RESPONSE_REFUSE_EXEC)
		task->no_exec_until = bpf_ktime_get_boot_ns() / 1000000000 + settings.refuse_seconds;
	if (seen & GUARD_ALARMS && response & GUARD_RESPONSE_STOP)
		return hold(task, settings.stop_ns, GUARD_STOPPED);
	if (seen & (GUARD_ANOMALY | GUARD_ALARMS) && response & GUARD_RESPONSE_SLOW)
		return hold(task, delay(task->lfc), GUARD_SLOWED);
	return 0;
}

static __attribute__((noinline)) void answer(struct guard_profile *profile, struct guard_task *task, __u32 call,
					     __u32 seen)
{
	seen |= respond(profile, task, seen);
	if (may_tell(profile, seen))
		tell(task, call, seen);
}

#endif /* GUARD_RESPOND_BPF_H */

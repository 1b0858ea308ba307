/* SPDX-License-Identifier: GPL-2.0-only */
/* Events for user space. */
#ifndef GUARD_TELL_BPF_H
#define GUARD_TELL_BPF_H

#include "guard/maps.bpf.h"

static void tell(const struct guard_task *task, __u32 call, __u32 seen)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct guard_record *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);

	if (!record) {
		__sync_fetch_and_add(&counters.lost_events, 1);
		return;
	}
	record->time = bpf_ktime_get_boot_ns();
	record->tgid = id >> 32;
	record->tid = id;
	record->profile = task->profile;
	record->call = call;
	record->events = seen;
	record->lfc = task->lfc;
	record->calls = guard_task_calls(task);
	bpf_get_current_comm(record->comm, sizeof(record->comm));
	bpf_ringbuf_submit(record, 0);
}

/* Of anomalies so many in a second are told; the rest is counted. */
static bool may_tell(struct guard_profile *profile, __u32 seen)
{
	__u64 now;

	if (seen & ~(GUARD_ANOMALY | GUARD_NOVELTY))
		return true;
	if (profile->told >= GUARD_TOLD_PER_SECOND) {
		now = bpf_ktime_get_boot_ns();
		if (now - profile->told_since < 1000000000) {
			__sync_fetch_and_add(&profile->untold, 1);
			return false;
		}
		profile->told_since = now;
		profile->told = 0;
	}
	__sync_fetch_and_add(&profile->told, 1);
	return true;
}

#endif /* GUARD_TELL_BPF_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * %gs offsets of the per-cpu variables a stub reads and writes.
 *
 * Since Linux kernel commit e57ef2ed97c1 ("x86: Put hot per CPU variables into a struct") (in v6.2) they lie in pcpu_hot.
 */
#ifndef KVIEW_COMPAT_PERCPU_H
#define KVIEW_COMPAT_PERCPU_H

#include <linux/preempt.h>
#include <linux/version.h>
#include <asm/current.h>

#include "compat/symbols.h"

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define KVIEW_GS_CURRENT ((u32)(unsigned long)&pcpu_hot.current_task)
#define KVIEW_GS_PREEMPT ((u32)(unsigned long)&pcpu_hot.preempt_count)
#else
#define KVIEW_GS_CURRENT ((u32)(unsigned long)&current_task)
#define KVIEW_GS_PREEMPT ((u32)(unsigned long)&__preempt_count)
#endif

/* loaded_mm, the first member of struct tlb_state, which modules do not get to see the inside of. */
#define KVIEW_GS_LOADED_MM ((u32)kview_symbols.cpu_tlbstate)

#endif

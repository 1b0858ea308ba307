/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVIEW_MONITOR_GC_RECORD_H
#define KVIEW_MONITOR_GC_RECORD_H

#define GC_KEYS 1024 /* targets by runtimes and kinds */

enum gc_runtime {
	GC_PYTHON,
	GC_RUBY,
	GC_JVM,
	GC_V8,
	GC_RUNTIMES,
};

/* What a pause is for; numbers as the runtime has them, where it tells. */
#define GC_KINDS 4

enum { GC_RUBY_MARK, GC_RUBY_SWEEP };

/* The first extra of a sample: objects that were collected. */
struct gc_key {
	__u32 target;
	__u16 runtime, kind;
};

/* Of a program: which hook this is. */
#define GC_COOKIE(runtime, phase) ((runtime) << 8 | (phase))

#endif /* KVIEW_MONITOR_GC_RECORD_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks of single parts, run at load in builds with KVIEW_DEBUG=y; the module refuses to load when one fails. */
#ifndef KVIEW_SELFTEST_H
#define KVIEW_SELFTEST_H

#ifdef KVIEW_DEBUG
int kview_selftest(void);
int kview_selftest_stub(void);
int kview_selftest_pagetable(void);
int kview_selftest_arena(void);
#else
static inline int kview_selftest(void)
{
	return 0;
}
#endif

#endif

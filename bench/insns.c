// SPDX-License-Identifier: GPL-2.0-or-later
#include "insns.h"

#include <stddef.h>

#define TRIES 16	/* enough for one without an interrupt */
#define WARM_UP 4	/* batches that fill caches of the kernel's allocators */
#define BATCHES_MIN 24	/* batches at least */
#define BATCHES_MAX 512 /* and at most */
#define SEEN_ENOUGH 8	/* times the minimum has to be seen */

/* The same loop around a system call and around nothing, in functions the compiler may not adapt to their callers. */
#define LOOP(instruction)                                                                                      \
	asm volatile("1:	mov %[number], %%rax\n"                                                             \
		     instruction                                                                               \
		     "	dec %[count]\n"                                                                         \
		     "	jnz 1b\n"                                                                               \
		     : [count] "+r"(count)                                                                     \
		     : [number] "r"(site->number), "D"(site->args[0]), "S"(site->args[1]), "d"(site->args[2]) \
		     : "rax", "rcx", "r11", "cc", "memory")
#define LOOP_INSNS 3 /* mov, dec, jnz */

static __attribute__((noipa)) uint64_t time_calls(const struct call_site *site, unsigned long count)
{
	uint64_t start = insns_now();

	LOOP("	syscall\n");
	return insns_now() - start;
}

static __attribute__((noipa)) uint64_t time_nothing(const struct call_site *site, unsigned long count)
{
	uint64_t start = insns_now();

	LOOP("");
	return insns_now() - start;
}

static uint64_t min_nothing(unsigned long count)
{
	static const struct call_site nothing;
	uint64_t min = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t ticks = time_nothing(&nothing, count);

		min = ticks < min ? ticks : min;
	}
	return min;
}

bool insns_counted(void)
{
	return min_nothing(20000) - min_nothing(10000) == 10000 * LOOP_INSNS;
}

static uint64_t time_batch(enum call call, const struct call_site *site)
{
	uint64_t ticks = time_calls(site, BATCH);

	call_settle(call, site, BATCH);
	return ticks;
}

void insns_measure(enum call call, const struct call_site *site, struct sample *ret_sample)
{
	uint64_t loop = min_nothing(BATCH), min = UINT64_MAX, sum = 0;
	unsigned int batches = 0, seen = 0;

	for (int i = 0; i < WARM_UP; i++)
		time_batch(call, site);
	while (batches < BATCHES_MIN || (batches < BATCHES_MAX && seen < SEEN_ENOUGH)) {
		uint64_t ticks = time_batch(call, site) - loop;

		seen = ticks < min ? 1 : seen + (ticks == min);
		min = ticks < min ? ticks : min;
		sum += ticks;
		batches++;
	}
	*ret_sample = (struct sample){
		.min = (double)min / BATCH,
		.mean = (double)sum / batches / BATCH,
		.settled = seen >= SEEN_ENOUGH,
	};
}

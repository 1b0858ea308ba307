/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lookahead pairs: which calls a profile has seen at which distance before which. Compiled into the BPF program and
 * into user space; who includes it says before where blocks come from:
 *
 *   struct guard_env                      of its own
 *   guard_env_block(env, number)          NULL when there is no such block
 *   guard_env_block_new(env)              the number of a zeroed one; 0: none left
 *   guard_env_now(env)                    ns
 *   guard_env_loop(count, fn, data)       calls fn(i, data), which returns 0, for i = 0 ... count - 1
 *
 * What is not inline in the BPF program counts for the eight frames its verifier allows. A GUARD_FUNCTION is verified
 * by itself, once for all callers, so it checks its pointers (GUARD_CHECK).
 *
 * Bits are only ever set with atomic operations, by tasks on any CPU.
 */
#ifndef GUARD_PAIRS_H
#define GUARD_PAIRS_H

#include "guard/profile.h"

#define GUARD_INLINE static inline __attribute__((always_inline))
#define GUARD_NOINLINE static __attribute__((noinline, unused))
#ifndef GUARD_FUNCTION
#define GUARD_FUNCTION GUARD_NOINLINE
#endif

/* A pointer that was compared with NULL: keeps compilers from computing with it before, which the verifier refuses. */
#define GUARD_CHECKED(pointer) __asm__ volatile("" : "+r"(pointer))

/* @value, which is below @power anyway, in words that compilers cannot leave out and 6.1's verifier understands. */
GUARD_INLINE __u32 guard_below(__u32 value, __u32 power)
{
	GUARD_CHECKED(value);
	return value & (power - 1);
}

/* At the begin of a GUARD_FUNCTION. Callers have to hand over @env even where it is not used: the verifier looks. */
#define GUARD_CHECK(env, pointers, otherwise)                                                                          \
	do {                                                                                                           \
		GUARD_CHECKED(env);                                                                                    \
		if (!(pointers))                                                                                       \
			return otherwise;                                                                              \
	} while (0)

#define GUARD_PROBES 32 /* slots tried for a call: with at most half of them in use that is plenty */

/* No id of this window lies beyond the first tile, and there are eight. */
#define GUARD_FAR_IDS 0xc0c0c0c0c0c0c0c0ULL

/* 64-bit calls have a slot each; other spaces begin elsewhere and may meet them. */
GUARD_INLINE __u32 guard_slot(__u32 call)
{
	return (call + (call >> GUARD_SPACE_SHIFT) * 149) % GUARD_SLOTS;
}

GUARD_INLINE struct guard_more *guard_more(struct guard_env *env, struct guard_profile *profile)
{
	union guard_block *block = profile->more ? guard_env_block(env, profile->more) : (union guard_block *)0;

	return block ? &block->more : (struct guard_more *)0;
}

/* Give @profile room for more than a tile of ids. Whoever comes second wastes a block. */
GUARD_NOINLINE struct guard_more *guard_more_new(struct guard_env *env, struct guard_profile *profile)
{
	__u32 number;

	if (!profile->more) {
		number = guard_env_block_new(env);
		if (number)
			__sync_val_compare_and_swap(&profile->more, 0, number);
	}
	return guard_more(env, profile);
}

/* The call of an id that was given. */
GUARD_INLINE __u32 guard_call_of(struct guard_env *env, struct guard_profile *profile, __u32 id)
{
	struct guard_more *more;

	if (id < GUARD_TILE)
		return profile->calls[id];
	more = guard_more(env, profile);
	if (!more)
		return ~0U;
	GUARD_CHECKED(more);
	return more->calls[guard_below(id, GUARD_TILES * GUARD_TILE)];
}

/* A new id for @call, or GUARD_ID_LOST. The slot is written last: who reads it finds the rest. */
GUARD_NOINLINE __u32 guard_id_new(struct guard_env *env, struct guard_profile *profile, __u32 call, __u32 slot)
{
	struct guard_more *more = (struct guard_more *)0;
	__u32 id = profile->id_count;

	if (id >= GUARD_IDS)
		return GUARD_ID_LOST;
	if (id >= GUARD_TILE) {
		more = guard_more_new(env, profile);
		if (!more)
			return GUARD_ID_LOST;
	}
	id = __sync_fetch_and_add(&profile->id_count, 1);
	if (id >= GUARD_IDS)
		return GUARD_ID_LOST;
	if (id < GUARD_TILE)
		profile->calls[id] = call;
	else if (more)
		more->calls[guard_below(id, GUARD_TILES * GUARD_TILE)] = call;
	else
		return GUARD_ID_LOST; /* another CPU took the last id of the tile; the next time there is room */
	__asm__ volatile("" ::: "memory");
	profile->slots[slot % GUARD_SLOTS] = id + 1;
	return id;
}

GUARD_FUNCTION __u32 guard_id_search(struct guard_env *env, struct guard_profile *profile, __u32 call)
{
	__u32 i, id, slot = guard_slot(call);

	GUARD_CHECK(env, profile, GUARD_ID_LOST);
	for (i = 0; i < GUARD_PROBES; i++) {
		id = profile->slots[slot % GUARD_SLOTS];
		if (!id)
			return guard_id_new(env, profile, call, slot);
		if (guard_call_of(env, profile, id - 1) == call)
			return id - 1;
		slot++;
	}
	return GUARD_ID_LOST;
}

/* The id of @call, which gets one if it has none. */
GUARD_INLINE __u32 guard_id(struct guard_env *env, struct guard_profile *profile, __u32 call)
{
	__u32 id = profile->slots[guard_slot(call)] - 1;

	if (id < GUARD_TILE && profile->calls[id] == call)
		return id;
	return guard_id_search(env, profile, call);
}

/* The tile in which pairs of the ids @id and @before lie; NULL when nothing was seen there, or, to @make it, no block
 * is left. */
GUARD_INLINE struct guard_tile *guard_tile(struct guard_env *env, struct guard_profile *profile, enum guard_copy copy,
					   __u32 id, __u32 before, int make)
{
	__u32 row = id / GUARD_TILE % GUARD_TILES, column = before / GUARD_TILE % GUARD_TILES, number;
	union guard_block *block;
	struct guard_more *more;

	if (!row && !column)
		return &profile->tile[copy];
	more = guard_more(env, profile);
	if (!more)
		return (struct guard_tile *)0;
	GUARD_CHECKED(more);
	if (make && !more->tiles[copy][row][column]) {
		number = guard_env_block_new(env);
		if (number)
			__sync_val_compare_and_swap(&more->tiles[copy][row][column], 0, number);
	}
	number = more->tiles[copy][row][column];
	block = number ? guard_env_block(env, number) : (union guard_block *)0;
	return block ? &block->tile : (struct guard_tile *)0;
}

/* The word that holds the bit of id @before, @distance + 1 places before @id; the bit's number is in @ret_bit. */
GUARD_INLINE __u64 *guard_word(struct guard_env *env, struct guard_profile *profile, enum guard_copy copy, __u32 id,
			       __u32 before, __u32 distance, int make, __u32 *ret_bit)
{
	struct guard_tile *tile;
	struct guard_more *more;

	distance %= GUARD_LOOKAHEAD;
	if (before == GUARD_ID_NONE) {
		*ret_bit = id % GUARD_TILE;
		if (id < GUARD_TILE)
			return &profile->start[copy].none[distance];
		more = guard_more(env, profile);
		if (!more)
			return (__u64 *)0;
		GUARD_CHECKED(more);
		return &more->start[copy][id / GUARD_TILE % GUARD_TILES].none[distance];
	}
	*ret_bit = before % GUARD_TILE;
	tile = guard_tile(env, profile, copy, id, before, make);
	if (!tile)
		return (__u64 *)0;
	GUARD_CHECKED(tile);
	return &tile->seen[id % GUARD_TILE][distance];
}

/* Every id is checked by itself. */
GUARD_FUNCTION __u32 guard_missing_far(struct guard_env *env, struct guard_profile *profile, __u32 copy, __u32 id,
				       __u64 window)
{
	__u32 i, before, bit = 0, missing = 0;
	__u64 *word;

	GUARD_CHECK(env, profile, 0);
	for (i = 0; i < GUARD_LOOKAHEAD; i++, window >>= 8) {
		before = window & 0xff;
		if (before == GUARD_ID_UNSEEN)
			continue;
		word = (__u64 *)0;
		if (id != GUARD_ID_LOST && before != GUARD_ID_LOST)
			word = guard_word(env, profile, copy ? GUARD_RECENT : GUARD_ACCEPTED, id, before, i, 0, &bit);
		if (!word || !(*word >> (bit % GUARD_TILE) & 1))
			missing |= 1U << i;
	}
	return missing;
}

/* Does @row know all pairs with the calls of @window, of which none is far? */
GUARD_INLINE int guard_row_knows(const __u64 *row, __u64 window)
{
	__u64 known;
#ifdef __bpf__
	/*
	 * BPF shifts by the lowest six bits, as the processor does; C wants them cut out before. 6.1's JIT shifts by r4
	 * alone without swapping registers.
	 */
#define GUARD_AND_WORD(at) "r5 = *(u64 *)(%1 + " #at ")\n r4 >>= 8\n r5 >>= r4\n %0 &= r5\n"
	__asm__ volatile("r4 = %2\n %0 = *(u64 *)(%1 + 0)\n %0 >>= r4\n" GUARD_AND_WORD(8) GUARD_AND_WORD(16)
				 GUARD_AND_WORD(24) GUARD_AND_WORD(32) GUARD_AND_WORD(40) GUARD_AND_WORD(48)
					 GUARD_AND_WORD(56)
			 : "=&r"(known)
			 : "r"(row), "r"(window)
			 : "r4", "r5", "memory");
#undef GUARD_AND_WORD
#else
	__u32 i;

	known = ~0ULL;
#pragma GCC unroll 8
	for (i = 0; i < GUARD_LOOKAHEAD; i++, window >>= 8)
		known &= row[i] >> (window & (GUARD_TILE - 1));
#endif
	return known & 1;
}

/* Which of the pairs of @id with the calls of @window @copy does not know: bit i for the one i + 1 places back. */
GUARD_INLINE __u32 guard_missing(struct guard_env *env, struct guard_profile *profile, enum guard_copy copy, __u32 id,
				 __u64 window)
{
	const __u64 *row = profile->tile[copy].seen[id % GUARD_TILE];
	__u32 i, missing = 0;

	if (id >= GUARD_TILE || window & GUARD_FAR_IDS)
		return guard_missing_far(env, profile, copy, id, window);
	if (guard_row_knows(row, window))
		return 0;
#pragma GCC unroll 8
	for (i = 0; i < GUARD_LOOKAHEAD; i++)
		missing |= (~row[i] >> (window >> (8 * i) & (GUARD_TILE - 1)) & 1) << i;
	return missing;
}

/* Remember the @missing pairs as recent. */
GUARD_FUNCTION __u32 guard_learn(struct guard_env *env, struct guard_profile *profile, __u32 id, __u64 window,
				 __u32 missing)
{
	__u32 i, before, bit = 0, lost = 0;
	__u64 *word;

	GUARD_CHECK(env, profile, 0);
	for (i = 0; i < GUARD_LOOKAHEAD; i++, window >>= 8) {
		if (!(missing >> i & 1))
			continue;
		before = window & 0xff;
		word = (__u64 *)0;
		if (id != GUARD_ID_LOST && before != GUARD_ID_LOST)
			word = guard_word(env, profile, GUARD_RECENT, id, before, i, 1, &bit);
		if (word)
			__sync_fetch_and_or(word, 1ULL << (bit % GUARD_TILE));
		else
			lost = 1;
	}
	if (lost)
		__sync_fetch_and_add(&profile->lost, 1);
	return lost;
}

struct guard_drain {
	struct guard_tile *recent, *accepted;
};

/* One word of a tile. */
static long guard_drain_word(__u32 i, void *data)
{
	struct guard_drain *drain = data;
	__u32 row = i / GUARD_LOOKAHEAD % GUARD_TILE, column = i % GUARD_LOOKAHEAD;
	__u64 moved;

	if (!drain->recent->seen[row][column])
		return 0;
	moved = __sync_lock_test_and_set(&drain->recent->seen[row][column], 0);
	if (drain->accepted)
		__sync_fetch_and_or(&drain->accepted->seen[row][column], moved);
	return 0;
}

/* Move what @recent knows to @accepted, or forget it when that is NULL. Bits that come meanwhile stay in one of them. */
GUARD_INLINE void guard_tile_drain(struct guard_tile *recent, struct guard_tile *accepted)
{
	struct guard_drain drain = { recent, accepted };

	guard_env_loop(GUARD_TILE * GUARD_LOOKAHEAD, guard_drain_word, &drain);
}

GUARD_INLINE void guard_start_drain(struct guard_start *recent, struct guard_start *accepted)
{
	__u64 moved;
	__u32 i;

	for (i = 0; i < GUARD_LOOKAHEAD; i++) {
		moved = __sync_lock_test_and_set(&recent->none[i], 0);
		if (accepted)
			__sync_fetch_and_or(&accepted->none[i], moved);
	}
}

/* The tiles of a profile with many ids. One that was accepted nowhere yet just changes hands. */
GUARD_NOINLINE void guard_more_drain(struct guard_env *env, struct guard_more *more, int accept)
{
	union guard_block *recent, *accepted;
	__u32 i, *from, *to;

	for (i = 1; i < GUARD_TILES * GUARD_TILES; i++) {
		from = &more->tiles[GUARD_RECENT][i / GUARD_TILES % GUARD_TILES][i % GUARD_TILES];
		to = &more->tiles[GUARD_ACCEPTED][i / GUARD_TILES % GUARD_TILES][i % GUARD_TILES];
		if (!*from)
			continue;
		if (accept && !*to) {
			*to = __sync_lock_test_and_set(from, 0);
			continue;
		}
		recent = guard_env_block(env, *from);
		accepted = accept ? guard_env_block(env, *to) : (union guard_block *)0;
		if (recent && (accepted || !accept))
			guard_tile_drain(&recent->tile, accepted ? &accepted->tile : (struct guard_tile *)0);
	}
	for (i = 1; i < GUARD_TILES; i++)
		guard_start_drain(&more->start[GUARD_RECENT][i],
				  accept ? &more->start[GUARD_ACCEPTED][i] : (struct guard_start *)0);
}

/* Move all that is recent to what is accepted, or forget it. How many blocks that were. */
GUARD_FUNCTION __u32 guard_drain(struct guard_env *env, struct guard_profile *profile, __u32 accept)
{
	struct guard_more *more;

	GUARD_CHECK(env, profile, 0);
	more = guard_more(env, profile);
	if (accept)
		guard_tile_drain(&profile->tile[GUARD_RECENT], &profile->tile[GUARD_ACCEPTED]);
	else
		guard_tile_drain(&profile->tile[GUARD_RECENT], (struct guard_tile *)0);
	guard_start_drain(&profile->start[GUARD_RECENT],
			  accept ? &profile->start[GUARD_ACCEPTED] : (struct guard_start *)0);
	if (more)
		guard_more_drain(env, more, accept);
	return more ? 2 : 1;
}

GUARD_INLINE void guard_block_forget(struct guard_env *env, __u32 number)
{
	union guard_block *block = number ? guard_env_block(env, number) : (union guard_block *)0;

	if (block)
		guard_tile_drain(&block->tile, (struct guard_tile *)0);
}

/* Forget everything, accepted or not; blocks stay. */
GUARD_INLINE void guard_forget(struct guard_env *env, struct guard_profile *profile)
{
	struct guard_more *more = guard_more(env, profile);
	__u32 copy, i;

	for (copy = 0; copy < GUARD_COPIES; copy++) {
		guard_tile_drain(&profile->tile[copy], (struct guard_tile *)0);
		guard_start_drain(&profile->start[copy], (struct guard_start *)0);
		for (i = 1; more && i < GUARD_TILES * GUARD_TILES; i++)
			guard_block_forget(env, more->tiles[copy][i / GUARD_TILES][i % GUARD_TILES]);
		for (i = 1; more && i < GUARD_TILES; i++)
			guard_start_drain(&more->start[copy][i], (struct guard_start *)0);
	}
}

#endif /* GUARD_PAIRS_H */

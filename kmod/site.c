// SPDX-License-Identifier: GPL-2.0-only
#include "site.h"

#include <linux/slab.h>

#include "emit.h"
#include "link.h"
#include "retire.h"
#include "stub.h"
#include "textpage.h"

struct kview_site *kview_site_new(const struct kview_place *place)
{
	struct kview_site *site = kzalloc(sizeof(*site), GFP_KERNEL);

	if (site)
		site->place = *place;
	return site;
}

void kview_site_free(struct kview_site *site)
{
	if (!site)
		return;
	kview_site_discard(site);
	kview_retire(site->stub);
	kfree(site->uses);
	kfree(site);
}

bool kview_site_has(const struct kview_site *site, const struct kview_view *view)
{
	u32 i;

	for (i = 0; i < site->count; i++) {
		if (site->uses[i].hook->link->view == view)
			return true;
	}
	return false;
}

static int grow(struct kview_site *site)
{
	u32 room = site->room ? site->room * 2 : 2;
	struct kview_use *uses = krealloc(site->uses, room * sizeof(*uses), GFP_KERNEL);

	if (!uses)
		return -ENOMEM;
	site->uses = uses;
	site->room = room;
	return 0;
}

int kview_site_add(struct kview_site *site, struct kview_hook *hook, struct kview_threads *threads)
{
	u32 i;
	int err;

	if (site->count == site->room) {
		err = grow(site);
		if (err)
			return err;
	}
	for (i = site->count; i && site->uses[i - 1].hook->link->id > hook->link->id; i--)
		site->uses[i] = site->uses[i - 1];
	site->uses[i] = (struct kview_use){ .hook = hook, .threads = threads };
	site->count++;
	return 0;
}

void kview_site_remove(struct kview_site *site, const struct kview_link *link)
{
	u32 i, left = 0;

	for (i = 0; i < site->count; i++) {
		if (site->uses[i].hook->link != link)
			site->uses[left++] = site->uses[i];
	}
	site->count = left;
}

int kview_site_prepare(struct kview_site *site)
{
	kview_site_discard(site);
	if (!kview_site_live(site) || site->place.kind == KVIEW_PLACE_BRANCH)
		return 0;
	return kview_stub_new(&site->place, site->uses, site->count, &site->next);
}

int kview_site_emit(struct kview_site *site, void *buffer)
{
	u8 code[KVIEW_SITE_SIZE];
	unsigned long chain = 0;

	if (site->place.kind != KVIEW_PLACE_ENTRY)
		goto emit;
	kview_textpage_read(site->place.addr, code, sizeof(code));
	if (!kview_site_decode(site->place.addr, code, &chain))
		return -EBUSY;
emit:
	kview_stub_emit(site->next, chain, buffer);
	return 0;
}

/* The jump the kernel itself writes where somebody listens. */
static void patch_branch(const struct kview_place *place, u8 *bytes)
{
	s32 distance = place->target - (place->addr + place->size);

	bytes[0] = place->size == 2 ? JMP8_OPCODE : JMP_OPCODE;
	memcpy(bytes + 1, &distance, place->size - 1);
}

void kview_site_patch(const struct kview_site *site, u8 *bytes)
{
	if (site->place.kind == KVIEW_PLACE_BRANCH)
		patch_branch(&site->place, bytes);
	else
		kview_stub_patch(site->next ?: site->stub, bytes);
}

void kview_site_publish(struct kview_site *site)
{
	kview_retire(site->stub);
	site->stub = site->next;
	site->next = NULL;
}

void kview_site_discard(struct kview_site *site)
{
	/* It was never reachable, but freeing takes text_mutex, which the caller may hold. */
	kview_retire(site->next);
	site->next = NULL;
}

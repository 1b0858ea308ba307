// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/symbols.h"
#include "pin.h"
#include "selftest/selftest.h"
#include "stub.h"

static int check_decode(void)
{
	static const u8 nop[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 }, int3[] = { 0xcc, 0x1f, 0x44, 0x00, 0x00 };
	static const u8 call[] = { 0xe8, 0xfb, 0xff, 0xff, 0xff }; /* to itself */
	unsigned long site = kview_symbols._stext, chain = 1;

	if (!kview_site_decode(site, nop, &chain) || chain)
		return -EIO;
	if (!kview_site_decode(site, call, &chain) || chain != site)
		return -EIO;
	return kview_site_decode(site, int3, &chain) ? -EIO : 0;
}

/* The patch leads to the stub, and the stub ends in the chain: every byte of both is where its size says. */
static int check_stub(struct kview_stub *stub)
{
	unsigned long target, chain = kview_symbols._stext;
	u8 patch[KVIEW_SITE_SIZE];
	void *buffer = kmalloc(stub->size, GFP_KERNEL);

	if (!buffer)
		return -ENOMEM;
	scoped_guard(mutex, kview_symbols.text_mutex)
		kview_stub_emit(stub, chain, buffer);
	kfree(buffer);
	kview_stub_patch(stub, patch);
	if (!kview_site_decode(stub->site, patch, &target) || target != (unsigned long)stub->code)
		return -EIO;
	return memchr_inv(stub->code, 0xcc, stub->size) ? 0 : -EIO;
}

int kview_selftest_stub(void)
{
	struct kview_place place = {
		.addr = kview_pin(KVIEW_PIN_EXEC)->site,
		.kind = KVIEW_PLACE_ENTRY,
		.size = KVIEW_SITE_SIZE,
	};
	struct kview_stub *stub;
	int err = check_decode();

	if (err)
		return err;
	err = kview_stub_new(&place, NULL, 0, &stub);
	if (err)
		return err;
	err = stub->pin && stub->role == KVIEW_ROLE_ENTRY ? check_stub(stub) : -EINVAL;
	kview_stub_free(stub);
	return err;
}

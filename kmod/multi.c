// SPDX-License-Identifier: GPL-2.0-only
#include "multi.h"

#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "compat/multi.h"
#include "link.h"

static int compare(const void *a, const void *b)
{
	const struct kview_hook *x = *(const struct kview_hook *const *)a, *y = *(const struct kview_hook *const *)b;

	return x->addr == y->addr ? 0 : x->addr < y->addr ? -1 : 1;
}

/* Helpers find a cookie by bisecting addresses. */
static int fill_arrays(struct kview_multi *multi, const struct kview_link *link)
{
	const struct kview_hook **sorted = kvmalloc_array(link->count, sizeof(*sorted), GFP_KERNEL);
	u32 i;

	if (!sorted)
		return -ENOMEM;
	for (i = 0; i < link->count; i++)
		sorted[i] = &link->hooks[i];
	sort(sorted, link->count, sizeof(*sorted), compare, NULL);
	for (i = 0; i < link->count; i++) {
		multi->addrs[i] = sorted[i]->addr;
		multi->cookies[i] = sorted[i]->cookie;
	}
	kvfree(sorted);
	return 0;
}

static int fill(struct kview_multi *multi, const struct kview_link *link)
{
	int err = kview_multi_layout(&multi->layout);

	if (err)
		return err;
	multi->link = kzalloc(multi->layout->link_size, GFP_KERNEL);
	multi->addrs = kvmalloc_array(link->count, sizeof(*multi->addrs), GFP_KERNEL);
	multi->cookies = kvmalloc_array(link->count, sizeof(*multi->cookies), GFP_KERNEL);
	if (!multi->link || !multi->addrs || !multi->cookies)
		return -ENOMEM;
	*(unsigned long **)(multi->link + multi->layout->addrs) = multi->addrs;
	*(u64 **)(multi->link + multi->layout->cookies) = multi->cookies;
	*(u32 *)(multi->link + multi->layout->cnt) = link->count;
	return fill_arrays(multi, link);
}

int kview_multi_new(const struct kview_link *link, struct kview_multi **ret_multi)
{
	struct kview_multi *multi = kzalloc(sizeof(*multi), GFP_KERNEL);
	int err = multi ? fill(multi, link) : -ENOMEM;

	if (err) {
		kview_multi_free(multi);
		return err;
	}
	*ret_multi = multi;
	return 0;
}

void kview_multi_free(struct kview_multi *multi)
{
	if (!multi)
		return;
	kfree(multi->link);
	kvfree(multi->addrs);
	kvfree(multi->cookies);
	kfree(multi);
}

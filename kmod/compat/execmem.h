/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory within +-2 GiB of the kernel's text that may become executable.
 *
 * Since Linux kernel commit 12af2b83d0b1 ("mm: introduce execmem_alloc() and execmem_free()") (in v6.10) execmem;
 * before that module_alloc() and module_memfree(). None of them is exported.
 */
#ifndef KVIEW_COMPAT_EXECMEM_H
#define KVIEW_COMPAT_EXECMEM_H

#include <linux/moduleloader.h>
#include <linux/static_call.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#include <linux/execmem.h>

typedef void *kview_execmem_alloc_fn(enum execmem_type type, size_t size);
typedef void kview_execmem_free_fn(void *ptr);
#define KVIEW_EXECMEM_ALLOC "execmem_alloc"
#define KVIEW_EXECMEM_FREE "execmem_free"
#else
typedef void *kview_execmem_alloc_fn(unsigned long size);
typedef void kview_execmem_free_fn(void *ptr);
#define KVIEW_EXECMEM_ALLOC "module_alloc"
#define KVIEW_EXECMEM_FREE "module_memfree"
#endif

DECLARE_STATIC_CALL(kview_execmem_alloc, kview_execmem_alloc_fn);
DECLARE_STATIC_CALL(kview_execmem_free, kview_execmem_free_fn);

/* Writable, not executable; NULL when out of memory. */
static inline void *kview_execmem_alloc(size_t size)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	return static_call(kview_execmem_alloc)(EXECMEM_MODULE_TEXT, size);
#else
	return static_call(kview_execmem_alloc)(size);
#endif
}

/* Resets the permissions of the memory and of its direct-map alias too. */
static inline void kview_execmem_free(void *ptr)
{
	static_call(kview_execmem_free)(ptr);
}

int kview_execmem_init(unsigned long (*lookup)(const char *name));

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_MODULE_H
#define BENCH_MODULE_H

#include <stdbool.h>

bool module_loaded(void);

/* @file NULL: the one built for the running kernel. */
int module_load(const char *file);
int module_unload(void);

#endif

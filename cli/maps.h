/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The maps of a loaded BPF object: read into JSON, printed from there. */
#ifndef KVIEW_CLI_MAPS_H
#define KVIEW_CLI_MAPS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include <bpf/libbpf.h>

/*
 * A list with one object per map:
 *   name, type, max_entries, and one of
 *   entries     list of {key, value}, sorted by key; cpus: the value on each CPU, where the map has one per CPU
 *   variables   {name: value}: global variables of the program
 *   note        why the contents are not shown
 * @all: also maps without results of their own: constants, configuration, channels. NULL: out of memory.
 */
json_t *maps_read(const struct bpf_object *obj, bool all);

/* Print what maps_read() returned, as tables, histograms and assignments. */
int maps_print(const json_t *maps, FILE *out);

#endif /* KVIEW_CLI_MAPS_H */

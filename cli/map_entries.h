/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entries of one map, as JSON. */
#ifndef KVIEW_CLI_MAP_ENTRIES_H
#define KVIEW_CLI_MAP_ENTRIES_H

#include <jansson.h>

#include <bpf/libbpf.h>

/*
 * Read all entries of @map, a map of @obj that user space can walk by key. *@ret_entries is a list of {key, value, cpus}
 * sorted by key; cpus only where the map has a value per CPU, and then value is their sum. Slots of arrays that hold
 * only zeros are left out.
 */
int map_entries_read(const struct bpf_object *obj, const struct bpf_map *map, json_t **ret_entries);

#endif /* KVIEW_CLI_MAP_ENTRIES_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of BPF maps as JSON, by their BTF. */
#ifndef KVIEW_CLI_VALUE_H
#define KVIEW_CLI_VALUE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include <bpf/btf.h>

/*
 * The value of type @type at @data, of which @size bytes are there: structures become objects, arrays lists, char
 * arrays strings, enumerators their names. Pointers and integers JSON libraries cannot hold (2^63 and more) become
 * strings of hexadecimal digits. Without BTF (@type 0): an unsigned integer if it has the size of one, else a string of
 * hexadecimal bytes. NULL: out of memory.
 */
json_t *value_decode(const struct btf *btf, uint32_t type, const void *data, size_t size);

/* Add @part to @sum, number by number; what is no number is taken over where @sum has only zeros. */
void value_add(const struct btf *btf, uint32_t type, void *sum, const void *part, size_t size);

/* Called for each number, text or list inside a value, with its name: the members that lead there joined by dots. */
typedef void (*value_leaf_fn)(const char *path, const json_t *leaf, void *data);

#define VALUE_PATH_LEN 128 /* of such a name; longer ones are cut */

/* Walk the leaves of @json. @path: name of @json itself, "" where its members' names suffice. */
void value_each_leaf(const char *path, const json_t *json, value_leaf_fn fn, void *data);

/* @type without typedefs and qualifiers. NULL: none. */
const struct btf_type *value_type(const struct btf *btf, uint32_t type);

#endif /* KVIEW_CLI_VALUE_H */

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A frame is a location and a function with the same number, one for each name. The messages are built field by field
 * and packed by protobuf-c; each sample is written as soon as it is packed, so nothing but the tree is held in
 * memory.
 */
#include "pprof.h"

#include <errno.h>
#include <string.h>

#include "profile.pb-c.h"

/* Fixed places in the string table; names of functions come after them. */
enum string {
	STRING_EMPTY,
	STRING_SAMPLES,
	STRING_COUNT,
	STRING_CPU,
	STRING_OFF_CPU,
	STRING_NANOSECONDS,
	STRING_FIRST_NAME,
};

static char *const fixed_strings[] = { "", "samples", "count", "cpu", "off_cpu", "nanoseconds" };

struct writer {
	const struct flame_tree *tree;
	const struct pprof_times *times;
	FILE *out;
	struct flame_function *functions; /* their place here, plus one, is their number; sorted by name */
	size_t function_count;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct flame_function *)a)->name, ((const struct flame_function *)b)->name);
}

static uint64_t number_of(const struct writer *w, const char *name)
{
	const struct flame_function key = { .name = name };
	const struct flame_function *found = bsearch(&key, w->functions, w->function_count, sizeof(key), compare_names);

	return found - w->functions + 1;
}

/* Parts of a message that are packed one after the other make up the message. */
static int write_part(const struct writer *w, const Kview__Pprof__Profile *part)
{
	size_t size = kview__pprof__profile__get_packed_size(part);
	_cleanup_(freep) uint8_t *packed = malloc(size ?: 1);

	if (!packed)
		return -ENOMEM;
	kview__pprof__profile__pack(part, packed);
	return fwrite(packed, 1, size, w->out) == size ? 0 : -EIO;
}

static int write_head(const struct writer *w)
{
	Kview__Pprof__Profile part = KVIEW__PPROF__PROFILE__INIT;
	Kview__Pprof__ValueType count = KVIEW__PPROF__VALUE_TYPE__INIT, time = count, *types[] = { &count, &time };
	bool samples = flame_tree_unit(w->tree) == FLAME_SAMPLES;

	count.type = STRING_SAMPLES;
	count.unit = STRING_COUNT;
	time.type = samples ? STRING_CPU : STRING_OFF_CPU;
	time.unit = STRING_NANOSECONDS;
	part.sample_type = samples ? types : types + 1;
	part.n_sample_type = samples ? 2 : 1;
	part.time_nanos = w->times->start_ns;
	part.duration_nanos = w->times->duration_ns;
	part.period_type = &time;
	part.period = w->times->period_ns;
	part.string_table = (char **)fixed_strings;
	part.n_string_table = sizeof(fixed_strings) / sizeof(fixed_strings[0]);
	return write_part(w, &part);
}

static int write_function(const struct writer *w, size_t i)
{
	Kview__Pprof__Profile part = KVIEW__PPROF__PROFILE__INIT;
	Kview__Pprof__Location location = KVIEW__PPROF__LOCATION__INIT, *locations = &location;
	Kview__Pprof__Function function = KVIEW__PPROF__FUNCTION__INIT, *functions = &function;
	Kview__Pprof__Line line = KVIEW__PPROF__LINE__INIT, *lines = &line;
	char *name = (char *)w->functions[i].name;

	location.id = function.id = line.function_id = i + 1;
	location.line = &lines;
	location.n_line = 1;
	function.name = STRING_FIRST_NAME + i;
	part.location = &locations;
	part.function = &functions;
	part.string_table = &name;
	part.n_location = part.n_function = part.n_string_table = 1;
	return write_part(w, &part);
}

static int write_sample(const struct writer *w, const struct flame_node *node)
{
	Kview__Pprof__Profile part = KVIEW__PPROF__PROFILE__INIT;
	Kview__Pprof__Sample sample = KVIEW__PPROF__SAMPLE__INIT, *samples = &sample;
	uint64_t locations[FLAME_TREE_DEPTH];
	int64_t values[2] = { node->self[FLAME_NOW], node->self[FLAME_NOW] };

	values[1] *= w->times->period_ns;
	for (; node->parent; node = node->parent)
		locations[sample.n_location_id++] = number_of(w, node->name);
	sample.location_id = locations;
	sample.value = values;
	sample.n_value = flame_tree_unit(w->tree) == FLAME_SAMPLES ? 2 : 1;
	part.sample = &samples;
	part.n_sample = 1;
	return write_part(w, &part);
}

static int write_samples(const struct writer *w, const struct flame_node *node)
{
	int err = node->parent && node->self[FLAME_NOW] ? write_sample(w, node) : 0;

	for (node = node->child; node && !err; node = node->next)
		err = write_samples(w, node);
	return err;
}

static int write_all(struct writer *w)
{
	int err = write_head(w);

	for (size_t i = 0; i < w->function_count && !err; i++)
		err = write_function(w, i);
	return err ?: write_samples(w, flame_tree_root(w->tree));
}

int pprof_write(const struct flame_tree *tree, const struct pprof_times *times, FILE *out)
{
	struct writer w = { .tree = tree, .times = times, .out = out };
	int err;

	err = flame_tree_functions(tree, &w.functions, &w.function_count);
	if (err)
		return err;
	qsort(w.functions, w.function_count, sizeof(*w.functions), compare_names);
	err = write_all(&w);
	free(w.functions);
	return err;
}

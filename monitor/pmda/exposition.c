// SPDX-License-Identifier: GPL-2.0-or-later
#include "exposition.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct exposition *exposition;
	char *help, *help_of; /* the last HELP, and whose it is */
	uint64_t below;	      /* what the bucket before holds, and all below it */
	size_t families_room, samples_room;
};

static const char *const types[EXPOSITION_TYPES] = { "counter", "gauge", "histogram" };

const char *exposition_type_name(enum exposition_type type)
{
	return types[type];
}

enum exposition_type exposition_type_find(const char *name)
{
	enum exposition_type type = 0;

	while (type < EXPOSITION_TYPES && strcmp(types[type], name))
		type++;
	return type;
}

/* Room for one more in an array of @count elements. */
static int grow(void *array, size_t size, size_t count, size_t *room)
{
	size_t more = *room ? *room * 2 : 64;
	void *grown;

	if (count < *room)
		return 0;
	grown = reallocarray(*(void **)array, more, size);
	if (!grown)
		return -ENOMEM;
	*(void **)array = grown;
	*room = more;
	return 0;
}

/* The end of the word that @text begins with. */
static char *skip_name(char *text)
{
	if (!isalpha((unsigned char)*text) && *text != '_')
		return text;
	while (isalnum((unsigned char)*text) || *text == '_')
		text++;
	return text;
}

/* Cut the next word off @rest; NULL: there is none. */
static char *take_name(char **rest)
{
	char *name = *rest, *end = skip_name(name);

	if (end == name || (*end && *end != ' '))
		return NULL;
	*rest = *end ? end + 1 : end;
	*end = '\0';
	return name;
}

/* --- HELP and TYPE ------------------------------------------------------------------------------------------------ */

static void unescape_help(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text == '\\' && text[1]) {
			text++;
			*to++ = *text == 'n' ? '\n' : *text;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

static int read_help(struct reader *reader, char *rest)
{
	reader->help_of = take_name(&rest);
	if (!reader->help_of)
		return -EBADMSG;
	unescape_help(rest);
	reader->help = rest;
	return 0;
}

static bool has_family(const struct exposition *exposition, const char *name)
{
	for (size_t i = 0; i < exposition->family_count; i++)
		if (!strcmp(exposition->families[i].name, name))
			return true;
	return false;
}

static int read_type(struct reader *reader, char *rest)
{
	struct exposition *exposition = reader->exposition;
	struct exposition_family family = { .name = take_name(&rest), .help = "" };

	family.type = exposition_type_find(rest);
	if (!family.name || family.type == EXPOSITION_TYPES || has_family(exposition, family.name))
		return -EBADMSG;
	if (grow(&exposition->families, sizeof(family), exposition->family_count, &reader->families_room))
		return -ENOMEM;
	if (reader->help_of && !strcmp(reader->help_of, family.name))
		family.help = reader->help;
	exposition->families[exposition->family_count++] = family;
	reader->below = 0;
	return 0;
}

static int read_comment(struct reader *reader, char *line)
{
	if (!strncmp(line, "# HELP ", 7))
		return read_help(reader, line + 7);
	if (!strncmp(line, "# TYPE ", 7))
		return read_type(reader, line + 7);
	return 0;
}

/* --- samples ------------------------------------------------------------------------------------------------------ */

static int find_part(const struct exposition_family *family, const char *name, enum exposition_part *ret_part)
{
	static const char *const parts[] = {
		[EXPOSITION_COUNT] = "_count", [EXPOSITION_SUM] = "_sum", [EXPOSITION_BUCKET] = "_bucket"
	};
	size_t len = strlen(family->name);

	if (strncmp(name, family->name, len))
		return -EBADMSG;
	if (family->type != EXPOSITION_HISTOGRAM) {
		*ret_part = EXPOSITION_VALUE;
		return name[len] ? -EBADMSG : 0;
	}
	for (enum exposition_part part = EXPOSITION_COUNT; part <= EXPOSITION_BUCKET; part++)
		if (!strcmp(name + len, parts[part])) {
			*ret_part = part;
			return 0;
		}
	return -EBADMSG;
}

/* Behind the opening quote: the value, unescaped and ended; *rest is behind the closing quote. */
static int read_label_value(char **rest, const char **ret_value)
{
	char *from = *rest, *to = *rest;

	*ret_value = to;
	while (*from != '"') {
		if (*from == '\\') {
			from++;
			if (*from != '\\' && *from != '"' && *from != 'n')
				return -EBADMSG;
			*to++ = *from == 'n' ? '\n' : *from;
			from++;
		} else if (*from) {
			*to++ = *from++;
		} else {
			return -EBADMSG;
		}
	}
	*rest = from + 1;
	*to = '\0';
	return 0;
}

/* "name="value"". A bucket's "le" becomes *ret_bound. */
static int read_label(char **rest, struct exposition_sample *sample, const char **ret_bound)
{
	char *name = *rest, *end = skip_name(name);
	const char *value;
	int err;

	if (end == name || end[0] != '=' || end[1] != '"')
		return -EBADMSG;
	*end = '\0';
	*rest = end + 2;
	err = read_label_value(rest, &value);
	if (err)
		return err;
	if (sample->part == EXPOSITION_BUCKET && !strcmp(name, "le")) {
		*ret_bound = value;
		return 0;
	}
	/* The last one is kept for the bound. */
	if (sample->label_count == EXPOSITION_LABELS - 1)
		return -EBADMSG;
	sample->labels[sample->label_count++] = (struct exposition_label){ name, value };
	return 0;
}

/* Behind the opening brace; *rest is behind the closing one. */
static int read_labels(char **rest, struct exposition_sample *sample, const char **ret_bound)
{
	int err;

	while (**rest != '}') {
		err = read_label(rest, sample, ret_bound);
		if (err)
			return err;
		if (**rest == ',')
			++*rest;
		else if (**rest != '}')
			return -EBADMSG;
	}
	++*rest;
	return 0;
}

static int read_number(const char *text, struct exposition_number *ret_number)
{
	struct exposition_number number = {};
	char *end;

	if (!isdigit((unsigned char)*text) && *text != '-')
		return -EBADMSG;
	errno = 0;
	number.real = strtod(text, &end);
	if (*end || errno == ERANGE || !isfinite(number.real))
		return -EBADMSG;
	if (!text[strspn(text, "0123456789")]) {
		/* What a double cannot hold stays whole. */
		number.whole = strtoull(text, NULL, 10);
		number.is_whole = errno != ERANGE;
	} else if (number.real >= 0 && number.real < 0x1p64 && trunc(number.real) == number.real) {
		number.whole = number.real;
		number.is_whole = true;
	}
	*ret_number = number;
	return 0;
}

/* What lies in this bucket and in no other. */
static int take_apart(struct reader *reader, struct exposition_sample *sample, const char *bound)
{
	uint64_t all = sample->number.whole;

	if (!bound || !sample->number.is_whole || all < reader->below)
		return -EBADMSG;
	sample->labels[sample->label_count++] = (struct exposition_label){ EXPOSITION_BOUND, bound };
	sample->number.whole = all - reader->below;
	sample->number.real = sample->number.whole;
	reader->below = strcmp(bound, "+Inf") ? all : 0;
	return 0;
}

static size_t count_labels(const struct exposition_sample *sample)
{
	return sample->label_count - (sample->part == EXPOSITION_BUCKET);
}

static bool has_labels_of(const struct exposition_sample *sample, const struct exposition_sample *other)
{
	if (count_labels(sample) != count_labels(other))
		return false;
	for (size_t i = 0; i < count_labels(sample); i++)
		if (strcmp(sample->labels[i].name, other->labels[i].name))
			return false;
	return true;
}

/* All samples of a family have the same labels. */
static int add_sample(struct reader *reader, const struct exposition_sample *sample)
{
	struct exposition *exposition = reader->exposition;
	const struct exposition_sample *last =
		exposition->sample_count ? &exposition->samples[exposition->sample_count - 1] : NULL;

	if (last && last->family == sample->family && !has_labels_of(sample, last))
		return -EBADMSG;
	if (grow(&exposition->samples, sizeof(*sample), exposition->sample_count, &reader->samples_room))
		return -ENOMEM;
	exposition->samples[exposition->sample_count++] = *sample;
	return 0;
}

static int read_sample(struct reader *reader, char *line)
{
	struct exposition *exposition = reader->exposition;
	struct exposition_sample sample = {};
	char *end = skip_name(line), *rest = end + 1, after = *end;
	const char *bound = NULL;
	int err;

	if (!exposition->family_count || (after != ' ' && after != '{'))
		return -EBADMSG;
	*end = '\0';
	sample.family = exposition->family_count - 1;
	err = find_part(&exposition->families[sample.family], line, &sample.part);
	if (!err && after == '{')
		err = read_labels(&rest, &sample, &bound) ?: *rest++ == ' ' ? 0 : -EBADMSG;
	err = err ?: read_number(rest, &sample.number);
	if (!err && sample.part == EXPOSITION_BUCKET)
		err = take_apart(reader, &sample, bound);
	if (err || (sample.part == EXPOSITION_BUCKET && !sample.number.whole))
		return err;
	return add_sample(reader, &sample);
}

/* When samples no longer move. */
static void find_labels(struct exposition *exposition)
{
	for (size_t i = exposition->sample_count; i--;) {
		struct exposition_family *family = &exposition->families[exposition->samples[i].family];

		family->labels = exposition->samples[i].labels;
		family->label_count = count_labels(&exposition->samples[i]);
	}
}

/* ------------------------------------------------------------------------------------------------------------------ */

int exposition_read(char *text, struct exposition **ret_exposition, size_t *ret_line)
{
	_cleanup_(exposition_freep) struct exposition *exposition = calloc(1, sizeof(*exposition));
	struct reader reader = { .exposition = exposition };
	char *line, *rest = text;
	int err;

	if (!exposition) {
		free(text);
		return -ENOMEM;
	}
	exposition->text = text;
	for (size_t number = 1; (line = strsep(&rest, "\n")); number++) {
		err = !*line ? 0 : *line == '#' ? read_comment(&reader, line) : read_sample(&reader, line);
		if (err) {
			*ret_line = number;
			return err;
		}
	}
	find_labels(exposition);
	*ret_exposition = TAKE_PTR(exposition);
	return 0;
}

void exposition_free(struct exposition *exposition)
{
	if (!exposition)
		return;
	free(exposition->text);
	free(exposition->families);
	free(exposition->samples);
	free(exposition);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "naming.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "kview_"
#define TOTAL "_total"

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && !strcmp(text + len - end_len, end);
}

/* Whether PCP takes it as a part of a name. */
static bool is_component(const char *text)
{
	if (!isalpha((unsigned char)*text))
		return false;
	while (isalnum((unsigned char)*text) || *text == '_')
		text++;
	return !*text;
}

int naming_metric(const char *family, enum exposition_part part, char name[NAMING_MAX])
{
	static const char *const parts[] = { [EXPOSITION_VALUE] = "",
					     [EXPOSITION_COUNT] = ".count",
					     [EXPOSITION_SUM] = ".sum",
					     [EXPOSITION_BUCKET] = ".bucket" };
	char group[NAMING_MAX], *rest;
	size_t len = strlen(family);

	if (strncmp(family, PREFIX, strlen(PREFIX)) || len >= sizeof(group))
		return -EINVAL;
	strcpy(group, family + strlen(PREFIX));
	if (ends_with(group, TOTAL))
		group[strlen(group) - strlen(TOTAL)] = '\0';
	rest = strchr(group, '_');
	if (rest)
		*rest++ = '\0';
	if (!is_component(group) || (rest && !is_component(rest)))
		return -EINVAL;
	len = snprintf(name, NAMING_MAX, "kview.%s%s%s%s", group, rest ? "." : "", rest ?: "", parts[part]);
	return len < NAMING_MAX ? 0 : -EINVAL;
}

/* The unit is part of the name, as Prometheus wants it. */
static bool is_in(const char *family, const char *unit)
{
	char total[32];

	snprintf(total, sizeof(total), "%s" TOTAL, unit);
	return ends_with(family, unit) || ends_with(family, total);
}

pmDesc naming_desc(const char *family, enum exposition_type type, enum exposition_part part)
{
	bool counted = part == EXPOSITION_COUNT || part == EXPOSITION_BUCKET;
	pmDesc desc = {
		.type = PM_TYPE_U64,
		.indom = PM_INDOM_NULL,
		.sem = type == EXPOSITION_GAUGE ? PM_SEM_INSTANT : PM_SEM_COUNTER,
	};

	if (!counted && is_in(family, "_seconds")) {
		desc.type = PM_TYPE_DOUBLE;
		desc.units = (pmUnits){ .dimTime = 1, .scaleTime = PM_TIME_SEC };
	} else if (!counted && is_in(family, "_bytes")) {
		desc.units = (pmUnits){ .dimSpace = 1, .scaleSpace = PM_SPACE_BYTE };
	} else if (type != EXPOSITION_GAUGE) {
		desc.units = (pmUnits){ .dimCount = 1, .scaleCount = PM_COUNT_ONE };
	}
	return desc;
}

static void write_escaped(const char *text, FILE *out)
{
	for (; *text; text++)
		if (isgraph((unsigned char)*text) && *text != ':' && *text != '%')
			fputc(*text, out);
		else
			fprintf(out, "%%%02X", (unsigned char)*text);
}

void naming_instance(const struct exposition_sample *sample, FILE *out)
{
	for (size_t i = 0; i < sample->label_count; i++) {
		if (i)
			fputs("::", out);
		write_escaped(sample->labels[i].value, out);
	}
}

/* Bytes of others' requests may be no UTF-8; they are written as in names, then. */
static json_t *describe_value(const char *value)
{
	json_t *json = json_string(value);
	_cleanup_(freep) char *text = NULL;
	size_t len;
	FILE *out;

	if (json)
		return json;
	out = open_memstream(&text, &len);
	if (!out)
		return NULL;
	write_escaped(value, out);
	return fclose(out) ? NULL : json_string(text);
}

int naming_json(const struct exposition_label *labels, size_t count, char **ret_json)
{
	json_t *json = json_object();
	int err = json ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < count; i++)
		err = json_object_set_new(json, labels[i].name, describe_value(labels[i].value)) ? -ENOMEM : 0;
	if (!err) {
		*ret_json = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
		err = *ret_json ? 0 : -ENOMEM;
	}
	json_decref(json);
	return err;
}

static int unescape(char *text)
{
	char *to = text, code[3] = "";

	for (; *text; text++) {
		if (*text == '%') {
			if (!isxdigit((unsigned char)text[1]) || !isxdigit((unsigned char)text[2]))
				return -EINVAL;
			memcpy(code, text + 1, 2);
			*to++ = strtoul(code, NULL, 16);
			text += 2;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
	return 0;
}

int naming_read_instance(char *name, char *names, struct exposition_label labels[EXPOSITION_LABELS], size_t *ret_count)
{
	size_t count = 0;

	while (name && names && count < EXPOSITION_LABELS) {
		char *end = strstr(name, "::"), *value = name;

		name = end ? end + 2 : NULL;
		if (end)
			*end = '\0';
		if (unescape(value))
			return -EINVAL;
		labels[count++] = (struct exposition_label){ strsep(&names, ","), value };
	}
	*ret_count = count;
	return name || names ? -EINVAL : 0;
}

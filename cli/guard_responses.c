// SPDX-License-Identifier: GPL-2.0-or-later
/* Words for responses. */
#include <string.h>

#include "guard.h"

/* As enum guard_response counts them. */
static const char *const responses[] = { "slow", "refuse-exec", "stop", "kill", "spare" };

#define RESPONSES (sizeof(responses) / sizeof(responses[0]))

bool guard_responses_of(const char *words, uint32_t *ret_responses)
{
	uint32_t found = 0;
	size_t i, len;

	if (!strcmp(words, "log"))
		words = "";
	for (; *words; words += len + (words[len] == ',')) {
		len = strcspn(words, ",");
		for (i = 0; i < RESPONSES && (strlen(responses[i]) != len || strncmp(responses[i], words, len)); i++)
			;
		if (i == RESPONSES)
			return false;
		found |= 1U << i;
	}
	*ret_responses = found;
	return true;
}

const char *guard_responses_name(uint32_t set, char name[GUARD_RESPONSES_NAME])
{
	size_t i;

	strcpy(name, set ? "" : "log");
	for (i = 0; i < RESPONSES; i++) {
		if (!(set >> i & 1))
			continue;
		if (*name)
			strcat(name, ",");
		strcat(name, responses[i]);
	}
	return name;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <net/if.h>
#include <stdio.h>

#include "shield.h"
#include "util/cleanup.h"

#define WAIT_MS 10000 /* nobody but root can keep us waiting */

struct only {
	char interface[IF_NAMESIZE];
	unsigned int count;
};

static int count_if_it_answers(const char *interface, void *data)
{
	_cleanup_(json_decrefp) json_t *answer = NULL;
	struct only *only = data;

	if (shield_socket_ask(interface, "status", WAIT_MS, &answer))
		return 0;
	snprintf(only->interface, sizeof(only->interface), "%s", interface);
	only->count++;
	return 0;
}

int shield_ask(const char *interface, const char *question, json_t **ret_answer)
{
	_cleanup_(json_decrefp) json_t *answer = NULL;
	struct only only = {};
	int err;

	if (!interface) {
		shield_socket_each(count_if_it_answers, &only);
		if (only.count != 1)
			return cli_fail(-ENOENT,
					only.count ? "several interfaces have one; name the interface"
						   : "no interface has one that answers; kview shield run starts one",
					"shield");
		interface = only.interface;
	}
	err = shield_socket_ask(interface, question, WAIT_MS, &answer);
	if (err == -EIO)
		return cli_fail(err, NULL, "%s: no answer from the shield's owner", interface);
	if (err)
		return cli_fail(err, err == -ENOENT || err == -ECONNREFUSED ? "it has no shield that answers" : NULL,
				"%s", interface);
	if (json_object_get(answer, "error"))
		return cli_fail(-EINVAL, json_string_value(json_object_get(answer, "error")), "%s", interface);
	*ret_answer = TAKE_PTR(answer);
	return CLI_OK;
}

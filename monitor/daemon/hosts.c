// SPDX-License-Identifier: GPL-2.0-or-later
#include "hosts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define NAME_MAX_LEN 254 /* of a domain, with the end */

/* Without its port and the brackets around an address of version 6. */
static bool take_name(const char *host, char name[NAME_MAX_LEN])
{
	const char *end = *host == '[' ? strchr(host, ']') : strchr(host, ':');
	const char *begin = host + (*host == '[');
	size_t len = end ? (size_t)(end - begin) : strlen(begin);

	if ((*host == '[' && !end) || len >= NAME_MAX_LEN)
		return false;
	memcpy(name, begin, len);
	name[len] = '\0';
	return len;
}

static bool is_address(const char *name)
{
	struct in6_addr address;

	return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

static bool is_own_name(const char *name)
{
	char own[NAME_MAX_LEN] = "";

	return !gethostname(own, sizeof(own) - 1) && *own && !strcasecmp(name, own);
}

bool hosts_has(const struct hosts *hosts, const char *host)
{
	char name[NAME_MAX_LEN];

	if (!take_name(host, name))
		return false;
	if (is_address(name) || !strcasecmp(name, "localhost") || is_own_name(name))
		return true;
	for (size_t i = 0; i < hosts->count; i++)
		if (!strcasecmp(name, hosts->names[i]))
			return true;
	return false;
}

void hosts_deinit(struct hosts *hosts)
{
	while (hosts->count)
		free(hosts->names[--hosts->count]);
}

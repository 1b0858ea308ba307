// SPDX-License-Identifier: LGPL-2.1-or-later
/* What container runtimes name cgroups. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

#define ID_LEN_MIN 12 /* what container tools print of an id */

/* docker-ID.scope, libpod-ID.scope, cri-containerd-ID.scope, a bare ID; what nspawn, machined and LXC name after NAME. */
bool kview_container_is(const char *name, const char *wanted)
{
	static const struct {
		const char *before, *after;
	} forms[] = { { "lxc.payload.", "" }, { "machine-", ".scope" }, { "systemd-nspawn@", ".service" } };
	size_t len = strlen(wanted), before;
	const char *id;

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		before = strlen(forms[i].before);
		if (!strncmp(name, forms[i].before, before) && !strncmp(name + before, wanted, len) &&
		    !strcmp(name + before + len, forms[i].after))
			return true;
	}
	if (len < ID_LEN_MIN || strspn(wanted, "0123456789abcdef") != len || strstr(name, "conmon"))
		return false;
	id = strrchr(name, '-');
	return !strncmp(id ? id + 1 : name, wanted, len);
}

int kview_container_path(const char *text, const char *id, char *ret_path, size_t size)
{
	const char *path = strstr(text, "0::/"), *part, *end;
	size_t len;

	if (!path)
		return -ENOENT;
	path += 3;
	len = strcspn(path, "\n");
	part = *id ? memmem(path, len, id, strlen(id)) : NULL;
	if (part)
		part += strlen(id);
	end = part ? memchr(part, '/', path + len - part) : NULL;
	len = end ? (size_t)(end - path) : len;
	if (len >= size)
		return -ENAMETOOLONG;
	memcpy(ret_path, path, len);
	ret_path[len] = '\0';
	return 0;
}

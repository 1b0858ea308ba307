// SPDX-License-Identifier: GPL-2.0-or-later
#include "supervise/perf_request.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "util/cleanup.h"

static uint32_t read_type(const char *source)
{
	_cleanup_(fclosep) FILE *file = NULL;
	char path[64];
	uint32_t type;

	snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type", source);
	file = fopen(path, "re");
	return file && fscanf(file, "%" SCNu32, &type) == 1 ? type : UINT32_MAX;
}

void perf_types_read(struct perf_types *ret_types)
{
	ret_types->kprobe = read_type("kprobe");
	ret_types->uprobe = read_type("uprobe");
}

int perf_request_read(const struct call *call, struct perf_request *ret_request)
{
	struct perf_request request = {
		.pid = (int)call->notif.data.args[1],
		.cpu = (int)call->notif.data.args[2],
		.group_fd = (int)call->notif.data.args[3],
		.flags = call->notif.data.args[4],
	};
	const uint64_t address = call->notif.data.args[0];
	uint32_t size;
	int err;

	err = call_read(call, address + offsetof(struct perf_event_attr, size), &size, sizeof(size));
	if (err)
		return err;
	if (!size)
		size = PERF_ATTR_SIZE_VER0;
	if (size < PERF_ATTR_SIZE_VER0 || size > sizeof(request.bytes))
		return -E2BIG;
	err = call_read(call, address, request.bytes, size);
	request.attr.size = size; /* it may have changed since */
	if (!err)
		*ret_request = request;
	return err;
}

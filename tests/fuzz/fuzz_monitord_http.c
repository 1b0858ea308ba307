// SPDX-License-Identifier: GPL-2.0-or-later
/* Data of anybody's connections, through the parser that runs in the kernel. */
#include <linux/types.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/probes/http_parse.h"
#include "monitor/probes/tcp_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(struct http_head *head, __u32 at)
{
	int end = 0;

	head->at = at;
	for (int i = 0; i < HTTP_STEPS && !http_path_step(head); i++)
		;
	http_path_end(head);
	if (head->out > HTTP_PATH)
		abort();
	for (int i = 0; i < HTTP_PATH; i++) {
		__u8 c = head->path[i];

		if (c && (end || c <= ' ' || c >= 127))
			abort();
		end |= !c;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_head head = { .len = size < HTTP_HEAD_BYTES ? size : HTTP_HEAD_BYTES };
	struct tcp_head tcp;
	__u16 status;
	__u32 at;

	memcpy(head.bytes, data, head.len);
	status = http_status(head.bytes, head.len);
	if (status && (status < 100 || status > 599))
		abort();
	if (http_method(head.bytes, head.len, &at))
		check_path(&head, at);
	if (size >= 40 && ip_payload(data, IP_TCP) > 60)
		abort();
	if (size >= 20 && tcp_head(data, 60, &tcp) && (tcp.data < 80 || tcp.data > 120))
		abort();
	return 0;
}

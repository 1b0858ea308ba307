// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets of anybody, through the parser that runs in the kernel. */
#include <linux/types.h>
#include <stdint.h>
#include <stdlib.h>

#include "monitor/probes/dns_parse.h"
#include "monitor/probes/ip_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const uint8_t *message, size_t len)
{
	struct dns_name name;
	__u32 at;
	int i = 0;

	dns_name_begin(&name);
	while (i < DNS_LABELS && name.at < len && !dns_name_step(&name, message[name.at]))
		i++;
	/* As many steps as the program makes are enough for every name that has an end. */
	if (i == DNS_LABELS && name.at < DNS_HEADER_BYTES + DNS_NAME_BYTES)
		abort();
	at = dns_type_at(&name);
	if (at && (at <= DNS_HEADER_BYTES || at > DNS_HEADER_BYTES + DNS_NAME_BYTES || message[at - 1]))
		abort();
	if (at && at + DNS_QUESTION_BYTES <= len)
		dns_known_type((__u16)(message[at] << 8 | message[at + 1]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_header header;
	__u32 offset;

	if (size >= IP_LEAST_BYTES) {
		offset = ip_payload(data, IP_UDP);
		if (offset && (offset < 20 || offset > 60))
			abort();
	}
	if (size < DNS_HEADER_BYTES)
		return 0;
	dns_header(data, &header);
	if (header.kind > DNS_ANSWER || header.code > 15)
		abort();
	check_name(data, size);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames of anybody. */
#include <linux/types.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#include "shield/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shield_packet packet = {};
	enum shield_reason reason = shield_parse(data, data + size, &packet);

	if (reason == SHIELD_NONE && packet.family != 4 && packet.family != 6)
		abort();
	if (reason != SHIELD_NONE && reason != SHIELD_ARP && reason != SHIELD_NOT_IP && reason != SHIELD_TRUNCATED &&
	    reason != SHIELD_MALFORMED)
		abort();
	if (packet.fragment && (packet.sport || packet.dport))
		abort();
	shield_builtin(&packet);
	return 0;
}

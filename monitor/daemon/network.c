// SPDX-License-Identifier: GPL-2.0-or-later
#include "network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int parse_address(const char *text, struct monitor_network *network)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	network->bits = 128;
	if (inet_pton(AF_INET6, text, network->address) == 1)
		return 0;
	network->bits = 32;
	memcpy(network->address, mapped, sizeof(mapped));
	return inet_pton(AF_INET, text, network->address + 12) == 1 ? 0 : -EINVAL;
}

static int parse_bits(const char *text, uint32_t most, uint32_t *ret_bits)
{
	unsigned long bits;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	bits = strtoul(text, &end, 10);
	if (*end || bits > most)
		return -EINVAL;
	*ret_bits = bits;
	return 0;
}

static bool is_clear_behind(const struct monitor_network *network)
{
	for (uint32_t i = network->bits; i < 128; i++)
		if (network->address[i / 8] & 0x80 >> i % 8)
			return false;
	return true;
}

int monitor_network_parse(const char *text, struct monitor_network *ret_network)
{
	struct monitor_network network = {};
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	char address[INET6_ADDRSTRLEN];
	uint32_t width;
	int err;

	if (len >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, len);
	address[len] = '\0';
	err = parse_address(address, &network);
	width = network.bits;
	if (!err && slash)
		err = parse_bits(slash + 1, width, &network.bits);
	if (err)
		return err;
	network.bits += 128 - width;
	if (!is_clear_behind(&network))
		return -EINVAL;
	*ret_network = network;
	return 0;
}

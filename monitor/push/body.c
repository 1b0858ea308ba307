// SPDX-License-Identifier: GPL-2.0-or-later
#include "body.h"

#include <errno.h>
#include <snappy-c.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "util/cleanup.h"

#define GZIP_BITS (15 + 16)

static int read_all(int fd, uint8_t **ret_bytes, size_t *ret_len)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct stat stat;
	size_t len = 0;
	ssize_t got;

	if (fstat(fd, &stat))
		return -errno;
	bytes = malloc(stat.st_size + 1);
	if (!bytes)
		return -ENOMEM;
	while (len < (size_t)stat.st_size) {
		got = pread(fd, bytes + len, stat.st_size - len, len);
		if (got <= 0)
			return -EIO;
		len += got;
	}
	*ret_bytes = TAKE_PTR(bytes);
	*ret_len = len;
	return 0;
}

static int gzip(const uint8_t *bytes, size_t len, uint8_t **ret_bytes, size_t *ret_len)
{
	z_stream stream = { .next_in = (uint8_t *)bytes, .avail_in = len };
	uint8_t *packed;
	size_t bound;
	int err;

	if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_BITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	bound = deflateBound(&stream, len);
	packed = malloc(bound);
	stream.next_out = packed;
	stream.avail_out = bound;
	err = !packed ? -ENOMEM : deflate(&stream, Z_FINISH) != Z_STREAM_END ? -EIO : 0;
	deflateEnd(&stream);
	if (err) {
		free(packed);
		return err;
	}
	*ret_bytes = packed;
	*ret_len = stream.total_out;
	return 0;
}

static int snap(const uint8_t *bytes, size_t len, uint8_t **ret_bytes, size_t *ret_len)
{
	size_t packed_len = snappy_max_compressed_length(len);
	uint8_t *packed = malloc(packed_len);

	if (!packed)
		return -ENOMEM;
	if (snappy_compress((const char *)bytes, len, (char *)packed, &packed_len) != SNAPPY_OK) {
		free(packed);
		return -EIO;
	}
	*ret_bytes = packed;
	*ret_len = packed_len;
	return 0;
}

/* What is packed may wait long: give back what is too much. */
static void trim(uint8_t **bytes, size_t len)
{
	uint8_t *trimmed = realloc(*bytes, len ?: 1);

	if (trimmed)
		*bytes = trimmed;
}

int body_read(int fd, enum body_encoding encoding, uint8_t **ret_bytes, size_t *ret_len)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t len = 0;
	int err;

	err = read_all(fd, &bytes, &len);
	if (err)
		return err;
	switch (encoding) {
	case BODY_PLAIN:
		*ret_bytes = TAKE_PTR(bytes);
		*ret_len = len;
		return 0;
	case BODY_GZIP:
		err = gzip(bytes, len, ret_bytes, ret_len);
		break;
	case BODY_SNAPPY:
		err = snap(bytes, len, ret_bytes, ret_len);
		break;
	}
	if (!err)
		trim(ret_bytes, *ret_len);
	return err;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* protobuf-c's messages go to a file piece by piece; whether all could be written, ferror() tells. */
#ifndef KVIEW_MONITOR_PACKED_H
#define KVIEW_MONITOR_PACKED_H

#include <protobuf-c/protobuf-c.h>
#include <stdio.h>

struct file_buffer {
	ProtobufCBuffer base;
	FILE *out;
};

static inline void file_buffer_append(ProtobufCBuffer *buffer, size_t len, const uint8_t *data)
{
	fwrite(data, 1, len, ((struct file_buffer *)buffer)->out);
}

#define FILE_BUFFER(file) { .base.append = file_buffer_append, .out = (file) }

#endif /* KVIEW_MONITOR_PACKED_H */

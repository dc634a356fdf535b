/* protobuf: fields of a message in the wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding), without its
 * description. Pure, and takes no memory. */
#ifndef POSTERN_PARSE_PROTOBUF_H
#define POSTERN_PARSE_PROTOBUF_H

#include "base/slice.h"

enum { PROTOBUF_VARINT = 0, PROTOBUF_64 = 1, PROTOBUF_BYTES = 2, PROTOBUF_32 = 5 };
struct protobuf {
	uint32_t number;
	unsigned wire;      /* one of the above */
	uint64_t value;     /* of all but BYTES */
	struct slice bytes; /* borrowed: a text, or a message */
};

/* Takes a field off the front: 1; 0 at the end; -EBADMSG if it is none (groups, which nobody writes any more, are none). */
[[nodiscard]] int protobuf_next(struct slice *rest, struct protobuf *out);

#endif

#include "parse/protobuf.h"

#include <errno.h>

static bool varint(struct slice *s, uint64_t *out)
{
	uint64_t v = 0;
	for (size_t i = 0; i < s->n && i < 10; i++) {
		uint8_t c = s->p[i];
		v |= (uint64_t)(c & 0x7f) << (7 * i);
		if (!(c & 0x80)) {
			*s = slice_from(*s, i + 1);
			*out = v;
			return true;
		}
	}
	return false;
}

static bool fixed(struct slice *s, size_t n, uint64_t *out)
{
	if (s->n < n)
		return false;
	*out = slice_le(slice_sub(*s, 0, n));
	*s = slice_from(*s, n);
	return true;
}

int protobuf_next(struct slice *rest, struct protobuf *out)
{
	struct protobuf f = {0};
	struct slice s = *rest;
	uint64_t tag, n;
	if (s.n == 0)
		return 0;
	if (!varint(&s, &tag) || tag >> 3 == 0 || tag >> 3 > 536870911)
		return -EBADMSG;
	f.number = (uint32_t)(tag >> 3);
	f.wire = tag & 7;
	switch (f.wire) {
	case PROTOBUF_VARINT:
		if (!varint(&s, &f.value))
			return -EBADMSG;
		break;
	case PROTOBUF_64:
	case PROTOBUF_32:
		if (!fixed(&s, f.wire == PROTOBUF_64 ? 8 : 4, &f.value))
			return -EBADMSG;
		break;
	case PROTOBUF_BYTES:
		if (!varint(&s, &n) || n > s.n)
			return -EBADMSG;
		f.bytes = slice_sub(s, 0, (size_t)n);
		s = slice_from(s, (size_t)n);
		break;
	default:
		return -EBADMSG;
	}
	*rest = s;
	*out = f;
	return 1;
}

#include "ledger/frame.h"

#include <errno.h>

#include "base/cursor.h"

static const char types[] = {
        FRAME_HELLO, FRAME_APPEND, FRAME_FLUSH, FRAME_CHECKPOINT, FRAME_WELCOME, FRAME_DONE, FRAME_SIGNED, FRAME_ERROR};

int frame_next(struct slice *rest, struct frame *out)
{
	struct cursor c = cursor_of(*rest);
	struct frame f = {0};
	if (rest->n < FRAME_HEAD)
		return 0;
	uint32_t n = cursor_be32(&c);
	f.type = cursor_u8(&c);
	f.flags = cursor_u8(&c);
	uint16_t zero = cursor_be16(&c);
	f.id = cursor_be32(&c);
	f.number = cursor_be32(&c);
	if (n > FRAME_BODY || zero || f.flags & ~FRAME_DURABLE || !memchr(types, f.type, sizeof(types)))
		return -EBADMSG;
	if (n > rest->n - FRAME_HEAD)
		return 0;
	f.body = slice_sub(*rest, FRAME_HEAD, n);
	*rest = slice_from(*rest, FRAME_HEAD + (size_t)n);
	*out = f;
	return 1;
}

void frame_put(struct buf *out, const struct frame *f)
{
	buf_be(out, f->body.n, 4);
	buf_u8(out, f->type);
	buf_u8(out, f->flags);
	buf_be(out, 0, 2);
	buf_be(out, f->id, 4);
	buf_be(out, f->number, 4);
	buf_add(out, f->body);
}

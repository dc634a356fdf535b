#include "parse/ws.h"

#include "base/cursor.h"

enum ws_status ws_parse(struct slice in, bool from_client, size_t max, struct ws_frame *out, const char **reason)
{
	struct cursor c = cursor_of(in);
	uint8_t a = cursor_u8(&c), b = cursor_u8(&c);
	if (!cursor_ok(&c))
		return WS_MORE;
	struct ws_frame f = {.fin = a & 0x80, .opcode = a & 15, .masked = b & 0x80};
	uint64_t n = b & 0x7f;
	*reason = "reserved bits or opcode";
	if ((a & 0x70) || (f.opcode > 2 && f.opcode < 8) || f.opcode > 10)
		return WS_BAD;
	*reason = "control frame is fragmented or too long";
	if (f.opcode >= 8 && (!f.fin || n > 125))
		return WS_BAD;
	*reason = from_client ? "frame of a client is not masked" : "frame of a server is masked";
	if (f.masked != from_client)
		return WS_BAD;
	if (n >= 126) {
		bool wide = n == 127;
		n = cursor_be(&c, wide ? 8 : 2);
		*reason = "length is not in its shortest form, or too long";
		if (cursor_ok(&c) && (n < (wide ? 65536u : 126u)))
			return WS_BAD;
	}
	struct slice mask = f.masked ? cursor_take(&c, 4) : SLICE_NONE;
	if (!cursor_ok(&c))
		return WS_MORE;
	*reason = "frame is too long";
	if (n > max)
		return WS_BAD;
	f.payload = cursor_take(&c, (size_t)n);
	if (!cursor_ok(&c))
		return WS_MORE;
	if (mask.n)
		memcpy(f.mask, mask.p, 4);
	f.size = c.at;
	*out = f;
	return WS_OK;
}

void ws_payload(struct buf *out, const struct ws_frame *f)
{
	uint8_t *to = buf_room(out, f->payload.n);
	if (!to)
		return;
	for (size_t i = 0; i < f->payload.n; i++)
		to[i] = f->payload.p[i] ^ f->mask[i & 3];
	out->n += f->payload.n;
	out->p[out->n] = 0;
}

void ws_write(struct buf *out, unsigned opcode, struct slice payload)
{
	buf_u8(out, (uint8_t)(0x80 | opcode));
	if (payload.n < 126) {
		buf_u8(out, (uint8_t)payload.n);
	} else if (payload.n < 65536) {
		buf_u8(out, 126);
		buf_be(out, payload.n, 2);
	} else {
		buf_u8(out, 127);
		buf_be(out, payload.n, 8);
	}
	buf_add(out, payload);
}

#include "wire/trace.h"

#include <stdio.h>

void trace_begin(struct buf *b, enum trace_kind kind, size_t *mark)
{
	*mark = b->n;
	buf_be(b, 0, 4);
	buf_u8(b, (uint8_t)kind);
}

void trace_put(struct buf *b, enum trace_tag tag, struct slice value)
{
	buf_u8(b, (uint8_t)tag);
	buf_be(b, value.n, 4);
	buf_add(b, value);
}

void trace_put_u64(struct buf *b, enum trace_tag tag, uint64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	trace_put(b, tag, slice_of(text, (size_t)n));
}

void trace_end(struct buf *b, size_t mark)
{
	if (b->error)
		return;
	size_t n = b->n - mark - 4;
	for (int i = 0; i < 4; i++)
		b->p[mark + (size_t)i] = (uint8_t)(n >> (24 - 8 * i));
}

enum trace_status trace_next(struct slice *rest, struct trace_record *out)
{
	struct cursor c = cursor_of(*rest);
	size_t n = cursor_be32(&c);
	struct cursor body = cursor_of(cursor_take(&c, n));
	if (!cursor_ok(&c))
		return TRACE_MORE;
	struct trace_record r = {.kind = cursor_u8(&body)};
	if (!cursor_ok(&body) || r.kind == 0 || r.kind >= TRACE_KIND_END)
		return TRACE_BAD;
	while (cursor_left(&body)) {
		uint8_t tag = cursor_u8(&body);
		size_t len = cursor_be32(&body);
		struct slice value = cursor_take(&body, len);
		if (!cursor_ok(&body) || tag == 0 || tag >= TRACE_TAG_END || r.field[tag].p)
			return TRACE_BAD;
		r.field[tag] = value;
	}
	*out = r;
	*rest = slice_from(*rest, c.at);
	return TRACE_OK;
}

uint64_t trace_u64(const struct trace_record *r, enum trace_tag tag, uint64_t otherwise)
{
	uint64_t v;
	return slice_u64(r->field[tag], UINT64_MAX, &v) ? v : otherwise;
}

const char *trace_kind_name(enum trace_kind kind)
{
	static const char *const names[TRACE_KIND_END] = {
	        [TRACE_READY] = "ready",
	        [TRACE_DNS] = "dns",
	        [TRACE_CONN] = "conn",
	        [TRACE_TLS] = "tls",
	        [TRACE_HTTP] = "http",
	        [TRACE_WS] = "ws",
	        [TRACE_RAW] = "raw",
	        [TRACE_UDP] = "udp",
	        [TRACE_PACKET] = "packet",
	        [TRACE_CLOSE] = "close",
	        [TRACE_NOTE] = "note",
	        [TRACE_FILE] = "file",
	        [TRACE_END] = "end",
	};
	return kind < TRACE_KIND_END && names[kind] ? names[kind] : "unknown";
}

bool trace_tls_refused(const struct trace_record *r)
{
	struct slice why = r->field[TAG_REASON];
	return slice_find(why, SLICE("alert"), 0) != SLICE_NPOS || slice_is(why, "closed in the handshake");
}

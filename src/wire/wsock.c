/* WebSocket on an HTTP/1.1 connection, RFC 6455. No extension is agreed, so that every message is plain in the trace. */
#include "base/cursor.h"
#include "base/encode.h"
#include "crypto/digest.h"
#include "wire/conn.h"

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

static void accept_key(struct buf *out, struct slice key)
{
	_cleanup_buf_ struct buf b = BUF(256);
	uint8_t sum[DIGEST_MAX];
	buf_add(&b, key);
	buf_str_add(&b, GUID);
	if (digest_of(DIGEST_SHA1, buf_slice(&b), sum) == 0)
		encode_base64(out, slice_of(sum, digest_size(DIGEST_SHA1)), false, true);
}

/* Takes over the request if it is upgraded. */
bool wsock_open(struct conn *c, struct request *r)
{
	const struct far_side *far = engine_far(c->engine);
	struct slice key = http1_field(&c->head, "sec-websocket-key"), offered = http1_field(&c->head, "sec-websocket-protocol"), protocol;
	struct exchange_request view;
	request_view(c, r, SLICE_NONE, &view);
	if (key.n == 0 || key.n > 64 || !slice_is(http1_field(&c->head, "sec-websocket-version"), "13") || !far->ws_accept ||
	        !far->ws_accept(far->arg, &view) || !engine_hold(c->engine, 2 * WS_MAX))
		return false;
	struct ws_link *w = calloc(1, sizeof(*w));
	if (!w) {
		engine_release(c->engine, 2 * WS_MAX);
		return false;
	}
	*w = (struct ws_link){.opened = r, .asked = view, .message = BUF(WS_MAX)};
	c->ws = w;
	c->in.max = WS_MAX + IN_MAX;
	c->state = CONN_WS;
	c->requests++;
	request_trace(c, r, SLICE_NONE, NULL, "websocket", 101, NULL);
	_cleanup_buf_ struct buf b = BUF(4096);
	buf_str_add(&b, "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ");
	accept_key(&b, key);
	if (offered.n && slice_split(&offered, ',', &protocol) && slice_trim(protocol).n < 256) {
		buf_str_add(&b, "\r\nsec-websocket-protocol: ");
		buf_add(&b, slice_trim(protocol));
	}
	buf_str_add(&b, "\r\n\r\n");
	conn_send(c, buf_slice(&b));
	return true;
}

static void trace(struct conn *c, struct slice body, const char *what)
{
	_cleanup_buf_ struct buf form = BUF(1024);
	const uint8_t *m = c->ws->mask;
	buf_fmt(&form, "mask=%02x%02x%02x%02x\n", m[0], m[1], m[2], m[3]);
	if (c->ws->frames > 1)
		buf_fmt(&form, "fragments=%u\n", c->ws->frames);
	pieces_form(&c->pieces, &form);

	struct buf *t = engine_trace(c->engine, c, TRACE_WS);
	trace_put(t, TAG_HOST, slice_str(c->ws->opened->host));
	trace_put(t, TAG_TARGET, c->ws->opened->target);
	trace_put(t, TAG_BODY, body);
	trace_put(t, TAG_REASON, slice_str(what));
	trace_put(t, TAG_FORM, buf_slice(&form));
	engine_trace_end(c->engine);
}

static void send_frame(struct conn *c, unsigned opcode, struct slice payload)
{
	_cleanup_buf_ struct buf b = BUF(payload.n + 16);
	ws_write(&b, opcode, payload);
	conn_send(c, buf_slice(&b));
}

static void message(struct conn *c)
{
	struct ws_link *w = c->ws;
	const struct far_side *far = engine_far(c->engine);
	_cleanup_buf_ struct buf out = BUF(OUT_MAX / 4);
	struct exchange_ws_message m = {.text = w->opcode == WS_TEXT, .data = buf_slice(&w->message)};
	trace(c, m.data, m.text ? "text" : "binary");
	w->opcode = 0;
	if (far->ws_message)
		far->ws_message(far->arg, &w->asked, &m, &out);
	struct cursor k = cursor_of(buf_slice(&out));
	while (cursor_left(&k)) {
		size_t n = cursor_be32(&k);
		struct slice one = cursor_take(&k, n);
		if (cursor_ok(&k))
			send_frame(c, WS_TEXT, one);
	}
	buf_reset(&w->message);
}

static void fail(struct conn *c, const char *why)
{
	c->raw_why = why;
	send_frame(c, WS_CLOSE, SLICE("\x03\xea")); /* 1002: protocol error */
	conn_finish(c, "malformed WebSocket");
}

static void data_frame(struct conn *c, const struct ws_frame *f)
{
	struct ws_link *w = c->ws;
	if ((f->opcode == WS_CONTINUE) != (w->opcode != 0)) {
		fail(c, "fragment out of order");
		return;
	}
	if (f->opcode != WS_CONTINUE) {
		w->opcode = f->opcode;
		w->frames = 0;
		memcpy(w->mask, f->mask, sizeof(w->mask));
	}
	w->frames++;
	ws_payload(&w->message, f);
	if (buf_error(&w->message))
		fail(c, "message is too long");
	else if (f->fin)
		message(c);
}

static void control_frame(struct conn *c, const struct ws_frame *f)
{
	_cleanup_buf_ struct buf b = BUF(128);
	ws_payload(&b, f);
	c->ws->frames = 1;
	memcpy(c->ws->mask, f->mask, sizeof(f->mask));
	/* They may hold anything; those that hold nothing come with the time. */
	if (f->opcode != WS_CLOSE && b.n)
		trace(c, buf_slice(&b), f->opcode == WS_PING ? "ping" : "pong");
	if (f->opcode == WS_PING) {
		send_frame(c, WS_PONG, buf_slice(&b));
	} else if (f->opcode == WS_CLOSE) {
		trace(c, buf_slice(&b), "close");
		send_frame(c, WS_CLOSE, slice_sub(buf_slice(&b), 0, 2));
		conn_finish(c, "WebSocket closed");
	}
}

bool wsock_step(struct conn *c)
{
	struct ws_frame f;
	const char *why = NULL;
	enum ws_status s = ws_parse(buf_slice(&c->in), true, WS_MAX, &f, &why);
	if (s == WS_MORE)
		return false;
	if (s == WS_BAD) {
		fail(c, why);
		return true;
	}
	if (f.opcode >= WS_CLOSE)
		control_frame(c, &f);
	else
		data_frame(c, &f);
	buf_drop(&c->in, f.size);
	return true;
}

void wsock_free(struct conn *c)
{
	if (!c->ws)
		return;
	engine_release(c->engine, 2 * WS_MAX);
	request_free(c->engine, c->ws->opened);
	buf_free(&c->ws->message);
	free(c->ws);
	c->ws = NULL;
}

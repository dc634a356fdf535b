/* What a tool says over a WebSocket (RFC 6455), message by message: each is looked through, asked about and on record before it leaves.
 * Extensions are not let through in the handshake, so nothing is compressed. */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "gate/gate_part.h"
#include "inspect/dlp.h"
#include "parse/ws.h"

struct flow_ws {
	struct buf raw;     /* frames that have not left, as they came */
	size_t parsed;      /* bytes of them that were looked at */
	struct buf message; /* of the frames so far */
	struct buf aside;   /* what control frames say, up to the end of the message */
	unsigned opcode;    /* of the message under way; 0: none */
	struct flow *asked; /* the message that the supervisor is asked about */
	struct buf reply;   /* frames of the server that are not whole; what they say goes into f->dialogue */
	struct buf said;
	size_t booked; /* bytes of all of these, as gate_hold() knows it */
};

/* False: too much is held. What was long and is empty now gives its memory back. */
static bool book(struct flow *f)
{
	struct flow_ws *w = f->ws;
	struct buf *const all[] = {&w->raw, &w->message, &w->reply, &w->said};
	size_t now = 0;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (!all[i]->n && all[i]->cap > 65536)
			buf_free(all[i]);
		now += all[i]->cap;
	}
	return gate_hold(f->g, &w->booked, now);
}

bool flow_ws_asks(const struct flow *f)
{
	return f->ws && f->ws->asked;
}

void flow_ws_free(struct flow *f)
{
	if (!f->ws)
		return;
	if (f->ws->asked) {
		/* Its verdict finds nobody. */
		f->ws->asked->parent = NULL;
		flow_event(f->ws->asked, "the connection went away");
		flow_free(f->ws->asked);
	}
	(void)gate_hold(f->g, &f->ws->booked, 0);
	buf_free(&f->ws->raw);
	buf_free(&f->ws->reply);
	buf_free(&f->ws->said);
	buf_free(&f->ws->message);
	buf_free(&f->ws->aside);
	free(f->ws);
	f->ws = NULL;
}

/* 1008: policy violation. Clients show the reason. */
static void close_connection(struct flow *f, struct slice reason)
{
	_cleanup_buf_ struct buf payload = BUF(125), b = BUF(256);
	buf_be(&payload, 1008, 2);
	buf_str_add(&payload, "Postern: ");
	buf_add(&payload, slice_sub(reason, 0, 100));
	ws_write(&b, WS_CLOSE, buf_slice(&payload));
	exchange_piece(f->x, buf_slice(&b));
	exchange_end(f->x);
	f->state = FLOW_OVER;
	if (f->u)
		upstream_leave(f->u);
}

static bool broken(struct flow *f, const char *why)
{
	close_connection(f, slice_str(why));
	return false;
}

/* A masked frame, as a client's must be. */
static void put_frame(struct buf *out, unsigned opcode, struct slice payload)
{
	uint8_t mask[4];
	if (getrandom(mask, sizeof(mask), 0) != (ssize_t)sizeof(mask))
		memset(mask, 0x5a, sizeof(mask));
	buf_u8(out, (uint8_t)(0x80 | opcode));
	if (payload.n < 126) {
		buf_u8(out, (uint8_t)(0x80 | payload.n));
	} else if (payload.n <= 0xffff) {
		buf_u8(out, 0x80 | 126);
		buf_be(out, payload.n, 2);
	} else {
		buf_u8(out, 0x80 | 127);
		buf_be(out, payload.n, 8);
	}
	buf_add(out, slice_of(mask, sizeof(mask)));
	uint8_t *to = payload.n ? buf_room(out, payload.n) : NULL;
	for (size_t i = 0; to && i < payload.n; i++)
		to[i] = payload.p[i] ^ mask[i % 4];
	out->n += to ? payload.n : 0;
}

/* Whole control frames, as they came; where requests have one form with a mask of ours. */
static void send_controls(struct flow *f, struct slice raw)
{
	_cleanup_buf_ struct buf out = BUF(2 * MESSAGE_MAX + 16);
	struct ws_frame frame;
	const char *why = NULL;
	while (f->g->config.canon.n && raw.n && ws_parse(raw, true, MESSAGE_MAX, &frame, &why) == WS_OK) {
		_cleanup_buf_ struct buf payload = BUF(125);
		ws_payload(&payload, &frame);
		put_frame(&out, frame.opcode, buf_slice(&payload));
		raw = slice_from(raw, frame.size);
	}
	buf_add(&out, raw);
	upstream_send(f->u, buf_slice(&out));
}

static bool ask(struct flow *f)
{
	struct flow_ws *w = f->ws;
	struct flow *m = flow_message(f, "message");
	if (!m)
		return broken(f, "out of memory");
	m->body = w->message;
	m->sent = w->message.n + w->aside.n;
	flow_book(m, 0);
	buf_add(&m->trailers, buf_slice(&w->aside));
	m->g->held += m->trailers.n;
	buf_reset(&w->aside);
	w->message = BUF(MESSAGE_MAX);
	w->asked = m;
	exchange_hold(f->x, true);
	flow_ask(m);
	return f->state != FLOW_OVER;
}

/* A ping, a pong and a close have room for 125 bytes. What is shorter than a piece that can be found says nothing. */
static bool put_aside(struct flow_ws *w, const struct ws_frame *frame)
{
	if (frame->payload.n < DLP_PIECE)
		return true;
	buf_u8(&w->aside, '\n');
	ws_payload(&w->aside, frame);
	return !buf_error(&w->aside);
}

/* Goes through the frames that have come, up to the end of a message, or to a control frame between two that says something. */
static bool step(struct flow *f)
{
	struct flow_ws *w = f->ws;
	while (!w->asked && w->parsed < w->raw.n) {
		struct ws_frame frame;
		const char *why = NULL;
		enum ws_status s = ws_parse(slice_from(buf_slice(&w->raw), w->parsed), true, MESSAGE_MAX, &frame, &why);
		/* What is whole before it is not kept until the rest has come. */
		if (s == WS_MORE)
			break;
		if (s == WS_BAD)
			return broken(f, why);
		w->parsed += frame.size;
		if (frame.opcode >= WS_CLOSE) {
			if (!put_aside(w, &frame))
				return broken(f, "control frames say more than can be looked through");
			if (w->opcode == 0 && w->aside.n)
				return ask(f);
			continue;
		}
		if ((frame.opcode == WS_CONTINUE) != (w->opcode != 0))
			return broken(f, "fragment out of order");
		if (frame.opcode != WS_CONTINUE)
			w->opcode = frame.opcode;
		ws_payload(&w->message, &frame);
		if (buf_error(&w->message))
			return broken(f, "a message is too long to be looked through");
		if (frame.fin)
			return ask(f);
	}
	/* Control frames between messages that say nothing. */
	if (!w->asked && w->opcode == 0 && w->parsed) {
		send_controls(f, slice_sub(buf_slice(&w->raw), 0, w->parsed));
		buf_drop(&w->raw, w->parsed);
		w->parsed = 0;
	}
	return true;
}

static bool begin(struct flow *f)
{
	if (f->ws)
		return true;
	f->ws = calloc(1, sizeof(*f->ws));
	if (!f->ws)
		return false;
	f->ws->raw = BUF(2 * MESSAGE_MAX);
	f->ws->message = BUF(MESSAGE_MAX);
	f->ws->aside = BUF(EXCHANGE_TRAILERS_MAX);
	f->ws->reply = BUF(MESSAGE_MAX + 65536);
	f->ws->said = BUF(MESSAGE_MAX);
	return true;
}

/* Only looks; a server that does not keep to the protocol is not looked at any longer. */
void flow_ws_reply(struct flow *f, struct slice piece)
{
	if (!f->dialogue || !begin(f))
		return;
	struct flow_ws *w = f->ws;
	size_t used = 0;
	buf_add(&w->reply, piece);
	for (bool more = true; more;) {
		struct ws_frame frame;
		const char *why = NULL;
		enum ws_status s = ws_parse(slice_from(buf_slice(&w->reply), used), false, MESSAGE_MAX, &frame, &why);
		more = s == WS_OK;
		if (s == WS_BAD || buf_error(&w->reply) || buf_error(&w->said) || !book(f)) {
			dialogue_free(f->dialogue);
			f->dialogue = NULL;
			buf_free(&w->reply);
			buf_free(&w->said);
			(void)book(f);
			return;
		}
		if (!more)
			break;
		used += frame.size;
		if (frame.opcode >= WS_CLOSE)
			continue;
		ws_payload(&w->said, &frame);
		if (!frame.fin)
			continue;
		dialogue_message(f->dialogue, buf_slice(&w->said));
		buf_reset(&w->said);
	}
	buf_drop(&w->reply, used);
	(void)book(f);
}

bool flow_ws_feed(struct flow *f, struct slice piece)
{
	if (!begin(f))
		return broken(f, "out of memory");
	buf_add(&f->ws->raw, piece);
	if (buf_error(&f->ws->raw))
		return broken(f, "a message is too long to be looked through");
	if (!step(f))
		return false;
	return book(f) || broken(f, "too much is under way at once (256 MiB)");
}

void flow_ws_verdict(struct flow *m, bool allow, struct slice redact, struct slice reason)
{
	struct flow *f = m->parent;
	struct flow_ws *w = f ? f->ws : NULL;
	if (w && f->u && f->state == FLOW_OPEN) {
		_cleanup_buf_ struct buf clean = BUF(2 * MESSAGE_MAX), frame = BUF(2 * MESSAGE_MAX + 16);
		unsigned opcode = w->opcode;
		w->asked = NULL;
		w->opcode = 0;
		if (allow && redact.n && (!m->scan || search_replace(f->g->search, m->scan, redact, buf_slice(&m->body), &clean) < 0)) {
			allow = false;
			reason = SLICE("what must not leave cannot be replaced");
		}
		/* Where requests have one form, how a message is cut and masked is not the tool's to choose. */
		if (allow && opcode && (redact.n || m->formed || f->g->config.canon.n)) {
			put_frame(&frame, opcode, redact.n ? buf_slice(&clean) : buf_slice(&m->body));
			upstream_send(f->u, buf_slice(&frame));
		} else if (allow && !opcode) {
			send_controls(f, slice_sub(buf_slice(&w->raw), 0, w->parsed));
		} else if (allow) {
			upstream_send(f->u, slice_sub(buf_slice(&w->raw), 0, w->parsed));
		}
		buf_drop(&w->raw, w->parsed);
		w->parsed = 0;
		m->status = allow ? 200 : 403;
		if (!allow)
			close_connection(f, reason);
	} else if (w) {
		w->asked = NULL;
	}
	flow_event(m, NULL);
	flow_free(m);
	if (!w || f->state != FLOW_OPEN || !step(f))
		return;
	if (!w->asked && upstream_waiting(f->u) <= UP_PAUSE)
		exchange_hold(f->x, false);
}

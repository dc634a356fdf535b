/* HTTP/2 (RFC 9113) through nghttp2. Each stream gathers a struct request; the answer is the same as for HTTP/1. */
#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>

#include "wire/conn.h"
#include "wire/h2_fields.h"

#define REPLY_FIELDS_MAX 64u

struct field {
	size_t name, name_n, value, value_n; /* offsets into request.head, which may still move */
};

struct stream {
	struct stream *next, *prev;
	struct request *request;
	struct field field[EXCHANGE_HEADERS_MAX];
	size_t n_fields;
	struct exchange_reply reply;
	size_t sent;
	unsigned pieces, padding; /* DATA frames; bytes of padding in all frames */
	struct buf kept;          /* names of fields that must not be put into a table */
	bool answered;
	struct exchange *exchange; /* of a far side that streams; the request is its */
};

struct h2 {
	nghttp2_session *session;
	struct stream *streams;
	char settings[256]; /* as sent until the first request: "3:100 4:65535 " */
	uint32_t window;    /* by how much the connection's was widened until then */
	char frames[256];   /* that came before the first request, in their order: "SETTINGS WINDOW_UPDATE" */
	bool asked;
};

static void h2_stream_free(struct conn *c, struct stream *s)
{
	if (s->prev)
		s->prev->next = s->next;
	else
		c->h2->streams = s->next;
	if (s->next)
		s->next->prev = s->prev;
	if (s->exchange)
		stream_free(s->exchange);
	else
		request_free(c->engine, s->request);
	engine_release(c->engine, STREAM_COST);
	buf_free(&s->reply.headers);
	buf_free(&s->reply.body);
	buf_free(&s->kept);
	free(s);
}

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct conn *c = arg;
	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	struct stream *s = calloc(1, sizeof(*s));
	struct request *r = request_new();
	if (!s || !r || !engine_hold(c->engine, STREAM_COST)) {
		free(s);
		request_free(c->engine, r);
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	s->request = r;
	s->kept = BUF(2048);
	buf_fmt(&r->form, "settings=%s\nwindow=%u\nframes=%s\n", c->h2->settings, c->h2->window, c->h2->frames);
	if (!c->h2->asked)
		buf_fmt(&r->form, "first stream=%d\n", frame->hd.stream_id);
	c->h2->asked = true;
	buf_fmt(&r->form, "header block=%zu\n", frame->hd.length);
	if (frame->hd.flags & NGHTTP2_FLAG_PRIORITY)
		buf_fmt(&r->form, "priority=%s%d, weight %d\n", frame->headers.pri_spec.exclusive ? "alone on " : "on ",
		        frame->headers.pri_spec.stream_id, frame->headers.pri_spec.weight);
	s->next = c->h2->streams;
	if (s->next)
		s->next->prev = s;
	c->h2->streams = s;
	return nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, s) == 0 ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* RFC 9113, 8.1: fields that follow the content. nghttp2 has refused pseudo-header fields, and characters that no field may have. */
static int put_after(struct exchange *x, struct slice name, struct slice value)
{
	buf_add(&x->after, name);
	buf_str_add(&x->after, ": ");
	buf_add(&x->after, slice_trim(value));
	buf_str_add(&x->after, "\r\n");
	return buf_error(&x->after) || ++x->n_after > EXCHANGE_HEADERS_MAX ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}

/* Fields in the order of the wire; trailers follow. */
static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_n, const uint8_t *value,
        size_t value_n, uint8_t flags, void *arg)
{
	struct stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	(void)arg;
	if (s && flags & NGHTTP2_NV_FLAG_NO_INDEX)
		buf_fmt(&s->kept, "%s%.*s", s->kept.n ? "," : "", (int)(name_n < 64 ? name_n : 64), (const char *)name);
	/* A trailer must not move what a far side looks at. */
	if (s && s->exchange)
		return put_after(s->exchange, slice_of(name, name_n), slice_of(value, value_n));
	if (!s || !s->request)
		return 0;
	struct buf *b = &s->request->head;
	size_t at = b->n;
	buf_add(b, slice_of(name, name_n));
	buf_str_add(b, ": ");
	buf_add(b, slice_of(value, value_n));
	buf_str_add(b, "\r\n");
	if (buf_error(b) || s->n_fields == EXCHANGE_HEADERS_MAX)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	s->field[s->n_fields++] = (struct field){at, name_n, at + name_n + 2, value_n};
	return 0;
}

static int on_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t n, void *arg)
{
	struct conn *c = arg;
	struct stream *s = nghttp2_session_get_stream_user_data(session, id);
	(void)flags;
	if (!conn_streams(c)) {
		if (s)
			request_body(c->engine, s->request, slice_of(data, n));
		return 0;
	}
	/* The connection's window is for all of its streams: only that of the stream waits. */
	(void)nghttp2_session_consume_connection(session, n);
	struct exchange *x = s ? s->exchange : NULL;
	if (!x || x->ended || x->broken) {
		(void)nghttp2_session_consume_stream(session, id, n);
		return 0;
	}
	if (x->held)
		x->owed += n;
	else
		(void)nghttp2_session_consume_stream(session, id, n);
	engine_far(c->engine)->stream->body(x->state, slice_of(data, n));
	return 0;
}

static ssize_t on_read(nghttp2_session *session, int32_t id, uint8_t *to, size_t n, uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct stream *s = source->ptr;
	struct slice body = buf_slice(&s->reply.body);
	(void)session;
	(void)id;
	(void)arg;
	size_t end = s->reply.stream ? reply_piece(body, s->sent) : body.n;
	if (n > end - s->sent)
		n = end - s->sent;
	if (n)
		memcpy(to, body.p + s->sent, n);
	s->sent += n;
	if (s->sent == body.n)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

static void submit(struct conn *c, struct stream *s, int32_t id)
{
	nghttp2_nv nv[REPLY_FIELDS_MAX];
	char status[8], date[40], length[24];
	size_t n = 0;
	const struct exchange_reply *reply = &s->reply;
	bool bodyless = reply->status == 204 || reply->status == 304, head = slice_is(s->request->method, "HEAD");
	(void)snprintf(status, sizeof(status), "%03d", reply->status);
	(void)snprintf(length, sizeof(length), "%zu", reply->body.n);
	http_date(date);
	nv[n++] = h2_pair(SLICE(":status"), slice_str(status));
	nv[n++] = h2_pair(SLICE("date"), slice_str(date));
	struct slice rest = buf_slice(&reply->headers), line;
	while (n < REPLY_FIELDS_MAX - 1 && slice_split(&rest, '\n', &line)) {
		size_t colon = slice_chr(line, ':', 0);
		if (colon != SLICE_NPOS && colon > 0)
			nv[n++] = h2_pair(slice_sub(line, 0, colon), slice_trim(slice_from(line, colon + 1)));
	}
	if (!bodyless && !reply->stream)
		nv[n++] = h2_pair(SLICE("content-length"), slice_str(length));
	nghttp2_data_provider body = {.source.ptr = s, .read_callback = on_read};
	if (nghttp2_submit_response(c->h2->session, id, nv, n, bodyless || head || reply->body.n == 0 ? NULL : &body) != 0)
		c->reset = true;
}

/* What was gathered becomes a request. */
static void gather(struct conn *c, struct stream *s)
{
	struct request *r = s->request;
	if (s->pieces)
		buf_fmt(&r->form, "data frames=%u\n", s->pieces);
	if (s->padding)
		buf_fmt(&r->form, "padding=%u\n", s->padding);
	if (s->kept.n)
		buf_fmt(&r->form, "never indexed=%.*s\n", SLICE_FMT(buf_slice(&s->kept)));
	buf_str_add(&r->head, "\r\n");
	r->proto = SLICE("h2");
	r->fields = buf_slice(&r->head);
	for (size_t i = 0; i < s->n_fields; i++) {
		const struct field *f = &s->field[i];
		struct slice name = slice_sub(r->fields, f->name, f->name_n), value = slice_sub(r->fields, f->value, f->value_n);
		if (slice_is(name, ":method"))
			r->method = value;
		else if (slice_is(name, ":path"))
			r->target = value;
		else if (slice_is(name, ":authority") || (slice_is(name, "host") && !r->authority.n))
			r->authority = value;
		if (name.n && name.p[0] != ':')
			r->header[r->n_headers++] = (struct exchange_header){name, value};
	}
	if (slice_is(r->method, "CONNECT"))
		r->target = r->authority;
	request_place(c, r);
}

static void answer(struct conn *c, struct stream *s, int32_t id)
{
	if (s->answered)
		return;
	s->answered = true;
	gather(c, s);
	if (slice_is(s->request->method, "CONNECT")) {
		s->reply = (struct exchange_reply){.status = 501};
		request_trace(c, s->request, SLICE_NONE, NULL, "proxy.h2-connect", 501, NULL);
	} else {
		request_answer(c, s->request, &s->reply);
	}
	submit(c, s, id);
}

/* ── a far side that streams ── */

/* RFC 9110, 10.1.1: a request leaves when it is whole, so it is for us to say that its content is wanted. */
static void say_continue(struct conn *c, const struct exchange *x, int32_t id)
{
	const nghttp2_nv nv = h2_pair(SLICE(":status"), SLICE("100"));
	if (!x->has_head && !x->broken && slice_eq_nocase(exchange_header(&x->view, "expect"), SLICE("100-continue")))
		(void)nghttp2_submit_headers(c->h2->session, NGHTTP2_FLAG_NONE, id, NULL, &nv, 1, NULL);
}

static void hand_over(struct conn *c, struct stream *s, int32_t id, bool more)
{
	struct request *r = s->request;
	gather(c, s);
	s->answered = true;
	if (slice_is(r->method, "CONNECT")) {
		s->reply = (struct exchange_reply){.status = 501};
		submit(c, s, id);
		return;
	}
	s->request = NULL;
	s->exchange = stream_begin(c, r, more, s, id);
	if (!s->exchange)
		(void)nghttp2_submit_rst_stream(c->h2->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
	else if (more)
		say_continue(c, s->exchange, id);
}

static void stream_frame(struct conn *c, struct stream *s, const nghttp2_frame *frame)
{
	bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
	if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST && !s->answered)
		hand_over(c, s, frame->hd.stream_id, !end);
	struct exchange *x = s->exchange;
	if (!end || !x || x->whole)
		return;
	stream_end(x);
}

/* Fields after the content (RFC 9113, 8.1), if there are any: then it is they that end the stream. */
static void put_trailers(nghttp2_session *session, const struct exchange *x, uint32_t *flags)
{
	if (h2_trailers(session, x->id, buf_slice(&x->trailers)) > 0)
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
}

static ssize_t on_piece(
        nghttp2_session *session, int32_t id, uint8_t *to, size_t n, uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct exchange *x = source->ptr;
	struct slice left = slice_from(buf_slice(&x->out), x->out_at);
	(void)id;
	(void)arg;
	if (left.n == 0 && !x->ended)
		return NGHTTP2_ERR_DEFERRED;
	n = n < left.n ? n : left.n;
	if (n)
		memcpy(to, left.p, n);
	x->out_at += n;
	if (x->out_at == x->out.n) {
		buf_reset(&x->out);
		x->out_at = 0;
		if (x->ended) {
			*flags |= NGHTTP2_DATA_FLAG_EOF;
			put_trailers(session, x, flags);
		}
	}
	return (ssize_t)n;
}

int h2_reply(struct exchange *x, int status, struct slice headers)
{
	nghttp2_nv nv[EXCHANGE_HEADERS_MAX + 1];
	char text[8];
	_cleanup_buf_ struct buf names = BUF(headers.n + 1);
	(void)snprintf(text, sizeof(text), "%03d", status);
	nv[0] = h2_pair(SLICE(":status"), slice_str(text));
	size_t n = h2_fields(headers, &names, nv, 1, ARRAY_LEN(nv));
	if (buf_error(&names))
		return buf_error(&names);
	nghttp2_session *session = x->c->h2->session;
	int r;
	if (status < 200) {
		r = nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, x->id, NULL, nv, n, NULL);
	} else {
		nghttp2_data_provider body = {.source.ptr = x, .read_callback = on_piece};
		x->has_head = true;
		x->bodyless = x->empty || status == 204 || status == 304 || slice_is(x->request->method, "HEAD");
		r = nghttp2_submit_response(session, x->id, nv, n, x->bodyless ? NULL : &body);
	}
	engine_due(x->c->engine, x->c);
	return r == 0 ? 0 : -EIO;
}

void h2_resume(struct exchange *x)
{
	(void)nghttp2_session_resume_data(x->c->h2->session, x->id);
}

void h2_break(struct exchange *x)
{
	(void)nghttp2_submit_rst_stream(x->c->h2->session, NGHTTP2_FLAG_NONE, x->id, NGHTTP2_INTERNAL_ERROR);
}

void h2_consumed(struct exchange *x, size_t n)
{
	(void)nghttp2_session_consume_stream(x->c->h2->session, x->id, n);
}

size_t h2_holds(const struct conn *c)
{
	size_t n = 0;
	for (const struct stream *s = c->h2->streams; s; s = s->next)
		n += STREAM_COST + (s->exchange ? s->exchange->booked : 0);
	return n;
}

void h2_drained(struct conn *c)
{
	for (struct stream *s = c->h2->streams; s; s = s->next)
		if (s->exchange)
			stream_drained(s->exchange);
}

/* A frame begins: also those of a kind that nobody knows, and pings, which may hold anything. */
static int on_frame_begin(nghttp2_session *session, const nghttp2_frame_hd *hd, void *arg)
{
	static const char *const names[] = {
	        "DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE"};
	struct h2 *h = ((struct conn *)arg)->h2;
	size_t n = strlen(h->frames);
	(void)session;
	/* The answer to our settings comes when it comes. */
	bool ack = hd->type == NGHTTP2_SETTINGS && hd->flags & NGHTTP2_FLAG_ACK;
	if (h->asked || hd->type == NGHTTP2_HEADERS || ack || n > sizeof(h->frames) - 24)
		return 0;
	if (hd->type < ARRAY_LEN(names))
		(void)snprintf(h->frames + n, sizeof(h->frames) - n, "%s%s", n ? " " : "", names[hd->type]);
	else
		(void)snprintf(h->frames + n, sizeof(h->frames) - n, "%s%u", n ? " " : "", hd->type);
	return 0;
}

/* How the client sets up its side, before it can know anything of ours. */
static void note_setup(struct h2 *h, const nghttp2_frame *frame)
{
	if (frame->hd.type == NGHTTP2_WINDOW_UPDATE && frame->hd.stream_id == 0)
		h->window += (uint32_t)frame->window_update.window_size_increment;
	for (size_t i = 0; frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK) && i < frame->settings.niv; i++) {
		size_t n = strlen(h->settings);
		(void)snprintf(h->settings + n, sizeof(h->settings) - n, "%s%d:%u", n ? " " : "", frame->settings.iv[i].settings_id,
		        frame->settings.iv[i].value);
	}
}

static void count_frame(nghttp2_session *session, const nghttp2_frame *frame)
{
	struct stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	if (!s || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
		return;
	s->pieces += frame->hd.type == NGHTTP2_DATA;
	s->padding += (unsigned)(frame->hd.type == NGHTTP2_DATA ? frame->data.padlen : frame->headers.padlen);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct conn *c = arg;
	if (!c->h2->asked)
		note_setup(c->h2, frame);
	count_frame(session, frame);
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	struct stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
	if (s && conn_streams(c)) {
		stream_frame(c, s, frame);
		return 0;
	}
	/* A CONNECT has no end: it is answered at its head. */
	bool connect = s && frame->hd.type == NGHTTP2_HEADERS &&
	               slice_find(buf_slice(&s->request->head), SLICE(":method: CONNECT\r\n"), 0) != SLICE_NPOS;
	if (s && (end || connect))
		answer(arg, s, frame->hd.stream_id);
	return 0;
}

static void cut_off(struct conn *c, struct stream *s, const char *why)
{
	struct request *r = s->request;
	if (s->answered || !r || r->head.n == 0)
		return;
	s->answered = true;
	buf_str_add(&r->head, "\r\n");
	r->proto = SLICE("h2");
	r->fields = buf_slice(&r->head);
	request_place(c, r);
	request_trace(c, r, buf_slice(&r->body), NULL, NULL, 0, why);
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
	struct stream *s = nghttp2_session_get_stream_user_data(session, id);
	(void)code;
	if (s) {
		cut_off(arg, s, "the request did not become whole");
		h2_stream_free(arg, s);
	}
	return 0;
}

static void trace_broken(struct conn *c, size_t size, const char *why)
{
	struct buf *t = engine_trace(c->engine, c, TRACE_RAW);
	trace_put(t, TAG_HOST, slice_str(c->host));
	trace_put_u64(t, TAG_PORT, c->port);
	trace_put(t, TAG_DATA, SLICE_NONE);
	trace_put_u64(t, TAG_WIRE_SIZE, size);
	trace_put(t, TAG_REASON, slice_str(why));
	engine_trace_end(c->engine);
}

static int on_invalid(nghttp2_session *session, const nghttp2_frame *frame, int code, void *arg)
{
	(void)session;
	trace_broken(arg, frame->hd.length, nghttp2_strerror(code));
	return 0;
}

/* What is so broken that it is no frame ends the session, and only our farewell says why. */
static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	(void)session;
	if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
		char why[64];
		(void)snprintf(why, sizeof(why), "HTTP/2 %s", nghttp2_http2_strerror(frame->goaway.error_code));
		trace_broken(arg, 0, why);
	}
	return 0;
}

void h2_open(struct conn *c)
{
	nghttp2_session_callbacks *k = NULL;
	struct h2 *h = calloc(1, sizeof(*h));
	const nghttp2_settings_entry settings[] = {
	        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS_MAX},
	        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20},
	};
	if (!h || nghttp2_session_callbacks_new(&k) != 0) {
		free(h);
		conn_finish(c, "out of memory");
		return;
	}
	nghttp2_session_callbacks_set_on_begin_frame_callback(k, on_frame_begin);
	nghttp2_session_callbacks_set_on_begin_headers_callback(k, on_begin);
	nghttp2_session_callbacks_set_on_header_callback(k, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(k, on_chunk);
	nghttp2_session_callbacks_set_on_frame_recv_callback(k, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(k, on_close);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(k, on_invalid);
	nghttp2_session_callbacks_set_on_frame_send_callback(k, on_sent);
	/* A far side that streams gives the window back as it takes the body. */
	nghttp2_option *option = NULL;
	int r = nghttp2_option_new(&option);
	if (r == 0 && conn_streams(c))
		nghttp2_option_set_no_auto_window_update(option, 1);
	r = r != 0 ? r : nghttp2_session_server_new2(&h->session, k, c, option);
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(k);
	c->h2 = h;
	if (r != 0 || nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, ARRAY_LEN(settings)) != 0 ||
	        nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0, 4 << 20) != 0)
		conn_finish(c, "out of memory");
}

/* Frame by frame, each flushed by itself, so that the events of a streamed reply leave one after the other. */
static bool write_out(struct conn *c)
{
	bool any = false;
	while (c->out.n < OUT_MAX / 16 && !c->reset) {
		const uint8_t *p = NULL;
		ssize_t n = nghttp2_session_mem_send(c->h2->session, &p);
		if (n < 0)
			c->reset = true;
		if (n <= 0)
			break;
		conn_send(c, slice_of(p, (size_t)n));
		conn_flush(c);
		any = true;
	}
	return any;
}

bool h2_step(struct conn *c)
{
	bool any = c->in.n > 0;
	if (!c->h2 || !c->h2->session)
		return false;
	if (any) {
		ssize_t n = nghttp2_session_mem_recv(c->h2->session, c->in.p, c->in.n);
		if (n < 0) {
			c->raw_why = nghttp2_strerror((int)n);
			(void)write_out(c);
			conn_finish(c, "malformed HTTP/2");
			return true;
		}
		buf_drop(&c->in, (size_t)n);
		any = n > 0;
	}
	any |= write_out(c);
	if (!nghttp2_session_want_read(c->h2->session) && !nghttp2_session_want_write(c->h2->session)) {
		conn_finish(c, "HTTP/2 session ended");
		return true;
	}
	return any;
}

void h2_free(struct conn *c)
{
	if (!c->h2)
		return;
	while (c->h2->streams) {
		cut_off(c, c->h2->streams, "the connection ended inside a request");
		h2_stream_free(c, c->h2->streams);
	}
	nghttp2_session_del(c->h2->session);
	free(c->h2);
	c->h2 = NULL;
}

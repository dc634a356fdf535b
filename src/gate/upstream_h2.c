/* HTTP/2 to servers, through nghttp2. The request is whole when it leaves, but for calls that stream, and there is one at a time on a
 * connection: what waits for one reply holds back no other, and nothing of one run's requests can be told apart by how they are
 * interleaved. nghttp2 calls back in the middle of its reading, where a flow must not end its connection: the callbacks only gather,
 * up_h2_step() hands on. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "gate/upstream_part.h"
#include "wire/h2_fields.h"

#define BODY_MAX   BODY_WHOLE_MAX
#define GOT_MAX    ((size_t)8 << 20) /* content of the frames of one read, which are far less */
#define WINDOW     (1 << 20)
#define WRITE_MAX  ((size_t)1 << 20) /* waiting for the socket: then nothing more is framed */
#define HEADER_MAX ((size_t)512 << 10)

struct up_h2 {
	nghttp2_session *session;
	int32_t id;             /* of the stream under way; 0: none */
	struct buf body, after; /* after: trailers of the request */
	size_t body_at;
	struct buf head, trailers, got; /* of the reply: "name: value\r\n"…, and content that was not handed on yet */
	struct buf hints;               /* interim replies that were not handed on yet: for each "103\r\n", its fields, an empty line */
	unsigned n_fields, interim;
	int status;
	bool more;                         /* content of the request is still to come */
	bool head_whole, head_told, ended; /* ended: by the server, whole */
	bool bad;                          /* nothing more can be read; a reply that was whole before stays so */
	char why[128];                     /* the stream is of no more use */
};

static struct up_h2 *under_way(void *arg, int32_t id)
{
	struct up_h2 *h = arg;
	return id && h->id == id ? h : NULL;
}

static void give_up(struct up_h2 *h, const char *why)
{
	if (!h->why[0])
		(void)snprintf(h->why, sizeof(h->why), "%s", why);
}

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct up_h2 *h = under_way(arg, frame->hd.stream_id);
	(void)session;
	if (h && frame->hd.type == NGHTTP2_HEADERS && !h->head_whole) {
		buf_reset(&h->head);
		h->n_fields = 0;
		h->status = 0;
	}
	return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_n, const uint8_t *value,
        size_t value_n, uint8_t flags, void *arg)
{
	struct up_h2 *h = under_way(arg, frame->hd.stream_id);
	struct slice n = slice_of(name, name_n), v = slice_of(value, value_n);
	uint64_t status;
	(void)session;
	(void)flags;
	if (!h || frame->hd.type != NGHTTP2_HEADERS)
		return 0;
	if (n.n && n.p[0] == ':') {
		if (slice_is(n, ":status") && !h->head_whole && slice_u64(v, 999, &status))
			h->status = (int)status;
		return 0;
	}
	struct buf *to = h->head_whole ? &h->trailers : &h->head;
	buf_add(to, n);
	buf_str_add(to, ": ");
	buf_add(to, v);
	buf_str_add(to, "\r\n");
	if (buf_error(to) || ++h->n_fields > HTTP1_FIELDS_MAX) {
		give_up(h, "the head of the reply is too long");
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	return 0;
}

static int on_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t n, void *arg)
{
	struct up_h2 *h = under_way(arg, id);
	(void)session;
	(void)flags;
	if (h)
		buf_add(&h->got, slice_of(data, n));
	return 0;
}

static void keep_hint(struct up_h2 *h)
{
	if (++h->interim > INTERIM_MAX)
		give_up(h, "the server sends interim replies without end");
	else if (h->status < 100 || h->status == 101) /* RFC 9113, 8.6: there is no other protocol to go to */
		give_up(h, "the server's HTTP/2 is malformed");
	if (h->why[0] || h->hints.n + h->head.n + 8 > h->hints.max)
		return;
	buf_fmt(&h->hints, "%d\r\n", h->status);
	buf_add(&h->hints, buf_slice(&h->head));
	buf_str_add(&h->hints, "\r\n");
	if (buf_error(&h->hints))
		give_up(h, "out of memory");
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct up_h2 *h = under_way(arg, frame->hd.stream_id);
	(void)session;
	if (!h || h->why[0] || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS && !h->head_whole) {
		h->head_whole = h->status >= 200;
		if (!h->head_whole)
			keep_hint(h);
	}
	h->ended |= (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
	return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
	struct up_h2 *h = under_way(arg, id);
	(void)session;
	if (!h)
		return 0;
	h->id = 0;
	if (!h->ended) {
		char why[96];
		(void)snprintf(why, sizeof(why), "the server ended the stream before its reply was whole (HTTP/2 %s)",
		        nghttp2_http2_strerror(code));
		give_up(h, why);
	}
	return 0;
}

static int on_not_sent(nghttp2_session *session, const nghttp2_frame *frame, int code, void *arg)
{
	struct up_h2 *h = arg;
	(void)session;
	if (frame->hd.type == NGHTTP2_HEADERS)
		give_up(h, nghttp2_strerror(code));
	return 0;
}

static ssize_t on_read(nghttp2_session *session, int32_t id, uint8_t *to, size_t n, uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct up_h2 *h = source->ptr;
	struct slice left = slice_from(buf_slice(&h->body), h->body_at);
	(void)arg;
	n = n < left.n ? n : left.n;
	if (n)
		memcpy(to, left.p, n);
	h->body_at += n;
	if (h->body_at == h->body.n && h->more)
		return n ? (ssize_t)n : NGHTTP2_ERR_DEFERRED;
	if (h->body_at == h->body.n) {
		int after = h2_trailers(session, id, buf_slice(&h->after));
		/* A request without what was to follow would be another one. */
		if (after < 0)
			return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
		*flags |= NGHTTP2_DATA_FLAG_EOF | (after ? NGHTTP2_DATA_FLAG_NO_END_STREAM : 0u);
	}
	return (ssize_t)n;
}

int up_h2_new(struct up_h2 **out)
{
	/* Nothing is pushed to us, and no window is widened by hand: what is not read from the socket is what holds the server back. */
	static const nghttp2_settings_entry settings[] = {
	        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
	        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW},
	        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)HTTP1_HEAD_MAX},
	};
	struct up_h2 *h = calloc(1, sizeof(*h));
	nghttp2_session_callbacks *k = NULL;
	nghttp2_option *option = NULL;
	if (!h || nghttp2_session_callbacks_new(&k) != 0 || nghttp2_option_new(&option) != 0) {
		nghttp2_session_callbacks_del(k);
		free(h);
		return -ENOMEM;
	}
	h->body = BUF(BODY_MAX);
	h->after = BUF(EXCHANGE_TRAILERS_MAX);
	h->head = BUF(HTTP1_HEAD_MAX);
	h->hints = BUF(HTTP1_HEAD_MAX);
	h->trailers = BUF(HTTP1_HEAD_MAX);
	h->got = BUF(GOT_MAX);
	nghttp2_option_set_max_send_header_block_length(option, HEADER_MAX);
	nghttp2_session_callbacks_set_on_begin_headers_callback(k, on_begin);
	nghttp2_session_callbacks_set_on_header_callback(k, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(k, on_chunk);
	nghttp2_session_callbacks_set_on_frame_recv_callback(k, on_frame);
	nghttp2_session_callbacks_set_on_frame_not_send_callback(k, on_not_sent);
	nghttp2_session_callbacks_set_on_stream_close_callback(k, on_close);
	int r = nghttp2_session_client_new2(&h->session, k, h, option);
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(k);
	if (r == 0)
		r = nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, ARRAY_LEN(settings));
	if (r == 0)
		r = nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0, WINDOW);
	if (r != 0) {
		up_h2_free(h);
		return -ENOMEM;
	}
	*out = h;
	return 0;
}

void up_h2_free(struct up_h2 *h)
{
	if (!h)
		return;
	nghttp2_session_del(h->session);
	buf_free(&h->body);
	buf_free(&h->after);
	buf_free(&h->head);
	buf_free(&h->hints);
	buf_free(&h->trailers);
	buf_free(&h->got);
	free(h);
}

/* The request line and the field of the host become pseudo-header fields, RFC 9113, 8.3.1. */
static size_t pseudo(const struct upstream *u, struct slice *head, nghttp2_nv nv[4])
{
	struct slice line = SLICE_NONE, host = SLICE_NONE, method, target;
	(void)slice_split(head, '\n', &line);
	if (!slice_split(&line, ' ', &method) || !slice_split(&line, ' ', &target))
		return 0;
	/* flow.c writes it first. */
	(void)slice_split(head, '\n', &host);
	if (!slice_eq_nocase(slice_sub(host, 0, 5), SLICE("host:")))
		return 0;
	nv[0] = h2_pair(SLICE(":method"), method);
	nv[1] = h2_pair(SLICE(":scheme"), u->over_tls ? SLICE("https") : SLICE("http"));
	nv[2] = h2_pair(SLICE(":authority"), slice_trim(slice_from(host, 5)));
	nv[3] = h2_pair(SLICE(":path"), target);
	return 4;
}

const char *up_h2_request(struct upstream *u, struct slice head, struct slice body, struct slice trailers)
{
	struct up_h2 *h = u->h2;
	nghttp2_nv nv[EXCHANGE_HEADERS_MAX * 2];
	_cleanup_buf_ struct buf names = BUF(head.n + 1);
	buf_reset(&h->body);
	buf_reset(&h->after);
	buf_reset(&h->head);
	buf_reset(&h->hints);
	buf_reset(&h->trailers);
	buf_reset(&h->got);
	buf_add(&h->body, body);
	buf_add(&h->after, trailers);
	h->body_at = 0;
	h->n_fields = h->interim = 0;
	h->status = 0;
	h->head_whole = h->head_told = h->ended = false;
	h->why[0] = 0;
	h->more = u->streams && !u->done;
	size_t n = pseudo(u, &head, nv);
	n = n ? h2_fields(head, &names, nv, n, ARRAY_LEN(nv)) : 0;
	nghttp2_data_provider content = {.source.ptr = h, .read_callback = on_read};
	bool more = body.n || trailers.n || u->streams, copied = !buf_error(&names) && !buf_error(&h->body) && !buf_error(&h->after);
	int32_t id = n && copied ? nghttp2_submit_request(h->session, NULL, nv, n, more ? &content : NULL, NULL) : -1;
	if (id < 0) {
		give_up(h, "the request cannot be sent as HTTP/2");
		return h->why;
	}
	h->id = id;
	return NULL;
}

static void resume(struct up_h2 *h)
{
	/* An error: nothing waits for more, as the stream is over or has other things to send. */
	if (h->id)
		(void)nghttp2_session_resume_data(h->session, h->id);
}

void up_h2_more(struct up_h2 *h, struct slice piece)
{
	if (h->body_at > h->body.n / 2) {
		buf_drop(&h->body, h->body_at);
		h->body_at = 0;
	}
	buf_add(&h->body, piece);
	if (buf_error(&h->body))
		give_up(h, "out of memory");
	resume(h);
}

void up_h2_done(struct up_h2 *h)
{
	h->more = false;
	resume(h);
}

void up_h2_cancel(struct up_h2 *h)
{
	if (h->id)
		(void)nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, h->id, NGHTTP2_CANCEL);
}

size_t up_h2_waiting(const struct up_h2 *h)
{
	return h && h->id ? h->body.n - h->body_at : 0;
}

bool up_h2_write(struct upstream *u)
{
	const uint8_t *p = NULL;
	ssize_t n = 0;
	bool any = false;
	while (!u->out.error && u->out.n - u->out_at < WRITE_MAX && (n = nghttp2_session_mem_send(u->h2->session, &p)) > 0) {
		upstream_encrypt(u, slice_of(p, (size_t)n));
		any = true;
	}
	/* Of a request that has left nothing is kept. */
	if (u->h2->body.n && u->h2->body_at == u->h2->body.n) {
		buf_free(&u->h2->body);
		u->h2->body_at = 0;
	}
	return any;
}

const char *up_h2_feed(struct upstream *u)
{
	struct up_h2 *h = u->h2;
	if (buf_error(&u->in))
		return "out of memory";
	if (u->in.n && !h->bad && nghttp2_session_mem_recv(h->session, u->in.p, u->in.n) < 0) {
		h->bad = true;
		give_up(h, "the server's HTTP/2 is malformed");
	}
	buf_reset(&u->in);
	if (buf_error(&h->got))
		return "out of memory";
	/* A connection that nobody uses: answered, and kept for as long as the server wants it. */
	if (!u->f && (!up_h2_keeps(h) || !nghttp2_session_want_read(h->session)))
		return "closed";
	return NULL;
}

/* The head as the flow knows heads. */
static void tell_head(struct upstream *u, struct up_h2 *h)
{
	struct http1_reply *r = &u->reply;
	struct slice rest = buf_slice(&h->head), line;
	*r = (struct http1_reply){.status = h->status, .field_bytes = rest, .keep_alive = true, .until_close = true};
	while (r->n_fields < HTTP1_FIELDS_MAX && slice_split(&rest, '\n', &line)) {
		size_t colon = slice_chr(line, ':', 0);
		if (colon == SLICE_NPOS)
			continue;
		r->field[r->n_fields++] = (struct http1_field){slice_sub(line, 0, colon), slice_trim(slice_from(line, colon + 1))};
	}
	/* The end came with the head: trailers without content, or nothing at all. */
	if (h->ended && !h->got.n && !h->trailers.n)
		r->until_close = false;
	h->head_told = true;
	u->state = UP_BODY;
	flow_head(u->f, r);
}

static void tell_hints(struct upstream *u, struct up_h2 *h)
{
	_cleanup_buf_ struct buf hints = h->hints;
	struct flow *f = u->f;
	struct slice rest = buf_slice(&hints);
	h->hints = BUF(HTTP1_HEAD_MAX);
	/* The flow may leave at each, and h with it. */
	while (rest.n && f->u == u) {
		size_t line = slice_find(rest, SLICE("\r\n"), 0), end = slice_find(rest, SLICE("\r\n\r\n"), 0);
		uint64_t status;
		if (line == SLICE_NPOS || end == SLICE_NPOS || !slice_u64(slice_sub(rest, 0, line), 199, &status))
			return;
		const struct http1_reply r = {
		        .status = (int)status, .field_bytes = slice_sub(rest, line + 2, end - line), .keep_alive = true};
		rest = slice_from(rest, end + 4);
		flow_head(f, &r);
	}
}

bool up_h2_step(struct upstream *u)
{
	struct up_h2 *h = u->h2;
	struct flow *f = u->f;
	if (!f)
		return false;
	if (h->hints.n) {
		tell_hints(u, h);
		return f->u == u;
	}
	if (h->head_whole && !h->head_told) {
		tell_head(u, h);
		return f->u == u;
	}
	if (h->head_told && h->got.n) {
		_cleanup_buf_ struct buf got = h->got;
		h->got = BUF(GOT_MAX);
		flow_piece(f, buf_slice(&got));
		return f->u == u;
	}
	if (h->ended && h->head_told) {
		if (h->trailers.n)
			flow_trailers(f, buf_slice(&h->trailers));
		upstream_whole(u);
		return false;
	}
	/* What is so broken that it is of no stream ends the session. */
	if (!nghttp2_session_want_read(h->session))
		give_up(h, "the server's HTTP/2 is malformed");
	if (h->why[0]) {
		char why[sizeof(h->why)];
		memcpy(why, h->why, sizeof(why));
		upstream_broke(u, why);
	}
	return false;
}

bool up_h2_waits(const struct up_h2 *h)
{
	return h && (h->hints.n || h->got.n || h->ended || (h->head_whole && !h->head_told));
}

size_t up_h2_holds(const struct up_h2 *h)
{
	return h ? h->body.cap + h->hints.cap + h->got.cap : 0;
}

bool up_h2_keeps(const struct up_h2 *h)
{
	return !h->id && !h->bad && nghttp2_session_check_request_allowed(h->session);
}

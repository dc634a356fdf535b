/* HTTP/1.x on a connection. */
#include <stdio.h>

#include "wire/conn.h"

#define CHUNK_LINES_MAX ((size_t)65536)

/* How a chunked body was cut: the sizes of chunks follow the writes of the program and what it writes, so that they tell of a choice only
 * where all but the last are alike. */
static void chunk_form(struct slice lines, struct buf *form)
{
	struct slice line, sizes[2] = {SLICE_NONE, SLICE_NONE}, extension = SLICE_NONE;
	bool alike = true, lower = false, upper = false, zeros = false, last = false;
	size_t n = 0;
	while (!last && slice_split(&lines, '\n', &line)) {
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		last = true; /* only zeros */
		size_t digits = 0;
		while (digits < line.n && ((line.p[digits] >= '0' && line.p[digits] <= '9') ||
		                                  ((line.p[digits] | 32) >= 'a' && (line.p[digits] | 32) <= 'f'))) {
			lower |= line.p[digits] >= 'a';
			upper |= line.p[digits] >= 'A' && line.p[digits] <= 'F';
			last &= line.p[digits] == '0';
			digits++;
		}
		zeros |= digits > 1 && line.p[0] == '0';
		if (digits < line.n && !extension.n)
			extension = slice_from(line, digits);
		if (last)
			continue;
		/* Those before the one that came last must be as the first. */
		alike = alike && (n < 2 || slice_eq(sizes[0], sizes[1]));
		sizes[n ? 1 : 0] = slice_sub(line, 0, digits);
		n++;
	}
	if (alike && n >= 3)
		buf_fmt(form, "chunk blocks=%.*s\n", SLICE_FMT(sizes[0]));
	if (lower || upper || zeros)
		buf_fmt(form, "chunk sizes=%s%s\n",
		        lower && upper ? "both cases"
		        : upper        ? "upper case"
		        : lower        ? "lower case"
		                       : "digits",
		        zeros ? ", zeros in front" : "");
	if (extension.n)
		buf_fmt(form, "chunk extensions=%.*s\n", SLICE_FMT(slice_sub(extension, 0, 400)));
	/* What follows the last chunk, and its empty line. */
	while (slice_split(&lines, '\n', &line)) {
		line = slice_trim(line);
		if (line.n)
			buf_fmt(form, "trailer=%.*s\n", SLICE_FMT(slice_sub(line, 0, 400)));
	}
}

const char *h1_phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} table[] = {
	        {100, "Continue"},
	        {101, "Switching Protocols"},
	        {103, "Early Hints"},
	        {200, "OK"},
	        {201, "Created"},
	        {202, "Accepted"},
	        {204, "No Content"},
	        {206, "Partial Content"},
	        {301, "Moved Permanently"},
	        {302, "Found"},
	        {304, "Not Modified"},
	        {307, "Temporary Redirect"},
	        {308, "Permanent Redirect"},
	        {400, "Bad Request"},
	        {401, "Unauthorized"},
	        {403, "Forbidden"},
	        {404, "Not Found"},
	        {405, "Method Not Allowed"},
	        {409, "Conflict"},
	        {407, "Proxy Authentication Required"},
	        {413, "Payload Too Large"},
	        {414, "URI Too Long"},
	        {415, "Unsupported Media Type"},
	        {421, "Misdirected Request"},
	        {429, "Too Many Requests"},
	        {431, "Request Header Fields Too Large"},
	        {500, "Internal Server Error"},
	        {501, "Not Implemented"},
	        {502, "Bad Gateway"},
	        {503, "Service Unavailable"},
	        {504, "Gateway Timeout"},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].status == status)
			return table[i].phrase;
	return "Unknown";
}

static void bad_request(struct conn *c, const char *why)
{
	char date[40];
	_cleanup_buf_ struct buf b = BUF(1024), body = BUF(512);
	http_date(date);
	/* A simulated server has no words of ours; who is denied something by a gate is to know why. */
	if (conn_streams(c))
		buf_fmt(&body,
		        "{\"type\":\"error\",\"error\":{\"type\":\"postern_denied\",\"rule\":\"protocol\",\"message\":\"Postern: the "
		        "request is not "
		        "HTTP/1.1 as it must be: %s\"}}\n",
		        why);
	buf_fmt(&b, "HTTP/1.1 400 Bad Request\r\ndate: %s\r\n%scontent-length: %zu\r\nconnection: close\r\n\r\n%s", date,
	        body.n ? "content-type: application/json\r\nx-postern: postern_denied\r\n" : "", body.n, buf_str(&body));
	c->raw_why = why;
	conn_send(c, buf_slice(&b));
	conn_finish(c, "malformed HTTP");
}

static void send_reply(struct conn *c, const struct http1_head *h, const struct exchange_reply *reply)
{
	char date[40];
	_cleanup_buf_ struct buf b = BUF(OUT_MAX);
	bool bodyless = reply->status == 204 || reply->status == 304, head = slice_is(h->method, "HEAD");
	bool old = slice_is(h->proto, "HTTP/1.0"), chunked = reply->stream && !old && !bodyless;
	http_date(date);
	buf_fmt(&b, "HTTP/1.1 %d %s\r\ndate: %s\r\n", reply->status, h1_phrase(reply->status), date);
	buf_add(&b, buf_slice(&reply->headers));
	if (chunked)
		buf_str_add(&b, "transfer-encoding: chunked\r\n");
	else if (!bodyless)
		buf_fmt(&b, "content-length: %zu\r\n", reply->body.n);
	if (!h->keep_alive)
		buf_str_add(&b, "connection: close\r\n");
	else if (old)
		buf_str_add(&b, "connection: keep-alive\r\n");
	buf_str_add(&b, "\r\n");
	if (!head && !bodyless && !chunked)
		buf_add(&b, buf_slice(&reply->body));
	conn_send(c, buf_slice(&b));
	if (chunked && !head) {
		for (size_t at = 0, end; at < reply->body.n; at = end) {
			end = reply_piece(buf_slice(&reply->body), at);
			conn_flush(c); /* so that each event is a segment of its own */
			buf_reset(&b);
			buf_fmt(&b, "%zx\r\n", end - at);
			buf_add(&b, slice_sub(buf_slice(&reply->body), at, end - at));
			buf_str_add(&b, "\r\n");
			conn_send(c, buf_slice(&b));
		}
		conn_send(c, SLICE("0\r\n\r\n"));
	}
	if (!h->keep_alive)
		conn_finish(c, "closed after the reply");
}

static void respond(struct conn *c)
{
	struct request *r = c->request;
	struct exchange_reply reply;
	c->request = NULL;
	c->state = CONN_HTTP1;
	if (c->head.websocket && wsock_open(c, r))
		return;
	request_answer(c, r, &reply);
	send_reply(c, &c->head, &reply);
	buf_free(&reply.headers);
	buf_free(&reply.body);
	request_free(c->engine, r);
}

static void connect_tunnel(struct conn *c)
{
	struct request *r = c->request;
	c->request = NULL;
	if (c->via) {
		bad_request(c, "CONNECT inside of a tunnel");
		request_free(c->engine, r);
		return;
	}
	r->via = "connect";
	request_trace(c, r, SLICE_NONE, NULL, "proxy.connect", 200, NULL);
	conn_send(c, SLICE("HTTP/1.1 200 Connection established\r\n\r\n"));
	conn_tunnel(c, slice_str(r->host), r->port, "connect");
	request_free(c->engine, r);
}

/* The head goes to a far side that streams. */
static bool hand_over(struct conn *c)
{
	struct request *r = c->request;
	c->request = NULL;
	c->exchange = stream_begin(c, r, c->head.framing != HTTP1_NONE, NULL, 0);
	if (c->exchange)
		return true;
	conn_send(c, SLICE("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"));
	conn_finish(c, "out of memory");
	return false;
}

/* The request is whole. */
static void whole(struct conn *c)
{
	struct exchange *x = c->exchange;
	if (!x) {
		respond(c);
		return;
	}
	if (c->state != CONN_RELAY)
		c->state = CONN_WAIT;
	stream_end(x);
}

static void content(struct conn *c, struct slice s)
{
	if (!c->exchange)
		request_body(c->engine, c->request, s);
	else if (s.n)
		engine_far(c->engine)->stream->body(c->exchange->state, s);
}

bool h1_head(struct conn *c)
{
	struct http1_head h;
	const char *why = NULL;
	size_t at = 0;
	if (c->in.n == 0)
		return false;
	enum http1_status s = http1_parse(buf_slice(&c->in), &h, &why, &at);
	if (s == HTTP1_MORE)
		return false;
	if (s == HTTP1_BAD) {
		bad_request(c, why);
		return true;
	}
	struct request *r = request_new();
	if (!r) {
		conn_finish(c, "out of memory");
		return true;
	}
	/* The head moves into the request, and is parsed there, so that its spans stay valid. */
	buf_add(&r->head, slice_sub(buf_slice(&c->in), 0, h.size));
	buf_drop(&c->in, h.size);
	c->request = r;
	(void)http1_parse(buf_slice(&r->head), &c->head, &why, &at);
	r->method = c->head.method;
	r->target = c->head.target;
	r->proto = c->head.proto;
	r->fields = c->head.field_bytes;
	r->authority = http1_field(&c->head, "host");
	for (size_t i = 0; i < c->head.n_fields; i++)
		r->header[i] = (struct exchange_header){c->head.field[i].name, c->head.field[i].value};
	r->n_headers = c->head.n_fields;
	request_place(c, r);
	if (slice_is(r->method, "CONNECT")) {
		connect_tunnel(c);
		return true;
	}
	if (conn_streams(c) && !hand_over(c))
		return true;
	c->body_left = c->head.length;
	buf_free(&c->chunk_lines);
	c->chunk_lines = BUF(CHUNK_LINES_MAX);
	c->chunked = (struct http1_chunked){.lines = &c->chunk_lines, .trailer = c->exchange ? &c->exchange->after : NULL};
	if (c->head.framing == HTTP1_NONE) {
		whole(c);
		return true;
	}
	c->state = CONN_BODY;
	/* RFC 9110, 10.1.1: no client of HTTP/1.0 asks for it, and behind an answer it would begin another one. */
	bool answered = c->exchange && (c->exchange->has_head || c->exchange->broken);
	if (c->head.expect_continue && c->in.n == 0 && !answered && !slice_is(c->head.proto, "HTTP/1.0"))
		conn_send(c, SLICE("HTTP/1.1 100 Continue\r\n\r\n"));
	return true;
}

/* What a far side is given is written anew by it, so nothing may be in it that another parser could read differently. */
static enum http1_status trailer(const struct conn *c, const char **why)
{
	struct http1_field field[HTTP1_FIELDS_MAX];
	size_t n;
	return c->exchange ? http1_trailer(buf_slice(&c->exchange->after), field, &n, why) : HTTP1_OK;
}

bool h1_body(struct conn *c)
{
	bool last = false;
	/* The far side has answered already, or wants no more for now. */
	if (c->exchange && (c->exchange->ended || c->exchange->broken))
		return stream_wait(c);
	if (c->in.n == 0 || (c->exchange && c->exchange->held))
		return false;
	if (c->head.framing == HTTP1_LENGTH) {
		struct slice s = slice_sub(buf_slice(&c->in), 0, c->body_left > IN_MAX ? IN_MAX : (size_t)c->body_left);
		content(c, s);
		c->body_left -= s.n;
		buf_drop(&c->in, s.n);
		last = c->body_left == 0;
	} else {
		_cleanup_buf_ struct buf plain = BUF(IN_MAX);
		const char *why = NULL;
		size_t used = 0;
		uint64_t lost = 0;
		enum http1_status s = http1_chunked(&c->chunked, buf_slice(&c->in), &used, &plain, &lost, &why);
		content(c, buf_slice(&plain));
		s = s == HTTP1_OK ? trailer(c, &why) : s;
		if (s == HTTP1_BAD) {
			h1_end(c);
			bad_request(c, why);
			return true;
		}
		buf_drop(&c->in, used);
		last = s == HTTP1_OK;
		if (last && c->request)
			chunk_form(buf_slice(&c->chunk_lines), &c->request->form);
	}
	if (last)
		whole(c);
	return true;
}

void h1_end(struct conn *c)
{
	struct request *r = c->request;
	if (!r)
		return;
	request_trace(c, r, buf_slice(&r->body), NULL, NULL, 0, "the request did not become whole");
	c->request = NULL;
	request_free(c->engine, r);
}

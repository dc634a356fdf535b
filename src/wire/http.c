#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "wire/conn.h"

struct slice exchange_header(const struct exchange_request *r, const char *name)
{
	for (size_t i = 0; i < r->n_headers; i++)
		if (slice_eq_nocase(r->headers[i].name, slice_str(name)))
			return r->headers[i].value;
	return SLICE_NONE;
}

struct request *request_new(void)
{
	struct request *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->head = BUF(HTTP1_HEAD_MAX + 65536);
	r->path = BUF(HTTP1_HEAD_MAX);
	r->body = BUF(BODY_WIRE_MAX);
	r->form = BUF(FORM_MAX);
	return r;
}

void request_free(struct engine *e, struct request *r)
{
	if (!r)
		return;
	engine_release(e, r->body.n);
	buf_free(&r->head);
	buf_free(&r->path);
	buf_free(&r->body);
	buf_free(&r->form);
	free(r);
}

void request_body(struct engine *e, struct request *r, struct slice s)
{
	r->wire_size += s.n;
	size_t fits = r->body.max - r->body.n < s.n ? r->body.max - r->body.n : s.n;
	if (!engine_hold(e, fits)) {
		engine_note(e, "too much memory is held for clients: bodies were cut");
		fits = 0;
	}
	size_t before = r->body.n;
	buf_add(&r->body, slice_sub(s, 0, fits));
	if (buf_error(&r->body)) {
		r->body.error = 0;
		engine_release(e, fits - (r->body.n - before));
		fits = 0;
	}
	r->lost += s.n - fits;
}

/* "host:port", "[v6]:port" → lower-case host without port. */
static void split_authority(struct slice a, char host[256], uint16_t *port)
{
	size_t at = SLICE_NPOS;
	for (size_t i = 0; i < a.n; i++)
		if (a.p[i] == '@')
			at = i;
	if (at != SLICE_NPOS)
		a = slice_from(a, at + 1);
	struct slice name = a, number = SLICE_NONE;
	size_t close = a.n && a.p[0] == '[' ? slice_chr(a, ']', 0) : SLICE_NPOS;
	size_t colon = slice_chr(a, ':', close == SLICE_NPOS ? 0 : close);
	if (colon != SLICE_NPOS) {
		name = slice_sub(a, 0, colon);
		number = slice_from(a, colon + 1);
	}
	if (close != SLICE_NPOS)
		name = slice_sub(a, 1, close - 1);
	uint64_t v;
	if (slice_u64(number, 65535, &v))
		*port = (uint16_t)v;
	size_t n = name.n < 255 ? name.n : 255;
	for (size_t i = 0; i < n; i++)
		host[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] + 32 : name.p[i]);
	host[n] = 0;
}

void request_place(struct conn *c, struct request *r)
{
	bool tls = c->n_tls > c->tunnel_tls;
	r->port = c->port;
	r->via = c->via;
	r->scheme = tls ? SLICE("https") : SLICE("http");
	/* A proxy's CONNECT names the place itself; with CONNECT through TLS the SNI is the proxy's. */
	bool connect = slice_is(r->method, "CONNECT");
	size_t scheme = slice_starts(r->target, SLICE("http://")) ? 7 : slice_starts(r->target, SLICE("https://")) ? 8 : 0;
	if (connect) {
		r->port = 443;
		split_authority(r->target, r->host, &r->port);
		return;
	}
	if (scheme) {
		size_t end = scheme;
		while (end < r->target.n && r->target.p[end] != '/' && r->target.p[end] != '?' && r->target.p[end] != '#')
			end++;
		r->scheme = scheme == 8 ? SLICE("https") : SLICE("http");
		r->port = scheme == 8 ? 443 : 80;
		r->authority = slice_sub(r->target, scheme, end - scheme);
		r->via = "absolute";
		split_authority(r->authority, r->host, &r->port);
		return;
	}
	uint16_t ignored = 0;
	if (tls && c->sni[0])
		(void)snprintf(r->host, sizeof(r->host), "%s", c->sni);
	else if (r->authority.n)
		split_authority(r->authority, r->host, &ignored);
	if (!r->host[0])
		(void)snprintf(r->host, sizeof(r->host), "%s", c->host);
}

/* What the far side sees as target: the origin form. */
static struct slice origin_form(const struct request *r)
{
	if (!r->via || strcmp(r->via, "absolute") != 0)
		return r->target;
	struct slice rest =
	        slice_of(r->authority.p + r->authority.n, (size_t)(r->target.p + r->target.n - (r->authority.p + r->authority.n)));
	return rest.n ? rest : SLICE("/");
}

void request_view(const struct conn *c, const struct request *r, struct slice body, struct exchange_request *out)
{
	*out = (struct exchange_request){
	        .scheme = r->scheme,
	        .host = slice_str(r->host),
	        .port = r->port,
	        .method = r->method,
	        .target = origin_form(r),
	        .proto = r->proto,
	        .headers = r->header,
	        .n_headers = r->n_headers,
	        .body = body,
	        .conn = c->id,
	};
}

void request_trace(
        struct conn *c, struct request *r, struct slice body, const char *coding, const char *answer, int status, const char *reason)
{
	struct buf *t = engine_trace(c->engine, c, TRACE_HTTP);
	trace_put(t, TAG_HOST, slice_str(r->host));
	trace_put_u64(t, TAG_PORT, r->port);
	trace_put(t, TAG_SCHEME, r->scheme);
	trace_put(t, TAG_PROTO, r->proto);
	trace_put(t, TAG_METHOD, r->method);
	trace_put(t, TAG_TARGET, r->target);
	trace_put(t, TAG_HEADERS, r->fields);
	trace_put(t, TAG_BODY, body);
	if (coding)
		trace_put(t, TAG_ENCODING, slice_str(coding));
	trace_put_u64(t, TAG_WIRE_SIZE, r->wire_size);
	if (r->via)
		trace_put(t, TAG_VIA, slice_str(r->via));
	if (answer)
		trace_put(t, TAG_ANSWER, slice_str(answer));
	if (status)
		trace_put_u64(t, TAG_STATUS, (uint64_t)status);
	if (r->lost)
		trace_put_u64(t, TAG_LOST, r->lost);
	pieces_form(&c->pieces, &r->form);
	if (r->form.n)
		trace_put(t, TAG_FORM, buf_slice(&r->form));
	if (reason)
		trace_put(t, TAG_REASON, slice_str(reason));
	engine_trace_end(c->engine);
}

/* RFC 1952, 2.3: what a gzip stream says of how it was made. */
static void gzip_form(struct slice coding, struct slice body, int level, struct buf *form)
{
	if (!slice_eq_nocase(coding, SLICE("gzip")) || body.n < 18 || body.p[0] != 0x1f || body.p[1] != 0x8b)
		return;
	uint32_t time = (uint32_t)body.p[4] | (uint32_t)body.p[5] << 8 | (uint32_t)body.p[6] << 16 | (uint32_t)body.p[7] << 24;
	buf_fmt(form, "gzip header=flags %u, time %u, system %u", body.p[3], time, body.p[9]);
	/* Of a known level it follows. */
	if (body.p[8] != (level == 9 ? 2 : level == 1 ? 4 : 0))
		buf_fmt(form, ", effort %u", body.p[8]);
	/* Extra field, name, comment. */
	for (size_t i = 10; body.p[3] & 0x1e && i < body.n && i < 74; i++)
		buf_fmt(form, "%s%02x", i == 10 ? ", " : "", body.p[i]);
	buf_u8(form, '\n');
}

void request_answer(struct conn *c, struct request *r, struct exchange_reply *reply)
{
	_cleanup_buf_ struct buf plain = BUF(BODY_MAX);
	struct exchange_request view;
	struct slice body = buf_slice(&r->body), coding = SLICE_NONE;
	const char *reason = NULL;
	char name[64] = "";
	request_view(c, r, body, &view);
	coding = exchange_header(&view, "content-encoding");
	if (coding.n && body.n && !slice_eq_nocase(coding, SLICE("identity"))) {
		uint64_t lost = 0;
		int e = decode_content(coding, body, &plain, &lost, &reason);
		if (e == 0 || e == -ENOBUFS) {
			int level = coding_form(coding, body, buf_slice(&plain), &r->form);
			gzip_form(coding, body, level, &r->form);
			body = buf_slice(&plain);
			r->lost += lost;
			(void)snprintf(name, sizeof(name), "%.*s", SLICE_FMT(coding));
		}
	}
	view.body = body;
	*reply = (struct exchange_reply){.status = 404, .headers = BUF(65536), .body = BUF(OUT_MAX / 2)};
	const struct far_side *far = engine_far(c->engine);
	far->request(far->arg, &view, reply);
	if (reply->status < 200 || reply->status > 599 || buf_error(&reply->headers) || buf_error(&reply->body)) {
		buf_reset(&reply->headers);
		buf_reset(&reply->body);
		reply->status = 500;
	}
	c->requests++;
	request_trace(c, r, body, name[0] ? name : NULL, reply->answer, reply->status, reason);
}

size_t reply_piece(struct slice body, size_t from)
{
	size_t at = slice_find(body, SLICE("\n\n"), from);
	return at == SLICE_NPOS ? body.n : at + 2;
}

static int64_t calendar_ahead_s;

void http_calendar(int64_t ahead_s)
{
	calendar_ahead_s = ahead_s;
}

void http_date(char out[40])
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t now = time(NULL) + calendar_ahead_s;
	struct tm t;
	(void)gmtime_r(&now, &t); /* strftime would follow the locale, localtime would want files */
	(void)snprintf(out, 40, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * t.tm_wday, t.tm_mday, months + 3 * t.tm_mon,
	        t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

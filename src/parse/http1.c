#include "parse/http1.h"

#include "base/encode.h"

static bool token_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

enum http1_status http1_looks(struct slice in)
{
	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];
		if (c == ' ')
			return i >= 3 ? HTTP1_OK : HTTP1_BAD;
		if (!((c >= 'A' && c <= 'Z') || (c == '-' && i)) || i >= 24)
			return HTTP1_BAD;
	}
	return HTTP1_MORE;
}

static bool request_line(struct slice line, struct http1_head *h, const char **reason)
{
	size_t a = slice_chr(line, ' ', 0), b = a == SLICE_NPOS ? a : slice_chr(line, ' ', a + 1);
	*reason = "request line is not method, target, version";
	if (b == SLICE_NPOS || a == 0 || b == a + 1)
		return false;
	h->method = slice_sub(line, 0, a);
	h->target = slice_sub(line, a + 1, b - a - 1);
	h->proto = slice_from(line, b + 1);
	for (size_t i = 0; i < a; i++)
		if (!token_char(h->method.p[i]))
			return false;
	for (size_t i = 0; i < h->target.n; i++)
		if (h->target.p[i] <= ' ' || h->target.p[i] == 0x7f) {
			*reason = "control character in the request target";
			return false;
		}
	*reason = "unknown version of HTTP";
	return slice_is(h->proto, "HTTP/1.1") || slice_is(h->proto, "HTTP/1.0");
}

static bool field_line(struct slice line, struct http1_head *h, const char **reason)
{
	size_t colon = slice_chr(line, ':', 0);
	*reason = "header line without a name and a colon";
	if (colon == SLICE_NPOS || colon == 0)
		return false;
	for (size_t i = 0; i < colon; i++)
		if (!token_char(line.p[i])) {
			*reason = "character in a header name that is not allowed";
			return false;
		}
	for (size_t i = colon; i < line.n; i++)
		if ((line.p[i] < ' ' && line.p[i] != '\t') || line.p[i] == 0x7f) {
			*reason = "control character in a header value";
			return false;
		}
	*reason = "too many header fields";
	if (h->n_fields == HTTP1_FIELDS_MAX)
		return false;
	h->field[h->n_fields++] = (struct http1_field){slice_sub(line, 0, colon), slice_trim(slice_from(line, colon + 1))};
	return true;
}

/* Whether a comma separated list has the word, without regard to case. */
static bool list_has(struct slice list, const char *word)
{
	struct slice part;
	while (slice_split(&list, ',', &part))
		if (slice_eq_nocase(slice_trim(part), slice_str(word)))
			return true;
	return false;
}

struct slice http1_field(const struct http1_head *h, const char *name)
{
	for (size_t i = 0; i < h->n_fields; i++)
		if (slice_eq_nocase(h->field[i].name, slice_str(name)))
			return h->field[i].value;
	return SLICE_NONE;
}

static bool framing(struct http1_head *h, const char **reason)
{
	bool have_length = false, upgrade = false, websocket = false;
	h->keep_alive = slice_is(h->proto, "HTTP/1.1");
	for (size_t i = 0; i < h->n_fields; i++) {
		struct slice name = h->field[i].name, value = h->field[i].value;
		if (slice_eq_nocase(name, SLICE("content-length"))) {
			uint64_t n;
			*reason = "content-length is not one number";
			if (!slice_u64(value, UINT64_MAX / 2, &n) || (have_length && n != h->length))
				return false;
			have_length = true;
			h->length = n;
		} else if (slice_eq_nocase(name, SLICE("transfer-encoding"))) {
			*reason = "transfer coding other than chunked";
			if (!slice_eq_nocase(value, SLICE("chunked")) || h->framing == HTTP1_CHUNKED)
				return false;
			h->framing = HTTP1_CHUNKED;
		} else if (slice_eq_nocase(name, SLICE("connection"))) {
			upgrade |= list_has(value, "upgrade");
			if (list_has(value, "close"))
				h->keep_alive = false;
			else if (list_has(value, "keep-alive"))
				h->keep_alive = true;
		} else if (slice_eq_nocase(name, SLICE("expect"))) {
			h->expect_continue = slice_eq_nocase(value, SLICE("100-continue"));
		} else if (slice_eq_nocase(name, SLICE("upgrade"))) {
			websocket = list_has(value, "websocket");
		}
	}
	*reason = "both content-length and transfer-encoding";
	if (have_length && h->framing == HTTP1_CHUNKED)
		return false;
	if (have_length && h->length)
		h->framing = HTTP1_LENGTH;
	h->websocket = upgrade && websocket && slice_is(h->method, "GET");
	return true;
}

/* The lines of a head: the first is given to start_line, the others are fields. */
static enum http1_status head_lines(struct slice in, size_t start, bool (*start_line)(struct slice, struct http1_head *, const char **),
        struct http1_head *h, const char **reason, size_t *at)
{
	size_t pos = start;
	for (size_t line_no = 0;; line_no++) {
		size_t nl = slice_chr(in, '\n', pos);
		if (nl == SLICE_NPOS) {
			*at = pos;
			*reason = "head is too long";
			return in.n - start > HTTP1_HEAD_MAX ? HTTP1_BAD : HTTP1_MORE;
		}
		*at = pos;
		*reason = "line does not end with CR LF";
		if (nl == pos || in.p[nl - 1] != '\r')
			return HTTP1_BAD;
		struct slice line = slice_sub(in, pos, nl - 1 - pos);
		pos = nl + 1;
		if (line_no == 0) {
			if (!start_line(line, h, reason))
				return HTTP1_BAD;
			h->field_bytes.p = in.p + pos;
		} else if (line.n == 0) {
			break;
		} else if (!field_line(line, h, reason)) {
			return HTTP1_BAD;
		}
	}
	h->field_bytes.n = (size_t)(in.p + pos - h->field_bytes.p);
	h->size = pos;
	return HTTP1_OK;
}

enum http1_status http1_parse(struct slice in, struct http1_head *out, const char **reason, size_t *at)
{
	size_t start = 0;
	/* RFC 9112, 2.2: an empty line in front of a request is skipped. */
	while (start < 4 && in.n >= start + 2 && in.p[start] == '\r' && in.p[start + 1] == '\n')
		start += 2;
	struct http1_head h = {0};
	enum http1_status s = head_lines(in, start, request_line, &h, reason, at);
	if (s != HTTP1_OK)
		return s;
	if (!framing(&h, reason))
		return HTTP1_BAD;
	*out = h;
	return HTTP1_OK;
}

/* "HTTP/1.1 200 OK": the status goes into target, the phrase into method, for want of other places. */
static bool status_line(struct slice line, struct http1_head *h, const char **reason)
{
	*reason = "status line is not version, status, reason";
	if (line.n < 12 || line.p[8] != ' ' || (line.n > 12 && line.p[12] != ' '))
		return false;
	h->proto = slice_sub(line, 0, 8);
	h->target = slice_sub(line, 9, 3);
	h->method = slice_from(line, 13);
	for (size_t i = 0; i < h->method.n; i++)
		if (h->method.p[i] < ' ' && h->method.p[i] != '\t')
			return false;
	uint64_t status;
	return slice_u64(h->target, 999, &status) && status >= 100 && (slice_is(h->proto, "HTTP/1.1") || slice_is(h->proto, "HTTP/1.0"));
}

enum http1_status http1_parse_reply(struct slice in, struct slice method, struct http1_reply *out, const char **reason, size_t *at)
{
	struct http1_head h = {0};
	uint64_t status = 0;
	enum http1_status s = head_lines(in, 0, status_line, &h, reason, at);
	if (s != HTTP1_OK)
		return s;
	if (!slice_u64(h.target, 999, &status))
		return HTTP1_BAD;
	struct slice phrase = h.method;
	h.method = SLICE_NONE;
	bool bodyless = status < 200 || status == 204 || status == 304 || slice_is(method, "HEAD");
	bool sized = http1_field(&h, "content-length").p != NULL;
	if (!framing(&h, reason))
		return HTTP1_BAD;
	*out = (struct http1_reply){
	        .proto = h.proto,
	        .reason = phrase,
	        .status = (int)status,
	        .field_bytes = h.field_bytes,
	        .n_fields = h.n_fields,
	        .size = h.size,
	        .framing = bodyless ? HTTP1_NONE : h.framing,
	        .length = h.length,
	        .until_close = !bodyless && !sized && h.framing == HTTP1_NONE,
	        .keep_alive = h.keep_alive,
	};
	memcpy(out->field, h.field, h.n_fields * sizeof(h.field[0]));
	if (out->until_close)
		out->keep_alive = false;
	return HTTP1_OK;
}

enum http1_status http1_trailer(struct slice lines, struct http1_field field[HTTP1_FIELDS_MAX], size_t *n, const char **reason)
{
	struct http1_head h = {0};
	struct slice line;
	while (lines.n && slice_split(&lines, '\n', &line)) {
		*reason = "line does not end with CR LF";
		if (!line.n || line.p[line.n - 1] != '\r')
			return HTTP1_BAD;
		if (!field_line(slice_sub(line, 0, line.n - 1), &h, reason))
			return HTTP1_BAD;
	}
	memcpy(field, h.field, h.n_fields * sizeof(h.field[0]));
	*n = h.n_fields;
	return HTTP1_OK;
}

enum { SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER, TRAILER_LF, LAST_LF };

static size_t chunk_data(struct http1_chunked *c, struct slice in, struct buf *out, uint64_t *lost)
{
	size_t n = in.n < c->left ? in.n : (size_t)c->left;
	size_t fits = out->max - out->n < n ? out->max - out->n : n;
	buf_add(out, slice_sub(in, 0, fits));
	if (buf_error(out)) {
		out->error = 0;
		fits = 0;
	}
	*lost += n - fits;
	c->left -= n;
	return n;
}

enum http1_status http1_chunked(
        struct http1_chunked *c, struct slice in, size_t *used, struct buf *out, uint64_t *lost, const char **reason)
{
	size_t i = 0;
	*used = 0;
	while (i < in.n) {
		if (c->state == DATA) {
			i += chunk_data(c, slice_from(in, i), out, lost);
			if (c->left == 0)
				c->state = DATA_CR;
			continue;
		}
		uint8_t b = in.p[i++];
		*reason = c->state < TRAILER ? "chunked coding is broken" : "the trailer is too long";
		/* Of a trailer it counts all lines together. */
		if (++c->line > 16384)
			return HTTP1_BAD;
		if (c->lines && c->state != DATA_CR && c->state != DATA_LF) {
			buf_u8(c->lines, b);
			c->lines->error = 0;
		}
		if (c->trailer && (c->state == TRAILER_LF || (c->state == TRAILER && !(c->blank && b == '\r')))) {
			buf_u8(c->trailer, b);
			if (buf_error(c->trailer))
				return HTTP1_BAD;
		}
		*reason = "chunked coding is broken";
		switch (c->state) {
		case SIZE:
			if (hex_value(b) >= 0) {
				if (c->left >> 56)
					return HTTP1_BAD;
				c->left = c->left << 4 | (uint64_t)hex_value(b);
				c->digit = true;
			} else if (!c->digit) {
				return HTTP1_BAD;
			} else if (b == '\r') {
				c->state = SIZE_LF;
			} else if (b == ';' || b == ' ' || b == '\t') {
				c->state = EXTENSION;
			} else {
				return HTTP1_BAD;
			}
			break;
		case EXTENSION:
			if (b == '\r')
				c->state = SIZE_LF;
			else if (b == '\n')
				return HTTP1_BAD;
			break;
		case SIZE_LF:
			if (b != '\n')
				return HTTP1_BAD;
			c->state = c->left ? DATA : TRAILER;
			c->line = 0;
			c->digit = false;
			c->blank = true;
			break;
		case DATA_CR:
			if (b != '\r')
				return HTTP1_BAD;
			c->state = DATA_LF;
			break;
		case DATA_LF:
			if (b != '\n')
				return HTTP1_BAD;
			c->state = SIZE;
			c->line = 0;
			break;
		case TRAILER:
			if (b == '\r')
				c->state = c->blank ? LAST_LF : TRAILER_LF;
			else if (b == '\n')
				return HTTP1_BAD;
			c->blank = false;
			break;
		case TRAILER_LF:
			if (b != '\n')
				return HTTP1_BAD;
			c->state = TRAILER;
			c->blank = true;
			break;
		default: /* LAST_LF */
			if (b != '\n')
				return HTTP1_BAD;
			*used = i;
			return HTTP1_OK;
		}
	}
	*used = i;
	return HTTP1_MORE;
}

#include "gate/trailer.h"

#define NAME_MAX 256u

static uint8_t plain(uint8_t c)
{
	return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* RFC 9110, 6.5.1: a field may stand there only if its definition says so. Of the fields that have no definition here none can be asked, so
 * what is known to be no trailer is listed. */
bool trailer_may(struct slice name)
{
	static const char *const whole[] = {/* how the message is framed, and where it goes */
	        "host", "transfer-encoding", "te", "trailer", "connection", "keep-alive", "upgrade", "http2-settings", "via", "forwarded",
	        "max-forwards", "alt-used", "cdn-loop", "x-real-ip",
	        /* what is done with it */
	        "expect", "range", "cache-control", "pragma", "early-data", "priority", "x-method-override",
	        /* who sends it */
	        "authorization", "authentication-info", "www-authenticate", "cookie", "cookie2", "set-cookie", "set-cookie2", "x-api-key",
	        "api-key", "x-goog-api-key", "from", "origin", "referer", "user-agent", "date"};
	static const char *const begins[] = {"content-", "if-", "accept", "proxy-", "sec-", "access-control-", "x-forwarded-",
	        "x-original-", "x-rewrite-", "x-http-method"};
	uint8_t text[NAME_MAX];
	if (!name.n || name.n > sizeof(text))
		return false;
	for (size_t i = 0; i < name.n; i++)
		text[i] = plain(name.p[i]);
	struct slice s = slice_of(text, name.n);
	/* RFC 9530, 6.1: made for it. */
	if (slice_is(s, "content-digest"))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(whole); i++)
		if (slice_is(s, whole[i]))
			return false;
	for (size_t i = 0; i < ARRAY_LEN(begins); i++)
		if (slice_starts(s, slice_str(begins[i])))
			return false;
	return true;
}

bool trailer_same(struct slice a, struct slice b)
{
	for (size_t i = 0; a.n == b.n && i < a.n; i++)
		if (plain(a.p[i]) != plain(b.p[i]))
			return false;
	return a.n == b.n;
}

bool trailer_steers(struct slice name)
{
	static const char *const names[] = {"x-http-method-override", "x-http-method", "x-method-override", "x-original-method",
	        "x-forwarded-method", "x-original-url", "x-original-uri", "x-original-path", "x-rewrite-url", "x-override-url",
	        "x-forwarded-uri", "x-forwarded-path", "x-forwarded-prefix"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (trailer_same(name, slice_str(names[i])))
			return true;
	return false;
}

bool trailer_next(struct slice *lines, struct slice *name, struct slice *value)
{
	struct slice line;
	while (slice_split(lines, '\n', &line)) {
		size_t colon = slice_chr(line, ':', 0);
		if (colon == SLICE_NPOS || colon == 0)
			continue;
		*name = slice_sub(line, 0, colon);
		*value = slice_trim(slice_from(line, colon + 1));
		return true;
	}
	return false;
}

bool trailer_is_hop(const struct exchange_request *r, struct slice name)
{
	for (size_t i = 0; i < r->n_headers; i++) {
		struct slice list = r->headers[i].value, one;
		if (!slice_eq_nocase(r->headers[i].name, SLICE("connection")))
			continue;
		while (slice_split(&list, ',', &one))
			if (slice_eq_nocase(slice_trim(one), name))
				return true;
	}
	return false;
}

void trailer_pass(const struct exchange_request *r, struct slice lines, struct buf *out)
{
	struct slice name, value;
	while (trailer_next(&lines, &name, &value)) {
		if (!trailer_may(name) || trailer_is_hop(r, name))
			continue;
		buf_add(out, name);
		buf_str_add(out, ": ");
		buf_add(out, value);
		buf_str_add(out, "\r\n");
	}
}

void trailer_names(struct slice lines, struct buf *out)
{
	struct slice name, value;
	for (bool first = true; trailer_next(&lines, &name, &value); first = false) {
		buf_str_add(out, first ? "" : ", ");
		buf_add(out, name);
	}
}

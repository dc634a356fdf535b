#include "gate/tunnel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "parse/http1.h"

static bool good_host(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!letter && !strchr(".-_:", c))
			return false;
	}
	return s.n > 0 && s.n < TUNNEL_HOST;
}

/* %XX as in a URL. */
static bool unescape(struct slice in, struct buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] != '%') {
			buf_u8(out, in.p[i]);
			continue;
		}
		if (!decode_hex(out, slice_sub(in, i + 1, 2)) || i + 2 >= in.n)
			return false;
		i += 2;
	}
	return true;
}

int tunnel_parse(struct tunnel *t, const char *url, const char *except, struct err *err)
{
	struct slice s = slice_str(url), scheme = SLICE("http://");
	uint64_t port = 80;
	*t = (struct tunnel){.except = except};
	bool plain = slice_eq_nocase(slice_sub(s, 0, scheme.n), scheme);
	if (plain)
		s = slice_from(s, scheme.n);
	else if (slice_find(s, SLICE("://"), 0) != SLICE_NPOS)
		return err_set(err, -EINVAL, "a proxy is spoken to by http:// only, and not by what is asked for");
	s = slice_sub(s, 0, slice_chr(s, '/', 0));
	size_t at = SLICE_NPOS, next = 0;
	while ((next = slice_chr(s, '@', next)) != SLICE_NPOS)
		at = next++;
	if (at != SLICE_NPOS) {
		_cleanup_buf_ struct buf user = BUF(400), value = BUF(sizeof(t->authorization) - 1);
		buf_str_add(&value, "Basic ");
		bool whole = unescape(slice_sub(s, 0, at), &user);
		encode_base64(&value, buf_slice(&user), false, true);
		if (!whole || buf_error(&user) || buf_error(&value) || !user.n)
			return err_set(err, -EINVAL, "the user and password of the proxy cannot be read");
		(void)snprintf(t->authorization, sizeof(t->authorization), "%s", buf_str(&value));
		explicit_bzero(user.p, user.cap);
		explicit_bzero(value.p, value.cap);
		s = slice_from(s, at + 1);
	}
	struct slice host = s;
	if (s.n && s.p[0] == '[') {
		size_t end = slice_chr(s, ']', 0);
		host = end == SLICE_NPOS ? SLICE_NONE : slice_sub(s, 1, end - 1);
		s = end == SLICE_NPOS ? SLICE_NONE : slice_from(s, end + 1);
	} else {
		host = slice_sub(s, 0, slice_chr(s, ':', 0));
		s = slice_from(s, host.n);
	}
	if (!good_host(host) || (s.n && (s.p[0] != ':' || !slice_u64(slice_from(s, 1), 65535, &port) || port == 0)))
		return err_set(err, -EINVAL, "the proxy is to be given as http://HOST:PORT");
	(void)snprintf(t->host, sizeof(t->host), "%.*s", SLICE_FMT(host));
	t->port = (uint16_t)port;
	return 0;
}

bool tunnel_excepts(const struct tunnel *t, const char *host)
{
	struct slice name = slice_str(host), rest = slice_str(t->except ? t->except : "");
	while (rest.n) {
		size_t end = 0;
		while (end < rest.n && rest.p[end] != ',' && rest.p[end] != ' ')
			end++;
		struct slice one = slice_trim(slice_sub(rest, 0, end));
		rest = slice_from(rest, end < rest.n ? end + 1 : end);
		if (slice_is(one, "*"))
			return true;
		/* ".example.com" and "*.example.com" are "example.com". */
		if (slice_starts(one, SLICE("*.")))
			one = slice_from(one, 2);
		else if (slice_starts(one, SLICE(".")))
			one = slice_from(one, 1);
		if (!one.n || one.n > name.n)
			continue;
		if (slice_eq_nocase(slice_from(name, name.n - one.n), one) && (one.n == name.n || name.p[name.n - one.n - 1] == '.'))
			return true;
	}
	return false;
}

void tunnel_request(const struct tunnel *t, const char *host, uint16_t port, struct buf *out)
{
	const char *open = strchr(host, ':') ? "[" : "", *close = *open ? "]" : "";
	buf_fmt(out, "CONNECT %s%s%s:%u HTTP/1.1\r\nHost: %s%s%s:%u\r\n", open, host, close, port, open, host, close, port);
	if (t->authorization[0])
		buf_fmt(out, "Proxy-Authorization: %s\r\n", t->authorization);
	buf_str_add(out, "\r\n");
}

int tunnel_reply(struct slice in, char *why, size_t size)
{
	struct http1_reply r;
	const char *bad = NULL;
	size_t at = 0;
	switch (http1_parse_reply(in, SLICE("CONNECT"), &r, &bad, &at)) {
	case HTTP1_MORE:
		if (in.n < TUNNEL_REPLY_MAX)
			return 0;
		(void)snprintf(why, size, "the proxy's reply is too long");
		return -E2BIG;
	case HTTP1_BAD:
		(void)snprintf(why, size, "what the proxy says is no reply: %s", bad);
		return -EPROTO;
	case HTTP1_OK:
		break;
	}
	if (r.status >= 200 && r.status < 300)
		return (int)r.size;
	(void)snprintf(why, size, "the proxy refuses with %d%s", r.status,
	        r.status == 407 ? ": it wants a user and a password, as in http://USER:PASSWORD@HOST:PORT" : "");
	return -EACCES;
}

#include "gate/route.h"

#include <errno.h>
#include <stdio.h>

static bool plain(struct slice s, bool path)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
		if (!word && !(path && (c == '/' || c == '~' || c == '+' || c == ':' || c == '@')))
			return false;
	}
	return true;
}

/* HOST[:PORT][/PATH]; the path without its last slashes. */
static const char *parse_place(struct slice s, char host[256], char path[256], uint64_t *port)
{
	size_t slash = slice_chr(s, '/', 0);
	struct slice p = slash == SLICE_NPOS ? SLICE_NONE : slice_from(s, slash), h = slice_sub(s, 0, slash);
	size_t colon = slice_chr(h, ':', 0);
	while (p.n && p.p[p.n - 1] == '/')
		p.n--;
	if (colon != SLICE_NPOS && (!slice_u64(slice_from(h, colon + 1), 65535, port) || *port == 0))
		return "its port is no number";
	h = slice_sub(h, 0, colon);
	if (!h.n || h.n > 253 || !plain(h, false))
		return "its host is no name";
	if (p.n > 250 || !plain(p, true) || slice_find(p, SLICE("//"), 0) != SLICE_NPOS || slice_find(p, SLICE("/."), 0) != SLICE_NPOS)
		return "its path is not a plain one";
	(void)snprintf(host, 256, "%.*s", SLICE_FMT(h));
	for (char *c = host; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	(void)snprintf(path, 256, "%.*s", SLICE_FMT(p));
	return NULL;
}

int route_parse(const char *official, const char *url, struct route *out)
{
	struct slice u = slice_str(url);
	uint64_t port = 0, none = 0;
	*out = (struct route){0};
	if (slice_starts(u, SLICE("https://"))) {
		out->to_tls = true;
		u = slice_from(u, 8);
	} else if (slice_starts(u, SLICE("http://"))) {
		u = slice_from(u, 7);
	} else {
		out->why = "an address begins with http:// or https://";
		return -EINVAL;
	}
	out->why = parse_place(slice_str(official), out->from_host, out->from_path, &none);
	if (!out->why && none)
		out->why = "the official host has no port";
	if (!out->why && slice_chr(slice_sub(u, 0, slice_chr(u, '/', 0)), '@', 0) != SLICE_NPOS)
		out->why = "a user and password in an address are not supported";
	if (!out->why)
		out->why = parse_place(u, out->to_host, out->to_path, &port);
	out->to_port = (uint16_t)(port ? port : out->to_tls ? 443 : 80);
	return out->why ? -EINVAL : 0;
}

void route_write(const struct route *r, struct buf *out)
{
	buf_fmt(out, "%s\t%s\t%s\t%s\t%u\t%d\t\n", r->from_host, r->from_path, r->to_host, r->to_path, r->to_port, r->to_tls);
}

bool route_next(struct slice *rest, struct route *out)
{
	struct slice line, part[6];
	uint64_t port, tls;
	if (!rest->n || !slice_split(rest, '\n', &line))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(part); i++)
		if (!slice_split(&line, '\t', &part[i]) || part[i].n > 255)
			return false;
	if (!slice_u64(part[4], 65535, &port) || !slice_u64(part[5], 1, &tls))
		return false;
	*out = (struct route){.to_port = (uint16_t)port, .to_tls = tls != 0};
	char *const to[] = {out->from_host, out->from_path, out->to_host, out->to_path};
	for (size_t i = 0; i < ARRAY_LEN(to); i++)
		(void)snprintf(to[i], 256, "%.*s", SLICE_FMT(part[i]));
	return true;
}

bool route_target(const struct route *r, const char *host, struct slice target, struct buf *out)
{
	struct slice prefix = slice_str(r->from_path);
	if (strcmp(r->from_host, host) != 0 || !slice_starts(target, prefix))
		return false;
	struct slice rest = slice_from(target, prefix.n);
	if (prefix.n && rest.n && rest.p[0] != '/' && rest.p[0] != '?')
		return false;
	buf_str_add(out, r->to_path);
	if (!r->to_path[0] && (!rest.n || rest.p[0] == '?'))
		buf_u8(out, '/');
	buf_add(out, rest);
	return true;
}

#include <errno.h>

#include "base/cursor.h"
#include "wire/world_config.h"

/* Format: u8 version, then each field as u32be length + bytes; a string that is NULL has the length 0xffffffff. */
#define VERSION   2
#define NONE      0xffffffffu
#define HOSTS_MAX 64u

static void put(struct buf *b, struct slice s)
{
	buf_be(b, s.p ? s.n : NONE, 4);
	buf_add(b, s);
}

void world_config_encode(struct buf *b, const struct world_config *c)
{
	size_t n = 0;
	while (c->model_hosts && c->model_hosts[n])
		n++;
	buf_u8(b, VERSION);
	put(b, c->ca_cert_pem);
	put(b, c->ca_key_pem);
	put(b, c->seed);
	put(b, slice_str(c->gateway_host));
	put(b, slice_str(c->dialect));
	put(b, slice_str(c->client_ipv4));
	put(b, slice_str(c->project));
	put(b, slice_str(c->dns_search));
	buf_be(b, c->trace_max, 8);
	buf_be(b, (uint64_t)c->ahead_s, 8);
	buf_be(b, c->model_hosts ? n : NONE, 4);
	for (size_t i = 0; i < n; i++)
		put(b, slice_str(c->model_hosts[i]));
}

struct reader {
	struct cursor c;
	struct arena *arena;
	bool full;
};

static struct slice take(struct reader *r)
{
	uint32_t n = cursor_be32(&r->c);
	if (!cursor_ok(&r->c) || n == NONE)
		return SLICE_NONE;
	struct slice s = cursor_take(&r->c, n);
	if (!cursor_ok(&r->c))
		return SLICE_NONE;
	struct slice copy = arena_copy(r->arena, s);
	r->full |= !copy.p;
	return copy;
}

static const char *take_str(struct reader *r)
{
	struct slice s = take(r);
	/* A NUL inside would hide what follows it. */
	if (s.p && slice_chr(s, 0, 0) != SLICE_NPOS)
		r->c.bad = true;
	return (const char *)s.p;
}

int world_config_decode(struct slice message, struct arena *arena, struct world_config *out)
{
	struct reader r = {.c = cursor_of(message), .arena = arena};
	if (cursor_u8(&r.c) != VERSION)
		return -EBADMSG;
	struct world_config c = {.ca_cert_pem = take(&r)};
	c.ca_key_pem = take(&r);
	c.seed = take(&r);
	c.gateway_host = take_str(&r);
	c.dialect = take_str(&r);
	c.client_ipv4 = take_str(&r);
	c.project = take_str(&r);
	c.dns_search = take_str(&r);
	c.trace_max = cursor_be64(&r.c);
	c.ahead_s = (int64_t)cursor_be64(&r.c);
	uint32_t n = cursor_be32(&r.c);
	if (!cursor_ok(&r.c) || (n > HOSTS_MAX && n != NONE))
		return -EBADMSG;
	if (n != NONE) {
		const char **hosts = arena_array(arena, n + 1u, sizeof(*hosts));
		if (!hosts)
			return -ENOMEM;
		for (uint32_t i = 0; i < n; i++) {
			hosts[i] = take_str(&r);
			if (!hosts[i] && !r.full)
				return -EBADMSG;
		}
		c.model_hosts = hosts;
	}
	if (r.full)
		return -ENOMEM;
	if (!cursor_ok(&r.c) || cursor_left(&r.c))
		return -EBADMSG;
	*out = c;
	return 0;
}

#include <errno.h>

#include "base/cursor.h"
#include "wire/world_config.h"

/* Format: u8 version, then each field as u32be length + bytes; a string that is NULL has the length 0xffffffff. */
#define VERSION  2
#define NONE     0xffffffffu
#define LIST_MAX 8192u

static void put(struct buf *b, struct slice s)
{
	buf_be(b, s.p ? s.n : NONE, 4);
	buf_add(b, s);
}

static void put_list(struct buf *b, const char *const *list)
{
	size_t n = 0;
	while (list && list[n])
		n++;
	buf_be(b, list ? n : NONE, 4);
	for (size_t i = 0; i < n; i++)
		put(b, slice_str(list[i]));
}

void world_config_encode(struct buf *b, const struct world_config *c)
{
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
	put_list(b, c->model_hosts);
	buf_be(b, c->moods, 4);
	put_list(b, c->dead);
	put_list(b, c->flags);
	put(b, slice_str(c->obey_mark));
	put(b, slice_str(c->obey_command));
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

static const char *const *take_list(struct reader *r)
{
	uint32_t n = cursor_be32(&r->c);
	if (!cursor_ok(&r->c) || n == NONE)
		return NULL;
	/* Each takes four bytes at least. */
	if (n > LIST_MAX || n > cursor_left(&r->c) / 4) {
		r->c.bad = true;
		return NULL;
	}
	const char **list = arena_array(r->arena, n + 1u, sizeof(*list));
	r->full |= !list;
	for (uint32_t i = 0; list && i < n; i++) {
		list[i] = take_str(r);
		r->c.bad |= !list[i] && !r->full;
	}
	return list;
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
	c.model_hosts = take_list(&r);
	c.moods = cursor_be32(&r.c);
	c.dead = take_list(&r);
	c.flags = take_list(&r);
	c.obey_mark = take_str(&r);
	c.obey_command = take_str(&r);
	if (r.full)
		return -ENOMEM;
	if (!cursor_ok(&r.c) || cursor_left(&r.c) || !c.obey_mark != !c.obey_command)
		return -EBADMSG;
	*out = c;
	return 0;
}

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "ledger/sink_part.h"

static const struct sink_kind *const kinds[] = {&sink_nats, &sink_kafka, &sink_postgres};

static const struct sink_kind *kind_of(const char *url)
{
	struct slice s = slice_str(url);
	size_t end = slice_find(s, SLICE("://"), 0);
	for (size_t i = 0; end != SLICE_NPOS && i < ARRAY_LEN(kinds); i++)
		for (const char *const *scheme = kinds[i]->schemes; *scheme; scheme++)
			if (slice_is(slice_sub(s, 0, end), *scheme))
				return kinds[i];
	return NULL;
}

bool sink_is(const char *url)
{
	return kind_of(url) != NULL;
}

int sink_check(const struct sink_options *o, struct err *err)
{
	if ((o->tls_cert != NULL) != (o->tls_key != NULL))
		return err_set(err, -EINVAL, "a certificate and its key go together");
	return kind_of(o->url)->check(o, err);
}

int sink_open(const struct sink_options *o, struct sink **out, struct sink_position *at, struct err *err)
{
	return kind_of(o->url)->open(o, out, at, err);
}

int sink_send(struct sink *s, uint64_t first, const struct slice *entry, size_t n, struct err *err)
{
	return s->kind->send(s, first, entry, n, err);
}

bool sink_alive(struct sink *s)
{
	return s->kind->alive(s);
}

void sink_close(struct sink *s)
{
	if (s)
		s->kind->close(s);
}

/* What the kinds share. */

static bool copy(struct slice s, char *out, size_t size)
{
	if (s.n >= size)
		return false;
	if (s.n)
		memcpy(out, s.p, s.n);
	out[s.n] = 0;
	return true;
}

bool sink_local(struct slice host)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]", "::1"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t n = strlen(names[i]);
		if (slice_starts(host, slice_str(names[i])) && (host.n == n || host.p[n] == ':'))
			return true;
	}
	return false;
}

static int take_hosts(struct sink_url *u, struct slice hosts, struct err *err)
{
	struct slice rest = hosts, one;
	u->local = true;
	for (size_t i = 0; i < hosts.n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:,[]", hosts.p[i]) || !hosts.p[i])
			return err_set(err, -EINVAL, "a host of the address has a character that does not belong there");
	while (slice_split(&rest, ',', &one)) {
		if (!one.n)
			return err_set(err, -EINVAL, "the address has no host");
		u->local = u->local && sink_local(one);
	}
	return copy(hosts, u->hosts, sizeof(u->hosts)) && hosts.n ? 0 : err_set(err, -EINVAL, "the address has no host, or too many");
}

static int take_parameters(struct sink_url *u, struct slice text, struct err *err)
{
	struct slice one;
	while (slice_split(&text, '&', &one)) {
		size_t is = slice_chr(one, '=', 0);
		if (is == SLICE_NPOS || u->n == SINK_PARAMETERS ||
		        !copy(slice_sub(one, 0, is), u->parameter[u->n].name, sizeof(u->parameter[0].name)) ||
		        !copy(slice_from(one, is + 1), u->parameter[u->n].value, sizeof(u->parameter[0].value)))
			return err_set(err, -EINVAL, "what stands behind the question mark of the address is not NAME=VALUE");
		u->n++;
	}
	return 0;
}

int sink_url_parse(const char *url, struct sink_url *out, struct err *err)
{
	struct sink_url u = {0};
	struct slice rest = slice_str(url);
	size_t end = slice_find(rest, SLICE("://"), 0);
	if (end == SLICE_NPOS || !copy(slice_sub(rest, 0, end), u.scheme, sizeof(u.scheme)))
		return err_set(err, -EINVAL, "the address has no scheme");
	u.tls = slice_ends(slice_str(u.scheme), SLICE("+tls"));
	rest = slice_from(rest, end + 3);
	size_t query = slice_chr(rest, '?', 0);
	int r = query == SLICE_NPOS ? 0 : take_parameters(&u, slice_from(rest, query + 1), err);
	rest = slice_sub(rest, 0, query);
	size_t path = slice_chr(rest, '/', 0), user = slice_chr(slice_sub(rest, 0, path), '@', 0);
	if (user != SLICE_NPOS) {
		struct slice name = slice_sub(rest, 0, user);
		if (slice_chr(name, ':', 0) != SLICE_NPOS)
			return err_set(err, -EINVAL,
			        "a password on the command line can be read by everyone on this host: --token-file is for that");
		if (!copy(name, u.user, sizeof(u.user)))
			return err_set(err, -EINVAL, "the name of the user is too long");
	}
	if (path == SLICE_NPOS || !copy(slice_from(rest, path + 1), u.path, sizeof(u.path)) || !u.path[0])
		return err_set(err, -EINVAL, "the address has no path, or one that is too long");
	user = user == SLICE_NPOS ? 0 : user + 1;
	r = r < 0 ? r : take_hosts(&u, slice_sub(rest, user, path - user), err);
	if (r == 0)
		*out = u;
	return r;
}

bool sink_index(struct slice text, uint64_t *out)
{
	return slice_u64(text, INT64_MAX - 1, out);
}

struct sink_id sink_id(const char *origin, uint64_t index)
{
	struct sink_id id;
	(void)snprintf(id.text, sizeof(id.text), "%s/%" PRIu64, origin, index);
	return id;
}

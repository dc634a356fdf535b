#include "guard/egress_names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "parse/address.h"

/* A client keeps an address longer than it may. What is closed is kept a little longer; that somebody else lives there too is kept
 * longer still, as it is worse to forget. Seconds. */
#define TTL_LEAST    60u
#define TTL_MOST     86400u
#define GRACE_CLOSED 600
#define GRACE_OTHER  7200

bool egress_address(const char *text, uint8_t out[16])
{
	uint8_t v4[4];
	if (inet_pton(AF_INET, text, v4) == 1) {
		address_map(out, v4);
		return true;
	}
	return inet_pton(AF_INET6, text, out) == 1;
}

void egress_address_text(const uint8_t ip[16], char out[46])
{
	out[0] = 0;
	if (address_mapped(ip))
		(void)inet_ntop(AF_INET, ip + 12, out, 46);
	else
		(void)inet_ntop(AF_INET6, ip, out, 46);
}

/* ---- Names ---- */

static size_t slot_of(const struct egress_names *t, struct slice key)
{
	size_t i = slice_hash(key) & t->mask;
	while (t->slot[i] && !slice_is(key, t->host[t->slot[i] - 1].pattern))
		i = (i + 1) & t->mask;
	return i;
}

/* A pattern as the table has it; NULL if it is none. */
static const char *pattern_of(struct arena *a, const char *text)
{
	struct slice s = slice_str(text);
	/* Of "*.x" what follows the star, which stands before it in memory: see egress_names.h. */
	size_t star = slice_starts(s, SLICE("*.")) ? 1 : 0;
	s = slice_from(s, star);
	if (s.n > 1 && s.p[s.n - 1] == '.')
		s.n--;
	if (s.n == 0 || s.n > 253 || (s.p[0] == '.' && (s.n == 1 || text[0] != '*')))
		return NULL;
	char *copy = arena_fmt(a, "%s%.*s", star ? "*" : "", SLICE_FMT(s));
	copy = copy ? copy + star : NULL;
	for (char *c = copy; c && *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 32);
		if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '-' || *c == '_' || *c == '.'))
			return NULL;
		if (*c == '.' && c[1] == '.')
			return NULL;
	}
	return copy;
}

static int copy_host(struct egress_names *t, const struct egress_host *h, struct err *err)
{
	struct egress_host copy = {.open = h->open,
	        .tool = h->tool ? arena_str(&t->arena, slice_str(h->tool)) : NULL,
	        .rule = h->rule ? arena_str(&t->arena, slice_str(h->rule)) : NULL};
	uint8_t ip[16];
	if (egress_address(h->pattern, ip)) {
		copy.pattern = arena_str(&t->arena, slice_str(h->pattern));
		if (!copy.pattern)
			return -ENOMEM;
		t->hard[t->n_hard].host = copy;
		memcpy(t->hard[t->n_hard++].ip, ip, 16);
		return 0;
	}
	copy.pattern = pattern_of(&t->arena, h->pattern);
	if (!copy.pattern)
		return err_set(err, -EINVAL, "\"%.200s\" is no name of a host, no *.name and no address", h->pattern);
	size_t i = slot_of(t, slice_str(copy.pattern));
	if (t->slot[i]) {
		/* Said twice: closed by one rule is closed. */
		if (!h->open && t->host[t->slot[i] - 1].open)
			t->host[t->slot[i] - 1] = copy;
		return 0;
	}
	t->host[t->n++] = copy;
	t->slot[i] = (uint32_t)t->n;
	return 0;
}

int egress_names_make(struct egress_names *t, const struct egress_host *host, size_t n, struct err *err)
{
	if (n > EGRESS_HOSTS_MAX)
		return err_set(err, -EINVAL, "%zu hosts are more than %u", n, EGRESS_HOSTS_MAX);
	struct egress_names made = {.arena = ARENA((size_t)16 << 20)};
	made.mask = 15;
	while (made.mask < 2 * n)
		made.mask = made.mask * 2 + 1;
	made.host = arena_array(&made.arena, n + 1, sizeof(*made.host));
	made.hard = arena_array(&made.arena, n + 1, sizeof(*made.hard));
	made.slot = arena_array(&made.arena, made.mask + 1, sizeof(*made.slot));
	int r = made.host && made.hard && made.slot ? 0 : -ENOMEM;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = copy_host(&made, &host[i], err);
	if (r < 0) {
		arena_free(&made.arena);
		return r == -ENOMEM ? err_set(err, r, "out of memory") : r;
	}
	*t = made;
	return 0;
}

void egress_names_free(struct egress_names *t)
{
	arena_free(&t->arena);
	*t = (struct egress_names){.n = 0};
}

const struct egress_host *egress_names_find(const struct egress_names *t, const char *name)
{
	struct slice s = slice_str(name);
	if (!t->slot || s.n == 0 || s.n > 253)
		return NULL;
	/* The whole, then what begins with each dot. */
	size_t at = 0, next = 0;
	do {
		size_t i = slot_of(t, slice_from(s, at));
		if (t->slot[i])
			return &t->host[t->slot[i] - 1];
		at = slice_chr(s, '.', next);
		next = at + 1;
	} while (at != SLICE_NPOS);
	return NULL;
}

bool egress_names_has(const struct egress_names *t, const char *pattern)
{
	return t->slot && t->slot[slot_of(t, slice_str(pattern))] != 0;
}

const struct egress_host *egress_names_hard(const struct egress_names *t, const uint8_t ip[16])
{
	for (size_t i = 0; i < t->n_hard; i++)
		if (memcmp(t->hard[i].ip, ip, 16) == 0)
			return &t->hard[i].host;
	return NULL;
}

void egress_name_key(const char *pattern, struct egress_name_key *out)
{
	size_t n = strlen(pattern);
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < n && i < NAME_BYTES - 1; i++)
		out->reversed[i] = (uint8_t)pattern[n - 1 - i];
	/* Of ".x" all that goes on behind the dot; of a name its NUL too. */
	out->bits = (uint32_t)(pattern[0] == '.' ? n : n + 1) * 8;
}

/* ---- Addresses ---- */

struct closed {
	uint8_t ip[16];
	char name[256];
	int64_t until, shared_until;
	uint32_t next;  /* in its bucket, or among the free: index + 1 */
	uint32_t flags; /* as was told */
	bool used;
};
struct other {
	uint8_t ip[16];
	int64_t until; /* 0: free */
};

struct egress_addresses {
	egress_address_fn *fn;
	void *arg;
	uint64_t salt[2];
	uint32_t bucket[ADDRESSES_CLOSED_MAX], free;
	size_t n;
	struct closed closed[ADDRESSES_CLOSED_MAX];
	struct other other[ADDRESSES_OTHER_SETS][4];
};

int egress_addresses_new(struct egress_addresses **out, egress_address_fn *fn, void *arg)
{
	struct egress_addresses *a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->fn = fn;
	a->arg = arg;
	if (getrandom(a->salt, sizeof(a->salt), GRND_NONBLOCK) < 0)
		a->salt[0] = a->salt[1] = (uint64_t)(uintptr_t)a;
	for (uint32_t i = 0; i < ADDRESSES_CLOSED_MAX; i++)
		a->closed[i].next = i + 1 < ADDRESSES_CLOSED_MAX ? i + 2 : 0;
	a->free = 1;
	*out = a;
	return 0;
}

void egress_addresses_free(struct egress_addresses *a)
{
	free(a);
}

/* Keyed, as those who name addresses may mean to displace others. */
static uint64_t hash(const struct egress_addresses *a, const uint8_t ip[16])
{
	uint64_t half[2];
	memcpy(half, ip, 16);
	unsigned __int128 m = (unsigned __int128)(half[0] ^ a->salt[0]) * (half[1] ^ a->salt[1]);
	uint64_t h = (uint64_t)m ^ (uint64_t)(m >> 64);
	m = (unsigned __int128)(h ^ a->salt[1]) * 0x9e3779b97f4a7c15u;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static struct closed *find_closed(const struct egress_addresses *a, const uint8_t ip[16])
{
	for (uint32_t i = a->bucket[hash(a, ip) % ADDRESSES_CLOSED_MAX]; i; i = a->closed[i - 1].next)
		if (memcmp(a->closed[i - 1].ip, ip, 16) == 0)
			return (struct closed *)&a->closed[i - 1];
	return NULL;
}

static struct closed *new_closed(struct egress_addresses *a, const uint8_t ip[16])
{
	if (!a->free)
		return NULL;
	struct closed *c = &a->closed[a->free - 1];
	uint32_t me = a->free, *bucket = &a->bucket[hash(a, ip) % ADDRESSES_CLOSED_MAX];
	a->free = c->next;
	*c = (struct closed){.next = *bucket, .used = true};
	memcpy(c->ip, ip, 16);
	*bucket = me;
	a->n++;
	return c;
}

static void drop_closed(struct egress_addresses *a, struct closed *c)
{
	uint32_t me = (uint32_t)(c - a->closed) + 1, *i = &a->bucket[hash(a, c->ip) % ADDRESSES_CLOSED_MAX];
	while (*i != me)
		i = &a->closed[*i - 1].next;
	*i = c->next;
	c->used = false;
	c->next = a->free;
	a->free = me;
	a->n--;
}

static void tell(struct egress_addresses *a, struct closed *c, int64_t now)
{
	uint32_t flags = c->shared_until > now ? ADDRESS_SHARED : ADDRESS_SOLE;
	if (flags != c->flags)
		a->fn(a->arg, c->ip, c->flags = flags);
}

static struct other *other_of(struct egress_addresses *a, const uint8_t ip[16], bool make)
{
	struct other *set = a->other[hash(a, ip) % ADDRESSES_OTHER_SETS], *oldest = &set[0];
	for (size_t i = 0; i < 4; i++) {
		if (set[i].until && memcmp(set[i].ip, ip, 16) == 0)
			return &set[i];
		if (set[i].until < oldest->until)
			oldest = &set[i];
	}
	if (!make)
		return NULL;
	*oldest = (struct other){.until = 1};
	memcpy(oldest->ip, ip, 16);
	return oldest;
}

void egress_addresses_learn(struct egress_addresses *a, const uint8_t ip[16], const char *name, bool closed, uint32_t ttl, int64_t now)
{
	ttl = ttl < TTL_LEAST ? TTL_LEAST : ttl > TTL_MOST ? TTL_MOST : ttl;
	struct closed *c = find_closed(a, ip);
	if (!closed) {
		int64_t until = now + ttl + GRACE_OTHER;
		struct other *o = other_of(a, ip, true);
		if (o->until < until)
			o->until = until;
		if (c && c->shared_until < until)
			c->shared_until = until;
		if (c)
			tell(a, c, now);
		return;
	}
	if (!c) {
		c = new_closed(a, ip);
		if (!c)
			return;
		struct other *o = other_of(a, ip, false);
		c->shared_until = o ? o->until : 0;
	}
	if (c->until < now + ttl + GRACE_CLOSED)
		c->until = now + ttl + GRACE_CLOSED;
	size_t n = strnlen(name, sizeof(c->name) - 1);
	memcpy(c->name, name, n);
	c->name[n] = 0;
	tell(a, c, now);
}

void egress_addresses_age(struct egress_addresses *a, int64_t now)
{
	for (size_t i = 0; i < ADDRESSES_CLOSED_MAX; i++) {
		struct closed *c = &a->closed[i];
		if (!c->used)
			continue;
		if (c->until > now) {
			tell(a, c, now);
			continue;
		}
		a->fn(a->arg, c->ip, 0);
		drop_closed(a, c);
	}
}

void egress_addresses_judge(struct egress_addresses *a, const struct egress_names *t, int64_t now)
{
	for (size_t i = 0; i < ADDRESSES_CLOSED_MAX; i++) {
		struct closed *c = &a->closed[i];
		const struct egress_host *h = c->used ? egress_names_find(t, c->name) : NULL;
		if (!c->used || (h && !h->open))
			continue;
		/* Its name is open now: then it is one of the others. */
		other_of(a, c->ip, true)->until = now + GRACE_OTHER;
		a->fn(a->arg, c->ip, 0);
		drop_closed(a, c);
	}
}

const char *egress_addresses_name(const struct egress_addresses *a, const uint8_t ip[16])
{
	const struct closed *c = find_closed(a, ip);
	return c ? c->name : NULL;
}

uint32_t egress_addresses_flags(const struct egress_addresses *a, const uint8_t ip[16])
{
	const struct closed *c = find_closed(a, ip);
	return c ? c->flags : 0;
}

size_t egress_addresses_count(const struct egress_addresses *a)
{
	return a->n;
}

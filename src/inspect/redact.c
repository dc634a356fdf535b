#include "inspect/redact.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/encode.h"
#include "crypto/digest.h"

#define PREFIX    "postern-"
#define PREFIX_N  8u
#define ID_N      12u /* hex digits */
#define KIND_MAX  32u
#define SHORTEST  (PREFIX_N + 1 + 1 + ID_N)
#define SLOTS_MIN 64u

struct entry {
	uint64_t id; /* 48 bits */
	char *name;  /* the whole placeholder; NULL: empty slot */
	uint8_t *value;
	size_t n;
	bool json;
};

struct redact_vault {
	uint8_t key[32];
	struct entry *slots;
	size_t mask, count, used, max;
};

int redact_vault_new(size_t bytes, const uint8_t key[32], struct redact_vault **out)
{
	struct redact_vault *v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->slots = calloc(SLOTS_MIN, sizeof(*v->slots));
	v->mask = SLOTS_MIN - 1;
	v->max = bytes ? bytes : (size_t)1 << 20;
	if (key)
		memcpy(v->key, key, sizeof(v->key));
	if (!v->slots || (!key && getrandom(v->key, sizeof(v->key), 0) != (ssize_t)sizeof(v->key))) {
		redact_vault_free(v);
		return -ENOMEM;
	}
	*out = v;
	return 0;
}

void redact_vault_free(struct redact_vault *v)
{
	if (!v)
		return;
	for (size_t i = 0; v->slots && i <= v->mask; i++) {
		if (v->slots[i].value)
			explicit_bzero(v->slots[i].value, v->slots[i].n);
		free(v->slots[i].value);
		free(v->slots[i].name);
	}
	free(v->slots);
	explicit_bzero(v->key, sizeof(v->key));
	free(v);
}

size_t redact_vault_count(const struct redact_vault *v)
{
	return v->count;
}

static struct entry *slot(const struct redact_vault *v, uint64_t id)
{
	size_t i = (size_t)(id * 0x9e3779b97f4a7c15ull >> 20) & v->mask;
	while (v->slots[i].name && v->slots[i].id != id)
		i = (i + 1) & v->mask;
	return &v->slots[i];
}

static int grow(struct redact_vault *v)
{
	struct redact_vault bigger = *v;
	if ((v->count + 1) * 2 <= v->mask)
		return 0;
	bigger.mask = v->mask * 2 + 1;
	bigger.slots = calloc(bigger.mask + 1, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i <= v->mask; i++)
		if (v->slots[i].name)
			*slot(&bigger, v->slots[i].id) = v->slots[i];
	free(v->slots);
	*v = bigger;
	return 0;
}

/* The number of a value; `round` tells apart values that would have the same. */
static int id_of(const struct redact_vault *v, struct slice value, uint8_t round, uint64_t *id)
{
	uint8_t mac[DIGEST_MAX], inner[DIGEST_MAX + 1];
	int e = digest_hmac(DIGEST_SHA256, slice_of(v->key, sizeof(v->key)), value, mac);
	if (e == 0 && round) {
		memcpy(inner, mac, 32);
		inner[32] = round;
		e = digest_hmac(DIGEST_SHA256, slice_of(v->key, sizeof(v->key)), slice_of(inner, 33), mac);
	}
	if (e < 0)
		return e;
	*id = 0;
	for (size_t i = 0; i < ID_N / 2; i++)
		*id = *id << 8 | mac[i];
	return 0;
}

static int add(struct redact_vault *v, struct entry *s, uint64_t id, const char *kind, struct slice value, bool json)
{
	char name[REDACT_PLACEHOLDER + 1], clean[KIND_MAX + 1];
	size_t n = 0;
	if (value.n > v->max - v->used)
		return -ENOSPC;
	for (; *kind && n < KIND_MAX; kind++) {
		char c = *kind >= 'A' && *kind <= 'Z' ? (char)(*kind | 32) : *kind;
		bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (good || (n > 0 && clean[n - 1] != '-'))
			clean[n++] = good ? c : '-';
	}
	while (n > 0 && clean[n - 1] == '-')
		n--;
	clean[n] = 0;
	(void)snprintf(name, sizeof(name), PREFIX "%s-%012llx", n ? clean : "value", (unsigned long long)id);
	struct entry e = {.id = id, .name = strdup(name), .value = malloc(value.n), .n = value.n, .json = json};
	if (!e.name || !e.value) {
		free(e.name);
		free(e.value);
		return -ENOMEM;
	}
	memcpy(e.value, value.p, value.n);
	*s = e;
	v->count++;
	v->used += value.n;
	return 0;
}

/* The entry of a value, made if it is new. */
static int enter(struct redact_vault *v, const char *kind, struct slice value, bool json, const struct entry **out)
{
	int e = value.n ? grow(v) : -EINVAL;
	for (uint8_t round = 0; e == 0 && round < 8; round++) {
		uint64_t id = 0;
		if ((e = id_of(v, value, round, &id)) < 0)
			break;
		struct entry *s = slot(v, id);
		if (s->name && !slice_eq(value, slice_of(s->value, s->n)))
			continue;
		if (!s->name && (e = add(v, s, id, kind, value, json)) < 0)
			break;
		*out = s;
		return 0;
	}
	return e < 0 ? e : -ENOSPC;
}

int redact_placeholder(struct redact_vault *v, const char *kind, struct slice value, bool json, char out[REDACT_PLACEHOLDER + 1])
{
	const struct entry *s;
	int e = enter(v, kind, value, json, &s);
	if (e == 0)
		(void)snprintf(out, REDACT_PLACEHOLDER + 1, "%s", s->name);
	return e;
}

/* The span of hits that touch, from *i on, as redact_apply() replaces it. */
static bool next_span(const struct dlp_scan *scan, struct slice in, bool (*keep)(const struct dlp_hit *, void *), void *arg, size_t *i,
        size_t *from, size_t *to, const struct dlp_hit **hit)
{
	const struct dlp_hit *h;
	while ((h = dlp_scan_hit(scan, *i)) && keep && keep(h, arg))
		++*i;
	if (!h || h->offset >= in.n)
		return false;
	*hit = h;
	*from = (size_t)h->offset;
	*to = h->n < in.n - *from ? *from + (size_t)h->n : in.n;
	for (++*i; (h = dlp_scan_hit(scan, *i)) && h->offset <= *to; ++*i) {
		if (keep && keep(h, arg))
			continue;
		size_t end = h->n < in.n - h->offset ? (size_t)(h->offset + h->n) : in.n;
		*to = end > *to ? end : *to;
		if (h->confidence > (*hit)->confidence)
			*hit = h;
	}
	/* No escape is cut in two. */
	size_t n = 0;
	while (n < *from && in.p[*from - 1 - n] == '\\')
		n++;
	*from -= n & 1;
	for (n = 0; n < *to - *from && in.p[*to - 1 - n] == '\\';)
		n++;
	if (n & 1 && *to < in.n)
		++*to;
	return true;
}

int redact_apply(struct redact_vault *v, const struct dlp_scan *scan, struct slice in, bool (*keep)(const struct dlp_hit *, void *),
        void *arg, struct buf *out)
{
	size_t i = 0, from, to, done = 0, before = out->n;
	const struct dlp_hit *hit;
	struct slice head = slice_trim(slice_sub(in, 0, 64));
	bool json = head.n && (head.p[0] == '{' || head.p[0] == '[' || head.p[0] == '"');
	for (size_t k = 0; k < dlp_scan_count(scan); k++) {
		const struct dlp_hit *h = dlp_scan_hit(scan, k);
		if (h->cut && !(keep && keep(h, arg)))
			return -ENOSPC;
	}
	int e = 0;
	while (e == 0 && next_span(scan, in, keep, arg, &i, &from, &to, &hit)) {
		const struct entry *s = NULL;
		if (from < done)
			from = done;
		if (to <= from)
			continue;
		if ((e = enter(v, hit->rule, slice_sub(in, from, to - from), json, &s)) < 0)
			break;
		buf_add(out, slice_sub(in, done, from - done));
		buf_str_add(out, s->name);
		done = to;
	}
	buf_add(out, slice_from(in, done));
	if (e == 0)
		e = buf_error(out);
	if (e < 0)
		out->n = before;
	return e;
}

/* ---- the way back */

static void escape(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_fmt(out, "\\%c", s.p[i]);
		else if (s.p[i] == '\n')
			buf_str_add(out, "\\n");
		else if (s.p[i] < ' ')
			buf_fmt(out, "\\u%04x", s.p[i]);
		else
			buf_u8(out, s.p[i]);
	}
}

static void unescape(struct buf *out, struct slice s)
{
	static const char written[] = "nrtbf\"\\/", meant[] = "\n\r\t\b\f\"\\/";
	for (size_t i = 0; i < s.n; i++) {
		const char *at = s.p[i] == '\\' && i + 1 < s.n && s.p[i + 1] ? strchr(written, s.p[i + 1]) : NULL;
		if (at) {
			buf_u8(out, (uint8_t)meant[at - written]);
			i++;
			continue;
		}
		int a = -1, b = -1, c = -1;
		if (s.p[i] == '\\' && i + 5 < s.n && s.p[i + 1] == 'u') {
			a = hex_value(s.p[i + 2]) << 4 | hex_value(s.p[i + 3]);
			b = hex_value(s.p[i + 4]);
			c = hex_value(s.p[i + 5]);
		}
		if (a >= 0 && b >= 0 && c >= 0 && a == 0 && b < 8) {
			buf_u8(out, (uint8_t)(b << 4 | c));
			i += 5;
		} else {
			buf_u8(out, s.p[i]);
		}
	}
}

static bool is_placeholder(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* The placeholder at the front of s; NULL if there is none. *more: there might be one, if more came. */
static const struct entry *recognise(const struct redact_vault *v, struct slice s, size_t *n, bool *more)
{
	size_t run = 0;
	*more = false;
	while (run < s.n && run < REDACT_PLACEHOLDER && is_placeholder(s.p[run]))
		run++;
	for (size_t end = SHORTEST; end <= run; end++) {
		if (s.p[end - ID_N - 1] != '-')
			continue;
		uint64_t id = 0;
		bool hex = true;
		for (size_t i = end - ID_N; i < end; i++) {
			int d = hex_value(s.p[i]);
			hex = hex && d >= 0;
			id = id << 4 | (uint64_t)(d & 15);
		}
		const struct entry *e = hex ? slot(v, id) : NULL;
		if (e && e->name && strlen(e->name) == end && memcmp(e->name, s.p, end) == 0) {
			*n = end;
			return e;
		}
	}
	*more = run == s.n && run < REDACT_PLACEHOLDER;
	return NULL;
}

static void put(struct buf *out, const struct entry *e, enum redact_form form)
{
	struct slice value = slice_of(e->value, e->n);
	if (form == REDACT_JSON && !e->json)
		escape(out, value);
	else if (form == REDACT_TEXT && e->json)
		unescape(out, value);
	else
		buf_add(out, value);
}

/* Appends what can be told of s; returns how many bytes from its front that was. */
static size_t restore(struct redact_restore *r, struct slice s, bool last, struct buf *out)
{
	size_t done = 0, at = 0;
	while (at < s.n) {
		const uint8_t *p = memchr(s.p + at, 'p', s.n - at);
		if (!p)
			break;
		at = (size_t)(p - s.p);
		size_t left = s.n - at, n = 0;
		bool more = false;
		if (memcmp(p, PREFIX, left < PREFIX_N ? left : PREFIX_N) != 0) {
			at++;
			continue;
		}
		const struct entry *e = left < PREFIX_N ? NULL : recognise(r->vault, slice_from(s, at), &n, &more);
		if (e) {
			buf_add(out, slice_sub(s, done, at - done));
			put(out, e, r->form);
			r->restored++;
			done = at = at + n;
		} else if (!last && (more || left < PREFIX_N)) {
			buf_add(out, slice_sub(s, done, at - done));
			return at;
		} else {
			at++;
		}
	}
	buf_add(out, slice_from(s, done));
	return s.n;
}

int redact_restore(struct redact_restore *r, struct slice in, bool last, struct buf *out)
{
	uint8_t joined[2 * REDACT_PLACEHOLDER];
	/* What was held back is looked at together with the beginning of what came; the rest is not copied. */
	while (r->n > 0) {
		size_t take = in.n < REDACT_PLACEHOLDER ? in.n : REDACT_PLACEHOLDER, had = r->n;
		memcpy(joined, r->held, had);
		if (take)
			memcpy(joined + had, in.p, take);
		size_t n = restore(r, slice_of(joined, had + take), last && take == in.n, out);
		if (n < had) {
			/* Still undecided, which it can be only if all that came is in it. */
			r->n = had + take - n;
			memcpy(r->held, joined + n, r->n);
			return buf_error(out);
		}
		r->n = 0;
		in = slice_from(in, n - had);
	}
	size_t n = restore(r, in, last, out);
	r->n = in.n - n;
	if (r->n)
		memcpy(r->held, in.p + n, r->n);
	return buf_error(out);
}

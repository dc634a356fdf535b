/* Literal forms of factors: finding them in a message under the usual transforms, and as digests, in one pass. */
#include <errno.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "vet/factor.h"
#include "vet/feature_set.h"

#define PATTERNS_MAX 60000
#define BUCKETS      8192
#define DIGESTS_SLOT 8192

struct pattern {
	struct slice bytes;
	unsigned factor;
	const char *name, *transform;
	bool weak;
	bool word; /* letters beside it would make it part of a longer word */
	uint32_t next;
};

struct digest_pattern {
	uint8_t bytes[DIGEST_MAX];
	uint8_t size;
	enum digest kind;
	unsigned factor;
	const char *name, *of;
	uint32_t next;
};

struct matcher {
	struct arena arena;
	struct arena *keep; /* for names of transforms, which outlive the matcher */
	struct digest_memo *memo;
	struct pattern *patterns;
	size_t n, cap;
	struct digest_pattern *digests;
	size_t n_digests, cap_digests;
	uint32_t bucket[BUCKETS]; /* by the first four bytes; index plus one, longest first */
	uint32_t shorts[256];     /* patterns of one to three bytes, by the first */
	uint32_t digest_slot[DIGESTS_SLOT];
};

static uint32_t four(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t mix(uint32_t v)
{
	return (v * 0x9e3779b1u) >> 16;
}

static bool letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

static bool digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool alnum(uint8_t c)
{
	return letter(c) || digit(c);
}

/* Words that any program says, whoever it runs for. */
static bool everyday(struct slice v)
{
	static const char *const words[] = {"user", "dev", "root", "home", "code", "main", "test", "linux", "debian", "ubuntu", "bash",
	        "zsh", "sh", "fish", "true", "false", "none", "null", "auto", "default", "local", "localhost", "origin", "utc", "gmt",
	        "posix", "git", "xterm", "dumb", "node", "build", "project", "work", "src", "tmp", "http", "https", "github", "gitlab",
	        "ci", "yes", "no", "on", "off", "x86_64", "amd64", "arm64", "master", "prod", "guest", "admin"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eq_nocase(v, slice_str(words[i])))
			return true;
	for (size_t i = 0; i < v.n; i++)
		if (!digit(v.p[i]) && v.p[i] != '.')
			return false;
	return v.n < 7; /* small numbers; an address has more */
}

static int add_pattern(struct matcher *m, const struct feature_literal *l, struct slice bytes, const char *transform, bool weak)
{
	if (bytes.n == 0 || m->n >= PATTERNS_MAX)
		return 0;
	if (m->n == m->cap) {
		size_t cap = m->cap ? m->cap * 2 : 512;
		struct pattern *p = realloc(m->patterns, cap * sizeof(*p));
		if (!p)
			return -ENOMEM;
		m->patterns = p;
		m->cap = cap;
	}
	struct slice copy = arena_copy(&m->arena, bytes);
	if (!copy.p)
		return -ENOMEM;
	m->patterns[m->n++] = (struct pattern){.bytes = copy,
	        .factor = l->factor,
	        .name = l->name ? l->name : "factor",
	        .transform = transform,
	        .weak = weak,
	        .word = bytes.n < 8};
	return 0;
}

static void mapped(struct buf *b, struct slice v, const char *what, uint8_t to)
{
	buf_reset(b);
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];
		bool hit = what ? strchr(what, c) != NULL && c : !alnum(c);
		buf_u8(b, hit ? to : c);
	}
}

static void cased(struct buf *b, struct slice v, bool upper)
{
	buf_reset(b);
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];
		if (upper && c >= 'a' && c <= 'z')
			c = (uint8_t)(c - 32);
		else if (!upper && c >= 'A' && c <= 'Z')
			c = (uint8_t)(c + 32);
		buf_u8(b, c);
	}
}

static void escaped(struct buf *b, struct slice v, bool slash)
{
	buf_reset(b);
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];
		if (c == '"' || c == '\\' || (slash && c == '/'))
			buf_u8(b, '\\');
		buf_u8(b, c);
	}
}

static void shell_quoted(struct buf *b, struct slice v)
{
	buf_reset(b);
	for (size_t i = 0; i < v.n; i++) {
		if (!alnum(v.p[i]) && !strchr("/._-+=:,@%", v.p[i]))
			buf_u8(b, '\\');
		buf_u8(b, v.p[i]);
	}
}

/* The characters of base64 that depend on nothing but v, when `before` bytes stand in front of it in its group of three. */
static void base64_core(struct buf *b, struct slice v, size_t before, bool url)
{
	_cleanup_buf_ struct buf in = BUF(8192);
	buf_reset(b);
	for (size_t i = 0; i < before; i++)
		buf_u8(&in, 0);
	buf_add(&in, v);
	encode_base64(b, buf_slice(&in), url, false);
	size_t bits = in.n * 8, end = bits / 6, skip = before ? before + 1 : 0;
	if (b->error || end <= skip)
		buf_reset(b);
	else {
		b->n = end;
		buf_drop(b, skip);
	}
}

static int add_transforms(struct matcher *m, const struct feature_literal *l, struct buf *b)
{
	static const struct {
		const char *what;
		uint8_t to;
	} mangles[] = {{"/", '-'}, {"/.", '-'}, {"/._", '-'}, {"/", '_'}, {"/.", '_'}, {NULL, '-'}, {NULL, '_'}, {"/", '!'}, {"/", '%'}};
	struct slice v = l->value;
	int r = 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(mangles); i++) {
		mapped(b, v, mangles[i].what, mangles[i].to);
		r = add_pattern(m, l, buf_slice(b), "path mangled", false);
	}
	buf_reset(b);
	encode_percent(b, v);
	r = r ?: add_pattern(m, l, buf_slice(b), "URL-encoded", false);
	_cleanup_buf_ struct buf c = BUF(8192);
	cased(&c, buf_slice(b), false);
	r = r ?: add_pattern(m, l, buf_slice(&c), "URL-encoded", false);
	for (int slash = 0; r == 0 && slash < 2; slash++) {
		escaped(b, v, slash);
		r = add_pattern(m, l, buf_slice(b), "JSON-escaped", false);
		escaped(&c, buf_slice(b), false);
		r = r ?: add_pattern(m, l, buf_slice(&c), "JSON-escaped twice", false);
	}
	shell_quoted(b, v);
	r = r ?: add_pattern(m, l, buf_slice(b), "shell-quoted", false);
	for (size_t k = 0; r == 0 && v.n >= 5 && k < 6; k++) {
		base64_core(b, v, k % 3, k >= 3);
		r = b->n < 6 ? 0 : add_pattern(m, l, buf_slice(b), "base64", false);
	}
	if (v.n >= 4) {
		buf_reset(b);
		encode_hex(b, v);
		r = r ?: add_pattern(m, l, buf_slice(b), "hex", false);
		cased(&c, buf_slice(b), true);
		r = r ?: add_pattern(m, l, buf_slice(&c), "hex", false);
	}
	buf_reset(b);
	for (size_t i = v.n; i-- > 0;)
		buf_u8(b, v.p[i]);
	return r ?: v.n < 5 ? 0 : add_pattern(m, l, buf_slice(b), "reversed", false);
}

void digest_memo_free(struct digest_memo *m)
{
	table_free(&m->by_input);
	free(m->sums);
	*m = (struct digest_memo){0};
}

/* All digests of the bytes, by enum digest; one that OpenSSL was built without is all zero. Valid until the next call. */
static int digests_of(struct digest_memo *m, struct slice in, const uint8_t (**out)[DIGEST_MAX])
{
	uint32_t at;
	if (!table_get(&m->by_input, slice_hash(in), &at)) {
		if (m->n == m->cap) {
			size_t cap = m->cap ? m->cap * 2 : 256;
			void *p = reallocarray(m->sums, cap, sizeof(*m->sums) * DIGEST_END);
			if (!p)
				return -ENOMEM;
			m->sums = p;
			m->cap = cap;
		}
		at = (uint32_t)m->n;
		for (int d = 0; d < DIGEST_END; d++) {
			uint8_t *sum = m->sums[at * DIGEST_END + (uint32_t)d];
			memset(sum, 0, DIGEST_MAX);
			int r = digest_of((enum digest)d, in, sum);
			if (r < 0 && r != -ENOTSUP) /* OpenSSL may be built without the old ones */
				return r;
		}
		int r = table_put(&m->by_input, slice_hash(in), at);
		if (r < 0)
			return r;
		m->n++;
	}
	*out = (const uint8_t(*)[DIGEST_MAX])m->sums + (size_t)at * DIGEST_END;
	return 0;
}

static int add_digests(struct matcher *m, const struct feature_literal *l, struct slice in, const char *of)
{
	static const uint8_t none[DIGEST_MAX];
	const uint8_t(*sums)[DIGEST_MAX];
	int r = digests_of(m->memo, in, &sums);
	for (int d = 0; r == 0 && d < DIGEST_END; d++) {
		if (memcmp(sums[d], none, DIGEST_MAX) == 0)
			continue;
		if (m->n_digests == m->cap_digests) {
			size_t cap = m->cap_digests ? m->cap_digests * 2 : 512;
			struct digest_pattern *p = realloc(m->digests, cap * sizeof(*p));
			if (!p)
				return -ENOMEM;
			m->digests = p;
			m->cap_digests = cap;
		}
		struct digest_pattern *p = &m->digests[m->n_digests];
		*p = (struct digest_pattern){.kind = (enum digest)d, .factor = l->factor, .name = l->name ? l->name : "factor", .of = of};
		p->size = (uint8_t)digest_size(p->kind);
		memcpy(p->bytes, sums[d], DIGEST_MAX);
		uint32_t *slot = &m->digest_slot[mix(four(p->bytes)) % DIGESTS_SLOT];
		p->next = *slot;
		*slot = (uint32_t)++m->n_digests;
	}
	return r;
}

/* "git-remote:VALUE": programs put a word for what it is in front of what they take the digest of. */
static int add_labelled(struct matcher *m, const struct feature_literal *l)
{
	static const char ends[] = ":=";
	const struct factor *f = &factor_table[l->factor];
	int r = 0;
	for (size_t i = 0; r == 0 && (i < 2 || f->vocabulary[i - 2]); i++) {
		const char *word = i < 2 ? f->name : f->vocabulary[i - 2];
		for (size_t k = 0; r == 0 && ends[k]; k++) {
			_cleanup_buf_ struct buf b = BUF(1024);
			for (const char *c = word; *c; c++)
				buf_u8(&b, i == 1 && *c == '_' ? '-' : (uint8_t)*c);
			buf_u8(&b, (uint8_t)ends[k]);
			buf_add(&b, l->value);
			r = buf_error(&b) ? 0 : add_digests(m, l, buf_slice(&b), " of it behind a word for it");
		}
	}
	return r;
}

static int add_literal(struct matcher *m, const struct feature_literal *l)
{
	struct slice v = l->value;
	_cleanup_buf_ struct buf b = BUF(8192);
	if (v.n == 0 || v.n > 512)
		return 0;
	bool weak = v.n < 4 || everyday(v);
	int r = add_pattern(m, l, v, "as it is", weak);
	cased(&b, v, false);
	r = r ?: add_pattern(m, l, buf_slice(&b), "lower case", weak);
	if (v.n >= 4)
		r = r ?: add_digests(m, l, v, "");
	if (r == 0 && v.n >= 4 && !slice_eq(v, buf_slice(&b)))
		r = add_digests(m, l, buf_slice(&b), " of the lower-case form");
	buf_reset(&b);
	buf_add(&b, v);
	buf_u8(&b, '\n');
	if (v.n >= 4)
		r = r ?: add_digests(m, l, buf_slice(&b), " of it with a newline");
	cased(&b, v, true);
	r = r ?: add_pattern(m, l, buf_slice(&b), "upper case", weak);
	if (r == 0 && !weak && l->factor < factor_count)
		r = add_labelled(m, l);
	return r ?: weak ? 0 : add_transforms(m, l, &b);
}

/* Longest first; of equal bytes the first that was added. */
static int by_length(const void *a, const void *b)
{
	const struct pattern *x = a, *y = b;
	if (x->bytes.n != y->bytes.n)
		return x->bytes.n > y->bytes.n ? -1 : 1;
	return x->next < y->next ? -1 : x->next > y->next;
}

int matcher_new(const struct feature_literal *literals, size_t n, struct arena *keep, struct digest_memo *memo, struct matcher **out)
{
	struct matcher *m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->arena = ARENA((size_t)32 << 20);
	m->keep = keep;
	m->memo = memo;
	int r = 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_literal(m, &literals[i]);
	if (r < 0) {
		matcher_free(m);
		return r;
	}
	for (size_t i = 0; i < m->n; i++)
		m->patterns[i].next = (uint32_t)i; /* the order in which they came, for the sort */
	if (m->n)
		qsort(m->patterns, m->n, sizeof(*m->patterns), by_length);
	for (size_t i = m->n; i-- > 0;) {
		struct pattern *p = &m->patterns[i];
		uint32_t *slot = p->bytes.n < 4 ? &m->shorts[p->bytes.p[0]] : &m->bucket[mix(four(p->bytes.p)) % BUCKETS];
		p->next = *slot;
		*slot = (uint32_t)i + 1;
	}
	*out = m;
	return 0;
}

void matcher_free(struct matcher *m)
{
	if (!m)
		return;
	arena_free(&m->arena);
	free(m->patterns);
	free(m->digests);
	free(m);
}

/* Not inside a longer word (long patterns may be anywhere); weak ones not beside a digit either. */
static bool fits(const struct pattern *p, struct slice in, size_t at)
{
	if (p->bytes.n > in.n - at || memcmp(p->bytes.p, in.p + at, p->bytes.n) != 0)
		return false;
	if (!p->word && !p->weak)
		return true;
	uint8_t first = p->bytes.p[0], final = p->bytes.p[p->bytes.n - 1];
	uint8_t before = at ? in.p[at - 1] : 0, after = at + p->bytes.n < in.n ? in.p[at + p->bytes.n] : 0;
	if (p->weak)
		return !alnum(before) && !alnum(after);
	return !(letter(first) && letter(before)) && !(digit(first) && digit(before)) && !(letter(final) && letter(after)) &&
	       !(digit(final) && digit(after));
}

static const struct pattern *pattern_at(const struct matcher *m, struct slice in, size_t at, bool weak)
{
	if (in.n - at >= 4)
		for (uint32_t i = m->bucket[mix(four(in.p + at)) % BUCKETS]; i; i = m->patterns[i - 1].next)
			if ((weak || !m->patterns[i - 1].weak) && fits(&m->patterns[i - 1], in, at))
				return &m->patterns[i - 1];
	if (weak && (at == 0 || !alnum(in.p[at - 1])))
		for (uint32_t i = m->shorts[in.p[at]]; i; i = m->patterns[i - 1].next)
			if (fits(&m->patterns[i - 1], in, at))
				return &m->patterns[i - 1];
	return NULL;
}

/* A token that is a digest of a literal, or at least the first 8 hex digits of one. */
static const struct digest_pattern *digest_in(const struct matcher *m, struct slice token, bool hex)
{
	uint8_t bytes[DIGEST_MAX + 3];
	_cleanup_buf_ struct buf b = BUF(DIGEST_MAX + 3);
	if (token.n < 8 || token.n > 2 * DIGEST_MAX)
		return NULL;
	bool odd = hex && token.n % 2;
	if (!(hex ? decode_hex(&b, slice_sub(token, 0, token.n - odd)) : decode_base64(&b, token)) || b.error || b.n < 4)
		return NULL;
	memcpy(bytes, b.p, b.n);
	for (uint32_t i = m->digest_slot[mix(four(bytes)) % DIGESTS_SLOT]; i; i = m->digests[i - 1].next) {
		const struct digest_pattern *p = &m->digests[i - 1];
		if (b.n <= p->size && memcmp(p->bytes, bytes, b.n) == 0 && (hex || b.n == p->size || b.n >= 8))
			return p;
	}
	return NULL;
}

static void echo_add(struct arena *arena, struct item_echo **list, const struct item_echo *e)
{
	for (struct item_echo *o = *list; o; o = o->next)
		if (o->factor == e->factor && o->digest == e->digest && strcmp(o->transform, e->transform) == 0)
			return;
	struct item_echo *o = arena_alloc(arena, sizeof(*o));
	if (!o)
		return;
	*o = *e;
	o->next = *list;
	*list = o;
}

static bool hex_char(uint8_t c)
{
	return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The token of hex or base64 characters that begins at `at`; 0 if none does or it is too short. */
static size_t token_at(struct slice in, size_t at, bool *hex)
{
	if (at && (alnum(in.p[at - 1]) || in.p[at - 1] == '+' || in.p[at - 1] == '/'))
		return 0;
	size_t n = 0;
	while (n <= 2 * DIGEST_MAX && at + n < in.n && hex_char(in.p[at + n]))
		n++;
	if (n >= 8 && (at + n == in.n || !alnum(in.p[at + n]))) {
		*hex = true;
		/* Among many random ids the first group of one begins like some digest sooner or later. */
		return n == 8 && shape_is_uuid(slice_from(in, at)) ? 0 : n;
	}
	*hex = false;
	while (n <= 96 && at + n < in.n && in.p[at + n] < 0x80 &&
	        (alnum(in.p[at + n]) || strchr("+/-_", in.p[at + n] ? in.p[at + n] : ' ')))
		n++;
	while (at + n < in.n && in.p[at + n] == '=' && n % 4)
		n++;
	return n >= 16 && n <= 96 ? n : 0;
}

/* Does the message itself hold what looks like one of our placeholders, {hostname} or {sha256 of hostname}? */
static bool forged_at(struct slice in, size_t at)
{
	size_t end = in.p[at] == '{' ? slice_chr(slice_sub(in, 0, at + 80), '}', at) : SLICE_NPOS;
	if (end == SLICE_NPOS)
		return false;
	struct slice name = slice_sub(in, at + 1, end - at - 1);
	size_t of = slice_find(name, SLICE(" of "), 0);
	if (of != SLICE_NPOS)
		name = slice_from(name, of + 4);
	for (size_t i = 0; i < factor_count; i++)
		if (slice_is(name, factor_table[i].name))
			return true;
	return false;
}

struct slice matcher_replace(const struct matcher *m, struct slice in, bool weak, struct arena *arena, struct item_echo **echoes)
{
	_cleanup_buf_ struct buf out = BUF((size_t)256 << 20);
	size_t done = 0;
	for (size_t at = 0; m && at < in.n;) {
		/* A tool that knows us must not pass its own words off as the value of a factor. */
		if (forged_at(in, at)) {
			at++;
			buf_add(&out, slice_sub(in, done, at - done));
			buf_u8(&out, '=');
			done = at;
			continue;
		}
		const struct pattern *p = pattern_at(m, in, at, weak);
		const struct digest_pattern *d = NULL;
		size_t n = p ? p->bytes.n : 0;
		bool hex = false;
		if (!p && m->n_digests && alnum(in.p[at]) && (n = token_at(in, at, &hex)))
			d = digest_in(m, slice_sub(in, at, n), hex);
		if (!p && !d) {
			at++;
			continue;
		}
		buf_add(&out, slice_sub(in, done, at - done));
		if (p) {
			buf_fmt(&out, "{%s}", p->name);
			if (echoes)
				echo_add(arena, echoes,
				        &(struct item_echo){.factor = p->factor, .transform = p->transform, .weak = p->weak});
		} else {
			bool whole = n >= (hex ? 2u * d->size : (4u * d->size + 2) / 3);
			buf_fmt(&out, "{%s of %s}", digest_name(d->kind), d->name);
			const char *t = echoes ? arena_fmt(m->keep, "%s%s %s%s", digest_name(d->kind), d->of, hex ? "hex" : "base64",
			                                 whole ? "" : " prefix")
			                       : NULL;
			if (t)
				echo_add(arena, echoes, &(struct item_echo){.factor = d->factor, .transform = t, .digest = true});
		}
		at += n;
		done = at;
	}
	if (done == 0)
		return in.p ? in : SLICE("");
	buf_add(&out, slice_from(in, done));
	return buf_error(&out) ? SLICE_NONE : arena_copy(arena, buf_slice(&out));
}

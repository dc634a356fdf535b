/* The engine, its scratch memory, and a message with its window and its hits. */
#include "inspect/dlp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "inspect/dlp_part.h"

static const char *const classes[] = {[DLP_SECRET] = "secret",
        [DLP_GENERIC] = "generic",
        [DLP_CREDENTIAL] = "credential",
        [DLP_CANARY] = "canary",
        [DLP_FINGERPRINT] = "fingerprint"};
static const char *const decodings[] = {[DLP_PLAIN] = "plain",
        [DLP_BASE64] = "base64",
        [DLP_HEX] = "hex",
        [DLP_PERCENT] = "percent",
        [DLP_ESCAPE] = "escape",
        [DLP_ENTITY] = "entity",
        [DLP_QUOTED] = "quoted-printable",
        [DLP_INFLATE] = "deflate",
        [DLP_REVERSE] = "reverse",
        [DLP_ROT13] = "rot13",
        [DLP_SPLIT] = "split"};

const char *dlp_class_name(enum dlp_class c)
{
	return c < DLP_CLASS_END ? classes[c] : "?";
}

const char *dlp_decoding_name(enum dlp_decoding d)
{
	return d < DLP_DECODING_END ? decodings[d] : "?";
}

/* ---- the engine */

static int take_rules(struct dlp_engine *e, struct slice rules, struct err *err)
{
	if (rules.n == 0)
		return 0;
	/* aligned_alloc wants a multiple of the alignment. */
	e->copy = aligned_alloc(64, (rules.n + 63) / 64 * 64);
	if (!e->copy)
		return -ENOMEM;
	memcpy(e->copy, rules.p, rules.n);
	if (!image_open(slice_of(e->copy, rules.n), &e->image))
		return err_set(err, -EINVAL, "this is no image of compiled rules, or one of another version");
	hs_error_t code = hs_deserialize_database((const char *)e->image.database.p, e->image.database.n, &e->database);
	if (code != HS_SUCCESS)
		return err_set(err, code == HS_NOMEM ? -ENOMEM : -EINVAL,
		        "the compiled rules were made for another processor or another version of the matcher; compile them again");
	e->has_rules = true;
	return 0;
}

int dlp_engine_new(const struct dlp_parts *parts, struct dlp_engine **out, struct err *err)
{
	struct dlp_engine *e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->no_generic = parts->no_generic;
	int r = matcher_load(err);
	r = r < 0 ? r : take_rules(e, parts->rules, err);
	if (r == 0 && (r = dlp_known_make(&e->known, parts->values, parts->n_values)) == -EINVAL)
		r = err_set(err, -EINVAL, "a known value is shorter than %d bytes, or is neither a credential nor a canary", DLP_PIECE);
	if (r == 0 && parts->n_indexes && !(e->sets = calloc(parts->n_indexes, sizeof(*e->sets))))
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < parts->n_indexes; i++, e->n_sets++)
		if ((r = fingerprint_open(parts->indexes[i], &e->sets[i])) == -EINVAL)
			r = err_set(err, -EINVAL, "this is no index of fingerprints, or a damaged one");
	if (r < 0) {
		dlp_engine_free(e);
		return r;
	}
	*out = e;
	return 0;
}

void dlp_engine_free(struct dlp_engine *e)
{
	if (!e)
		return;
	if (e->database)
		(void)hs_free_database(e->database);
	dlp_known_free(&e->known);
	for (size_t i = 0; i < e->n_sets; i++)
		fingerprint_close(&e->sets[i]);
	free(e->sets);
	free(e->copy);
	free(e);
}

size_t dlp_engine_rules(const struct dlp_engine *e)
{
	return e->has_rules ? e->image.head->n_rules : 0;
}

/* ---- scratch memory */

/* zlib takes what it needs from here, once. */
#define POOL ((size_t)64 << 10)
static void *from_pool(void *opaque, unsigned items, unsigned size)
{
	struct dlp_work *w = opaque;
	size_t n = ((size_t)items * size + 63) / 64 * 64;
	if (n > POOL * DLP_DEPTH - w->pool_used)
		return NULL;
	void *p = (char *)w->pool + w->pool_used;
	w->pool_used += n;
	return p;
}

static void to_pool(void *opaque, void *p)
{
	(void)opaque;
	(void)p;
}

int dlp_work_new(const struct dlp_engine *e, struct dlp_work **out)
{
	struct dlp_work *w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	bool good = (w->pool = malloc(POOL * DLP_DEPTH));
	for (unsigned i = 0; good && i <= DLP_DEPTH; i++) {
		if (e->database)
			good = hs_alloc_scratch(e->database, &w->scratch[i]) == HS_SUCCESS;
		good = good && (w->side[i] = malloc(DLP_SIDE));
		if (i > 0)
			good = good && (w->out[i] = malloc(DLP_OUT)) && (w->map[i].begin = malloc(DLP_OUT * sizeof(uint32_t))) &&
			       (w->map[i].end = malloc(DLP_OUT * sizeof(uint32_t)));
	}
	for (unsigned i = 0; good && i < DLP_DEPTH; i++) {
		w->inflate[i] = (z_stream){.zalloc = from_pool, .zfree = to_pool, .opaque = w};
		good = inflateInit2(&w->inflate[i], 15 + 32) == Z_OK;
		/* zlib takes its window when it is first needed: now. */
		static const uint8_t stored[] = {0x78, 0x01, 0x00, 0x01, 0x00, 0xfe, 0xff, 'a'};
		uint8_t a[8];
		w->inflate[i].next_in = (uint8_t *)(uintptr_t)stored;
		w->inflate[i].avail_in = sizeof(stored);
		w->inflate[i].next_out = a;
		w->inflate[i].avail_out = sizeof(a);
		(void)inflate(&w->inflate[i], Z_SYNC_FLUSH);
	}
	if (!good) {
		dlp_work_free(w);
		return -ENOMEM;
	}
	*out = w;
	return 0;
}

void dlp_work_free(struct dlp_work *w)
{
	if (!w)
		return;
	for (unsigned i = 0; i <= DLP_DEPTH; i++) {
		if (w->scratch[i])
			(void)hs_free_scratch(w->scratch[i]);
		free(w->side[i]);
		free(w->out[i]);
		free(w->map[i].begin);
		free(w->map[i].end);
	}
	free(w->pool);
	free(w);
}

/* ---- hits */

/* From a level to the message. */
static void to_message(struct dlp_scan *s, struct level *l, size_t *from, size_t *to)
{
	for (; l->up; l = l->up) {
		const struct dlp_reading *r = &l->reading;
		if (l->whole) {
			*from = r->from;
			*to = r->to;
			continue;
		}
		if (l->side && r->how == DLP_REVERSE) {
			size_t a = r->to - *to;
			*to = r->to - *from;
			*from = a;
			continue;
		}
		if (l->side) {
			*from += r->from;
			*to += r->from;
			continue;
		}
		const struct dlp_map *m = &s->work->map[l->depth];
		size_t next;
		if (!l->mapped)
			(void)dlp_decode(l->up->s, r, s->work->out[l->depth], DLP_OUT, m, &next);
		l->mapped = true;
		size_t first = *from, last = *to - 1;
		*from = m->begin[first] < m->begin[last] ? m->begin[first] : m->begin[last];
		*to = m->end[first] > m->end[last] ? m->end[first] : m->end[last];
	}
}

static void chain_of(const struct level *l, bool split, enum dlp_decoding chain[DLP_DEPTH + 2])
{
	enum dlp_decoding inside_out[DLP_DEPTH + 2];
	size_t n = 0, k = 0;
	for (; l->up && n + 2 < DLP_DEPTH + 2u; l = l->up) {
		inside_out[n++] = l->reading.how;
		if (l->reading.how != DLP_REVERSE && l->reading.how != DLP_ROT13 && (l->reading.backwards || l->reading.rot13))
			inside_out[n++] = l->reading.backwards ? DLP_REVERSE : DLP_ROT13;
	}
	if (split && n < DLP_DEPTH + 1u)
		chain[k++] = DLP_SPLIT;
	while (n > 0 && k < DLP_DEPTH + 1u)
		chain[k++] = inside_out[--n];
	while (k < DLP_DEPTH + 2u)
		chain[k++] = DLP_PLAIN;
}

static void sample_of(const struct found *f, char out[DLP_SAMPLE])
{
	char shown[16];
	size_t n = 0;
	for (; n < f->shown.n && n < sizeof(shown) - 1; n++)
		shown[n] = f->shown.p[n] >= ' ' && f->shown.p[n] < 0x7f ? (char)f->shown.p[n] : '?';
	shown[n] = 0;
	(void)snprintf(out, DLP_SAMPLE, "%s...(%zu)", shown, f->length);
}

void dlp_found(struct dlp_scan *s, struct level *l, const struct found *f)
{
	size_t from = f->from, to = f->to;
	if (to <= from)
		return;
	to_message(s, l, &from, &to);
	const struct level *root = l;
	bool cut = f->cut;
	for (; root->up; root = root->up)
		cut = cut || root->reading.open;
	struct dlp_hit h = {.offset = root->base + from - f->early,
	        .n = to - from + f->early,
	        .class = f->class,
	        .rule = f->rule,
	        .what = f->what,
	        .confidence = f->confidence,
	        .cut = cut,
	        .shared = f->shared};
	chain_of(l, f->split, h.chain);
	sample_of(f, h.sample);
	/* The same place seen twice: the surest stays, of equals the first. */
	for (size_t i = 0; i < s->n_hits; i++) {
		struct dlp_hit *old = &s->hits[i];
		bool print = old->class == DLP_FINGERPRINT;
		if (print != (h.class == DLP_FINGERPRINT) || old->offset >= h.offset + h.n || h.offset >= old->offset + old->n)
			continue;
		if (print && strcmp(old->what, h.what) != 0)
			continue;
		if (h.confidence > old->confidence)
			*old = h;
		return;
	}
	if (!s->hits && !(s->hits = calloc(DLP_HITS, sizeof(*s->hits)))) {
		s->more = true;
		return;
	}
	if (s->n_hits == DLP_HITS) {
		s->more = true;
		return;
	}
	s->hits[s->n_hits++] = h;
}

static int by_offset(const void *a, const void *b)
{
	const struct dlp_hit *x = a, *y = b;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* ---- a message */

int dlp_scan_new(const struct dlp_engine *e, struct dlp_work *w, struct dlp_history *h, struct dlp_scan **out)
{
	struct dlp_scan *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->engine = e;
	s->work = w;
	s->history = h;
	s->prints = FINGERPRINT_SCAN;
	*out = s;
	return 0;
}

void dlp_scan_reset(struct dlp_scan *s)
{
	s->n = s->from = 0;
	s->base = s->safe = s->fed = s->spent = 0;
	s->n_hits = 0;
	s->more = s->sorted = false;
	s->prints = FINGERPRINT_SCAN;
}

void dlp_scan_free(struct dlp_scan *s)
{
	if (!s)
		return;
	if (s->window)
		explicit_bzero(s->window, DLP_WINDOW);
	free(s->window);
	free(s->hits);
	dlp_history_free(s->own);
	free(s);
}

static int search_window(struct dlp_scan *s, bool last)
{
	struct level l = {.s = slice_of(s->window, s->n), .base = s->base, .last = last};
	size_t to = last ? s->n : s->n - DLP_LOOK;
	int e = dlp_search(s, &l, s->from, to);
	if (e < 0)
		return e;
	size_t drop = to > DLP_BACK ? to - DLP_BACK : 0;
	memmove(s->window, s->window + drop, s->n - drop);
	s->n -= drop;
	s->from = to - drop;
	s->base += drop;
	s->safe = s->base;
	return 0;
}

int dlp_scan_feed(struct dlp_scan *s, struct slice bytes)
{
	s->fed += bytes.n;
	if (bytes.n && !s->window && !(s->window = malloc(DLP_WINDOW)))
		return -ENOMEM;
	while (bytes.n > 0) {
		size_t n = bytes.n < DLP_WINDOW - s->n ? bytes.n : DLP_WINDOW - s->n;
		memcpy(s->window + s->n, bytes.p, n);
		s->n += n;
		bytes = slice_from(bytes, n);
		int e = s->n == DLP_WINDOW ? search_window(s, false) : 0;
		if (e < 0)
			return e;
	}
	return 0;
}

static void complete(struct dlp_scan *s)
{
	s->safe = s->fed;
	if (s->history)
		dlp_history_message(s->history);
	if (s->n_hits > 1)
		qsort(s->hits, s->n_hits, sizeof(*s->hits), by_offset);
	s->sorted = true;
}

int dlp_scan_end(struct dlp_scan *s)
{
	uint8_t none = 0;
	struct level l = {.s = slice_of(s->window ? s->window : &none, s->n), .base = s->base, .last = true};
	int e = dlp_search(s, &l, s->from, s->n);
	s->n = s->from = 0;
	complete(s);
	return e;
}

int dlp_scan_whole(struct dlp_scan *s, struct slice message)
{
	/* More than the matcher's int counts, or than a map's: in windows. */
	if (message.n > (1u << 30)) {
		int e = dlp_scan_feed(s, message);
		return e < 0 ? e : dlp_scan_end(s);
	}
	static const uint8_t none;
	struct level l = {.s = slice_of(message.p ? message.p : &none, message.n), .last = true};
	s->fed = message.n;
	int e = dlp_search(s, &l, 0, message.n);
	complete(s);
	return e;
}

uint64_t dlp_scan_safe(const struct dlp_scan *s)
{
	return s->safe;
}

size_t dlp_scan_count(const struct dlp_scan *s)
{
	return s->n_hits;
}

const struct dlp_hit *dlp_scan_hit(const struct dlp_scan *s, size_t i)
{
	return i < s->n_hits ? &s->hits[i] : NULL;
}

bool dlp_scan_more(const struct dlp_scan *s)
{
	return s->more;
}

size_t dlp_scan_memory(const struct dlp_scan *s)
{
	return sizeof(*s) + (s->window ? DLP_WINDOW : 0) + (s->hits ? DLP_HITS * sizeof(*s->hits) : 0) + (s->own ? dlp_history_size() : 0);
}

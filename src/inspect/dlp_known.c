#include "inspect/dlp_known.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "inspect/dlp.h"

#define GRAMS_MAX ((size_t)1 << 20)

static uint32_t hash4(uint32_t v)
{
	return v * 2654435761u >> (32 - KNOWN_BITS);
}

static size_t hash8(uint64_t v)
{
	v *= 0x9e3779b97f4a7c15ull;
	return (size_t)(v ^ v >> 32);
}

static uint64_t load8(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
	return v;
}

static uint32_t load4(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, 4);
	return v;
}

static void add_gram(struct dlp_known *k, uint64_t bytes, uint32_t value, uint32_t at)
{
	size_t i = hash8(bytes) & k->mask;
	while (k->grams[i].value) {
		if (k->grams[i].bytes == bytes && k->grams[i].value == value)
			return; /* a value that repeats itself: the first place will do */
		i = (i + 1) & k->mask;
	}
	k->grams[i] = (struct known_gram){bytes, value, at};
}

int dlp_known_make(struct dlp_known *out, const struct dlp_value *values, size_t n)
{
	struct dlp_known k = {0};
	size_t grams = 0, slots = 64;
	if (n == 0) {
		*out = k;
		return 0;
	}
	if (n > DLP_VALUES_MAX)
		return -E2BIG;
	for (size_t i = 0; i < n; i++) {
		if (values[i].value.n < DLP_PIECE || (values[i].class != DLP_CREDENTIAL && values[i].class != DLP_CANARY))
			return -EINVAL;
		grams += values[i].value.n < DLP_VALUE_MAX ? values[i].value.n : DLP_VALUE_MAX;
	}
	while (slots < grams * 2)
		slots *= 2;
	if (slots > GRAMS_MAX * 8)
		return -E2BIG;
	k.values = calloc(n, sizeof(*k.values));
	k.bits = calloc(((size_t)1 << KNOWN_BITS) / 64, 8);
	k.grams = calloc(slots, sizeof(*k.grams));
	k.mask = slots - 1;
	k.n = n;
	bool good = k.values && k.bits && k.grams;
	for (size_t i = 0; good && i < n; i++) {
		struct slice v = slice_sub(values[i].value, 0, DLP_VALUE_MAX);
		struct known_value *kv = &k.values[i];
		kv->copy = malloc(v.n);
		kv->label = strndup(values[i].label.p ? (const char *)values[i].label.p : "", values[i].label.n);
		kv->class = (uint8_t)values[i].class;
		if (!kv->copy || !kv->label) {
			good = false;
			break;
		}
		memcpy(kv->copy, v.p, v.n);
		kv->value = slice_of(kv->copy, v.n);
		for (size_t j = 0; j + 4 <= v.n; j++) {
			uint32_t h = hash4(load4(v.p + j));
			k.bits[h >> 6] |= 1ull << (h & 63);
			if (j + 8 <= v.n)
				add_gram(&k, load8(v.p + j), (uint32_t)i + 1, (uint32_t)j);
		}
	}
	if (!good) {
		dlp_known_free(&k);
		return -ENOMEM;
	}
	*out = k;
	return 0;
}

void dlp_known_free(struct dlp_known *k)
{
	for (size_t i = 0; k->values && i < k->n; i++) {
		if (k->values[i].copy)
			explicit_bzero(k->values[i].copy, k->values[i].value.n);
		free(k->values[i].copy);
		free(k->values[i].label);
	}
	free(k->values);
	free(k->bits);
	free(k->grams);
	*k = (struct dlp_known){0};
}

/* The longest common part around text[at, at+8); of several values the one that has most in common. */
static bool longest(const struct dlp_known *k, struct slice t, size_t at, struct known_match *out)
{
	uint64_t bytes = load8(t.p + at);
	bool any = false;
	for (size_t i = hash8(bytes) & k->mask; k->grams[i].value; i = (i + 1) & k->mask) {
		if (k->grams[i].bytes != bytes)
			continue;
		struct slice v = k->values[k->grams[i].value - 1].value;
		size_t l = at, r = at + 8, vl = k->grams[i].at, vr = vl + 8;
		while (l > 0 && vl > 0 && t.p[l - 1] == v.p[vl - 1]) {
			l--;
			vl--;
		}
		while (r < t.n && vr < v.n && t.p[r] == v.p[vr]) {
			r++;
			vr++;
		}
		if (!any || r - l > out->to - out->from)
			*out = (struct known_match){k->grams[i].value - 1, l, r, vl};
		any = true;
	}
	return any;
}

bool dlp_known_next(const struct dlp_known *k, struct slice t, size_t *at, size_t stop, struct known_match *out)
{
	if (k->n == 0 || t.n < 8)
		return false;
	size_t end = t.n - 4 < stop ? t.n - 4 : stop;
	for (size_t i = *at; i <= end; i += 5) {
		uint32_t h = hash4(load4(t.p + i));
		if (!(k->bits[h >> 6] >> (h & 63) & 1))
			continue;
		for (size_t j = i >= 4 ? i - 4 : 0; j <= i && j + 8 <= t.n; j++)
			if (longest(k, t, j, out)) {
				*at = out->to > i + 1 ? out->to : i + 1;
				return true;
			}
	}
	*at = end + 1;
	return false;
}

/* ---- pieces over several messages */

#define PIECES 36
struct piece {
	uint32_t value, seen; /* value + 1; number of the last message */
	uint8_t bits[DLP_VALUE_MAX / 8];
};

/* Of histories that remember together; each of them may be with another thread. */
struct pieces {
	pthread_mutex_t lock;
	unsigned users;
	uint32_t message, keep;
	struct piece piece[PIECES];
};

struct dlp_history {
	struct pieces *pieces;
	uint32_t message;
	uint32_t next; /* partial to be overwritten */
	struct partial partials[PARTIALS];
};

int dlp_history_new(const struct dlp_engine *e, unsigned messages, struct dlp_history **out)
{
	struct dlp_history *h = calloc(1, sizeof(*h));
	struct pieces *p = calloc(1, sizeof(*p));
	(void)e;
	if (!h || !p || pthread_mutex_init(&p->lock, NULL) != 0) {
		free(h);
		free(p);
		return -ENOMEM;
	}
	p->users = 1;
	p->keep = messages ? messages : 64;
	h->pieces = p;
	*out = h;
	return 0;
}

static void leave(struct pieces *p)
{
	if (--p->users > 0)
		return;
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
}

void dlp_history_share(struct dlp_history *h, struct dlp_history *with)
{
	if (h->pieces == with->pieces)
		return;
	leave(h->pieces);
	h->pieces = with->pieces;
	h->pieces->users++;
}

void dlp_history_free(struct dlp_history *h)
{
	if (h)
		leave(h->pieces);
	free(h);
}

size_t dlp_history_size(void)
{
	return sizeof(struct dlp_history) + sizeof(struct pieces);
}

void dlp_history_message(struct dlp_history *h)
{
	h->message++;
	(void)pthread_mutex_lock(&h->pieces->lock);
	h->pieces->message++;
	(void)pthread_mutex_unlock(&h->pieces->lock);
}

static bool put_piece(struct pieces *h, uint32_t value, size_t length, size_t at, size_t n)
{
	struct piece *p = &h->piece[0];
	for (size_t i = 0; i < PIECES; i++) {
		struct piece *q = &h->piece[i];
		if (q->value == value + 1) {
			p = q;
			break;
		}
		if (!q->value ? p->value != 0 : (p->value && q->seen < p->seen))
			p = q;
	}
	if (p->value != value + 1 || h->message - p->seen > h->keep)
		*p = (struct piece){.value = value + 1};
	p->seen = h->message;
	for (size_t i = at; i < at + n; i++)
		p->bits[i >> 3] = (uint8_t)(p->bits[i >> 3] | 1u << (i & 7));
	size_t covered = 0;
	for (size_t i = 0; i < sizeof(p->bits); i++)
		covered += (size_t)__builtin_popcount(p->bits[i]);
	if (covered * 4 < length * 3)
		return false;
	*p = (struct piece){0};
	return true;
}

bool dlp_history_piece(struct dlp_history *h, uint32_t value, size_t length, size_t at, size_t n)
{
	(void)pthread_mutex_lock(&h->pieces->lock);
	bool most = put_piece(h->pieces, value, length, at, n);
	(void)pthread_mutex_unlock(&h->pieces->lock);
	return most;
}

void dlp_history_begin(struct dlp_history *h, uint32_t pattern, uint64_t end, struct slice text)
{
	if (text.n == 0 || text.n > PARTIAL_TEXT)
		return;
	/* Conversations are sent again and again: the same beginning is kept once. */
	struct partial *p = NULL;
	for (size_t i = 0; i < PARTIALS && !p; i++)
		if (h->partials[i].n == text.n && h->partials[i].pattern == pattern && memcmp(h->partials[i].text, text.p, text.n) == 0)
			p = &h->partials[i];
	if (!p)
		p = &h->partials[h->next++ % PARTIALS];
	*p = (struct partial){.pattern = pattern, .message = h->message, .end = end, .n = (uint16_t)text.n};
	memcpy(p->text, text.p, text.n);
}

const struct partial *dlp_history_partials(struct dlp_history *h, uint32_t *message)
{
	*message = h->message;
	for (size_t i = 0; i < PARTIALS; i++)
		if (h->partials[i].n && h->message - h->partials[i].message > PARTIAL_MESSAGES)
			h->partials[i].n = 0;
	return h->partials;
}

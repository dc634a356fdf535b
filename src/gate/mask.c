#include "gate/mask.h"

#include <errno.h>
#include <stdlib.h>

#include "gate/link.h"
#include "inspect/dlp.h"

#define KEYS_MAX    4096u
#define FORM_MAX    ((size_t)3 * LINK_MAX)
#define RELEASE_MAX 8u

struct mask {
	size_t n;
	bool first[256]; /* begins one of them */
	struct buf key[KEYS_MAX];
};

static int add(struct mask *m, struct buf *form)
{
	int r = buf_error(form);
	bool known = !form->n;
	for (size_t i = 0; i < m->n; i++)
		known = known || slice_eq(buf_slice(&m->key[i]), buf_slice(form));
	if (r == 0 && !known && m->n < KEYS_MAX) {
		m->first[form->p[0]] = true;
		m->key[m->n++] = *form;
		*form = BUF(FORM_MAX);
	}
	buf_free(form);
	return r;
}

static bool unreserved(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || strchr("-._~", c);
}

static int add_forms(struct mask *m, struct slice key)
{
	struct buf plain = BUF(FORM_MAX), upper = BUF(FORM_MAX), lower = BUF(FORM_MAX), json = BUF(FORM_MAX);
	buf_add(&plain, key);
	for (size_t i = 0; i < key.n; i++) {
		uint8_t c = key.p[i];
		buf_fmt(&upper, unreserved(c) ? "%c" : "%%%02X", c);
		buf_fmt(&lower, unreserved(c) ? "%c" : "%%%02x", c);
		buf_fmt(&json, c == '/' ? "\\%c" : "%c", c);
	}
	int r = add(m, &plain), r2 = add(m, &upper), r3 = add(m, &lower), r4 = add(m, &json);
	return r ? r : r2 ? r2 : r3 ? r3 : r4;
}

int mask_new(struct slice values, struct mask **out)
{
	struct slice label, text;
	unsigned class;
	*out = NULL;
	struct mask *m = calloc(1, sizeof(*m));
	int r = m ? 0 : -ENOMEM;
	while (r == 0 && gate_value_next(&values, &class, &label, &text))
		if (class == DLP_CREDENTIAL)
			r = add_forms(m, text);
	if (r < 0 || !m || !m->n) {
		mask_free(m);
		return r;
	}
	*out = m;
	return 0;
}

void mask_free(struct mask *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++) {
		explicit_bzero(m->key[i].p, m->key[i].cap);
		buf_free(&m->key[i]);
	}
	free(m);
}

/* How long the key at the front of s is; 0: none is there. *begins: one may be, if more comes. */
static size_t key_at(const struct mask *m, struct slice s, bool *begins)
{
	size_t longest = 0;
	for (size_t i = 0; i < m->n; i++) {
		struct slice key = buf_slice(&m->key[i]);
		if (slice_starts(s, key))
			longest = key.n > longest ? key.n : longest;
		else
			*begins |= s.n < key.n && slice_starts(key, s);
	}
	return longest;
}

static void put(const struct mask_held *held, size_t from, size_t to, struct buf *out)
{
	from = from < held->passed ? held->passed : from;
	if (from < to)
		buf_add(out, slice_sub(buf_slice(&held->bytes), from, to - from));
}

int mask_feed(const struct mask *m, struct mask_held *held, struct slice in, bool last, struct buf *out)
{
	size_t from = 0, i = 0;
	buf_add(&held->bytes, in);
	struct slice all = buf_slice(&held->bytes);
	while (i < all.n) {
		bool begins = false;
		size_t n = m->first[all.p[i]] ? key_at(m, slice_from(all, i), &begins) : 0;
		if (begins && !last)
			break;
		if (!n) {
			i++;
			continue;
		}
		put(held, from, i, out);
		for (size_t k = i; k < i + n; k++)
			if (k >= held->passed)
				buf_u8(out, '*');
		i += n;
		from = i;
	}
	put(held, from, i, out);
	int r = buf_error(&held->bytes) ? buf_error(&held->bytes) : buf_error(out);
	buf_drop(&held->bytes, i);
	held->passed -= held->passed < i ? held->passed : i;
	return r;
}

void mask_release(struct mask_held *held, struct buf *out)
{
	if (held->bytes.n >= RELEASE_MAX)
		return;
	put(held, 0, held->bytes.n, out);
	held->passed = held->bytes.n;
}

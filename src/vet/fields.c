#include "vet/fields.h"

#include <errno.h>
#include <stdio.h>

#include "crypto/digest.h"
#include "vet/codepoint.h"

#define VALUE_SHOWN 60  /* bytes of a value that is kept as it is */
#define ADDRESS_MAX 400 /* bytes */
#define TEXT_MAX    ((size_t)4 << 20)

static bool ascii_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

const char *fields_odd(uint32_t before, uint32_t c, uint32_t after)
{
	static const uint32_t blanks[] = {0xa0, 0x1680, 0x202f, 0x205f, 0x3000};
	static const uint32_t marks[] = {0x2b9, 0x2bb, 0x2bc, 0x2bd, 0x2c8, 0x2019, 0x2018, 0x201b, 0x2032, 0xff07, 0x2010, 0x2011, 0x2024,
	        0x2044, 0x2215, 0xff0f, 0xff0e, 0xff0d};
	if (c < 0x80)
		return NULL;
	if (c & CODEPOINT_BYTE)
		return "no UTF-8";
	/* A variation selector or a joiner behind a picture is part of the picture. */
	bool in_picture = (c == 0xfe0f || c == 0x200d) && (before >= 0x2190 && before < CODEPOINT_BYTE);
	if (codepoint_invisible(c) && !in_picture)
		return "unseen";
	if (c >= 0x2000 && c <= 0x200a)
		return "a blank that is no space";
	for (size_t i = 0; i < ARRAY_LEN(blanks); i++)
		if (c == blanks[i])
			return "a blank that is no space";
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (c == marks[i])
			return "looks like another mark";
	bool other_script = (c >= 0x370 && c <= 0x52f) || (c >= 0xff21 && c <= 0xff5a);
	return other_script && (ascii_letter(before) || ascii_letter(after)) ? "a letter of another script in a word" : NULL;
}

struct collecting {
	const struct feature_set *s;
	const struct analysis_trial *trials;
	size_t n;
	struct vet_result *result;
	struct vet_anomaly *anomalies;
	struct vet_field *all; /* before they are reduced */
	size_t n_all;
};

static bool counts(const struct analysis_trial *t)
{
	return t->usable && t->baseline && !t->confirming;
}

static const char *clean(struct arena *arena, struct slice s)
{
	_cleanup_buf_ struct buf b = BUF(TEXT_MAX);
	codepoint_clean(&b, s);
	return buf_error(&b) ? NULL : arena_str(arena, buf_slice(&b));
}

/* The value that all baselines have, as it is kept; "" if memory is out. */
static const char *constant_value(struct arena *arena, struct slice v)
{
	char hex[65];
	const char *text;
	if (v.n <= VALUE_SHOWN) {
		text = clean(arena, v);
	} else {
		digest_sha256_hex(v, hex);
		text = arena_fmt(arena, "#%.8s", hex);
	}
	return text ? text : "";
}

static int note_anomaly(struct collecting *c, uint32_t cp, const struct feature *f)
{
	struct vet_result *r = c->result;
	for (size_t i = 0; i < r->n_anomalies; i++)
		if (c->anomalies[i].codepoint == cp) {
			c->anomalies[i].places++;
			return 0;
		}
	r->all_anomalies++;
	if (r->n_anomalies == ANOMALIES_MAX)
		return 0;
	char name[96];
	codepoint_name(cp, name, sizeof(name));
	struct vet_anomaly *a = &c->anomalies[r->n_anomalies++];
	*a = (struct vet_anomaly){.codepoint = cp & ~CODEPOINT_BYTE,
	        .name = arena_str(&r->arena, slice_str(name)),
	        .endpoint = clean(&r->arena, slice_str(f->endpoint)),
	        .address = clean(&r->arena, slice_sub(slice_str(f->address), 0, ADDRESS_MAX)),
	        .places = 1};
	return a->name && a->endpoint && a->address ? 0 : -ENOMEM;
}

static int scan_text(struct collecting *c, struct slice v, const struct feature *f)
{
	uint32_t before = 0, cp = 0, after = 0;
	size_t at = codepoint_next(v, &cp);
	while (at) {
		size_t n = codepoint_next(slice_from(v, at), &after);
		if (fields_odd(before, cp, n ? after : 0)) {
			int e = note_anomaly(c, cp, f);
			if (e < 0)
				return e;
		}
		if (n == 0)
			break;
		before = cp;
		cp = after;
		at += n;
	}
	return 0;
}

/* The address without what only counts: "request 2.body.events[x#3].y" is "body.events[x].y". Text that is quoted stays. */
static const char *without_counts(struct arena *arena, const char *address)
{
	_cleanup_buf_ struct buf b = BUF(4096);
	struct slice s = slice_sub(slice_str(address), 0, ADDRESS_MAX);
	if (slice_starts(s, SLICE("request "))) {
		size_t at = strlen("request ");
		while (at < s.n && s.p[at] >= '0' && s.p[at] <= '9')
			at++;
		s = slice_from(s, at < s.n ? at + 1 : at);
	}
	bool quoted = false;
	for (size_t i = 0; i < s.n; i++) {
		quoted ^= s.p[i] == '"';
		size_t end = i + 1;
		while (!quoted && s.p[i] == '#' && end < s.n && s.p[end] >= '0' && s.p[end] <= '9')
			end++;
		if (end > i + 1 && end < s.n && s.p[end] == ']')
			i = end - 1;
		else
			buf_u8(&b, s.p[i]);
	}
	return clean(arena, buf_slice(&b));
}

static int collect_one(struct collecting *c, uint32_t i)
{
	const struct feature *f = feature_at(c->s, i);
	struct slice first = SLICE_NONE;
	unsigned seen = 0;
	bool same = true;
	struct vet_result *r = c->result;
	for (size_t o = 0; o < c->n; o++) {
		if (!counts(&c->trials[o]))
			continue;
		struct slice v = feature_value(c->s, i, (unsigned)o);
		if (!v.p)
			continue;
		if (seen++ == 0)
			first = v;
		same = same && slice_eq(first, v);
	}
	if (seen == 0)
		return 0;
	int e = scan_text(c, first, f);
	if (e < 0)
		return e;
	struct vet_field *out = &c->all[c->n_all++];
	out->endpoint = clean(&r->arena, slice_sub(slice_str(f->endpoint), 0, ADDRESS_MAX));
	out->address = without_counts(&r->arena, f->address);
	out->value = same && seen > 1 ? constant_value(&r->arena, first) : NULL;
	out->trials = seen;
	return out->endpoint && out->address && !(out->value && !*out->value && first.n) ? 0 : -ENOMEM;
}

static int by_place(const void *a, const void *b)
{
	const struct vet_field *x = a, *y = b;
	int r = strcmp(x->endpoint, y->endpoint);
	r = r ? r : strcmp(x->address, y->address);
	return r ? r : strcmp(x->value ? x->value : "", y->value ? y->value : "");
}

static bool one_place(const struct vet_field *x, const struct vet_field *y)
{
	return strcmp(x->endpoint, y->endpoint) == 0 && strcmp(x->address, y->address) == 0;
}

/* What the values of two fields at one place are together. Where models are named it matters which: they are all kept. */
static const char *together(struct arena *arena, const struct vet_field *a, const struct vet_field *b)
{
	if (!a->value || !b->value)
		return NULL;
	if (strcmp(a->value, b->value) == 0)
		return a->value;
	if (!slice_ends(slice_str(a->address), SLICE("body.model")) || strlen(a->value) > 3 * VALUE_SHOWN)
		return NULL;
	/* They come sorted: the last is the one that may be there already. */
	return slice_ends(slice_str(a->value), slice_str(b->value)) ? a->value : arena_fmt(arena, "%s, %s", a->value, b->value);
}

/* Does the next one lie in this one? Then this is no more than what holds it. */
static bool holds(const struct vet_field *f, const struct vet_field *next)
{
	size_t n = strlen(f->address);
	return strcmp(f->endpoint, next->endpoint) == 0 && strncmp(f->address, next->address, n) == 0 && next->address[n] &&
	       strchr(".[ (", next->address[n]);
}

/* Sorted: those at one place become one, what only holds others goes, and so does what is no field. */
static void reduce(struct collecting *c)
{
	struct vet_result *r = c->result;
	for (size_t i = 0, next; i < c->n_all; i = next) {
		struct vet_field one = c->all[i];
		for (next = i + 1; next < c->n_all && one_place(&c->all[i], &c->all[next]); next++) {
			const struct vet_field *other = &c->all[next];
			one.value = together(&r->arena, &one, other);
			one.trials = other->trials > one.trials ? other->trials : one.trials;
		}
		bool only_holds = false;
		for (size_t k = next; k < c->n_all && !only_holds && strncmp(c->all[k].address, one.address, strlen(one.address)) == 0; k++)
			only_holds = holds(&one, &c->all[k]);
		if (only_holds || !one.address[0] || one.address[0] == '(')
			continue;
		if (r->n_fields == FIELDS_MAX)
			r->fields_left_out++;
		else
			r->fields[r->n_fields++] = one;
	}
}

int fields_collect(const struct feature_set *s, const struct analysis_trial *trials, size_t n, struct vet_result *result)
{
	struct collecting c = {.s = s, .trials = trials, .n = n, .result = result};
	result->fields = arena_array(&result->arena, FIELDS_MAX, sizeof(*result->fields));
	c.anomalies = arena_array(&result->arena, ANOMALIES_MAX, sizeof(*c.anomalies));
	c.all = calloc(feature_count(s) + 1, sizeof(*c.all));
	int e = result->fields && c.anomalies && c.all ? 0 : -ENOMEM;
	result->anomalies = c.anomalies;
	for (uint32_t i = 0; i < feature_count(s) && e == 0; i++) {
		const struct feature *f = feature_at(s, i);
		e = f->derived || f->structural ? 0 : collect_one(&c, i);
	}
	if (e == 0) {
		qsort(c.all, c.n_all, sizeof(*c.all), by_place);
		reduce(&c);
	}
	free(c.all);
	return e;
}

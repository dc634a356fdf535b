#include "parse/jcs_part.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "parse/jcs.h"

#define EXPONENT_MAX 100000
#define KEPT         sizeof((struct jcs_decimal){0}.digit)

static bool digit(struct slice s, size_t i)
{
	return i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
}

size_t jcs_number_scan(struct slice s, struct jcs_decimal *out)
{
	struct jcs_decimal d = {0};
	size_t i = s.n && s.p[0] == '-', from, seen = 0, kept = 0;
	ptrdiff_t point = 0;
	int exponent = 0;
	d.negative = i;
	if (!digit(s, i) || (s.p[i] == '0' && digit(s, i + 1)))
		return 0;
	/* seen: digits since the first that isn't 0; zeros between that and the point count against it. */
	for (int part = 0; part < 2; part++) {
		for (from = i; digit(s, i); i++) {
			if (s.p[i] == '0' && seen == 0) {
				point -= part;
				continue;
			}
			if (seen < KEPT)
				d.digit[seen] = s.p[i];
			seen++;
			if (s.p[i] != '0')
				kept = seen;
		}
		if (part == 0) {
			point = (ptrdiff_t)seen;
			if (i == s.n || s.p[i] != '.')
				break;
			i++;
		} else if (i == from) {
			return 0;
		}
	}
	if (i < s.n && (s.p[i] | 0x20) == 'e') {
		bool down = i + 1 < s.n && s.p[i + 1] == '-';
		i += down || (i + 1 < s.n && s.p[i + 1] == '+') ? 2 : 1;
		if (!digit(s, i))
			return 0;
		for (; digit(s, i); i++)
			if (exponent < EXPONENT_MAX)
				exponent = exponent * 10 + (s.p[i] - '0');
		exponent = down ? -exponent : exponent;
	}
	/* Sums of a position in the text and an exponent: far beyond every double they may be cut. */
	ptrdiff_t n = point + exponent;
	d.n = n > EXPONENT_MAX ? EXPONENT_MAX : n < -EXPONENT_MAX ? -EXPONENT_MAX : (int)n;
	d.more = kept > KEPT;
	d.k = (unsigned)(d.more ? KEPT : kept);
	*out = d;
	return i;
}

/* ECMAScript, Number::toString: k digits, of which the point stands behind the n-th. */
static size_t format(const struct jcs_decimal *d, char *out)
{
	char *o = out;
	int k = (int)d->k, n = d->n, e = n - 1;
	if (k == 0) {
		*o++ = '0'; /* of zero the sign is not written */
		return 1;
	}
	if (d->negative)
		*o++ = '-';
	bool plain = n > -6 && n <= 21;
	if (plain && n <= 0) {
		*o++ = '0';
		*o++ = '.';
		for (int i = n; i < 0; i++)
			*o++ = '0';
	}
	int point = plain ? n : 1;
	for (int i = 0; i < k; i++) {
		if (i == point && i > 0)
			*o++ = '.';
		*o++ = (char)d->digit[i];
	}
	for (int i = k; plain && i < n; i++)
		*o++ = '0';
	if (!plain)
		o += snprintf(o, 8, "e%c%d", e < 0 ? '-' : '+', abs(e));
	return (size_t)(o - out);
}

/* The decimal of p digits that is next to v, its zeros at the end cut. */
static void round_to(double v, int p, struct jcs_decimal *d)
{
	char text[JCS_NUMBER_MAX];
	(void)snprintf(text, sizeof(text), "%.*e", p - 1, fabs(v));
	*d = (struct jcs_decimal){.negative = v < 0};
	char *e = strchr(text, 'e');
	d->n = (int)strtol(e + 1, NULL, 10) + 1;
	for (char *t = text; t < e; t++)
		if (*t >= '0' && *t <= '9')
			d->digit[d->k++] = (uint8_t)*t;
	while (d->k && d->digit[d->k - 1] == '0')
		d->k--;
}

static double value(const struct jcs_decimal *d)
{
	char text[JCS_NUMBER_MAX];
	(void)snprintf(text, sizeof(text), "%s0.%.*se%d", d->negative ? "-" : "", (int)d->k, (const char *)d->digit, d->n);
	return strtod(text, NULL);
}

/* One more in the last of p places. Never a carry out of the first one here, see shortest(). */
static void next_up(struct jcs_decimal *d, unsigned p)
{
	while (d->k < p)
		d->digit[d->k++] = '0';
	unsigned i = p;
	while (i > 1 && d->digit[i - 1] == '9')
		d->digit[--i] = '0';
	d->digit[i - 1]++;
	while (d->k > 1 && d->digit[d->k - 1] == '0')
		d->k--;
}

/* The fewest digits that are read as v again, and of these the nearest to v. Every decimal of up to 15 digits comes back from a normal
 * double, so 15 decide about all fewer ones; 17 are always enough. Subnormal numbers have less. */
static void shortest(double v, struct jcs_decimal *d)
{
	int exponent;
	bool power = fabs(frexp(v, &exponent)) == 0.5;
	for (int p = fabs(v) >= 0x1p-1022 ? 15 : 1; p < 17; p++) {
		round_to(v, p, d);
		if (value(d) == v)
			return;
		/* Below a power of two doubles lie twice as close: what is next to v may be that bit too far below it, while the one above
		 * it, further off, still reads as v. */
		if (power) {
			next_up(d, (unsigned)p);
			if (value(d) == v)
				return;
		}
	}
	round_to(v, 17, d);
}

void jcs_number(double v, char out[32])
{
	struct jcs_decimal d = {0};
	if (isnan(v) || isinf(v)) {
		(void)snprintf(out, JCS_NUMBER_MAX, "%s", isnan(v) ? "NaN" : v < 0 ? "-Infinity" : "Infinity");
		return;
	}
	if (v != 0)
		shortest(v, &d);
	out[format(&d, out)] = 0;
}

int jcs_number_text(const struct jcs_decimal *d, struct slice text, struct arena *scratch, char out[JCS_NUMBER_MAX], size_t *n)
{
	char copy[128];
	const char *s = copy;
	struct jcs_decimal e;
	/* As in shortest(): these are the digits that come back. */
	if (!d->more && d->k <= 15 && d->n > -300 && d->n < 300) {
		*n = format(d, out);
		return 0;
	}
	if (text.n < sizeof(copy)) {
		memcpy(copy, text.p, text.n);
		copy[text.n] = 0;
	} else {
		s = scratch ? arena_str(scratch, text) : NULL;
		if (!s)
			return -ENOMEM;
	}
	/* Of the locale only LC_CTYPE is ever set in this program: the point is a point. */
	double v = strtod(s, NULL);
	if (!isfinite(v))
		return -ERANGE;
	if (v == 0)
		e = (struct jcs_decimal){0};
	else
		shortest(v, &e);
	*n = format(&e, out);
	return 0;
}

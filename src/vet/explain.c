#include "vet/explain.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "identify/profile.h"
#include "vet/codepoint.h"
#include "vet/explain_host.h"

/* -- hunks -- */

#define TOKENS_MAX 320 /* on each side, after the common ends are gone */
#define HUNKS_MAX  24

struct token {
	size_t at, n;
};

static bool word_byte(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static size_t token_length(struct slice s, size_t at)
{
	size_t n = 0;
	if (s.p[at] == '{') {
		size_t end = slice_chr(s, '}', at);
		bool name = end != SLICE_NPOS && end > at + 1;
		for (size_t i = at + 1; name && i < end; i++)
			name = word_byte(s.p[i]) || s.p[i] == ' ' || s.p[i] == '-';
		if (name)
			return end + 1 - at;
	}
	while (at + n < s.n && word_byte(s.p[at + n]))
		n++;
	uint32_t cp;
	return n ? n : codepoint_next(slice_from(s, at), &cp);
}

/* False if there are too many. */
static bool tokens_of(struct slice s, struct token *t, size_t *n)
{
	*n = 0;
	for (size_t at = 0; at < s.n; at += t[*n - 1].n) {
		if (*n == TOKENS_MAX)
			return false;
		t[(*n)++] = (struct token){at, token_length(s, at)};
	}
	return true;
}

/* Widens the span of a difference to whole tokens. */
static struct hunk outer(struct slice a, struct slice b)
{
	struct codepoint_span d = codepoint_diff(a, b);
	size_t front = d.a_at, back = a.n - d.a_at - d.a_n;
	while (front > 0 && (word_byte(a.p[front - 1]) || a.p[front - 1] == '{'))
		front--;
	while (back > 0 && (word_byte(a.p[a.n - back]) || a.p[a.n - back] == '}'))
		back--;
	return (struct hunk){front, a.n - front - back, front, b.n - front - back};
}

size_t hunks_of(struct slice a, struct slice b, struct hunk *out, size_t max)
{
	if (max == 0 || slice_eq(a, b))
		return 0;
	struct hunk all = outer(a, b);
	struct slice x = slice_sub(a, all.a_at, all.a_n), y = slice_sub(b, all.b_at, all.b_n);
	_cleanup_free_ struct token *tx = calloc(2 * TOKENS_MAX, sizeof(*tx));
	_cleanup_free_ uint16_t *lcs = NULL;
	size_t nx = 0, ny = 0;
	out[0] = all;
	if (!tx || !tokens_of(x, tx, &nx) || !tokens_of(y, tx + TOKENS_MAX, &ny))
		return 1;
	struct token *ty = tx + TOKENS_MAX;
	size_t w = ny + 1;
	lcs = calloc((nx + 1) * w, sizeof(*lcs));
	if (!lcs)
		return 1;
	for (size_t i = nx; i-- > 0;)
		for (size_t k = ny; k-- > 0;) {
			if (slice_eq(slice_sub(x, tx[i].at, tx[i].n), slice_sub(y, ty[k].at, ty[k].n)))
				lcs[i * w + k] = (uint16_t)(lcs[(i + 1) * w + k + 1] + 1);
			else
				lcs[i * w + k] = lcs[(i + 1) * w + k] > lcs[i * w + k + 1] ? lcs[(i + 1) * w + k] : lcs[i * w + k + 1];
		}
	size_t n = 0, i = 0, k = 0;
	while (i < nx || k < ny) {
		if (i < nx && k < ny && slice_eq(slice_sub(x, tx[i].at, tx[i].n), slice_sub(y, ty[k].at, ty[k].n))) {
			i++;
			k++;
			continue;
		}
		size_t i0 = i, k0 = k;
		while ((i < nx || k < ny) &&
		        !(i < nx && k < ny && slice_eq(slice_sub(x, tx[i].at, tx[i].n), slice_sub(y, ty[k].at, ty[k].n)))) {
			if (k == ny || (i < nx && lcs[(i + 1) * w + k] >= lcs[i * w + k + 1]))
				i++;
			else
				k++;
		}
		size_t ax = i0 < nx ? tx[i0].at : x.n, bx = k0 < ny ? ty[k0].at : y.n;
		size_t ae = i < nx ? tx[i].at : x.n, be = k < ny ? ty[k].at : y.n;
		struct hunk h = {all.a_at + ax, ae - ax, all.b_at + bx, be - bx};
		if (n == max) {
			out[n - 1].a_n = h.a_at + h.a_n - out[n - 1].a_at;
			out[n - 1].b_n = h.b_at + h.b_n - out[n - 1].b_at;
		} else {
			out[n++] = h;
		}
	}
	return n;
}

/* -- what words say -- */

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Is the word in the text, in any ASCII case, between bytes that are no letters? In names like isGitRepo and os_version a change of
 * case, a digit or an underscore is an end too. */
static bool has_word(struct slice text, const char *word)
{
	size_t n = strlen(word);
	for (size_t at = 0; n && at + n <= text.n; at++) {
		size_t i = 0;
		while (i < n && lower(text.p[at + i]) == (uint8_t)word[i])
			i++;
		if (i < n)
			continue;
		uint8_t before = at ? text.p[at - 1] : ' ', after = at + n < text.n ? text.p[at + n] : ' ';
		bool upper_first = text.p[at] >= 'A' && text.p[at] <= 'Z', after_lower = after >= 'a' && after <= 'z';
		bool starts = !(lower(before) >= 'a' && lower(before) <= 'z') || (upper_first && before >= 'a' && before <= 'z');
		bool ends = !(lower(after) >= 'a' && lower(after) <= 'z') || (!after_lower && text.p[at + n - 1] >= 'a');
		if (starts && ends)
			return true;
	}
	return false;
}

static bool names_factor(struct slice text, unsigned factor)
{
	for (const char *const *v = factor_table[factor].vocabulary; *v; v++)
		if (has_word(text, *v))
			return true;
	return false;
}

static bool has_placeholder(struct slice text, unsigned factor)
{
	char mark[64];
	int n = snprintf(mark, sizeof(mark), "{%s}", factor_table[factor].name);
	return slice_find(text, slice_of(mark, (size_t)n), 0) != SLICE_NPOS;
}

/* Only words of ASCII letters and digits, blanks and plain signs; at least one letter or digit. */
static bool plain_words(struct slice s)
{
	bool word = false;
	for (size_t i = 0; i < s.n; i++) {
		if (word_byte(s.p[i]))
			word = true;
		else if (s.p[i] >= 0x7f || (s.p[i] < 0x20 && s.p[i] != '\n' && s.p[i] != '\t' && s.p[i] != '\r'))
			return false;
	}
	return word;
}

static bool same_but_case(struct slice a, struct slice b)
{
	return a.n && slice_eq_nocase(a, b);
}

/* A block of ordinary text may hold typographic punctuation and other scripts, but nothing that cannot be seen. */
static bool visible(struct slice s)
{
	for (size_t i = 0; i < s.n;) {
		uint32_t cp;
		i += codepoint_next(slice_from(s, i), &cp);
		if (cp >= CODEPOINT_BYTE || codepoint_invisible(cp))
			return cp == '\r' && i < s.n;
	}
	return true;
}

/* The part of the line before the hunk, if it is a key: "Is a git repository: ". */
static struct slice key_of(struct slice s, size_t at)
{
	size_t from = at;
	while (from > 0 && s.p[from - 1] != '\n' && at - from < 80)
		from--;
	struct slice key = slice_sub(s, from, at - from);
	struct slice t = slice_trim(key);
	while (t.n && (t.p[t.n - 1] == '"' || t.p[t.n - 1] == '\'' || t.p[t.n - 1] == ' '))
		t.n--;
	if (t.n == 0 || (t.p[t.n - 1] != ':' && t.p[t.n - 1] != '='))
		return SLICE_NONE;
	return t;
}

/* The last component of an address: "body.metadata.is_ci" gives is_ci; a header's name. */
static struct slice last_component(const char *address)
{
	struct slice s = slice_str(address);
	size_t from = s.n;
	unsigned depth = 0;
	while (from > 0) {
		uint8_t c = s.p[from - 1];
		if (c == ']')
			depth++;
		else if (c == '[' && depth)
			depth--;
		else if ((c == '.' || c == ' ' || c == '/') && !depth && s.n - from > 0)
			break;
		from--;
	}
	/* What is in brackets says which of several, in words of the message: "messages[user]". */
	s = slice_from(s, from);
	return slice_sub(s, 0, slice_chr(s, '[', 0));
}

/* Does the place speak of the factor? Its last component; in OpenTelemetry, whose values all stand in fields of the same names, the metric
 * and the attribute that the value belongs to. */
static bool place_names_factor(const char *address, unsigned factor)
{
	struct slice s = slice_str(address);
	if (names_factor(last_component(address), factor))
		return true;
	if (slice_find(s, SLICE("scopeMetrics["), 0) == SLICE_NPOS)
		return false;
	static const char *const names[] = {".metrics[", ".attributes["};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t at = slice_find(s, slice_str(names[i]), 0);
		if (at == SLICE_NPOS)
			continue;
		struct slice name = slice_from(s, at + strlen(names[i]));
		if (names_factor(slice_sub(name, 0, slice_chr(name, ']', 0)), factor))
			return true;
	}
	return false;
}

/* -- declared -- */

static bool host_fits(const char *pattern, struct slice host)
{
	struct slice p = slice_str(pattern);
	if (slice_is(p, "*"))
		return true;
	if (slice_starts(p, SLICE("*.")))
		return host.n > p.n - 1 && slice_ends(host, slice_from(p, 1));
	return slice_eq_nocase(p, host);
}

const char *explain_declared(const struct profile *profile, unsigned factor, const struct feature *feature)
{
	const char *name = factor_table[factor].name;
	struct slice host = slice_str(feature->host ? feature->host : "");
	struct slice endpoint = slice_str(feature->endpoint ? feature->endpoint : "");
	bool at_gateway = slice_is(host, "{gateway}") || slice_find(endpoint, SLICE("{gateway}"), 0) != SLICE_NPOS;
	if (factor_table[factor].only_gateway &&
	        (at_gateway || slice_starts(endpoint, SLICE("DNS")) || slice_starts(endpoint, SLICE("TLS"))))
		return "the name is part of addressing the message itself";
	for (size_t i = 0; profile && i < profile->n_fields; i++) {
		const struct profile_field *f = &profile->fields[i];
		if (strcmp(f->factor, name) != 0)
			continue;
		bool fits = host_fits(f->host, host);
		/* What is declared for the vendor's model hosts holds for the gateway that stands in for them. */
		for (const char *const *m = profile->model_hosts; !fits && at_gateway && m && *m; m++)
			fits = host_fits(f->host, slice_str(*m));
		if (fits)
			return f->source ? f->source : "the tool's profile";
	}
	return NULL;
}

/* -- time in a zone -- */

static void local_time(const char *zone, int64_t t, struct tm *out, long *offset, char abbreviation[16])
{
	const char *old = getenv("TZ");
	char *keep = old ? strdup(old) : NULL;
	time_t at = (time_t)t;
	(void)setenv("TZ", zone, 1);
	tzset();
	(void)localtime_r(&at, out);
	*offset = out->tm_gmtoff;
	(void)snprintf(abbreviation, 16, "%s", out->tm_zone ? out->tm_zone : "");
	if (keep)
		(void)setenv("TZ", keep, 1);
	else
		(void)unsetenv("TZ");
	tzset();
	free(keep);
}

/* -- rows -- */

struct part {
	const struct explain_case *c;
	struct hunk h;
	struct slice a, b; /* of the hunk */
};

/* Grows a span over bytes of the set. */
static struct slice around(struct slice s, size_t at, size_t n, bool (*in)(uint8_t c))
{
	size_t from = at, to = at + n;
	while (from > 0 && in(s.p[from - 1]))
		from--;
	while (to < s.n && in(s.p[to]))
		to++;
	return slice_sub(s, from, to - from);
}

static bool not_blank(uint8_t c)
{
	return c > ' ' && c != '"' && c != ',' && c != ';' && c != '(' && c != ')';
}

static struct slice strip_stop(struct slice s)
{
	while (s.n && (s.p[s.n - 1] == '.' || s.p[s.n - 1] == ':'))
		s.n--;
	return s;
}

static const char *row_digest(const struct part *p)
{
	char mark[64];
	int n = snprintf(mark, sizeof(mark), " of %s}", factor_table[p->c->factor].name);
	struct slice m = slice_of(mark, (size_t)n);
	/* "{sha256 of hostname}" may come or go whole; its words may also be a hunk of their own. */
	bool here = slice_find(p->b, m, 0) != SLICE_NPOS || slice_find(p->a, m, 0) != SLICE_NPOS;
	return p->c->digest && (here || (plain_words(p->b) && p->b.n >= 8)) ? "a digest of the value stands in the changed place" : NULL;
}

/* The placeholder stands where the change is, and whatever else changed there is plain. */
static const char *row_literal(const struct part *p)
{
	bool in_b = has_placeholder(p->b, p->c->factor), in_a = has_placeholder(p->a, p->c->factor);
	if ((!in_b && !in_a) || !visible(p->a) || !visible(p->b))
		return NULL;
	/* A value that is put in the place of another one explains no change of the characters beside it. */
	for (size_t i = 0; p->a.n && i < p->b.n; i++)
		if (p->b.p[i] >= 0x80)
			return NULL;
	return "the changed part contains the value itself";
}

/* Dates and times of the clock in the zone. Both sides must be written in the same way, so that only digits and names of days and
 * months differ. */
static const char *row_date(const struct part *p)
{
	static const char *const formats[] = {"%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y",
	        "%m-%d-%Y", "%-m/%-d/%Y", "%-d/%-m/%Y", "%-d.%-m.%Y", "%B %-d, %Y", "%b %-d, %Y", "%b %d, %Y", "%-d %B %Y", "%-d %b %Y",
	        "%d %b %Y", "%a %b %d %Y", "%A, %B %-d, %Y", "%a, %d %b %Y", "%b %d", "%B %-d", "%A", "%H:%M", "%Y-%m-%dT%H", "%H"};
	if (strcmp(factor_table[p->c->factor].name, "timezone") != 0)
		return NULL;
	for (int back = -30; back <= 300; back += 30) {
		struct tm ta, tb;
		long offset;
		char zone[16];
		local_time(p->c->before_trial->host->timezone, p->c->before_trial->started_unix + back, &ta, &offset, zone);
		local_time(p->c->after_trial->host->timezone, p->c->after_trial->started_unix + back, &tb, &offset, zone);
		for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
			char da[64], db[64];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			size_t na = strftime(da, sizeof(da), formats[i], &ta), nb = strftime(db, sizeof(db), formats[i], &tb);
#pragma GCC diagnostic pop
			struct slice sa = slice_of(da, na), sb = slice_of(db, nb);
			if (slice_eq(sa, sb))
				continue;
			/* The date must stand over the hunk on both sides, with the same distance from it. */
			for (size_t at = 0; (at = slice_find(p->c->before, sa, at)) != SLICE_NPOS && at <= p->h.a_at; at++) {
				size_t lead = p->h.a_at - at;
				if (at + na < p->h.a_at + p->h.a_n || lead > p->h.b_at)
					continue;
				if (slice_eq(slice_sub(p->c->after, p->h.b_at - lead, nb), sb) &&
				        p->h.b_at - lead + nb >= p->h.b_at + p->h.b_n)
					return "the local date or time in that zone, written in the same way as before";
			}
		}
	}
	return NULL;
}

static bool is_offset(struct slice s, long seconds, const char *abbreviation)
{
	long minutes = seconds / 60;
	long h = minutes / 60, m = minutes % 60;
	char sign = minutes < 0 ? '-' : '+', text[32];
	h = h < 0 ? -h : h;
	m = m < 0 ? -m : m;
	const char *const prefixes[] = {"", "UTC", "GMT"};
	if (s.n == 0)
		return false;
	if (slice_is(s, abbreviation) || (seconds == 0 && (slice_is(s, "Z") || slice_is(s, "UTC") || slice_is(s, "GMT"))))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		(void)snprintf(text, sizeof(text), "%s%c%02ld:%02ld", prefixes[i], sign, h, m);
		if (slice_is(s, text))
			return true;
		(void)snprintf(text, sizeof(text), "%s%c%02ld%02ld", prefixes[i], sign, h, m);
		if (slice_is(s, text))
			return true;
		(void)snprintf(text, sizeof(text), m ? "%s%c%ld:%02ld" : "%s%c%ld", prefixes[i], sign, h, m);
		if (slice_is(s, text))
			return true;
	}
	const long numbers[] = {minutes, -minutes, seconds, -seconds};
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		(void)snprintf(text, sizeof(text), "%ld", numbers[i]);
		if (slice_is(s, text))
			return true;
	}
	return false;
}

/* The word around the hunk, on both sides. */
static bool offset_in(struct slice s, size_t at, size_t n, const struct analysis_trial *t)
{
	struct tm tm;
	long offset;
	char zone[16];
	local_time(t->host->timezone, t->started_unix, &tm, &offset, zone);
	struct slice word = strip_stop(around(s, at, n, not_blank)), hunk = slice_trim(slice_sub(s, at, n));
	/* "2026-11-23T10:00:00+08:00": the offset is the end of a longer word. */
	for (size_t from = 0; from < word.n; from++)
		if ((from == 0 || word.p[from] == '+' || word.p[from] == '-' || word.p[from] == 'Z' || word.p[from] == 'U' ||
		            word.p[from] == 'G') &&
		        word.p + from <= hunk.p + (hunk.n ? 0 : 1) && is_offset(slice_from(word, from), offset, zone))
			return true;
	return is_offset(hunk, offset, zone);
}

/* The text without the first UTC offset that is written as that of the trial's zone, at the end of a time: "+0530", "-05:00", "Z". False if
 * there is none. */
static bool without_offset(struct slice s, const struct analysis_trial *t, struct buf *out)
{
	struct tm tm;
	long seconds = 0;
	char abbreviation[16], forms[4][32];
	if (!t->host)
		return false;
	local_time(t->host->timezone, t->started_unix, &tm, &seconds, abbreviation);
	int minutes = (int)(labs(seconds) % 86400 / 60);
	char sign = seconds < 0 ? '-' : '+';
	(void)snprintf(forms[0], sizeof(forms[0]), "%c%02d%02d", sign, minutes / 60, minutes % 60);
	(void)snprintf(forms[1], sizeof(forms[1]), "%c%02d:%02d", sign, minutes / 60, minutes % 60);
	(void)snprintf(forms[2], sizeof(forms[2]), "%s", abbreviation);
	(void)snprintf(forms[3], sizeof(forms[3]), "%s", seconds == 0 ? "Z" : "?");
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		size_t n = strlen(forms[i]);
		for (size_t at = slice_find(s, slice_str(forms[i]), 1); n && at != SLICE_NPOS;
		        at = slice_find(s, slice_str(forms[i]), at + 1)) {
			bool after_time = (s.p[at - 1] >= '0' && s.p[at - 1] <= '9') || s.p[at - 1] == ' ';
			if (!after_time || (at + n < s.n && word_byte(s.p[at + n])))
				continue;
			buf_add(out, slice_sub(s, 0, at));
			buf_add(out, slice_from(s, at + n));
			return true;
		}
	}
	return false;
}

/* A time stamp with the offset of the zone: the moment is another in every trial, so what is compared is its form. */
static const char *row_stamp(const struct part *p)
{
	if (!p->c->shapes || strcmp(factor_table[p->c->factor].name, "timezone") != 0)
		return NULL;
	_cleanup_buf_ struct buf a = BUF(1 << 20), b = BUF(1 << 20), x = BUF(1 << 20), y = BUF(1 << 20);
	if (!without_offset(p->c->raw_before, p->c->before_trial, &a) || !without_offset(p->c->raw_after, p->c->after_trial, &b))
		return NULL;
	feature_shape(buf_slice(&a), &x);
	feature_shape(buf_slice(&b), &y);
	return slice_eq(buf_slice(&x), buf_slice(&y)) ? "a time stamp with the zone's offset from UTC" : NULL;
}

static const char *row_offset(const struct part *p)
{
	if (strcmp(factor_table[p->c->factor].name, "timezone") != 0)
		return NULL;
	struct slice times[] = {
	        SLICE(" Standard Time"), SLICE(" Daylight Time"), SLICE(" Summer Time"), SLICE("Coordinated Universal Time")};
	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		if (plain_words(p->b) && slice_find(slice_sub(p->c->after, p->h.b_at, p->h.b_n + 16), times[i], 0) != SLICE_NPOS)
			return "the name of the zone";
	struct codepoint_span d = codepoint_diff(p->a, p->b);
	if (offset_in(p->c->after, p->h.b_at + d.b_at, d.b_n, p->c->after_trial) &&
	        offset_in(p->c->before, p->h.a_at + d.a_at, d.a_n, p->c->before_trial))
		return "the zone's offset from UTC or its abbreviation";
	return NULL;
}

static bool locale_part(struct slice s, const char *locale)
{
	struct slice tag = slice_str(locale);
	size_t dot = slice_chr(tag, '.', 0), bar = slice_chr(tag, '_', 0);
	struct slice language = slice_sub(tag, 0, bar), country = bar == SLICE_NPOS ? SLICE_NONE : slice_sub(tag, bar + 1, dot - bar - 1);
	return s.n && (slice_eq_nocase(s, language) || slice_eq_nocase(s, country));
}

/* A date or number written as the locale has it, in a line that says so: figures on both sides, and the words around them. */
static bool figures_by_locale(const struct part *p)
{
	bool figure_a = false, figure_b = false;
	for (size_t i = 0; i < p->a.n; i++)
		figure_a = figure_a || (p->a.p[i] >= '0' && p->a.p[i] <= '9');
	for (size_t i = 0; i < p->b.n; i++)
		figure_b = figure_b || (p->b.p[i] >= '0' && p->b.p[i] <= '9');
	struct slice before = slice_sub(p->c->after, 0, p->h.b_at), after = slice_from(p->c->after, p->h.b_at + p->b.n);
	/* What both have in common may cut it in parts, of which one side can be empty. */
	return (figure_a || figure_b) && (figure_a || !p->a.n) && (figure_b || !p->b.n) && p->a.n < 60 && p->b.n < 60 && visible(p->a) &&
	       visible(p->b) && (names_factor(before, p->c->factor) || names_factor(after, p->c->factor));
}

static const char *row_locale(const struct part *p)
{
	if (strcmp(factor_table[p->c->factor].name, "locale") == 0 && figures_by_locale(p))
		return "figures written as the locale has them, where it is said";
	if (strcmp(factor_table[p->c->factor].name, "locale") == 0 && locale_part(p->b, p->c->after_trial->host->locale) &&
	        (p->a.n == 0 || locale_part(p->a, p->c->before_trial->host->locale)))
		return "the language or country of the locale";
	return NULL;
}

static bool number_is(struct slice s, uint64_t n)
{
	uint64_t v;
	return slice_u64(slice_trim(s), UINT32_MAX, &v) && v == n;
}

static const char *row_count(const struct part *p)
{
	if (strcmp(factor_table[p->c->factor].name, "cpus") != 0)
		return NULL;
	if (number_is(p->b, p->c->after_trial->host->cpus) && number_is(p->a, p->c->before_trial->host->cpus))
		return "the number of CPUs";
	return NULL;
}

/* -- what lies in the host's files -- */

static bool word_or_path(uint8_t c)
{
	return word_byte(c) || c == '-' || c == '_' || c == '.' || c == '@' || c == '/';
}

static const char *row_file_text(const struct part *p)
{
	const struct host_spec *h0 = p->c->before_trial->host, *h1 = p->c->after_trial->host;
	struct slice a = around(p->c->before, p->h.a_at, p->h.a_n, word_or_path),
	             b = around(p->c->after, p->h.b_at, p->h.b_n, word_or_path);
	if (!h0 || !h1 || !visible(p->a) || !visible(p->b) || (p->a.n == 0 && p->b.n == 0))
		return NULL;
	bool a_fits = p->a.n == 0 || host_text_differs(a, h0, h1), b_fits = p->b.n == 0 || host_text_differs(b, h1, h0);
	return a_fits && b_fits ? "text of a file that the tool was given to read" : NULL;
}

static const char *row_file_name(const struct part *p)
{
	const struct host_spec *h0 = p->c->before_trial->host, *h1 = p->c->after_trial->host;
	struct slice a = around(p->c->before, p->h.a_at, p->h.a_n, word_or_path),
	             b = around(p->c->after, p->h.b_at, p->h.b_n, word_or_path);
	if (!h0 || !h1 || (p->a.n == 0 && p->b.n == 0))
		return NULL;
	bool a_fits = p->a.n == 0 || host_names_differ(a, h0, h1), b_fits = p->b.n == 0 || host_names_differ(b, h1, h0);
	return a_fits && b_fits ? "names of files that are there" : NULL;
}

static bool token_byte(uint8_t c)
{
	return word_byte(c) || c == '+' || c == '/' || c == '-' || c == '_' || c == '=';
}

static const char *row_file_digest(const struct part *p)
{
	const struct host_spec *h0 = p->c->before_trial->host, *h1 = p->c->after_trial->host;
	if (!h0 || !h1)
		return NULL;
	if (p->b.n == 0)
		return p->c->after.p ? NULL : host_digest_differs(p->c->before, h0, h1, p->c->arena);
	struct slice b = around(p->c->after, p->h.b_at, p->h.b_n, token_byte);
	return host_digest_differs(b, h1, h0, p->c->arena);
}

/* The names of commits are digests of all that was committed, and by whom: everybody who reads a history sees them. */
static const char *row_commit(const struct part *p)
{
	const struct host_spec *h0 = p->c->before_trial->host, *h1 = p->c->after_trial->host;
	if (!h0 || !h1 || p->a.n == 0 || p->b.n == 0)
		return NULL;
	return host_commit_name(around(p->c->before, p->h.a_at, p->h.a_n, word_byte), h0) &&
	                       host_commit_name(around(p->c->after, p->h.b_at, p->h.b_n, word_byte), h1)
	               ? "the name of a commit, which follows from its files and its author"
	               : NULL;
}

static bool measure(struct slice s)
{
	size_t dots = 0;
	for (size_t i = 0; i < s.n; i++) {
		dots += s.p[i] == '.';
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '.'))
			return false;
	}
	return s.n > 0 && s.n <= 24 && dots <= 1;
}

static struct slice unquoted(struct slice s)
{
	return s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"' ? slice_sub(s, 1, s.n - 2) : s;
}

/* The names at the end of an address, back to the last element of a list that has names after it. */
static struct slice keys_of(const char *address)
{
	struct slice s = slice_str(address);
	size_t dots = 0, from = s.n;
	while (from > 0 && dots < 3) {
		from--;
		dots += s.p[from] == '.';
	}
	return slice_from(s, from);
}

/* A number under a name that says that it counts or measures: a length, how many, how busy. It may also come or go: what has not run long
 * enough has no share of the processor yet. */
static const char *row_size(const struct part *p)
{
	static const char *const words[] = {"len", "length", "lengths", "size", "sizes", "bytes", "byte", "chars", "count", "counts", "num",
	        "total", "lines", "entries", "tokens", "estimate", "estimates", "files", "messages", "number", "percent", "duration",
	        "usage", "uptime", "elapsed", "ms", "heap", "rss"};
	struct slice a = unquoted(p->c->shapes ? p->c->raw_before : p->c->before),
	             b = unquoted(p->c->shapes ? p->c->raw_after : p->c->after);
	bool same = (a.p != NULL) == (b.p != NULL);
	/* Of a value that always changes, only whether it is there at all is told here. */
	if ((a.p && !measure(a)) || (b.p && !measure(b)) || (p->c->shapes && same))
		return NULL;
	struct slice names = keys_of(p->c->feature->address);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (has_word(names, words[i]))
			return "a count or a measure of what is there";
	return NULL;
}

/* A digest under a name that says that it is one: of something that the factor changes, if not of the factor's value itself. */
static const char *row_named_digest(const struct part *p)
{
	static const char *const words[] = {"hash", "digest", "checksum", "fingerprint", "sha", "md5", "etag"};
	struct slice b = p->c->after;
	if (!p->c->before.p || !b.p || b.n < 8 || b.n > 128 || p->c->shapes)
		return NULL;
	for (size_t i = 0; i < b.n; i++)
		if (!token_byte(b.p[i]))
			return NULL;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (has_word(last_component(p->c->feature->address), words[i]))
			return "a digest, by its name, of something that the factor changes";
	return NULL;
}

/* Words of the level itself, in fields of which an honest message would tell it: "github-actions", "WSL2". */
static bool names_level(struct slice text, const struct part *p)
{
	static const char *const factors[] = {"ci", "terminal", "os", "shell", "ai_tools"};
	const struct factor_level *l = factor_level_at(p->c->factor, p->c->after_trial->treatment.level[p->c->factor]);
	bool asked = false;
	for (size_t i = 0; i < ARRAY_LEN(factors); i++)
		asked = asked || strcmp(factors[i], factor_table[p->c->factor].name) == 0;
	if (!l || !asked)
		return false;
	const char *const texts[] = {l->name, l->value};
	for (size_t k = 0; k < ARRAY_LEN(texts); k++)
		for (size_t i = 0; texts[k][i];) {
			char word[32];
			size_t n = 0;
			while (lower((uint8_t)texts[k][i + n]) >= 'a' && lower((uint8_t)texts[k][i + n]) <= 'z' && n + 1 < sizeof(word)) {
				word[n] = (char)lower((uint8_t)texts[k][i + n]);
				n++;
			}
			word[n] = 0;
			i += n ? n : 1;
			if (n >= 3 && has_word(text, word))
				return true;
		}
	return false;
}

/* {"is_ci": true}, terminal: vscode: a short plain value under a name that speaks of the factor. */
static const char *row_named_field(const struct part *p)
{
	struct slice a = p->c->before, b = p->c->after;
	if (p->c->feature->structural || a.n > 60 || b.n > 60 || !(plain_words(a) || a.n == 0) || !(plain_words(b) || b.n == 0) ||
	        same_but_case(a, b))
		return NULL;
	/* The words must change, not the signs between them. */
	if (a.p && b.p && !plain_words(p->a) && !plain_words(p->b))
		return NULL;
	if (place_names_factor(p->c->feature->address, p->c->factor) || names_level(slice_str(p->c->feature->address), p))
		return "a plain value in a field whose name speaks of the factor";
	if (names_level(b, p) || names_level(a, p))
		return "a plain value that names the factor's own";
	return p->c->sibling.n && names_factor(p->c->sibling, p->c->factor) ? "a plain value in a record whose name speaks of the factor"
	                                                                    : NULL;
}

/* "Is a git repository: Yes": a plain value after a key that speaks of the factor. */
static const char *row_named_line(const struct part *p)
{
	struct slice key = key_of(p->c->after, p->h.b_at);
	if (key.n && (plain_words(p->b) || p->b.n == 0) && (plain_words(p->a) || p->a.n == 0) && !same_but_case(p->a, p->b) &&
	        p->a.n + p->b.n < 400 && names_factor(key, p->c->factor))
		return "a plain value after words that speak of the factor";
	return NULL;
}

/* A short value that is another one altogether, and speaks of the factor: a user agent, the name of a mode. */
static const char *row_other_value(const struct part *p)
{
	struct slice a = p->c->before, b = p->c->after;
	if (!a.p || !b.p || a.n > 400 || b.n > 400 || !plain_words(a) || !plain_words(b) || same_but_case(a, b))
		return NULL;
	struct codepoint_span d = codepoint_diff(a, b);
	if (2 * d.a_n < a.n || 2 * d.b_n < b.n || slice_chr(b, '\n', 0) != SLICE_NPOS)
		return NULL;
	return names_level(slice_sub(b, d.b_at, d.b_n), p) ? "another value, which names the factor's own" : NULL;
}

/* Words, a sentence or a block, put in, taken out or put in the place of others, that themselves speak of the factor. */
static const char *row_named_words(const struct part *p)
{
	if (!visible(p->a) || !visible(p->b) || same_but_case(p->a, p->b))
		return NULL;
	struct slice text = p->b.n ? p->b : p->a;
	/* In a replacement, signs beside the words could carry something else. */
	if (p->a.n && p->b.n && p->b.n < 40 && !(plain_words(p->a) && plain_words(p->b)))
		return NULL;
	return names_factor(text, p->c->factor) || names_level(text, p) ? "plain words that speak of the factor" : NULL;
}

/* A whole field, line or request comes or goes. */
static const char *row_presence(const struct part *p)
{
	struct slice text = p->c->before.p ? p->c->before : p->c->after;
	if (p->c->before.p && p->c->after.p)
		return NULL;
	const struct feature *f = p->c->feature;
	if (!visible(text))
		return NULL;
	if (has_placeholder(text, p->c->factor) || has_placeholder(slice_str(f->address), p->c->factor) ||
	        has_placeholder(slice_str(f->endpoint), p->c->factor))
		return "a part that contains the value itself";
	if (names_factor(text, p->c->factor) || names_level(text, p) || place_names_factor(f->address, p->c->factor) ||
	        names_factor(slice_str(f->endpoint), p->c->factor))
		return "a part that speaks of the factor";
	return NULL;
}

/* How the message travels follows from how the network is set up. */
static const char *row_route(const struct part *p)
{
	const char *name = factor_table[p->c->factor].name;
	struct slice endpoint = slice_str(p->c->feature->endpoint), address = slice_str(p->c->feature->address);
	if (strcmp(name, "proxy") == 0 &&
	        (has_word(address, "via") || has_word(endpoint, "connect") || has_word(address, "proxy") ||
	                slice_starts(endpoint, SLICE("DNS")) || slice_starts(endpoint, SLICE("TLS")) ||
	                slice_starts(endpoint, SLICE("TCP")) || slice_starts(endpoint, SLICE("HEAD ")) ||
	                slice_starts(endpoint, SLICE("HOSTS")) || slice_ends(address, SLICE("header connection"))))
		return "the route over the proxy";
	if (strcmp(name, "dns_search") == 0 && slice_starts(endpoint, SLICE("DNS")) &&
	        (has_placeholder(p->b, p->c->factor) || has_placeholder(address, p->c->factor) || has_placeholder(endpoint, p->c->factor)))
		return "names looked up with the search domain";
	const char *gateway = p->c->after_trial->gateway;
	bool number = gateway && strspn(gateway, "0123456789.:") == strlen(gateway);
	if (strcmp(name, "gateway") == 0 && number &&
	        (slice_starts(endpoint, SLICE("HOSTS")) || slice_starts(endpoint, SLICE("DNS")) || slice_starts(endpoint, SLICE("TLS"))))
		return "an address needs no look-up and no server name";
	return NULL;
}

static const struct row {
	const char *name;
	enum leak_class class; /* CLASS_DISCLOSED: declared or not, it is part of addressing */
	const char *(*fits)(const struct part *p);
} rows[] = {
        {"digest", CLASS_HASHED, row_digest},
        {"literal", CLASS_UNDECLARED, row_literal},
        {"local date", CLASS_UNDECLARED, row_date},
        {"time stamp", CLASS_UNDECLARED, row_stamp},
        {"UTC offset", CLASS_UNDECLARED, row_offset},
        {"part of locale", CLASS_UNDECLARED, row_locale},
        {"count", CLASS_UNDECLARED, row_count},
        {"route", CLASS_DISCLOSED, row_route},
        {"presence", CLASS_UNDECLARED, row_presence},
        {"file text", CLASS_UNDECLARED, row_file_text},
        {"file name", CLASS_UNDECLARED, row_file_name},
        {"named digest", CLASS_HASHED, row_named_digest},
        {"commit", CLASS_UNDECLARED, row_commit},
        {"file digest", CLASS_HASHED, row_file_digest},
        {"size", CLASS_UNDECLARED, row_size},
        {"named field", CLASS_UNDECLARED, row_named_field},
        {"named line", CLASS_UNDECLARED, row_named_line},
        {"other value", CLASS_UNDECLARED, row_other_value},
        {"named words", CLASS_UNDECLARED, row_named_words},
};

/* What kind of edit it is that nothing explains. */
static const char *edit_of(struct slice a, struct slice b)
{
	if (same_but_case(a, b))
		return "letter case";
	if (!visible(a) || !visible(b))
		return "characters that cannot be seen";
	if (!plain_words(a) && !plain_words(b))
		return "punctuation or spacing";
	return "wording";
}

int explain_difference(const struct explain_case *c, struct explanation *out)
{
	struct hunk h[HUNKS_MAX];
	struct slice a = c->before.p ? c->before : SLICE(""), b = c->after.p ? c->after : SLICE("");
	size_t n = hunks_of(a, b, h, ARRAY_LEN(h));
	if (n == 0) {
		h[0] = (struct hunk){0, a.n, 0, b.n};
		n = 1;
	}
	const char *declared = explain_declared(c->profile, c->factor, c->feature), *title = factor_table[c->factor].title;
	struct explanation worst = {.class = CLASS_NONE};
	_cleanup_buf_ struct buf kind = BUF(4096);
	for (size_t i = 0; i < n; i++) {
		struct part p = {c, h[i], slice_sub(a, h[i].a_at, h[i].a_n), slice_sub(b, h[i].b_at, h[i].b_n)};
		const struct row *row = NULL;
		const char *why = NULL;
		for (size_t k = 0; k < ARRAY_LEN(rows) && !why; k++) {
			row = &rows[k];
			why = row->fits(&p);
		}
		enum leak_class class = !why ? CLASS_COVERT : row->class;
		const char *covers = NULL;
		if (class == CLASS_UNDECLARED && declared) {
			class = CLASS_DISCLOSED;
			covers = declared;
		}
		if (class <= worst.class)
			continue;
		worst = (struct explanation){.class = class, .rule = why ? row->name : "none", .declared = covers, .at = h[i]};
		if (why)
			worst.text =
			        arena_fmt(c->arena, "The %s decides it: %s%s.", title, why, covers ? ", which the vendor declares" : "");
		else if (!c->before.p || !c->after.p)
			worst.text =
			        arena_fmt(c->arena, "This is %s depending on the %s. Nothing in it names the %s or contains its value.",
			                c->after.p ? "sent or left out" : "left out or sent", title, title);
		else
			worst.text = arena_fmt(c->arena,
			        "The %s decides %s here. The changed part neither contains the value nor follows from it in a known way, "
			        "and does not speak of it.",
			        title, c->shapes ? "the form of a changing value" : edit_of(p.a, p.b));
		buf_reset(&kind);
		buf_str_add(&kind, worst.rule);
		if (!why && (!c->before.p || !c->after.p))
			buf_fmt(&kind, "%s", c->after.p ? "+" : "-");
		else if (!why)
			buf_fmt(&kind, ":%.*s:%.*s", SLICE_FMT(slice_sub(p.a, 0, 1000)), SLICE_FMT(slice_sub(p.b, 0, 1000)));
		worst.kind = arena_str(c->arena, buf_slice(&kind));
		if (!worst.text || !worst.kind)
			return -ENOMEM;
	}
	*out = worst;
	return 0;
}

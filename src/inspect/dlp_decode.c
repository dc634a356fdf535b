#include "inspect/dlp_decode.h"

#include "base/cleanup.h"
#include "base/encode.h"

enum { IN_RUN = 1, HEAD = 2, HEAD13 = 4, HEX = 8, PAIR = 16 };

/* For each byte: in a run; may begin four characters of base64 that hold text, plain or in ROT13; hex digit; in a stretch of pairs. */
static uint8_t kinds[256];
static uint8_t six[256];   /* value in base64, or 255 */
static uint8_t texts[256]; /* 1: a character of text */

static uint8_t rot13(uint8_t c)
{
	uint8_t low = c | 32;
	return low >= 'a' && low <= 'm' ? (uint8_t)(c + 13) : low >= 'n' && low <= 'z' ? (uint8_t)(c - 13) : c;
}

__attribute__((constructor)) static void make_tables(void)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	memset(six, 255, sizeof(six));
	for (uint8_t i = 0; i < 64; i++)
		six[(uint8_t)alphabet[i]] = i;
	six['-'] = 62;
	six['_'] = 63;
	for (unsigned c = 0; c < 256; c++) {
		uint8_t k = 0, v = six[c], w = six[rot13((uint8_t)c)];
		if (v < 64)
			k |= IN_RUN;
		/* The six upper bits of a printable character, tab, LF or CR. */
		if ((v >= 8 && v < 32) || v == 2 || v == 3)
			k |= HEAD;
		if ((w >= 8 && w < 32) || w == 2 || w == 3)
			k |= HEAD13;
		if (hex_value((uint8_t)c) >= 0)
			k |= HEX;
		if (k & HEX || (c && strchr(" ,:-xX", (int)c)))
			k |= PAIR;
		kinds[c] = k;
		texts[c] = (c >= ' ' && c < 0x7f) || c == '\n' || c == '\r' || c == '\t';
	}
}

bool dlp_text(struct slice s)
{
	size_t odd = 0;
	for (size_t i = 0; i < s.n; i++)
		odd += !texts[s.p[i]];
	return odd * 9 <= s.n;
}

size_t dlp_line_break(struct slice s, size_t at)
{
	size_t i = at;
	if (i < s.n && s.p[i] == '\r')
		i++;
	if (i < s.n && s.p[i] == '\n') {
		i++;
	} else {
		i = at;
		while (i < s.n && i - at < 4 && s.p[i] == '\\')
			i++;
		if (i == at || i >= s.n)
			return 0;
		if (s.p[i] == 'r') {
			i++;
			while (i < s.n && s.p[i] == '\\')
				i++;
		}
		if (i >= s.n || s.p[i] != 'n')
			return 0;
		i++;
	}
	while (i < s.n && i - at < 40 && (s.p[i] == ' ' || s.p[i] == '\t'))
		i++;
	return i - at;
}

/* ---- reading */

struct output {
	uint8_t *p;
	size_t n, max;
	const struct dlp_map *map;
};

static void emit(struct output *o, uint8_t c, size_t begin, size_t end)
{
	o->p[o->n] = c;
	if (o->map) {
		o->map->begin[o->n] = (uint32_t)begin;
		o->map->end[o->n] = (uint32_t)end;
	}
	o->n++;
}

/* Walks over a run in either direction, over line breaks. */
struct walk {
	struct slice s;
	size_t from, to, at; /* backwards: `at` is one past the next character */
	bool backwards, rot13;
};

static bool walk_next(struct walk *w, uint8_t wanted, uint8_t *c, size_t *where)
{
	for (;;) {
		if (w->backwards ? w->at <= w->from : w->at >= w->to)
			return false;
		size_t i = w->backwards ? w->at - 1 : w->at;
		uint8_t byte = w->s.p[i];
		if (w->backwards && (byte == '\n' || byte == '\r')) {
			w->at--;
			continue;
		}
		if (w->rot13)
			byte = rot13(byte);
		if (kinds[byte] & wanted) {
			*c = byte;
			*where = i;
			w->at = w->backwards ? i : i + 1;
			return true;
		}
		size_t n = w->backwards ? 0 : dlp_line_break(w->s, i);
		if (n == 0)
			return false;
		w->at += n;
	}
}

static void read_base64(struct walk *w, struct output *o)
{
	uint32_t acc = 0;
	unsigned bits = 0;
	size_t at = 0, before = 0;
	uint8_t c;
	while (o->n < o->max && walk_next(w, IN_RUN, &c, &at)) {
		acc = (acc << 6 | six[c]) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			emit(o, (uint8_t)(acc >> bits), w->backwards ? at : before, w->backwards ? before + 1 : at + 1);
		}
		before = at;
	}
}

static void read_hex(struct walk *w, struct output *o)
{
	uint8_t a, b;
	size_t first = 0, second = 0;
	while (o->n < o->max && walk_next(w, HEX, &a, &first) && walk_next(w, HEX, &b, &second))
		emit(o, (uint8_t)(hex_value(a) << 4 | hex_value(b)), w->backwards ? second : first, (w->backwards ? first : second) + 1);
}

/* Pairs with separators. */
static size_t read_pairs(struct slice s, const struct dlp_reading *r, struct output *o)
{
	size_t i = r->from;
	while (i + 1 < r->to && o->n < o->max) {
		size_t n = dlp_line_break(s, i);
		if (n) {
			i += n;
		} else if (s.p[i] == '0' && (s.p[i + 1] | 32) == 'x') {
			i += 2;
		} else if (kinds[s.p[i]] & HEX && kinds[s.p[i + 1]] & HEX) {
			emit(o, (uint8_t)(hex_value(s.p[i]) << 4 | hex_value(s.p[i + 1])), i, i + 2);
			i += 2;
		} else {
			i++;
		}
	}
	return i;
}

/* The value of `digits` hex digits at `at`, or -1. */
static int hex_at(struct slice s, size_t at, size_t digits)
{
	int v = 0;
	if (at + digits > s.n)
		return -1;
	for (size_t i = 0; i < digits; i++) {
		int d = hex_value(s.p[at + i]);
		if (d < 0)
			return -1;
		v = v << 4 | d;
	}
	return v;
}

static size_t entity(struct slice s, size_t at, int *c)
{
	static const struct {
		const char *name;
		char c;
	} named[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
	size_t i = at + 2, digits = 0;
	int v = 0;
	if (at + 3 >= s.n)
		return 0;
	if (s.p[at + 1] != '#') {
		for (size_t k = 0; k < ARRAY_LEN(named); k++)
			if (slice_starts(slice_from(s, at), slice_str(named[k].name))) {
				*c = (unsigned char)named[k].c;
				return strlen(named[k].name);
			}
		return 0;
	}
	bool hex = (s.p[i] | 32) == 'x';
	i += hex;
	for (; i < s.n && digits < 8; i++, digits++) {
		int d = hex_value(s.p[i]);
		if (d < 0 || (!hex && d > 9))
			break;
		v = v * (hex ? 16 : 10) + d;
		if (v > 255)
			return 0;
	}
	if (digits == 0)
		return 0;
	*c = v;
	return i - at + (i < s.n && s.p[i] == ';');
}

static bool octal(struct slice s, size_t at)
{
	return at < s.n && s.p[at] >= '0' && s.p[at] <= '7';
}

/* \u{67}, as JavaScript and Rust have it. */
static size_t braced(struct slice s, size_t at, int *c)
{
	size_t i = at + 3;
	int v = 0;
	for (; i < s.n && i < at + 9; i++) {
		int d = hex_value(s.p[i]);
		if (d < 0)
			break;
		v = v * 16 + d;
	}
	if (i == at + 3 || i >= s.n || s.p[i] != '}' || v > 255)
		return 0;
	*c = v;
	return i + 1 - at;
}

static size_t backslash(struct slice s, size_t at, int *c)
{
	static const char plain[] = "\"\\/'nrtb", meant[] = "\"\\/'\n\r\tb";
	if (at + 1 >= s.n)
		return 0;
	uint8_t k = s.p[at + 1];
	if (k == 'x' && (*c = hex_at(s, at + 2, 2)) >= 0)
		return 4;
	if (k == 'u' && (*c = hex_at(s, at + 2, 4)) >= 0)
		return *c < 256 ? 6 : 0;
	if (k == 'u' && at + 2 < s.n && s.p[at + 2] == '{')
		return braced(s, at, c);
	if (k == 'U' && hex_at(s, at + 2, 6) == 0 && (*c = hex_at(s, at + 8, 2)) >= 0)
		return 10;
	if (k <= '3' && octal(s, at + 1) && octal(s, at + 2) && octal(s, at + 3)) {
		*c = (k - '0') << 6 | (s.p[at + 2] - '0') << 3 | (s.p[at + 3] - '0');
		return 4;
	}
	/* C needs no zero in front; with one digit it is more often a reference in a pattern. */
	if (octal(s, at + 1) && octal(s, at + 2)) {
		*c = (k - '0') << 3 | (s.p[at + 2] - '0');
		return 3;
	}
	const char *p = k ? strchr(plain, k) : NULL;
	if (!p)
		return 0;
	*c = (unsigned char)meant[p - plain];
	return 2;
}

/* Length of the escape at `at`, and its character (-1: none, a soft line break); 0 if there is none. */
static size_t escape(struct slice s, enum dlp_decoding how, size_t at, int *c)
{
	uint8_t first = s.p[at];
	switch (how) {
	case DLP_PERCENT:
		if (first == '%' && at + 1 < s.n && (s.p[at + 1] | 32) == 'u')
			return (*c = hex_at(s, at + 2, 4)) >= 0 && *c < 256 ? 6 : 0;
		return first == '%' && (*c = hex_at(s, at + 1, 2)) >= 0 ? 3 : 0;
	case DLP_ESCAPE:
		return first == '\\' ? backslash(s, at, c) : 0;
	case DLP_ENTITY:
		return first == '&' ? entity(s, at, c) : 0;
	case DLP_QUOTED: {
		if (first != '=')
			return 0;
		size_t n = dlp_line_break(s, at + 1);
		if (n) {
			*c = -1;
			return 1 + n;
		}
		return (*c = hex_at(s, at + 1, 2)) >= 0 ? 3 : 0;
	}
	case DLP_PLAIN:
	case DLP_BASE64:
	case DLP_HEX:
	case DLP_INFLATE:
	case DLP_REVERSE:
	case DLP_ROT13:
	case DLP_SPLIT:
	case DLP_DECODING_END:
	default:
		return 0;
	}
}

size_t dlp_escape(struct slice s, enum dlp_decoding how, size_t at)
{
	int c;
	return escape(s, how, at, &c);
}

static size_t read_escapes(struct slice s, const struct dlp_reading *r, struct output *o)
{
	size_t i = r->from;
	while (i < r->to && o->n < o->max) {
		int c = -1;
		size_t n = escape(s, r->how, i, &c);
		if (n == 0)
			emit(o, s.p[i], i, i + 1);
		else if (c >= 0)
			emit(o, (uint8_t)c, i, i + n);
		i += n ? n : 1;
	}
	return i;
}

size_t dlp_decode(struct slice source, const struct dlp_reading *r, uint8_t *out, size_t max, const struct dlp_map *map, size_t *next)
{
	struct output o = {.p = out, .max = max, .map = map};
	struct walk w = {source, r->from, r->to, r->backwards ? r->to : r->from, r->backwards, r->rot13};
	*next = r->to;
	switch (r->how) {
	case DLP_BASE64:
		read_base64(&w, &o);
		*next = w.at;
		break;
	case DLP_HEX:
		if (r->to - r->from > 2 && kinds[source.p[r->from]] & HEX && kinds[source.p[r->from + 1]] & HEX &&
		        kinds[source.p[r->from + 2]] & HEX) {
			read_hex(&w, &o);
			*next = w.at;
		} else {
			*next = read_pairs(source, r, &o);
		}
		break;
	case DLP_REVERSE:
		for (size_t i = r->to; i > r->from && o.n < max; i--)
			emit(&o, source.p[i - 1], i - 1, i);
		break;
	case DLP_ROT13:
		for (size_t i = r->from; i < r->to && o.n < max; i++)
			emit(&o, rot13(source.p[i]), i, i + 1);
		break;
	case DLP_PERCENT:
	case DLP_ESCAPE:
	case DLP_ENTITY:
	case DLP_QUOTED:
		*next = read_escapes(source, r, &o);
		break;
	case DLP_PLAIN:
	case DLP_INFLATE:
	case DLP_SPLIT:
	case DLP_DECODING_END:
	default:
		break;
	}
	return o.n;
}

/* ---- finding */

/* The end of the run at `at`. */
static size_t run_end(struct slice s, size_t at)
{
	while (at < s.n && kinds[s.p[at]] & IN_RUN)
		at++;
	return at;
}

typedef uint8_t v16 __attribute__((vector_size(16)));
typedef int8_t s16 __attribute__((vector_size(16)));
typedef uint64_t l2 __attribute__((vector_size(16)));

/* Bit 0 and 1: all of the first, of the second eight bytes are in a run. */
static inline unsigned eights(const uint8_t *p)
{
	v16 v;
	memcpy(&v, p, sizeof(v));
	v16 low = v | 0x20;
	v16 in = (v16)((v16)(low - 'a') < 26) | (v16)((v16)(v - '0') < 10) | (v16)((v16)(v - '+') < 1) | (v16)((v16)(v - '-') < 1) |
	         (v16)((v16)(v - '/') < 1) | (v16)((v16)(v - '_') < 1);
	l2 l = (l2)in;
	return (l[0] == UINT64_MAX) | (unsigned)(l[1] == UINT64_MAX) << 1;
}

size_t dlp_run_begin(struct slice s, size_t at, size_t most)
{
	size_t from = at;
	while (at > 0 && from - at < most && kinds[s.p[at - 1]] & IN_RUN)
		at--;
	return at;
}

bool dlp_next_run(struct slice s, size_t at, size_t stop, size_t *from, size_t *to)
{
	size_t i = at;
	unsigned before = 0;
	if (stop > s.n)
		stop = s.n;
	/* A run of 24 holds two aligned blocks of eight, whichever way it lies. Blocks are counted from `at`. */
	while (i < stop + 16 && i < s.n) {
		unsigned now;
		if (i + 16 <= s.n) {
			now = eights(s.p + i);
		} else {
			uint8_t tail[16] = {0};
			memcpy(tail, s.p + i, s.n - i);
			now = eights(tail);
		}
		unsigned two = now == 3 || (before & 2 && now & 1);
		before = now;
		i += 16;
		if (!two)
			continue;
		size_t a = now == 3 ? i - 16 : i - 24, b = run_end(s, a);
		while (a > at && kinds[s.p[a - 1]] & IN_RUN)
			a--;
		/* The letter of an escaped line break is none of the run's. */
		if (a > 0 && s.p[a - 1] == '\\' && (s.p[a] == 'n' || s.p[a] == 'r' || s.p[a] == 't'))
			a++;
		if (b - a >= DLP_RUN && a < stop) {
			*from = a;
			/* Wrapped lines belong together. */
			for (size_t line = b - a, n; (n = dlp_line_break(s, b)); line = run_end(s, b + n) - b - n) {
				size_t next = run_end(s, b + n);
				if (line < 16 || next - b - n < 4 || next - b - n > line)
					break;
				b = next;
			}
			*to = b;
			return true;
		}
		if (a >= stop)
			return false;
		i = b > i ? b : i;
		before = 0;
	}
	return false;
}

static bool separator(uint8_t c)
{
	return c == ' ' || c == ',' || c == ':' || c == '-';
}

/* Length of what may stand between two pairs, 0 if it is none. */
static size_t between(struct slice s, size_t at)
{
	size_t i = at, n = dlp_line_break(s, at);
	if (n)
		i += n;
	while (i < s.n && i - at < 3 && separator(s.p[i]))
		i++;
	if (i + 3 < s.n && s.p[i] == '0' && (s.p[i + 1] | 32) == 'x')
		i += 2;
	return i - at;
}

static bool pair(struct slice s, size_t at)
{
	return at + 1 < s.n && kinds[s.p[at]] & HEX && kinds[s.p[at + 1]] & HEX && !(s.p[at] == '0' && (s.p[at + 1] | 32) == 'x');
}

bool dlp_next_pairs(struct slice s, size_t at, size_t stop, size_t *from, size_t *to)
{
	/* Twelve pairs with separators take 35 bytes or more, so one byte in 16 is enough to see them. */
	for (size_t i = at; i < stop && i + 20 < s.n; i += 16) {
		const uint8_t *p = s.p + i;
		if (!(kinds[p[0]] & kinds[p[3]] & kinds[p[6]] & kinds[p[9]] & kinds[p[12]] & kinds[p[15]] & PAIR))
			continue;
		/* Of any three in a row one or two are digits. */
		int digits = (kinds[p[0]] & HEX) + (kinds[p[1]] & HEX) + (kinds[p[2]] & HEX);
		if (digits == 0 || digits == 3 * HEX)
			continue;
		size_t a = i;
		for (size_t k = 0; k < 6 && !(pair(s, a) && a > 0 && !(kinds[s.p[a - 1]] & HEX)); k++)
			a++;
		size_t start = a;
		/* Back to the first pair. */
		while (start >= 3 && start > at + 2) {
			size_t k = start;
			while (k > 0 && start - k < 3 && separator(s.p[k - 1]))
				k--;
			if (k >= 2 && s.p[k - 1] == 'x' && s.p[k - 2] == '0')
				k -= 2;
			while (k > 0 && start - k < 6 && separator(s.p[k - 1]))
				k--;
			if (k == start || k < 2 || !pair(s, k - 2) || (k > 2 && kinds[s.p[k - 3]] & HEX))
				break;
			start = k - 2;
		}
		size_t end = start, pairs = 0, text = 0;
		while (pair(s, end)) {
			text += (s.p[end] >= '2' && s.p[end] <= '7') || s.p[end] == '0';
			pairs++;
			end += 2;
			size_t n = between(s, end);
			if (n == 0 || !pair(s, end + n))
				break;
			end += n;
		}
		if (pairs >= 12 && text * 9 >= pairs * 8 && start < stop) {
			*from = start;
			*to = end;
			return true;
		}
		if (end > i + 16)
			i = end - 16;
	}
	return false;
}

/* ---- guessing */

/* The first 24 characters of base64 that a reading gives, without line breaks: do they hold text? */
static bool probe64(struct slice s, size_t at, const struct dlp_reading *r)
{
	unsigned odd = 0;
	if (r->backwards ? at < r->from + 24 : at + 24 > r->to)
		return false;
	const uint8_t *p = s.p + at;
	for (unsigned i = 0; i < 6; i++) {
		uint32_t v = 0;
		for (unsigned k = 0; k < 4; k++) {
			uint8_t c = r->backwards ? *--p : *p++;
			uint8_t x = six[r->rot13 ? rot13(c) : c];
			if (x > 63)
				return false;
			v = v << 6 | x;
		}
		odd += 3u - texts[v >> 16] - texts[v >> 8 & 255] - texts[v & 255];
		if (odd > 2)
			return false;
	}
	return true;
}

static bool first_is_text(struct slice source, const struct dlp_reading *r)
{
	uint8_t out[18];
	size_t next, n = dlp_decode(source, r, out, sizeof(out), NULL, &next);
	return n >= 12 && dlp_text(slice_of(out, n));
}

static size_t hex_readings(struct slice s, size_t from, size_t to, struct dlp_reading ways[DLP_WAYS])
{
	size_t n = 0, last = from;
	while (last < to && kinds[s.p[last]] & HEX)
		last++;
	for (size_t shift = 0; shift < 2; shift++) {
		struct dlp_reading forward = {.how = DLP_HEX, .from = from + shift, .to = to},
		                   backward = {.how = DLP_HEX, .backwards = true, .from = from, .to = last - shift};
		if (first_is_text(s, &forward) || (hex_value(s.p[from]) == 1 && slice_starts(slice_from(s, from), SLICE("1f8b08"))))
			ways[n++] = forward;
		if (first_is_text(s, &backward))
			ways[n++] = backward;
	}
	return n;
}

/* Which of four alignments have only characters in front that text gives: bit r for from + r. */
static unsigned aligned(struct slice s, size_t from, size_t to, uint8_t kind)
{
	unsigned hits[4] = {0}, rounds = 0, mask = 0;
	for (size_t i = from; i + 4 <= to && rounds < 8 && kinds[s.p[i]] & IN_RUN && kinds[s.p[i + 3]] & IN_RUN; i += 4, rounds++)
		for (size_t r = 0; r < 4; r++)
			hits[r] += (kinds[s.p[i + r]] & kind) != 0;
	for (unsigned r = 0; r < 4; r++)
		if (hits[r] + (rounds > 6) >= rounds && rounds >= 5)
			mask |= 1u << r;
	return mask;
}

size_t dlp_readings(struct slice s, size_t from, size_t to, struct dlp_reading ways[DLP_WAYS])
{
	size_t n = 0, hex = from;
	while (hex < to && hex - from < 32 && kinds[s.p[hex]] & HEX)
		hex++;
	if (hex - from >= DLP_RUN && (n = hex_readings(s, from, to, ways)) > 0)
		return n;
	size_t line = run_end(slice_sub(s, 0, to), from);
	for (int rot = 0; rot < 2 && n < DLP_WAYS; rot++) {
		unsigned mask = aligned(s, from, line, rot ? HEAD13 : HEAD);
		/* The end of a line too: what stands in front may be of another kind. */
		size_t tail = line - from > 80 ? from + (line - from - 40) / 4 * 4 : from;
		if (!mask && tail > from)
			mask = aligned(s, tail, line, rot ? HEAD13 : HEAD);
		for (size_t r = 0; r < 4 && n < DLP_WAYS; r++) {
			if (!(mask >> r & 1))
				continue;
			struct dlp_reading w = {.how = DLP_BASE64, .rot13 = rot, .from = from + r, .to = to};
			if (probe64(s, from + r, &w) || (tail > from && probe64(s, tail + r, &w)) ||
			        (line - from < 28 && first_is_text(s, &w)))
				ways[n++] = w;
			if (n == DLP_WAYS)
				break;
			/* Backwards the first of four is the last one; with lines, the last line is where it begins. */
			w = (struct dlp_reading){.how = DLP_BASE64, .rot13 = rot, .backwards = true, .from = from, .to = line};
			w.to = from + r + 1 + (line - from - r - 1) / 4 * 4;
			if (w.to - from < 24 ? first_is_text(s, &w) : probe64(s, w.to, &w))
				ways[n++] = w;
		}
	}
	if (line - from > 16 && ((s.p[from] == 'H' && s.p[from + 1] == '4') || (s.p[from] == 'e' && s.p[from + 1] < 'Z'))) {
		/* gzip and zlib streams have a head of their own, whatever else looks like text by chance. */
		uint8_t head[3];
		size_t next;
		struct dlp_reading w = {.how = DLP_BASE64, .from = from, .to = to};
		if (dlp_decode(s, &w, head, 3, NULL, &next) == 3 &&
		        ((head[0] == 0x1f && head[1] == 0x8b) || (head[0] == 0x78 && (head[0] << 8 | head[1]) % 31 == 0))) {
			for (size_t i = 0; i < n; i++)
				if (ways[i].from == from && !ways[i].backwards && !ways[i].rot13)
					return n;
			n -= n == DLP_WAYS;
			ways[n++] = w;
		}
	}
	return n;
}

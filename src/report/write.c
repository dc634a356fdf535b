#include "report/write.h"

#include <math.h>
#include <stdio.h>

/* Inclusive ranges, in order. */
struct range {
	uint32_t first, last;
};

static bool in_ranges(const struct range *r, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n && r[i].first <= c; i++)
		if (c <= r[i].last)
			return true;
	return false;
}

/* Unicode 15: general categories Cc, Cf, Zl, Zp, Zs but the space, Co, Cn that are noncharacters, and default ignorables. */
static const struct range hidden[] = {
        {0x0000, 0x001F},
        {0x007F, 0x00A0},
        {0x00AD, 0x00AD},
        {0x034F, 0x034F},
        {0x0600, 0x0605},
        {0x061C, 0x061C},
        {0x06DD, 0x06DD},
        {0x070F, 0x070F},
        {0x0890, 0x0891},
        {0x08E2, 0x08E2},
        {0x115F, 0x1160},
        {0x1680, 0x1680},
        {0x17B4, 0x17B5},
        {0x180B, 0x180F},
        {0x2000, 0x200F},
        {0x2028, 0x202F},
        {0x205F, 0x206F},
        {0x2800, 0x2800},
        {0x3000, 0x3000},
        {0x3164, 0x3164},
        {0xD800, 0xF8FF},
        {0xFDD0, 0xFDEF},
        {0xFE00, 0xFE0F},
        {0xFEFF, 0xFEFF},
        {0xFFA0, 0xFFA0},
        {0xFFF0, 0xFFFB},
        {0xFFFE, 0xFFFF},
        {0x110BD, 0x110BD},
        {0x110CD, 0x110CD},
        {0x13430, 0x1343F},
        {0x1BCA0, 0x1BCA3},
        {0x1D173, 0x1D17A},
        {0x1FFFE, 0x1FFFF},
        {0x2FFFE, 0x2FFFF},
        {0x3FFFE, 0x3FFFF},
        {0xDFFFE, 0x10FFFF},
};

/* Marks that stand over the character before them. */
static const struct range combining[] = {
        {0x0300, 0x036F},
        {0x0483, 0x0489},
        {0x0591, 0x05BD},
        {0x05BF, 0x05BF},
        {0x05C1, 0x05C5},
        {0x0610, 0x061A},
        {0x064B, 0x065F},
        {0x0670, 0x0670},
        {0x06D6, 0x06DC},
        {0x0900, 0x0902},
        {0x093C, 0x093C},
        {0x0941, 0x0948},
        {0x0E31, 0x0E31},
        {0x0E34, 0x0E3A},
        {0x0E47, 0x0E4E},
        {0x1AB0, 0x1AFF},
        {0x1DC0, 0x1DFF},
        {0x20D0, 0x20FF},
        {0x302A, 0x302D},
        {0x3099, 0x309A},
        {0xFE20, 0xFE2F},
};

/* East Asian Width W and F, and emoji. */
static const struct range wide[] = {
        {0x1100, 0x115E},
        {0x231A, 0x231B},
        {0x2329, 0x232A},
        {0x2E80, 0x303E},
        {0x3041, 0x33FF},
        {0x3400, 0x4DBF},
        {0x4E00, 0xA4CF},
        {0xA960, 0xA97F},
        {0xAC00, 0xD7A3},
        {0xF900, 0xFAFF},
        {0xFE30, 0xFE6F},
        {0xFF00, 0xFF60},
        {0xFFE0, 0xFFE6},
        {0x1F300, 0x1F64F},
        {0x1F680, 0x1F6FF},
        {0x1F900, 0x1F9FF},
        {0x20000, 0x3FFFD},
};

uint32_t write_next(struct slice s, size_t *at)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint8_t first = s.p[(*at)++];
	size_t more = first < 0x80 ? 0 : first < 0xC2 ? 4 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : first < 0xF5 ? 3 : 4;
	if (more == 0)
		return first;
	if (more == 4 || s.n - *at < more)
		return WRITE_BAD + first;
	uint32_t c = first & (0x3Fu >> more);
	for (size_t i = 0; i < more; i++) {
		if ((s.p[*at + i] & 0xC0) != 0x80)
			return WRITE_BAD + first;
		c = c << 6 | (s.p[*at + i] & 0x3F);
	}
	if (c < least[more] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return WRITE_BAD + first;
	*at += more;
	return c;
}

void write_utf8(struct buf *b, uint32_t c)
{
	if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		c = 0xFFFD;
	if (c < 0x80) {
		buf_u8(b, (uint8_t)c);
		return;
	}
	unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	buf_u8(b, (uint8_t)((0xFF00u >> (more + 1) & 0xFF) | (c >> (6 * more) & (0x3Fu >> more))));
	while (more--)
		buf_u8(b, (uint8_t)(0x80 | (c >> (6 * more) & 0x3F)));
}

bool write_hidden(uint32_t c)
{
	return c != ' ' && in_ranges(hidden, ARRAY_LEN(hidden), c);
}

/* The visible name of a hidden code point or a bad byte; false if c can be shown as it is. */
static bool escape_name(uint32_t c, char out[16])
{
	if (c >= WRITE_BAD)
		(void)snprintf(out, 16, "0x%02X", (unsigned)(c - WRITE_BAD));
	else if (write_hidden(c))
		(void)snprintf(out, 16, "U+%04X", (unsigned)c);
	else
		return false;
	return true;
}

static size_t width_of(uint32_t c)
{
	char name[16];
	if (escape_name(c, name))
		return strlen(name) + 2;
	if (in_ranges(combining, ARRAY_LEN(combining), c))
		return 0;
	return in_ranges(wide, ARRAY_LEN(wide), c) ? 2 : 1;
}

size_t write_columns(struct slice s)
{
	size_t columns = 0;
	for (size_t at = 0; at < s.n;)
		columns += width_of(write_next(s, &at));
	return columns;
}

struct slice write_fit(struct slice s, size_t columns, bool from_end)
{
	size_t total = from_end ? write_columns(s) : 0, used = 0, at = 0;
	while (at < s.n) {
		size_t next = at;
		size_t w = width_of(write_next(s, &next));
		if (from_end ? total - used <= columns : used + w > columns)
			break;
		used += w;
		at = next;
	}
	return from_end ? slice_from(s, at) : slice_sub(s, 0, at);
}

void write_visible(struct buf *b, struct slice s)
{
	char name[16];
	for (size_t at = 0; at < s.n;) {
		uint32_t c = write_next(s, &at);
		if (escape_name(c, name))
			buf_fmt(b, "‹%s›", name);
		else
			write_utf8(b, c);
	}
}

void write_wrapped(struct buf *b, size_t indent, size_t width, struct slice s, bool cut)
{
	struct slice word;
	size_t at = indent;
	while (slice_split(&s, ' ', &word)) {
		size_t w = write_columns(word);
		if (at > indent && at + 1 + w > width) {
			buf_fmt(b, "\n%*s", (int)(indent > 400 ? 400 : indent), "");
			at = indent;
		}
		if (at > indent) {
			buf_u8(b, ' ');
			at++;
		}
		write_visible(b, word);
		at += w;
	}
	buf_str_add(b, cut ? "…\n" : "\n");
}

void write_json(struct buf *b, const char *text)
{
	if (!text) {
		buf_str_add(b, "null");
		return;
	}
	struct slice s = slice_str(text);
	buf_u8(b, '"');
	for (size_t at = 0; at < s.n;) {
		uint32_t c = write_next(s, &at);
		if (c >= WRITE_BAD)
			buf_fmt(b, "\\ufffd");
		else if (c == '"' || c == '\\')
			buf_fmt(b, "\\%c", (char)c);
		else if (c == '\n')
			buf_str_add(b, "\\n");
		else if (c >= 0x10000 && write_hidden(c))
			buf_fmt(b, "\\u%04x\\u%04x", 0xD800u + ((c - 0x10000) >> 10), 0xDC00u + ((c - 0x10000) & 0x3FF));
		else if (c == '<' || write_hidden(c))
			buf_fmt(b, "\\u%04x", (unsigned)c);
		else
			write_utf8(b, c);
	}
	buf_u8(b, '"');
}

static void html(struct buf *b, struct slice s, const char *open, const char *close)
{
	char name[16];
	for (size_t at = 0; at < s.n;) {
		uint32_t c = write_next(s, &at);
		if (escape_name(c, name))
			buf_fmt(b, "%s%s%s", open, name, close);
		else if (c == '&')
			buf_str_add(b, "&amp;");
		else if (c == '<')
			buf_str_add(b, "&lt;");
		else if (c == '>')
			buf_str_add(b, "&gt;");
		else if (c == '"')
			buf_str_add(b, "&quot;");
		else if (c == '\'')
			buf_str_add(b, "&#39;");
		else
			write_utf8(b, c);
	}
}

void write_html(struct buf *b, struct slice s)
{
	html(b, s, "<span class=h>", "</span>");
}

void write_html_plain(struct buf *b, struct slice s)
{
	html(b, s, "‹", "›");
}

/* printf uses the decimal point of the locale, which may be anything: put ours. */
static void add_number(struct buf *b, const char *printed)
{
	bool point = false;
	for (const char *p = printed; *p; p++) {
		bool part = (*p >= '0' && *p <= '9') || *p == '-' || *p == '+' || *p == 'e';
		if (!part && point)
			continue;
		point = !part;
		buf_u8(b, part ? (uint8_t)*p : '.');
	}
}

void write_number(struct buf *b, double v, int decimals)
{
	char printed[400];
	if (!isfinite(v)) {
		buf_str_add(b, "null");
		return;
	}
	(void)snprintf(printed, sizeof(printed), "%.*f", decimals, v);
	add_number(b, printed);
}

void write_probability(struct buf *b, double v)
{
	char printed[64];
	if (!isfinite(v)) {
		buf_str_add(b, "null");
		return;
	}
	(void)snprintf(printed, sizeof(printed), "%.2g", v);
	add_number(b, printed);
}

void write_bytes(struct buf *b, uint64_t n)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB"};
	double v = (double)n / 1000;
	size_t u = 0;
	if (n < 1000) {
		buf_fmt(b, "%u B", (unsigned)n);
		return;
	}
	while (v >= 999.95 && u + 1 < ARRAY_LEN(units)) {
		v /= 1000;
		u++;
	}
	write_number(b, v, v < 100 ? 1 : 0);
	buf_fmt(b, " %s", units[u]);
}

static bool continues(struct slice s, size_t at)
{
	return at < s.n && (s.p[at] & 0xC0) == 0x80;
}

struct write_parts write_parts(const char *text, size_t at, size_t n)
{
	struct slice s = slice_str(text);
	if (at > s.n)
		at = s.n;
	size_t end = n > s.n - at ? s.n : at + n;
	for (int i = 0; i < 3 && at > 0 && continues(s, at); i++)
		at--;
	for (int i = 0; i < 3 && end > at && continues(s, end); i++)
		end++;
	return (struct write_parts){slice_sub(s, 0, at), slice_sub(s, at, end - at), slice_from(s, end)};
}

struct write_summary write_summary(const struct vet_result *r)
{
	struct write_summary s = {0};
	for (size_t i = 0; i < r->n_findings; i++)
		if (r->findings[i].class < CLASS_END)
			s.count[r->findings[i].class]++;
	for (size_t i = 0; i < r->n_hosts; i++)
		s.undeclared_hosts += !r->hosts[i].declared;
	return s;
}

const char *write_factor_title(const struct vet_result *r, const char *name)
{
	for (size_t i = 0; name && i < r->n_factors; i++)
		if (r->factors[i].title && slice_is(slice_str(r->factors[i].name), name))
			return r->factors[i].title;
	return name ? name : "?";
}

/* Is finding i the first of its class and factor? */
static bool first_of_factor(const struct vet_result *r, size_t i, enum leak_class class)
{
	const struct vet_finding *f = r->findings;
	if (f[i].class != class)
		return false;
	for (size_t j = 0; j < i; j++)
		if (f[j].class == class && slice_eq(slice_str(f[j].factor), slice_str(f[i].factor)))
			return false;
	return true;
}

void write_factor_list(struct buf *b, const struct vet_result *r, enum leak_class class, const char *last)
{
	size_t total = 0, n = 0;
	for (size_t i = 0; i < r->n_findings; i++)
		total += first_of_factor(r, i, class);
	for (size_t i = 0; i < r->n_findings; i++)
		if (first_of_factor(r, i, class)) {
			n++;
			buf_fmt(b, "%s%s", n == 1 ? "" : n == total ? last : ", ", write_factor_title(r, r->findings[i].factor));
		}
}

struct slice write_endpoint_host(const char *endpoint)
{
	struct slice s = slice_str(endpoint);
	size_t at = slice_find(s, SLICE("://"), 0);
	if (at == SLICE_NPOS) {
		/* "WS a.example/x", "TLS a.example": the word after the method, if it is a host. */
		size_t blank = slice_find(s, SLICE(" "), 0);
		if (blank == SLICE_NPOS || slice_find(s, SLICE("."), blank) == SLICE_NPOS)
			return s;
		s = slice_from(s, blank + 1);
	} else {
		s = slice_from(s, at + 3);
	}
	return slice_sub(s, 0, slice_chr(s, '/', 0));
}

void write_bases(struct buf *b, const char *bases)
{
	struct slice rest = slice_str(bases), part;
	for (bool first = true; slice_split(&rest, ',', &part); first = false) {
		buf_str_add(b, first ? "" : ", ");
		buf_add(b, part);
	}
}

enum leak_class write_worst(const struct write_summary *s)
{
	int c = CLASS_COVERT;
	while (c > CLASS_NONE && !s->count[c])
		c--;
	return (enum leak_class)c;
}

const char *write_s(size_t n)
{
	return n == 1 ? "" : "s";
}

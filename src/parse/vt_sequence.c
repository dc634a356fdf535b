/* Whole sequences, judged by the table and written anew. */
#include "parse/vt_part.h"

#include "base/cleanup.h"
#include "base/utf8.h"

static const struct vt_rule rules[] = {
#define ROW(k, first, until, v, n, u, what, reason) \
	{.kind = (k), .key = (first), .last = (until), .verdict = (v), .params = (n), .usual = (u), .name = (what), .why = (reason)},
#define BYTE(b, v, name, why)            ROW(VT_KIND_BYTE, b, 0, v, 0, 0, name, why)
#define CHARACTER(a, b, name, why)       ROW(VT_KIND_CHARACTER, a, b, VT_DROP, 0, 0, name, why)
#define ESC(f, i, v, name, why)          ROW(VT_KIND_ESC, (i) << 8 | (f), 0, v, 0, 0, name, why)
#define CSI(p, i, f, v, n, name, why)    ROW(VT_KIND_CSI, (p) << 16 | (i) << 8 | (f), 0, v, n, 0, name, why)
#define NUMBER(kind, a, b, v, name, why) ROW(kind, a, b, v, 0, 0, name, why)
#define PRIVATE(n, usual, name, why)     ROW(VT_KIND_PRIVATE, n, 0, VT_PASS, 0, usual, name, why)
#define OSC(n, v, name, why)             ROW(VT_KIND_OSC, n, 0, v, 0, 0, name, why)
#define STRING(b, name, why)             ROW(VT_KIND_STRING, b, 0, VT_DROP, 0, 0, name, why)
#include "parse/vt_table.h"
};

const struct vt_rule *vt_rules(size_t *n)
{
	*n = ARRAY_LEN(rules);
	return rules;
}

const struct vt_rule *vt_rule(const struct vt *v, enum vt_kind kind, uint32_t key)
{
	for (size_t i = v->first[kind]; i < ARRAY_LEN(rules) && rules[i].kind == kind; i++)
		if (key == rules[i].key || (key > rules[i].key && key <= rules[i].last))
			return &rules[i];
	return NULL;
}

static bool question(struct vt *v)
{
	if (!v->questions) {
		v->removed++;
		return false;
	}
	v->questions--;
	v->asked++;
	return true;
}

void vt_escape(struct vt *v, uint8_t final, struct buf *out)
{
	uint32_t between = v->n ? v->seq[0] : 0;
	const struct vt_rule *r = vt_rule(v, VT_KIND_ESC, between << 8 | final);
	enum vt_verdict verdict = r ? r->verdict : VT_DROP;
	/* Other character sets than the two in the table are read as ASCII, so that frames do not stay on. */
	if (v->n == 1 && (between == '(' || between == ')')) {
		verdict = VT_CHARSET;
		v->removed += final != '0' && final != 'B';
		final = final == '0' ? '0' : 'B';
	}
	if (v->n > 1 || v->over)
		verdict = VT_DROP;
	switch ((int)verdict) {
	case VT_CHARSET:
		v->left.set[between == ')'] = final;
		break;
	case VT_KEYPAD:
		v->left.keypad = final == '=';
		break;
	case VT_RESET:
		vt_leave(v, out);
		v->left = (struct vt_left){.set = {'B', 'B'}, .titles = v->left.titles};
		buf_str_add(out, "\033[!p\033[H\033[2J");
		return;
	case VT_PASS:
		break;
	default:
		v->removed++;
		return;
	}
	buf_u8(out, 0x1b);
	if (between)
		buf_u8(out, (uint8_t)between);
	buf_u8(out, final);
}

/* Numbers of a control sequence. */
struct params {
	unsigned n;
	uint16_t value[VT_PARAMS];
	bool given[VT_PARAMS];
	bool sub[VT_PARAMS]; /* a colon before it, not a semicolon */
	bool subs;           /* any */
	uint8_t prefix, between;
};

static bool parse(const struct vt *v, struct params *p)
{
	unsigned i = 0;
	p->n = 0;
	p->subs = false;
	p->prefix = p->between = 0;
	if (v->n && v->seq[0] >= '<' && v->seq[0] <= '?')
		p->prefix = v->seq[i++];
	if (i < v->n && v->seq[i] >= '0') {
		p->n = 1;
		p->value[0] = 0;
		p->given[0] = p->sub[0] = false;
	}
	for (; i < v->n && v->seq[i] >= '0'; i++) {
		uint8_t b = v->seq[i];
		if (b <= '9') {
			uint32_t value = p->value[p->n - 1] * 10u + (b - '0');
			p->value[p->n - 1] = value > 0xffff ? 0xffff : (uint16_t)value;
			p->given[p->n - 1] = true;
		} else if (b <= ';' && p->n < VT_PARAMS) {
			p->value[p->n] = 0;
			p->given[p->n] = false;
			p->sub[p->n] = b == ':';
			p->subs |= b == ':';
			p->n++;
		} else {
			return false;
		}
	}
	if (i < v->n)
		p->between = v->seq[i++];
	return i == v->n && !v->over;
}

static uint16_t number(const struct params *p, unsigned i, uint16_t otherwise)
{
	return i < p->n && p->given[i] ? p->value[i] : otherwise;
}

static void add_number(struct buf *out, uint16_t value)
{
	uint8_t text[5], n = 0;
	do
		text[n++] = (uint8_t)('0' + value % 10);
	while (value /= 10);
	while (n)
		buf_u8(out, text[--n]);
}

/* The numbers from..to of p. */
static void add_numbers(struct buf *out, const struct params *p, unsigned from, unsigned to, bool *any)
{
	for (unsigned i = from; i < to; i++) {
		if (*any)
			buf_u8(out, p->sub[i] ? ':' : ';');
		*any = true;
		if (p->given[i])
			add_number(out, p->value[i]);
	}
}

static void introduce(struct buf *out, uint8_t prefix)
{
	buf_add(out, SLICE("\033["));
	if (prefix)
		buf_u8(out, prefix);
}

static void rewrite(struct buf *out, const struct params *p, uint8_t final)
{
	bool any = false;
	introduce(out, p->prefix);
	add_numbers(out, p, 0, p->n, &any);
	if (p->between)
		buf_u8(out, p->between);
	buf_u8(out, final);
}

/* Where the colour ends that begins at i (38, 48 or 58); 0: it is not whole, and terminals would disagree on what the rest is. */
static unsigned colour_end(const struct params *p, unsigned i)
{
	unsigned end = i + 1;
	if (end < p->n && p->sub[end]) {
		while (end < p->n && p->sub[end])
			end++;
		unsigned least = p->value[i + 1] == 5 ? 3 : p->value[i + 1] == 2 ? 5 : 99;
		return end - i >= least ? end : 0;
	}
	if (end >= p->n || (p->value[end] != 5 && p->value[end] != 2))
		return 0;
	end += p->value[end] == 5 ? 2 : 4;
	if (end > p->n || (end < p->n && p->sub[end]))
		return 0;
	for (unsigned k = i + 1; k < end; k++)
		if (p->sub[k])
			return 0;
	return end;
}

static void colours(struct vt *v, const struct params *p, struct buf *out)
{
	size_t before = out->n;
	bool any = false;
	introduce(out, 0);
	for (unsigned i = 0; i < p->n;) {
		unsigned end = i + 1;
		bool pass;
		if (p->value[i] == 38 || p->value[i] == 48 || p->value[i] == 58) {
			end = colour_end(p, i);
			pass = end != 0;
			if (!pass)
				end = p->n;
		} else {
			while (end < p->n && p->sub[end])
				end++;
			const struct vt_rule *r = vt_rule(v, VT_KIND_COLOUR, p->value[i]);
			pass = r && r->verdict == VT_PASS;
		}
		if (pass)
			add_numbers(out, p, i, end, &any);
		else
			v->removed++;
		i = end;
	}
	if (p->n && !any && !out->error) {
		/* With nothing left in it, it would be a reset. */
		out->n = before;
		return;
	}
	v->left.colour = true;
	buf_u8(out, 'm');
}

static void modes(struct vt *v, const struct params *p, uint8_t final, struct buf *out)
{
	enum vt_kind kind = p->prefix ? VT_KIND_PRIVATE : VT_KIND_MODE;
	bool any = false;
	for (unsigned i = 0; i < p->n; i++) {
		const struct vt_rule *r = vt_rule(v, kind, p->value[i]);
		if (!p->given[i] || !r || r->verdict != VT_PASS) {
			v->removed++;
			continue;
		}
		if (kind == VT_KIND_PRIVATE)
			vt_left_mode(v, r, final);
		else
			v->left.insert = final == 'h';
		if (any)
			buf_u8(out, ';');
		else
			introduce(out, p->prefix);
		add_number(out, p->value[i]);
		any = true;
	}
	if (any)
		buf_u8(out, final);
	else
		v->removed += p->n == 0;
}

static void titles(struct vt *v, uint16_t what, struct buf *out)
{
	/* The first on the stack is the person's, and is put back at the end. */
	if (what == 22 && v->left.titles < 8)
		v->left.titles++;
	else if (what == 23 && v->left.titles > 1)
		v->left.titles--;
	else
		what = 0;
	if (what)
		buf_fmt(out, "\033[%u;0t", what);
	else
		v->removed++;
}

static void by_number(struct vt *v, const struct params *p, uint8_t final, struct buf *out)
{
	const struct vt_rule *r = NULL;
	uint16_t value = number(p, 0, 0);
	if (final == 'm') {
		colours(v, p, out);
		return;
	}
	if (final == 'h' || final == 'l') {
		modes(v, p, final, out);
		return;
	}
	if (final == 'J')
		r = vt_rule(v, VT_KIND_ERASE, value);
	else if (final == 'n')
		r = vt_rule(v, VT_KIND_REPORT, (p->prefix ? 0x10000u : 0) | value);
	else if (final == 't')
		r = vt_rule(v, VT_KIND_WINDOW, value);
	if (r && r->verdict == VT_TITLES)
		titles(v, value, out);
	else if (!r || r->verdict == VT_DROP)
		v->removed++;
	else if ((r->verdict != VT_ASK || question(v)))
		rewrite(out, &(struct params){.n = p->n ? 1 : 0, .value = {value}, .given = {p->n && p->given[0]}, .prefix = p->prefix},
		        final);
}

static void keyboard(struct vt *v, enum vt_verdict verdict, const struct params *p, struct buf *out)
{
	unsigned screen = v->left.screen ? 1 : 0;
	uint8_t *depth = &v->left.depth[screen];
	uint16_t *stack = v->left.keys[screen], n;
	if (verdict == VT_KEYS_PUSH || (verdict == VT_KEYS_SET && *depth == 0)) {
		if (*depth == VT_KEYS) {
			v->removed++;
			return;
		}
		stack[*depth] = verdict == VT_KEYS_PUSH ? number(p, 0, 0) & 31 : 0;
		buf_fmt(out, "\033[>%uu", stack[(*depth)++]);
	}
	if (verdict == VT_KEYS_SET) {
		uint16_t flags = number(p, 0, 0) & 31, how = number(p, 1, 1), *top = &stack[*depth - 1];
		*top = how == 2 ? *top | flags : how == 3 ? *top & (uint16_t)~flags : flags;
		buf_fmt(out, "\033[=%uu", *top);
	} else if (verdict == VT_KEYS_POP) {
		n = number(p, 0, 1);
		n = n > *depth ? *depth : n;
		*depth = (uint8_t)(*depth - n);
		if (n)
			buf_fmt(out, "\033[<%uu", n);
		else
			v->removed++;
	}
}

/* False: it is not this kind of thing after all. */
static bool special(struct vt *v, enum vt_verdict verdict, const struct params *p, uint8_t final, struct buf *out)
{
	uint16_t top = number(p, 0, 1), bottom = number(p, 1, 0);
	switch ((int)verdict) {
	case VT_REGION:
		v->left.top = p->n ? (top ? top : 1) : 0;
		v->left.bottom = bottom;
		rewrite(out, p, final);
		return true;
	case VT_REPEAT:
		introduce(out, 0);
		add_number(out, top > 4096 ? 4096 : top);
		buf_u8(out, final);
		return true;
	case VT_CURSOR_STYLE:
		v->left.cursor_style = (uint8_t)(number(p, 0, 0) & 7);
		v->left.cursor = v->left.cursor_style != 0;
		buf_fmt(out, "\033[%u q", v->left.cursor_style);
		return true;
	case VT_OTHER_KEYS:
		if (p->n == 0 || number(p, 0, 0) != 4 || number(p, 1, 0) > 3)
			return false;
		v->left.other_keys = (uint8_t)number(p, 1, 0);
		rewrite(out, p, final);
		return true;
	case VT_KEYS_PUSH:
	case VT_KEYS_POP:
	case VT_KEYS_SET:
		keyboard(v, verdict, p, out);
		return true;
	default:
		return false;
	}
}

void vt_control(struct vt *v, uint8_t final, struct buf *out)
{
	struct params p;
	const struct vt_rule *r =
	        parse(v, &p) ? vt_rule(v, VT_KIND_CSI, (uint32_t)p.prefix << 16 | (uint32_t)p.between << 8 | final) : NULL;
	bool done = false;
	/* Only colours have parts of numbers. */
	if (r && p.n <= (r->params ? r->params : VT_PARAMS) && (!p.subs || (final == 'm' && !p.prefix))) {
		if (r->verdict == VT_BY_NUMBER) {
			by_number(v, &p, final, out);
			return;
		}
		if (r->verdict == VT_PASS || r->verdict == VT_ASK) {
			if (r->verdict == VT_PASS || question(v))
				rewrite(out, &p, final);
			return;
		}
		done = special(v, r->verdict, &p, final, out);
	}
	v->removed += !done;
}

/* What may stand in a title: text. */
static void title(struct vt *v, struct slice text, struct buf *out)
{
	size_t end = out->n + VT_TITLE;
	for (size_t i = 0; i < text.n;) {
		uint32_t c;
		size_t n = utf8_next(text, i, &c);
		bool bad = n == 0 || c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 ||
		           vt_rule(v, VT_KIND_CHARACTER, c) || (v->ascii && c > 0x7f);
		if (!bad && out->n + n > end)
			return;
		if (!bad)
			buf_add(out, slice_sub(text, i, n));
		i += n ? n : 1;
	}
}

/* Endings of files that desktops run, or take settings from, when they are opened. */
static const char *const runs[] = {
        ".desktop",
        ".exe",
        ".com",
        ".bat",
        ".cmd",
        ".ps1",
        ".lnk",
        ".url",
        ".scr",
        ".msi",
        ".vbs",
        ".js",
        ".jar",
        ".app",
        ".sh",
        ".bash",
        ".command",
        ".terminal",
        ".tool",
        ".webloc",
        ".fileloc",
        ".inetloc",
        ".py",
        ".run",
        ".deb",
        ".rpm",
        ".pkg",
        ".appimage",
        ".workflow",
        ".hta",
        ".service",
        ".kshrc",
        ".dmg",
};

static bool opens_harmlessly(struct slice path)
{
	while (path.n && (path.p[path.n - 1] == '/' || path.p[path.n - 1] == '.'))
		path = slice_sub(path, 0, path.n - 1);
	/* What is written with % may end in anything. */
	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		struct slice ending = slice_str(runs[i]);
		if (path.n >= ending.n && slice_eq_nocase(slice_from(path, path.n - ending.n), ending))
			return false;
	}
	size_t slash = 0;
	for (size_t i = 0; i < path.n; i++)
		slash = path.p[i] == '/' ? i : slash;
	return slice_chr(slice_from(path, slash), '%', 0) == SLICE_NPOS;
}

static void hyperlink(struct vt *v, struct slice rest, struct buf *out)
{
	struct slice params = SLICE_NONE, part, id = SLICE_NONE, web[] = {SLICE("http://"), SLICE("https://")}, file = SLICE("file://");
	bool ok = slice_split(&rest, ';', &params) && rest.n <= 2048, is_file = false;
	while (slice_split(&params, ':', &part))
		if (slice_starts(part, SLICE("id=")) && part.n <= 64)
			id = slice_from(part, 3);
	for (size_t i = 0; i < id.n; i++)
		if (id.p[i] <= ' ' || id.p[i] >= 0x7f)
			id = SLICE_NONE;
	for (size_t i = 0; i < rest.n; i++)
		ok = ok && rest.p[i] > ' ' && rest.p[i] < 0x7f;
	if (rest.n) {
		bool known = false;
		for (size_t i = 0; i < ARRAY_LEN(web); i++)
			known |= rest.n > web[i].n && slice_eq_nocase(slice_sub(rest, 0, web[i].n), web[i]);
		if (ok && slice_eq_nocase(slice_sub(rest, 0, file.n), file)) {
			/* The program sees the person's files: whatever host it names, it is this one. */
			size_t slash = slice_chr(rest, '/', file.n);
			rest = slash == SLICE_NPOS ? SLICE_NONE : slice_from(rest, slash);
			is_file = known = rest.n && opens_harmlessly(rest);
		}
		ok = ok && known;
	}
	if (!ok) {
		/* The text stays, and belongs to no link. */
		v->removed++;
		rest = id = SLICE_NONE;
		if (!v->left.link)
			return;
	}
	v->left.link = rest.n > 0;
	buf_str_add(out, "\033]8;");
	if (id.n && rest.n) {
		buf_str_add(out, "id=");
		buf_add(out, id);
	}
	buf_str_add(out, is_file ? ";file://" : ";");
	buf_add(out, rest);
	buf_str_add(out, "\033\\");
}

/* 9;4;STATE[;PERCENT] */
static bool progress(struct vt *v, struct slice rest, struct buf *out)
{
	struct slice part;
	uint64_t state = 0, percent = 0;
	if (!slice_split(&rest, ';', &part) || !slice_is(part, "4") || !slice_split(&rest, ';', &part) || !slice_u64(part, 4, &state))
		return false;
	if (rest.n && (!slice_split(&rest, ';', &part) || (part.n && !slice_u64(part, 100, &percent)) || rest.n))
		return false;
	v->left.progress = state != 0;
	buf_fmt(out, "\033]9;4;%u;%u\033\\", (unsigned)state, (unsigned)percent);
	return true;
}

/* "?" for the dynamic colours, "number;?" for the palette. */
static bool asks_colour(struct slice rest, uint64_t which)
{
	struct slice part;
	uint64_t index;
	if (which == 4 && (!slice_split(&rest, ';', &part) || !slice_u64(part, 255, &index)))
		return false;
	return slice_is(rest, "?");
}

void vt_string(struct vt *v, struct buf *out)
{
	struct slice rest = slice_of(v->seq, v->n), name;
	uint64_t which = 0;
	const struct vt_rule *r = NULL;
	if (v->introducer == ']' && !v->over && slice_split(&rest, ';', &name) && slice_u64(name, 99999, &which))
		r = vt_rule(v, VT_KIND_OSC, (uint32_t)which);
	bool done = false;
	switch (r ? (int)r->verdict : (int)VT_DROP) {
	case VT_TITLE_SET:
		if (!v->left.titles) {
			v->left.titles = 1;
			buf_str_add(out, "\033[22;0t");
		}
		buf_fmt(out, "\033]%u;", (unsigned)which);
		title(v, rest, out);
		buf_str_add(out, "\033\\");
		done = true;
		break;
	case VT_LINK:
		hyperlink(v, rest, out);
		return;
	case VT_PROGRESS:
		done = progress(v, rest, out);
		break;
	case VT_COLOUR_ASK:
		if (!asks_colour(rest, which))
			break;
		if (!question(v))
			return;
		buf_fmt(out, "\033]%u;", (unsigned)which);
		buf_add(out, rest);
		buf_str_add(out, "\033\\");
		done = true;
		break;
	default:
		break;
	}
	v->removed += !done;
}

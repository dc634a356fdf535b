/* Items: the tree that a trace becomes, before it is compared with earlier ones. */
#include <errno.h>

#include "base/encode.h"
#include "parse/json.h"
#include "vet/feature_set.h"

#define ITEMS_MAX     400000
#define ITEMS_SPLIT   300000 /* past this, bodies and texts are kept whole */
#define UNPACK_MAX    6      /* JSON in a string in JSON in a string … */
#define LINES_MAX     20000
#define STRINGS_MAX   2000
#define PRINTABLE_MIN 5

struct slice adding_fmt(struct adding *a, const char *fmt, ...)
{
	_cleanup_buf_ struct buf b = BUF(1 << 16);
	va_list ap;
	va_start(ap, fmt);
	buf_vfmt(&b, fmt, ap);
	va_end(ap);
	struct slice s = arena_copy(&a->arena, buf_slice(&b));
	if (!s.p)
		a->error = -ENOMEM;
	return s.p ? s : SLICE("");
}

struct item *item_new(struct adding *a, struct item *parent, enum item_kind kind, struct slice key)
{
	if (a->error)
		return NULL;
	if (a->items++ >= ITEMS_MAX) {
		a->error = -E2BIG;
		return NULL;
	}
	struct item *it = arena_alloc(&a->arena, sizeof(*it));
	if (!it) {
		a->error = -ENOMEM;
		return NULL;
	}
	it->kind = kind;
	it->key = key;
	it->join = kind == ITEM_LIST ? '[' : '.';
	it->feature = it->node = FEATURE_NONE;
	if (parent) {
		if (parent->last)
			parent->last->next = it;
		else
			parent->child = it;
		parent->last = it;
		parent->n++;
	}
	return it;
}

struct item *item_leaf(struct adding *a, struct item *parent, struct slice key, struct slice value)
{
	struct item *it = item_new(a, parent, ITEM_LEAF, key);
	if (!it)
		return NULL;
	it->raw = value.p ? value : SLICE("");
	it->value = matcher_replace(a->matcher, it->raw, true, &a->arena, &it->echoes);
	if (!it->value.p) {
		a->error = -ENOMEM;
		return NULL;
	}
	return it;
}

struct item *item_fact(struct adding *a, struct item *parent, const char *key, struct slice value)
{
	struct item *it = item_new(a, parent, ITEM_LEAF, slice_str(key));
	if (!it)
		return NULL;
	it->raw = it->value = value.p ? value : SLICE("");
	it->structural = it->aside = true;
	return it;
}

struct slice item_key_of(struct adding *a, struct slice key)
{
	struct slice k = matcher_replace(a->matcher, key, false, &a->arena, NULL);
	return k.p ? k : key;
}

static struct item *text_item(struct adding *a, struct item *parent, struct slice key, struct slice value)
{
	struct item *it = item_new(a, parent, ITEM_TEXT, key);
	if (!it)
		return NULL;
	it->join = 'l';
	it->raw = value;
	_cleanup_buf_ struct buf whole = BUF(value.n * 64 + 64);
	struct slice rest = value, line;
	for (size_t n = 0; slice_split(&rest, '\n', &line); n++) {
		/* The tail of a text of too many lines is one line. */
		if (n == LINES_MAX) {
			line = slice_from(value, (size_t)(line.p - value.p));
			rest = SLICE_NONE;
		}
		struct item *l = item_leaf(a, it, SLICE(""), line);
		if (!l)
			return NULL;
		if (n)
			buf_u8(&whole, '\n');
		buf_add(&whole, l->value);
	}
	it->value = arena_copy(&a->arena, buf_slice(&whole));
	if (!it->value.p)
		it->value = value;
	return it;
}

static struct item *json_item(struct adding *a, struct item *parent, struct slice key, const struct json *v, unsigned depth);

/* Is it worth trying to read as JSON: an object or array, as far as its ends tell? */
static bool looks_json(struct slice s)
{
	s = slice_trim(s);
	return s.n >= 2 && ((s.p[0] == '{' && s.p[s.n - 1] == '}') || (s.p[0] == '[' && s.p[s.n - 1] == ']'));
}

/* A fact about how `key` is written; where there is none, it is as `fill` says. */
static struct item *form_item(
        struct adding *a, struct item *parent, struct slice key, const char *what, struct slice value, struct slice fill)
{
	struct slice k = adding_fmt(a, "%.*s (%s)", SLICE_FMT(key), what);
	struct item *it = item_fact(a, parent, (const char *)k.p, arena_copy(&a->arena, value));
	if (it)
		it->fill = fill.p ? fill : it->value;
	return it;
}

static void syntax_items(struct adding *a, struct item *parent, struct slice key, const struct json_syntax *syntax)
{
	const struct json_syntax s = *syntax;
	const struct {
		const char *what, *text;
	} rows[] = {{"white space after colons", s.after_colon}, {"white space after commas", s.after_comma},
	        {"white space in brackets", s.in_brackets}, {"white space before colons and commas", s.before_colon_comma},
	        {"characters past ASCII", s.raw_non_ascii       ? s.escaped_non_ascii ? "as they are, and escaped" : "as they are"
	                                  : s.escaped_non_ascii ? "escaped"
	                                                        : ""},
	        {"letters in escapes", s.lower_hex   ? s.upper_hex ? "lower and upper case" : "lower case"
	                               : s.upper_hex ? "upper case"
	                                             : ""}};
	/* Where there was no occasion to see it, it was as where it was seen first. */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].text[0])
			(void)form_item(a, parent, key, rows[i].what, slice_str(rows[i].text), SLICE_NONE);
}

/* Blanks and line ends in words: "LF LF", "2 blanks". */
static struct slice blanks_shown(struct adding *a, struct slice s)
{
	_cleanup_buf_ struct buf b = BUF(400);
	for (size_t i = 0; i < s.n && b.n < 200; i++)
		buf_fmt(&b, "%s%s", i ? " " : "", s.p[i] == '\n' ? "LF" : s.p[i] == '\r' ? "CR" : s.p[i] == '\t' ? "tab" : "blank");
	if (b.n >= 200)
		buf_fmt(&b, " (%zu in all)", s.n);
	return arena_copy(&a->arena, buf_slice(&b));
}

static void around_item(struct adding *a, struct item *parent, struct slice key, struct slice value)
{
	struct slice inner = slice_trim(value);
	size_t before = (size_t)(inner.p - value.p), behind = value.n - inner.n - before;
	if (inner.n && before)
		(void)form_item(a, parent, key, "white space in front", blanks_shown(a, slice_sub(value, 0, before)), SLICE("none"));
	if (inner.n && behind)
		(void)form_item(a, parent, key, "white space behind", blanks_shown(a, slice_from(value, before + inner.n)), SLICE("none"));
}

static struct item *try_json(struct adding *a, struct item *parent, struct slice key, struct slice value, unsigned depth, const char *mark)
{
	struct json *doc;
	if (depth >= UNPACK_MAX || a->items > ITEMS_SPLIT || !looks_json(value) ||
	        json_parse(value, NULL, &a->arena, &doc, NULL) != JSON_OK)
		return NULL;
	struct slice k = *mark ? adding_fmt(a, "%.*s%s", SLICE_FMT(key), mark) : key;
	struct json_syntax syntax;
	json_syntax(doc, &syntax);
	bool outer = a->mixed;
	a->mixed = syntax.raw_non_ascii && syntax.escaped_non_ascii;
	struct item *it = json_item(a, parent, k, doc, depth + 1);
	a->mixed = outer;
	if (it && parent && parent->kind == ITEM_MAP) {
		syntax_items(a, parent, k, &syntax);
		around_item(a, parent, k, value);
	}
	return it;
}

static struct item *try_base64(struct adding *a, struct item *parent, struct slice key, struct slice value, unsigned depth)
{
	/* {" and [" begin so; anything else need not be decoded to know that it is no JSON. */
	if (value.n < 12 || !(slice_starts(value, SLICE("ey")) || slice_starts(value, SLICE("ew")) || slice_starts(value, SLICE("W"))))
		return NULL;
	_cleanup_buf_ struct buf b = BUF((size_t)16 << 20);
	if (!decode_base64(&b, value) || b.error)
		return NULL;
	struct slice plain = arena_copy(&a->arena, buf_slice(&b));
	struct item *it = plain.p ? try_json(a, parent, key, plain, depth, "(base64 json)") : NULL;
	if (!it || !parent || parent->kind != ITEM_MAP)
		return it;
	bool url = false, standard = false;
	for (size_t i = 0; i < value.n; i++) {
		url |= value.p[i] == '-' || value.p[i] == '_';
		standard |= value.p[i] == '+' || value.p[i] == '/';
	}
	if (url || standard)
		(void)form_item(a, parent, key, "base64 alphabet",
		        !url       ? SLICE("standard")
		        : standard ? SLICE("both")
		                   : SLICE("URL-safe"),
		        SLICE_NONE);
	if (plain.n % 3)
		(void)form_item(a, parent, key, "base64 padding", value.p[value.n - 1] == '=' ? SLICE("yes") : SLICE("no"), SLICE_NONE);
	return it;
}

struct item *item_string(struct adding *a, struct item *parent, struct slice key, struct slice value, unsigned depth)
{
	struct item *it = try_json(a, parent, key, value, depth, "(json)");
	if (!it)
		it = try_base64(a, parent, key, value, depth);
	if (it || a->error)
		return it;
	if (value.n && a->items <= ITEMS_SPLIT && memchr(value.p, '\n', value.n))
		return text_item(a, parent, key, value);
	return item_leaf(a, parent, key, value);
}

/* Is nothing in it another one in each run? A random id is no name. */
static bool is_stable(struct slice text)
{
	_cleanup_buf_ struct buf shape = BUF(4096);
	feature_shape(text, &shape);
	return slice_eq(text, buf_slice(&shape));
}

/* The name of what happened, in the part of a record of telemetry that tells of it: {"event_type":"InternalEvent",
 * "event_data":{"event_name":"tool_started"}}. All records of such a list say the same of themselves, and matched by their number among
 * their like each would be compared with another one as soon as one more is sent. */
static struct slice inner_event(struct adding *a, const struct json *v)
{
	static const char *const names[] = {"event_name", "eventName"};
	for (const struct json *m = v->child; m; m = m->next)
		for (size_t i = 0; i < ARRAY_LEN(names) && m->type == JSON_OBJECT; i++) {
			const struct json *e = json_get(m, names[i]);
			if (!e || e->type != JSON_STRING || e->raw.n < 3 || e->raw.n > 130)
				continue;
			struct slice text = item_key_of(a, json_text(e, &a->arena));
			if (is_stable(text))
				return text;
		}
	return SLICE_NONE;
}

/* What an array element is called: the value of the first of these names that it has. The later ones name a class of things, so that
 * content has to tell its members apart. */
static struct slice element_label(struct adding *a, const struct json *v, bool *identity)
{
	static const struct {
		const char *name;
		bool identity;
	} names[] = {{"role", false}, {"name", true}, {"key", true}, {"event_name", false}, {"event_type", false}, {"event", false},
	        {"id", true}, {"metric", true}, {"type", false}, {"kind", false}, {"method", false}, {"title", true}};
	*identity = false;
	if (v->type == JSON_STRING)
		return SLICE("string");
	if (v->type == JSON_ARRAY)
		return SLICE("array");
	if (v->type != JSON_OBJECT)
		return SLICE("value");
	const struct json *inner = json_get(v, "function");
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < ARRAY_LEN(names); i++) {
			const struct json *m = json_get(pass ? inner : v, names[i].name);
			if (!m || m->type != JSON_STRING || m->raw.n < 3 || m->raw.n > 130)
				continue;
			/* {"type":"function","function":{"name":…}} is better known by the inner name. */
			if (pass == 0 && inner && inner->type == JSON_OBJECT && !names[i].identity)
				continue;
			struct slice text = item_key_of(a, json_text(m, &a->arena));
			*identity = names[i].identity && is_stable(text);
			if (names[i].identity && !*identity)
				continue;
			struct slice event = *identity ? SLICE_NONE : inner_event(a, v);
			return event.n ? event : text;
		}
	return SLICE("object");
}

/* A list of pairs, as in [{"k": 40, "value": "…"}, …], written by encoders that know fields by number: all members are objects of the same
 * two keys, the first of which is short and nearly always another one. That one says which member it is. */
static bool is_pairs(const struct json *list)
{
	const struct json *first = list->child;
	struct table seen = {0};
	size_t n = 0, distinct = 0;
	bool fits = list->type == JSON_ARRAY && first && first->type == JSON_OBJECT && first->n == 2;
	for (const struct json *m = first; m && fits; m = m->next, n++) {
		uint32_t other;
		fits = m->type == JSON_OBJECT && m->n == 2;
		const struct json *k = fits ? m->child : NULL, *v = fits ? k->next : NULL;
		fits = fits && slice_eq(k->key, first->child->key) && slice_eq(v->key, first->child->next->key) &&
		       (k->type == JSON_NUMBER || k->type == JSON_STRING) && k->raw.n <= 40;
		if (!fits || table_get(&seen, slice_hash(k->raw), &other))
			continue;
		distinct++;
		fits = table_put(&seen, slice_hash(k->raw), 1) == 0;
	}
	table_free(&seen);
	return fits && n >= 2 && 4 * distinct > 3 * n;
}

/* "key 40": what the pair is called. */
static struct slice pair_label(struct adding *a, const struct json *v, bool *identity)
{
	const struct json *k = v->child;
	struct slice name = item_key_of(a, k->type == JSON_STRING ? json_text(k, &a->arena) : k->raw);
	*identity = k->type == JSON_NUMBER ? k->raw.n <= 6 : is_stable(name);
	return *identity ? adding_fmt(a, "%.*s %.*s", SLICE_FMT(json_decode(k->key, &a->arena)), SLICE_FMT(name)) : SLICE("object");
}

static void escapes_item(struct adding *a, struct item *parent, struct slice key, struct slice raw)
{
	_cleanup_buf_ struct buf e = BUF(1024);
	if (json_escapes(raw, a->mixed, &e))
		(void)form_item(a, parent, key, "escapes", buf_slice(&e), SLICE("the usual ones"));
}

/* Of the strings in a list, and in lists in it: members of a list have no facts of their own. */
static void list_escapes(struct adding *a, struct item *parent, struct slice key, const struct json *v)
{
	_cleanup_buf_ struct buf e = BUF(4096);
	/* In order, lists in lists flattened, without recursion. */
	for (const struct json *m = v->child; m;) {
		if (m->type == JSON_STRING && memchr(m->raw.p, '\\', m->raw.n)) {
			size_t before = e.n;
			if (before)
				buf_str_add(&e, ", ");
			if (!json_escapes(slice_sub(m->raw, 1, m->raw.n - 2), a->mixed, &e))
				e.n = before;
		}
		if (m->type == JSON_ARRAY && m->child) {
			m = m->child;
			continue;
		}
		while (m != v && !m->next)
			m = m->parent;
		m = m == v ? NULL : m->next;
	}
	if (e.n)
		(void)form_item(a, parent, key, "escapes", slice_sub(buf_slice(&e), 0, 4000), SLICE("the usual ones"));
}

static struct item *scalar_item(struct adding *a, struct item *parent, struct slice key, const struct json *v, unsigned depth)
{
	if (v->type != JSON_STRING)
		return item_leaf(a, parent, key, v->raw);
	struct slice text = json_text(v, &a->arena);
	if (!text.p) {
		a->error = -ENOMEM;
		return NULL;
	}
	/* "4" is not 4: a string that reads like another scalar keeps its quotes. */
	struct json *inner;
	if (text.n && text.n < 32 &&
	        (strchr("-0123456789", text.p[0]) || slice_is(text, "true") || slice_is(text, "false") || slice_is(text, "null")) &&
	        json_parse(text, NULL, &a->arena, &inner, NULL) == JSON_OK)
		return item_leaf(a, parent, key, v->raw);
	struct item *it = item_string(a, parent, key, text, depth);
	if (it && parent && parent->kind == ITEM_MAP && text.p != v->raw.p + 1)
		escapes_item(a, parent, key, slice_sub(v->raw, 1, v->raw.n - 2));
	return it;
}

/* The parser limits the depth of nesting. */
static struct item *json_item(struct adding *a, struct item *parent, struct slice key, const struct json *v, unsigned depth)
{
	if (v->type < JSON_ARRAY)
		return scalar_item(a, parent, key, v, depth);
	if (a->items > ITEMS_SPLIT)
		return item_leaf(a, parent, key, v->raw);
	struct item *it = item_new(a, parent, v->type == JSON_OBJECT ? ITEM_MAP : ITEM_LIST, key);
	if (!it)
		return NULL;
	it->absorbs = true;
	bool pairs = is_pairs(v);
	if (v->type == JSON_ARRAY && parent && parent->kind == ITEM_MAP)
		list_escapes(a, parent, key, v);
	for (const struct json *m = v->child; m; m = m->next) {
		bool identity = false;
		struct item_echo *echoes = NULL;
		struct slice k = v->type == JSON_OBJECT
		                         ? matcher_replace(a->matcher, json_decode(m->key, &a->arena), false, &a->arena, &echoes)
		                         : element_label(a, m, &identity);
		if (pairs && !identity && slice_is(k, "object"))
			k = pair_label(a, m, &identity);
		struct item *c = json_item(a, it, k, m, depth);
		if (!c)
			return NULL;
		c->identity = identity;
		if (v->type == JSON_OBJECT && memchr(m->key.p, '\\', m->key.n))
			escapes_item(a, it, adding_fmt(a, "%.*s (name)", SLICE_FMT(k)), m->key);
		for (struct item_echo *e = echoes, *next; e; e = next) {
			next = e->next;
			e->next = c->echoes;
			c->echoes = e;
		}
	}
	return it;
}

/* How the lines of documents are written, apart from the documents. */
static void lines_form(struct adding *a, struct item *parent, struct slice key, struct slice value)
{
	struct json all = {.type = JSON_ARRAY, .raw = value};
	struct json_syntax syntax;
	bool lf = false, crlf = false, close = false, apart = false, empty = false;
	struct slice rest = slice_trim(value), line;
	json_syntax(&all, &syntax);
	syntax_items(a, parent, key, &syntax);
	around_item(a, parent, key, value);
	while (slice_split(&rest, '\n', &line)) {
		bool more = rest.p != NULL;
		if (more && line.n && line.p[line.n - 1] == '\r')
			crlf = true;
		else
			lf |= more;
		empty |= slice_trim(line).n == 0;
		size_t colon = slice_chr(slice_sub(line, 0, 12), ':', 0);
		if (line.n == 0 || line.p[0] == '{' || line.p[0] == '[' || colon == SLICE_NPOS)
			continue;
		apart |= colon + 1 < line.n && line.p[colon + 1] == ' ';
		close |= colon + 1 < line.n && line.p[colon + 1] != ' ';
	}
	if (lf || crlf)
		(void)form_item(a, parent, key, "line ends", lf && crlf ? SLICE("both") : crlf ? SLICE("CR LF") : SLICE("LF"), SLICE_NONE);
	if (apart || close)
		(void)form_item(a, parent, key, "after the names of fields",
		        apart && close ? SLICE("both")
		        : apart        ? SLICE("a blank")
		                       : SLICE("nothing"),
		        SLICE_NONE);
	if (lf || crlf)
		(void)form_item(a, parent, key, "empty lines", empty ? SLICE("yes") : SLICE("no"), SLICE_NONE);
}

/* Server-sent events: the data lines are documents. JSON lines: every line is one. */
static struct item *try_documents(struct adding *a, struct item *parent, struct slice key, struct slice value)
{
	struct slice rest = value, line;
	size_t docs = 0;
	if (a->items > ITEMS_SPLIT)
		return NULL;
	while (slice_split(&rest, '\n', &line)) {
		line = slice_trim(line);
		bool json = looks_json(slice_starts(line, SLICE("data:")) ? slice_trim(slice_from(line, 5)) : line);
		if (line.n && !json && !slice_starts(line, SLICE("event:")) && !slice_starts(line, SLICE("data:")) &&
		        !slice_starts(line, SLICE("id:")) && line.p[0] != ':')
			return NULL;
		docs += json;
	}
	if (docs < 2)
		return NULL;
	struct item *it = item_new(a, parent, ITEM_LIST, key);
	if (it && parent && parent->kind == ITEM_MAP)
		lines_form(a, parent, key, value);
	for (rest = value; it && slice_split(&rest, '\n', &line);) {
		struct slice whole = slice_ends(line, SLICE("\r")) ? slice_sub(line, 0, line.n - 1) : line;
		line = slice_trim(line);
		struct slice text = slice_starts(line, SLICE("data:")) ? slice_trim(slice_from(line, 5)) : line;
		struct json *doc;
		bool identity = false;
		if (line.n == 0)
			continue;
		if (looks_json(text) && json_parse(text, NULL, &a->arena, &doc, NULL) == JSON_OK) {
			struct item *c = json_item(a, it, element_label(a, doc, &identity), doc, 1);
			if (c)
				c->identity = identity;
		} else {
			(void)item_leaf(a, it, SLICE("line"), whole);
		}
	}
	return it;
}

static bool binary(struct slice s)
{
	size_t odd = 0;
	for (size_t i = 0; i < s.n; i++)
		odd += s.p[i] == 0 || (s.p[i] < 0x20 && !strchr("\t\n\r\f\x1b", s.p[i]));
	return odd > 0;
}

/* A run of printable bytes that somebody wrote, rather than bytes that happen to be printable. */
static bool wordy(struct slice s)
{
	size_t good = 0;
	for (size_t i = 0; i < s.n; i++)
		good += (s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z' ? 2
		        : s.p[i] >= '0' && s.p[i] <= '9'             ? 1
		                                                     : strchr("._-/: ", s.p[i]) != NULL;
	return s.n >= PRINTABLE_MIN && good >= s.n;
}

/* Binary formats show their strings, each once; what is between them counts as a whole. */
static struct item *binary_item(struct adding *a, struct item *parent, struct slice key, struct slice value)
{
	struct item *whole = item_leaf(a, parent, adding_fmt(a, "%.*s (bytes)", SLICE_FMT(key)), value);
	struct item *it = item_new(a, parent, ITEM_LIST, key);
	struct table seen = {0};
	for (size_t i = 0; whole && it && i < value.n;) {
		size_t from = i;
		while (i < value.n && value.p[i] >= 0x20 && value.p[i] < 0x7f)
			i++;
		struct slice run = slice_sub(value, from, i - from);
		uint32_t other;
		if (wordy(run) && it->n < STRINGS_MAX && !table_get(&seen, slice_hash(run), &other)) {
			if (table_put(&seen, slice_hash(run), 1) < 0)
				a->error = -ENOMEM;
			(void)item_leaf(a, it, SLICE("text"), run);
		}
		if (i < value.n)
			i++;
	}
	table_free(&seen);
	return it;
}

struct item *item_body(struct adding *a, struct item *parent, struct slice key, struct slice value)
{
	struct slice s = value;
	if (slice_starts(s, SLICE("\xef\xbb\xbf"))) {
		(void)item_fact(a, parent, "body mark", SLICE("U+FEFF"));
		s = slice_from(s, 3);
	}
	struct item *it = try_json(a, parent, key, s, 0, "");
	if (!it)
		it = try_documents(a, parent, key, s);
	if (it || a->error)
		return it;
	return binary(s) && a->items <= ITEMS_SPLIT ? binary_item(a, parent, key, s) : item_string(a, parent, key, s, 0);
}

void item_hash(struct item *it)
{
	uint64_t raw = (uint64_t)it->kind * 0x9e3779b97f4a7c15u, rep = raw;
	if (it->kind == ITEM_LEAF) {
		it->raw_hash = slice_hash(it->raw) | 1;
		it->hash = slice_hash(it->value) | 1;
		return;
	}
	for (struct item *c = it->child; c; c = c->next) {
		item_hash(c);
		if (c->aside)
			continue;
		uint64_t k = it->kind == ITEM_MAP ? slice_hash(c->key) : 0;
		raw = (raw ^ c->raw_hash ^ k) * 0xd6e8feb86659fd93u;
		rep = (rep ^ c->hash ^ k) * 0xd6e8feb86659fd93u;
		raw ^= raw >> 32;
		rep ^= rep >> 32;
	}
	it->raw_hash = raw | 1;
	it->hash = rep | 1;
}

void item_words(const struct item *it, struct buf *out, size_t max)
{
	if (out->n >= max || it->aside || (it->structural && it->kind == ITEM_LEAF))
		return;
	if (it->kind == ITEM_LEAF || it->kind == ITEM_TEXT) {
		if (out->n)
			buf_u8(out, ' ');
		buf_add(out, slice_sub(it->value, 0, max - out->n));
		return;
	}
	for (const struct item *c = it->child; c && out->n < max; c = c->next)
		item_words(c, out, max);
}

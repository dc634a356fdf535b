/* From the records of a trace to the tree of a trial: endpoints, and what was sent to each. */
#include <errno.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "vet/feature_set.h"
#include "wire/trace.h"

#define ENDPOINTS_MAX 500
#define PAIRS_MAX     2000

static struct slice field(const struct trace_record *r, enum trace_tag tag)
{
	return r->field[tag];
}

static struct slice lower(struct adding *a, struct slice s)
{
	uint8_t *p = arena_alloc(&a->arena, s.n + 1);
	if (!p)
		return s;
	for (size_t i = 0; i < s.n; i++)
		p[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (uint8_t)(s.p[i] + 32) : s.p[i];
	return slice_of(p, s.n);
}

/* A host name as endpoints show it. The gateway is where we told the tool to go: its name there is no echo. */
static struct slice host_shown(struct adding *a, struct slice host, struct item_echo **echoes)
{
	if (a->gateway.n && slice_eq_nocase(host, a->gateway))
		return SLICE("{gateway}");
	struct slice s = matcher_replace(a->matcher, lower(a, host), false, &a->arena, echoes);
	return s.p ? s : host;
}

static struct item *find_child(struct item *parent, struct slice key)
{
	for (struct item *c = parent ? parent->child : NULL; c; c = c->next)
		if (slice_eq(c->key, key))
			return c;
	return NULL;
}

static struct item *endpoint(
        struct adding *a, struct item *root, enum item_kind kind, struct slice key, struct slice host, struct item *under)
{
	struct item *e = find_child(root, key);
	if (!e && root->n >= ENDPOINTS_MAX) {
		key = SLICE("(further endpoints)");
		kind = ITEM_LIST;
		e = find_child(root, key);
	}
	if (e)
		return e;
	e = item_new(a, root, kind, key);
	if (!e)
		return NULL;
	e->spelling = host;
	e->under = under;
	e->join = kind == ITEM_LIST ? 'm' : '.';
	e->unordered = e->absorbs = true;
	e->alike = 0.25;
	return e;
}

/* The item that says that a host was met; presence of everything else there hangs on it. */
static struct item *host_item(struct adding *a, struct item *root, struct slice host, struct slice *shown)
{
	struct item_echo *echoes = NULL;
	*shown = host_shown(a, host.n ? host : SLICE("(no name)"), &echoes);
	struct item *hosts = root->child;
	struct item *h = find_child(hosts, *shown);
	if (!h && hosts->n >= ENDPOINTS_MAX) {
		*shown = SLICE("(further hosts)");
		h = find_child(hosts, *shown);
	}
	if (h)
		return h;
	h = item_fact(a, hosts, "", SLICE("contacted"));
	if (!h)
		return NULL;
	h->key = *shown;
	h->structural = false; /* it takes part in the order of first contact */
	h->echoes = echoes;
	return h;
}

/* Does a path segment look like an id: uuid, long hex, long number, long random token? */
static bool segment_is_id(struct slice s)
{
	size_t hex = 0, digits = 0, letters = 0, dashes = 0;
	for (size_t i = 0; i < s.n; i++) {
		hex += hex_value(s.p[i]) >= 0;
		digits += s.p[i] >= '0' && s.p[i] <= '9';
		letters += (s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z';
		dashes += s.p[i] == '-' || s.p[i] == '_';
	}
	if (digits == s.n)
		return s.n >= 6;
	if (hex + dashes == s.n)
		return hex >= 12 && digits >= 2;
	return s.n >= 20 && digits >= 4 && letters >= 4 && digits + letters + dashes == s.n;
}

static struct slice path_template(struct adding *a, struct slice path)
{
	_cleanup_buf_ struct buf b = BUF(4096);
	struct slice rest = slice_sub(path, 0, 1500), part;
	bool first = true;
	while (slice_split(&rest, '/', &part)) {
		if (!first)
			buf_u8(&b, '/');
		first = false;
		if (segment_is_id(part))
			buf_str_add(&b, "{id}");
		else
			buf_add(&b, part);
	}
	struct slice s = arena_copy(&a->arena, buf_slice(&b));
	return s.p ? s : path;
}

/* How a part is escaped. */
struct escaping {
	struct buf *odd; /* escapes that are not in the usual form (lower case, or of a character that needs none), with blanks between */
	bool plus, percent; /* blanks as + and as %20 */
};

/* %XX and + resolved; what is no escape stays. */
static struct slice form_decode(struct adding *a, struct slice s, struct escaping *e)
{
	uint8_t *p = arena_alloc(&a->arena, s.n + 1);
	size_t n = 0;
	if (!p)
		return s;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		int hi = c == '%' && i + 2 < s.n ? hex_value(s.p[i + 1]) : -1, lo = hi < 0 ? -1 : hex_value(s.p[i + 2]);
		if (lo >= 0) {
			struct slice written = slice_sub(s, i, 3);
			c = (uint8_t)(hi << 4 | lo);
			e->percent |= c == ' ';
			if (written.p[1] >= 'a' || written.p[2] >= 'a' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
			        (c && strchr("-._~", c)))
				buf_fmt(e->odd, "%s%.*s", e->odd->n ? " " : "", SLICE_FMT(written));
			i += 2;
		} else if (c == '+') {
			e->plus = true;
			c = ' ';
		}
		p[n++] = c;
	}
	return slice_of(p, n);
}

static void pair_fact(struct adding *a, struct item *map, struct slice key, const char *what, struct slice value, struct slice fill)
{
	struct slice k = adding_fmt(a, "%.*s%s%s", SLICE_FMT(key), key.n ? " " : "", what);
	struct item *it = item_fact(a, map, (const char *)k.p, arena_copy(&a->arena, value));
	if (it)
		it->fill = fill.p ? fill : it->value;
}

/* "k=v" parts between separators: a query, a form, cookies. */
static struct item *pairs_item(struct adding *a, struct item *parent, const char *key, struct slice text, uint8_t separator, bool decode)
{
	struct item *map = item_new(a, parent, ITEM_MAP, slice_str(key));
	if (!map)
		return NULL;
	map->join = ' ';
	_cleanup_buf_ struct buf odd = BUF(400), gaps = BUF(400);
	struct slice rest = text, part;
	for (size_t n = 0; slice_split(&rest, separator, &part) && n < PAIRS_MAX; n++) {
		struct slice whole = part;
		if (separator == ';')
			part = slice_trim(part);
		if (n && separator == ';' && !(whole.n == part.n + 1 && whole.p[0] == ' '))
			buf_fmt(&gaps, "%s%zu before %zu", gaps.n ? ", " : "", (size_t)(part.p - whole.p), n + 1);
		size_t eq = slice_chr(part, '=', 0);
		struct slice k = slice_sub(part, 0, eq), v = eq == SLICE_NPOS ? SLICE("") : slice_from(part, eq + 1);
		struct escaping e = {.odd = &odd};
		buf_reset(&odd);
		if (decode) {
			k = form_decode(a, k, &e);
			v = form_decode(a, v, &e);
		}
		k = item_key_of(a, k);
		(void)item_string(a, map, k, v, 0);
		if (odd.n)
			pair_fact(a, map, k, "(escapes)", buf_slice(&odd), SLICE("the usual ones"));
		/* A value without blanks does not say how they are written. */
		if (e.plus || e.percent)
			pair_fact(a, map, k, "(blanks)", !e.plus ? SLICE("%20") : e.percent ? SLICE("+ and %20") : SLICE("+"), SLICE_NONE);
		if (eq == SLICE_NPOS)
			pair_fact(a, map, k, "(equals sign)", SLICE("missing"), SLICE("there"));
	}
	if (gaps.n)
		pair_fact(a, map, SLICE(""), "(blanks between)", buf_slice(&gaps), SLICE("one each"));
	return map;
}

/* One header field: `line` without its line end. */
static void header_item(struct adding *a, struct item *map, struct slice line, bool h2)
{
	size_t colon = slice_chr(line, ':', line.n && line.p[0] == ':');
	struct slice written = slice_sub(line, 0, colon), name = lower(a, slice_trim(written));
	struct slice after = colon == SLICE_NPOS ? SLICE("") : slice_from(line, colon + 1), value = slice_trim(after);
	struct item *it;
	if (slice_is(name, ":path") || slice_is(name, ":method") || slice_is(name, ":scheme"))
		it = item_leaf(a, map, name, SLICE("(as in the request)"));
	else if (slice_is(name, "cookie"))
		it = pairs_item(a, map, "cookie", value, ';', false);
	else if (slice_is(name, "host") || slice_is(name, ":authority")) {
		it = item_new(a, map, ITEM_LEAF, name);
		size_t port = slice_chr(value, ':', 0);
		struct slice shown = host_shown(a, slice_sub(value, 0, port), it ? &it->echoes : NULL);
		if (it) {
			it->value = adding_fmt(a, "%.*s%.*s", SLICE_FMT(shown), SLICE_FMT(slice_from(value, port)));
			/* "The same bytes are the same value" would tie two gateways of one name to different values. */
			it->raw = it->value;
		}
		/* Names are compared in lower case; letters in upper case are told of without the name. */
		size_t upper = 0, place = 0;
		for (size_t i = 0; i < value.n; i++)
			if (value.p[i] >= 'A' && value.p[i] <= 'Z' && upper++ == 0)
				place = i + 1;
		struct slice k = adding_fmt(a, "%.*s (letters)", SLICE_FMT(name));
		struct item *x = it && upper ? item_fact(a, map, (const char *)k.p,
		                                       adding_fmt(a, "%zu in upper case, the first is letter %zu", upper, place))
		                             : NULL;
		if (x)
			x->fill = SLICE("lower case");
	} else
		it = item_string(a, map, name, value, 0);
	if (!it)
		return;
	it->spelling = written;
	bool usual = colon != SLICE_NPOS && (value.n == 0 || (after.n == value.n + 1 && after.p[0] == ' '));
	if (!h2 && !usual) {
		struct slice k = adding_fmt(a, "%.*s (spacing)", SLICE_FMT(name));
		struct item *x = item_fact(a, map, (const char *)k.p,
		        adding_fmt(a, "%zu before the value, %zu behind it", (size_t)(value.n ? value.p - after.p : 0),
		                after.n - value.n - (size_t)(value.n ? value.p - after.p : 0)));
		if (x)
			x->fill = SLICE("one blank before the value");
	}
}

/* The lines of TAG_FORM, each a fact of its own. `seen`: of what there is no occasion to see, it is as where it was seen first. */
static void form_items(struct adding *a, struct item *map, struct slice prefix, struct slice form)
{
	static const struct {
		const char *name;
		const char *fill; /* NULL: as where it was seen first */
		enum feature_measure measure;
	} rows[] = {{"chunk blocks", NULL, 0}, {"chunk sizes", NULL, 0}, {"chunk extensions", "none", 0}, {"trailer", "none", 0},
	        {"SNI", "lower case", 0}, {"padding", "none", 0}, {"fragments", "none", 0}, {"zlib level", NULL, 0},
	        {"pieces", NULL, MEASURE_COUNT}, {"first piece", NULL, MEASURE_SIZE}, {"tls records", NULL, MEASURE_COUNT},
	        {"tls record", NULL, MEASURE_SIZE}, {"data frames", NULL, MEASURE_COUNT}, {"header block", NULL, MEASURE_SIZE},
	        {"packed", NULL, MEASURE_RATE}, {"random", NULL, MEASURE_BITS}, {"session", NULL, MEASURE_BITS}, {"id", NULL, MEASURE_BITS},
	        {"mask", NULL, MEASURE_BITS}, {"set back", "no", 0}, {"source port", NULL, MEASURE_BITS}};
	struct slice line;
	while (slice_split(&form, '\n', &line)) {
		size_t eq = slice_chr(line, '=', 0);
		if (eq == SLICE_NPOS)
			continue;
		struct slice name = slice_sub(line, 0, eq), value = item_key_of(a, slice_from(line, eq + 1));
		struct slice key = adding_fmt(a, "%.*s%s%.*s", SLICE_FMT(prefix), prefix.n ? " " : "", SLICE_FMT(name));
		struct item *it = item_fact(a, map, (const char *)key.p, value);
		for (size_t i = 0; it && i < ARRAY_LEN(rows); i++)
			if (slice_is(name, rows[i].name) && rows[i].measure)
				it->measure = rows[i].measure;
			else if (slice_is(name, rows[i].name))
				it->fill = rows[i].fill ? slice_str(rows[i].fill) : it->value;
	}
}

/* Splits the block of TAG_HEADERS. A folded line belongs to the field before it. */
static struct item *headers_item(struct adding *a, struct item *parent, struct slice block, bool h2)
{
	struct item *map = item_new(a, parent, ITEM_MAP, SLICE("header"));
	if (!map)
		return NULL;
	map->aside = true;
	map->join = ' ';
	bool bare = false;
	for (size_t at = 0; at < block.n && map->n < PAIRS_MAX;) {
		size_t end = at;
		do {
			end = slice_chr(block, '\n', end);
			end = end == SLICE_NPOS ? block.n : end + 1;
		} while (end < block.n && (block.p[end] == ' ' || block.p[end] == '\t') && end > at + 2);
		struct slice line = slice_sub(block, at, end - at);
		at = end;
		if (slice_ends(line, SLICE("\n")))
			line.n--;
		if (slice_ends(line, SLICE("\r")))
			line.n--;
		else
			bare = true;
		if (line.n)
			header_item(a, map, line, h2);
	}
	if (bare && !h2) {
		struct item *x = item_fact(a, map, "(line ends)", SLICE("LF"));
		if (x)
			x->fill = SLICE("CR LF");
	}
	return map;
}

/* A parameter such as boundary=… or name="…" in a header value. */
static struct slice parameter(struct slice value, const char *name)
{
	struct slice rest = value, part;
	while (slice_split(&rest, ';', &part)) {
		part = slice_trim(part);
		size_t eq = slice_chr(part, '=', 0);
		if (eq == SLICE_NPOS || !slice_eq_nocase(slice_sub(part, 0, eq), slice_str(name)))
			continue;
		part = slice_from(part, eq + 1);
		if (part.n >= 2 && part.p[0] == '"' && part.p[part.n - 1] == '"')
			part = slice_sub(part, 1, part.n - 2);
		return part;
	}
	return SLICE_NONE;
}

static struct slice block_value(struct slice block, const char *name)
{
	struct slice rest = block, line;
	while (slice_split(&rest, '\n', &line)) {
		size_t colon = slice_chr(line, ':', 0);
		if (colon != SLICE_NPOS && slice_eq_nocase(slice_sub(line, 0, colon), slice_str(name)))
			return slice_trim(slice_from(line, colon + 1));
	}
	return SLICE_NONE;
}

/* RFC 7578, roughly: parts by name. Everything that is no well-formed part stays what it is: a body must not hide behind a boundary. */
static struct item *multipart_item(struct adding *a, struct item *parent, struct slice boundary, struct slice body)
{
	struct slice mark = adding_fmt(a, "--%.*s", SLICE_FMT(boundary));
	struct item *map = item_new(a, parent, ITEM_MAP, SLICE("body"));
	size_t at = slice_find(body, mark, 0);
	if (map && at > 0)
		(void)item_body(a, map, SLICE("(in front of the parts)"), slice_sub(body, 0, at));
	while (map && at != SLICE_NPOS) {
		at += mark.n;
		bool full = map->n >= PAIRS_MAX;
		size_t end = full ? SLICE_NPOS : slice_find(body, mark, at);
		struct slice part = slice_sub(body, at, end == SLICE_NPOS ? SIZE_MAX : end - at);
		at = end;
		if (end == SLICE_NPOS && slice_is(part, "--\r\n"))
			continue;
		size_t split = full ? SLICE_NPOS : slice_find(part, SLICE("\r\n\r\n"), 0);
		if (split == SLICE_NPOS || !slice_starts(part, SLICE("\r\n"))) {
			(void)item_body(a, map, SLICE("(other)"), part);
			continue;
		}
		struct slice head = slice_sub(part, 2, split - 2), data = slice_from(part, split + 4);
		if (slice_ends(data, SLICE("\r\n")))
			data.n -= 2;
		else if (end != SLICE_NPOS)
			pair_fact(a, map, SLICE(""), "(line end before a boundary)", SLICE("missing"), SLICE("there"));
		struct slice name = parameter(block_value(head, "content-disposition"), "name");
		name = item_key_of(a, name.p ? name : SLICE("part"));
		(void)item_string(a, map, adding_fmt(a, "%.*s (head)", SLICE_FMT(name)), head, 0);
		(void)item_body(a, map, name, data);
	}
	return map;
}

static void body_items(struct adding *a, struct item *message, const struct trace_record *r)
{
	struct slice body = field(r, TAG_BODY), type = block_value(field(r, TAG_HEADERS), "content-type");
	if (body.n == 0) {
		message->always = true;
		return;
	}
	struct slice boundary = parameter(type, "boundary");
	struct item *it;
	if (slice_starts(lower(a, type), SLICE("application/x-www-form-urlencoded")))
		it = pairs_item(a, message, "body", body, '&', true);
	else if (slice_starts(lower(a, type), SLICE("multipart/")) && boundary.n && boundary.n < 200 &&
	         slice_find(body, adding_fmt(a, "--%.*s", SLICE_FMT(boundary)), 0) != SLICE_NPOS)
		it = multipart_item(a, message, boundary, body);
	else
		it = item_body(a, message, SLICE("body"), body);
	/* Bytes in which there are no words to compare: such requests are paired in their order. */
	message->always = it && it->kind == ITEM_LIST && message->child != it && find_child(message, SLICE("body (bytes)"));
}

#define DIGESTS_MAX 64

/* Values of a message that have the form of a digest. */
struct digests {
	struct item *item[DIGESTS_MAX];
	uint8_t bytes[DIGESTS_MAX][DIGEST_MAX];
	size_t size[DIGESTS_MAX], n;
	bool wanted[DIGEST_MAX + 1]; /* by size */
	size_t left;                 /* values still to be tried */
};

static void digests_collect(struct digests *d, struct item *it)
{
	for (struct item *c = it->child; c && d->n < DIGESTS_MAX; c = c->next) {
		if (c->kind != ITEM_LEAF) {
			digests_collect(d, c);
			continue;
		}
		struct slice v = c->raw;
		/* sha256=…, sha-256=:…: */
		size_t eq = slice_chr(slice_sub(v, 0, 10), '=', 0);
		if (eq != SLICE_NPOS && eq + 1 < v.n)
			v = slice_from(v, eq + 1);
		if (v.n > 2 && v.p[0] == ':' && v.p[v.n - 1] == ':')
			v = slice_sub(v, 1, v.n - 2);
		_cleanup_buf_ struct buf b = BUF(DIGEST_MAX);
		if (v.n < 22 || v.n > 2 * DIGEST_MAX)
			continue;
		if (!decode_hex(&b, v) || b.error) {
			/* Names are base64 too, most of them without a digit. */
			bool digit = false;
			for (size_t i = 0; i < v.n; i++)
				digit = digit || (v.p[i] >= '0' && v.p[i] <= '9');
			buf_reset(&b);
			if (!digit || !decode_base64(&b, v) || b.error)
				continue;
		}
		if (b.n != 16 && b.n != 20 && b.n != 32 && b.n != 48 && b.n != 64)
			continue;
		memcpy(d->bytes[d->n], b.p, b.n);
		d->size[d->n] = b.n;
		d->item[d->n++] = c;
		d->wanted[b.n] = true;
	}
}

static void digests_try(struct digests *d, struct slice of, const struct item *self)
{
	static const enum digest kinds[] = {DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512};
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		uint8_t out[DIGEST_MAX];
		size_t n = digest_size(kinds[k]);
		if (!d->wanted[n] || digest_of(kinds[k], of, out) < 0)
			continue;
		for (size_t i = 0; i < d->n; i++)
			if (d->size[i] == n && d->item[i] != self && memcmp(d->bytes[i], out, n) == 0)
				d->item[i]->derived = true;
	}
}

static void digests_try_all(struct digests *d, const struct item *it)
{
	for (const struct item *c = it->child; c && d->left; c = c->next) {
		if (c->kind == ITEM_MAP || c->kind == ITEM_LIST) {
			digests_try_all(d, c);
			continue;
		}
		/* A digest of the empty string or of a single letter is a constant. */
		if (c->structural || c->raw.n < 2 || c->raw.n > 1 << 16)
			continue;
		d->left--;
		digests_try(d, c->raw, c);
	}
}

/* The length and the digests of a body, or of another value of the message, say nothing that is not there already. */
static void mark_derived(struct item *m, const struct trace_record *r)
{
	struct slice body = field(r, TAG_BODY);
	struct item *header = find_child(m, SLICE("header")), *length = find_child(header, SLICE("content-length"));
	uint64_t v;
	if (length && slice_u64(length->raw, UINT64_MAX, &v))
		length->derived = v == body.n || v == trace_u64(r, TAG_WIRE_SIZE, body.n);
	struct digests d = {.left = 2000};
	digests_collect(&d, m);
	if (d.n == 0)
		return;
	digests_try(&d, body, NULL);
	digests_try_all(&d, m);
}

/* A request to a proxy names the whole URL (RFC 9112, absolute form): that it came through one is a feature of its own, the rest of the
 * request is compared as if it had not. */
static struct slice origin_form(struct slice target)
{
	size_t scheme = slice_starts(target, SLICE("http://")) ? 7 : slice_starts(target, SLICE("https://")) ? 8 : 0;
	size_t slash = scheme ? slice_chr(target, '/', scheme) : 0;
	return scheme && slash != SLICE_NPOS ? slice_from(target, slash) : target;
}

/* The requests of a conversation repeat what was said before, so by likeness they are easily taken for each other: how many answers of the
 * model a request holds says which it is. Inside strings the quotes are escaped, so what is counted is structure. */
static struct slice turn_key(struct adding *a, struct slice body)
{
	static const struct slice marks[] = {SLICE_INIT("\"role\":\"assistant\""), SLICE_INIT("\"role\":\"model\""),
	        SLICE_INIT("\"type\":\"function_call\""), SLICE_INIT("\"type\":\"custom_tool_call\"")};
	unsigned answers = 0;
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		for (size_t at = slice_find(body, marks[i], 0); at != SLICE_NPOS && answers < 1000; at = slice_find(body, marks[i], at + 1))
			answers++;
	return answers ? adding_fmt(a, "request after %u answers", answers) : SLICE("request");
}

static void http_items(struct adding *a, struct item *root, const struct trace_record *r)
{
	struct slice shown, target = origin_form(field(r, TAG_TARGET));
	struct item *host = host_item(a, root, field(r, TAG_HOST), &shown);
	size_t query = slice_chr(target, '?', 0);
	struct slice path = slice_sub(target, 0, query);
	struct slice strong = item_key_of(a, path);
	struct slice key = adding_fmt(a, "%.*s %.*s://%.*s%.*s", SLICE_FMT(field(r, TAG_METHOD)), SLICE_FMT(field(r, TAG_SCHEME)),
	        SLICE_FMT(shown), SLICE_FMT(path_template(a, strong)));
	struct item *e = endpoint(a, root, ITEM_LIST, key, shown, host);
	struct item *m = e ? item_new(a, e, ITEM_MAP, turn_key(a, field(r, TAG_BODY))) : NULL;
	if (!m)
		return;
	m->unordered = true;
	struct item *p = item_leaf(a, m, SLICE("path"), path);
	if (p)
		p->aside = true;
	(void)item_fact(a, m, "HTTP version", field(r, TAG_PROTO));
	/* A client that names another port in the Host header says it twice; one that does not says it here. */
	if (field(r, TAG_PORT).n)
		(void)item_fact(a, m, "port", field(r, TAG_PORT));
	form_items(a, m, SLICE(""), field(r, TAG_FORM));
	if (field(r, TAG_VIA).n)
		(void)item_fact(a, m, "proxy", field(r, TAG_VIA));
	measure_wait(a, m, r);
	measure_count(a, key, "requests", 1);
	if (field(r, TAG_ENCODING).n)
		(void)item_fact(a, m, "body encoding", field(r, TAG_ENCODING));
	if (query != SLICE_NPOS)
		(void)pairs_item(a, m, "query", slice_from(target, query + 1), '&', true);
	(void)headers_item(a, m, field(r, TAG_HEADERS), slice_starts(field(r, TAG_PROTO), SLICE("h2")));
	body_items(a, m, r);
	mark_derived(m, r);
}

static void ws_items(struct adding *a, struct item *root, const struct trace_record *r)
{
	struct slice shown, target = origin_form(field(r, TAG_TARGET));
	struct item *host = host_item(a, root, field(r, TAG_HOST), &shown);
	struct slice path = item_key_of(a, slice_sub(target, 0, slice_chr(target, '?', 0)));
	struct slice key = adding_fmt(a, "WS %.*s%.*s", SLICE_FMT(shown), SLICE_FMT(path_template(a, path)));
	struct item *e = endpoint(a, root, ITEM_LIST, key, shown, host);
	struct item *m = e ? item_new(a, e, ITEM_MAP, SLICE("message")) : NULL;
	if (!m)
		return;
	m->unordered = true;
	measure_wait(a, m, r);
	measure_count(a, key, "messages", 1);
	(void)item_fact(a, m, "frame", field(r, TAG_REASON));
	form_items(a, m, SLICE(""), field(r, TAG_FORM));
	(void)item_body(a, m, SLICE("body"), field(r, TAG_BODY));
}

static void dns_items(struct adding *a, struct item *root, const struct trace_record *r)
{
	struct slice shown, name = field(r, TAG_QNAME);
	if (slice_ends(name, SLICE(".")))
		name.n--;
	struct item *host = host_item(a, root, name, &shown);
	measure_count(a, shown, "look-ups", 1);
	struct item *e = endpoint(a, root, ITEM_MAP, SLICE("DNS"), SLICE(""), NULL);
	struct item *q = find_child(e, shown);
	if (!e || !host || (!q && e->n >= ENDPOINTS_MAX))
		return;
	if (!q) {
		q = item_new(a, e, ITEM_MAP, shown);
		if (!q)
			return;
		/* The case of the letters, of which random ones are a known trick against forgers. */
		if (!slice_is(shown, "{gateway}"))
			q->spelling = item_key_of(a, name);
		q->under = host;
	}
	struct slice type = field(r, TAG_QTYPE);
	if (!find_child(q, type) && q->n < 64) {
		struct item *t = item_fact(a, q, "", field(r, TAG_PROTO));
		if (t) {
			t->key = type;
			t->structural = false; /* it takes part in the order */
		}
		form_items(a, q, type, field(r, TAG_FORM));
	}
}

static void tls_items(struct adding *a, struct item *root, const struct trace_record *r)
{
	struct slice shown, sni = field(r, TAG_SNI);
	struct item *host = host_item(a, root, sni.n ? sni : field(r, TAG_HOST), &shown);
	measure_count(a, shown, "handshakes", 1);
	struct item *e = endpoint(a, root, ITEM_LIST, adding_fmt(a, "TLS %.*s", SLICE_FMT(shown)), shown, host);
	static const struct {
		enum trace_tag tag;
		const char *key;
	} parts[] = {{TAG_ALPN, "ALPN"}, {TAG_JA4, "JA4"}, {TAG_PROTO, "version"}, {TAG_REASON, "failure"}};
	/* Connections that look the same count once: how many there are depends on timing. */
	for (struct item *c = e ? e->child : NULL; c; c = c->next) {
		bool same = true;
		for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
			struct item *f = find_child(c, slice_str(parts[i].key));
			same &= slice_eq(f ? f->value : SLICE(""), field(r, parts[i].tag));
		}
		if (same)
			return;
	}
	struct item *m = e && e->n < 16 ? item_new(a, e, ITEM_MAP, SLICE("connection")) : NULL;
	if (!m)
		return;
	m->always = m->unordered = true;
	(void)item_fact(a, m, "SNI", sni.n ? shown : SLICE("(none)"));
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (field(r, parts[i].tag).n) {
			struct item *f = item_fact(a, m, parts[i].key, field(r, parts[i].tag));
			if (f)
				f->aside = false;
		}
	form_items(a, m, SLICE("hello"), field(r, TAG_FORM));
}

static void raw_items(struct adding *a, struct item *root, const struct trace_record *r, const char *what)
{
	struct slice shown, name = field(r, TAG_HOST).n ? field(r, TAG_HOST) : field(r, TAG_ADDR);
	struct item *host = host_item(a, root, name, &shown);
	struct slice port = field(r, TAG_PORT).n ? field(r, TAG_PORT) : field(r, TAG_PROTO);
	struct slice key = adding_fmt(a, "%s %.*s:%.*s", what, SLICE_FMT(shown), SLICE_FMT(port));
	struct item *e = endpoint(a, root, ITEM_LIST, key, shown, host);
	struct item *m = e ? item_new(a, e, ITEM_MAP, SLICE("data")) : NULL;
	if (!m)
		return;
	m->always = m->unordered = true;
	measure_wait(a, m, r);
	measure_count(a, key, "messages", 1);
	if (field(r, TAG_REASON).n)
		(void)item_fact(a, m, "reason", field(r, TAG_REASON));
	if (field(r, TAG_DATA).n)
		(void)item_body(a, m, SLICE("data"), field(r, TAG_DATA));
}

#define FILES_MAX 150

/* The path of a file, with what is random or a time in it left out, so that the file is found again in other trials. Parts that are
 * numbers (folders by day) go into *numbers, with a slash between them. */
static struct slice file_shown(struct adding *a, struct slice path, struct buf *numbers)
{
	_cleanup_buf_ struct buf b = BUF(8192);
	struct slice rest = path_template(a, item_key_of(a, path)), part;
	for (bool first = true; slice_split(&rest, '/', &part); first = false) {
		size_t digits = 0;
		for (size_t i = 0; i < part.n; i++)
			digits += part.p[i] >= '0' && part.p[i] <= '9';
		if (!first)
			buf_u8(&b, '/');
		if (digits && digits == part.n)
			buf_fmt(numbers, "%s%.*s", numbers->n ? "/" : "", SLICE_FMT(part));
		if (digits >= 6 || (digits && digits == part.n))
			shape_add(part, false, &b);
		else
			buf_add(&b, part);
	}
	return arena_copy(&a->arena, buf_slice(&b));
}

/* What a tool leaves on the machine does not leave it, but whoever reads it later may send it. */
static void file_items(struct adding *a, struct item *root, const struct trace_record *r, struct slice trace)
{
	_cleanup_buf_ struct buf numbers = BUF(8192), inside = BUF((size_t)256 << 10);
	uint64_t size = trace_u64(r, TAG_WIRE_SIZE, 0);
	struct slice target = field(r, TAG_TARGET), body = field(r, TAG_BODY);
	bool whole = body.n && body.n >= size; /* one that is cut ends anywhere */
	const char *git = NULL;
	if (whole && a->files < FILES_MAX && git_file(target, body, trace, &target, &git, &inside)) {
		body = arena_copy(&a->arena, buf_slice(&inside));
		if (!body.p)
			a->error = -ENOMEM;
		size = body.n;
	} else {
		git = NULL;
		target = field(r, TAG_TARGET);
	}
	struct slice path = file_shown(a, target, &numbers),
	             key = adding_fmt(a, "FILE %.*s%s%s", SLICE_FMT(path), git ? " git " : "", git ? git : "");
	if (a->files++ >= FILES_MAX)
		key = SLICE("FILE (further ones)");
	struct item *e = endpoint(a, root, ITEM_LIST, key, SLICE(""), NULL);
	struct item *m = e ? item_new(a, e, ITEM_MAP, SLICE("file")) : NULL;
	if (!m)
		return;
	m->always = m->unordered = true;
	(void)item_fact(a, m, "kind", field(r, TAG_REASON));
	struct item *in = numbers.n ? item_fact(a, m, "numbers in the path", arena_copy(&a->arena, buf_slice(&numbers))) : NULL;
	if (in)
		in->structural = false; /* it may be a date */
	form_items(a, m, SLICE(""), field(r, TAG_FORM));
	(void)item_measure(a, m, SLICE("(size)"), MEASURE_SIZE, size);
	if (whole && body.n)
		(void)item_body(a, m, SLICE("content"), body);
}

#define CONNS_MAX 65536

/* Marks the connections over which something was said, by their number. */
static void spoken_mark(struct slice trace, bool spoken[CONNS_MAX])
{
	struct trace_record r;
	while (trace_next(&trace, &r) == TRACE_OK) {
		uint64_t id = trace_u64(&r, TAG_CONN, 0);
		/* DNS over TCP does not say its connection. */
		bool dns = r.kind == TRACE_CONN && trace_u64(&r, TAG_PORT, 0) == 53;
		if (id < CONNS_MAX && (dns || (r.kind != TRACE_CONN && r.kind != TRACE_CLOSE && r.kind != TRACE_NOTE)))
			spoken[id] = true;
	}
}

/* That somebody knocked is a message too, if nothing else was said: which port it was. */
static void conn_items(struct adding *a, struct item *root, const struct trace_record *r, const bool spoken[CONNS_MAX])
{
	struct slice shown;
	uint64_t id = trace_u64(r, TAG_CONN, 0);
	if (id >= CONNS_MAX || spoken[id] || !field(r, TAG_PORT).n) {
		(void)host_item(a, root, field(r, TAG_HOST).n ? field(r, TAG_HOST) : field(r, TAG_ADDR), &shown);
		measure_count(a, shown, "connections", 1);
		struct slice key = adding_fmt(a, "%.*s (first packet)", SLICE_FMT(shown));
		if (!find_child(root->child, adding_fmt(a, "%.*s service", SLICE_FMT(key))))
			form_items(a, root->child, key, field(r, TAG_FORM));
	} else {
		raw_items(a, root, r, "TCP");
	}
}

struct item *trial_items(struct adding *a, struct slice trace)
{
	struct item *root = item_new(a, NULL, ITEM_MAP, SLICE(""));
	struct item *hosts = root ? item_new(a, root, ITEM_MAP, SLICE("HOSTS")) : NULL;
	if (!hosts)
		return NULL;
	hosts->spelling = SLICE("");
	_cleanup_free_ bool *spoken = calloc(CONNS_MAX, sizeof(*spoken));
	if (!spoken) {
		a->error = -ENOMEM;
		return NULL;
	}
	spoken_mark(trace, spoken);
	struct slice all = trace;
	struct trace_record r;
	while (!a->error && trace_next(&trace, &r) == TRACE_OK) {
		switch (r.kind) {
		case TRACE_DNS:
			dns_items(a, root, &r);
			break;
		case TRACE_CONN:
			conn_items(a, root, &r, spoken);
			break;
		case TRACE_TLS:
			tls_items(a, root, &r);
			break;
		case TRACE_HTTP:
			http_items(a, root, &r);
			break;
		case TRACE_WS:
			ws_items(a, root, &r);
			break;
		case TRACE_RAW:
			raw_items(a, root, &r, "RAW");
			break;
		case TRACE_UDP:
			raw_items(a, root, &r, "UDP");
			break;
		case TRACE_PACKET:
			raw_items(a, root, &r, "PACKET");
			break;
		case TRACE_END:
			/* No time of a message: what the others are understood by. */
			(void)item_measure(a, hosts, SLICE("(processor time)"), MEASURE_WORK, trace_u64(&r, TAG_CPU, 0));
			break;
		case TRACE_FILE:
			file_items(a, root, &r, all);
			break;
		case TRACE_READY:
		case TRACE_CLOSE:
		case TRACE_NOTE:
		case TRACE_KIND_END:
			break;
		}
	}
	measure_tallies(a, hosts);
	if (a->error)
		return NULL;
	item_hash(root);
	return root;
}

/* What a package can do, file by file: what its manifests say, what is native, and what its code uses, by the names of modules and
 * functions. Names are taken as they stand: what an alias or a computed name hides is not seen here, so a profile says what a package does,
 * not what it does not. */
#include "inspect/scan_posture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "inspect/scan_shell.h"
#include "parse/conf.h"
#include "parse/elf.h"
#include "parse/elfnames.h"
#include "parse/elfstrings.h"

#define INDEX        ((size_t)32768) /* more than POSTURE_FACTS, a power of two */
#define KNOWN        ((size_t)1024)  /* more than there are names, a power of two */
#define MANIFEST_MAX ((size_t)4 << 20)
#define ARENA_MAX    ((size_t)64 << 20)
#define NODES        100000u
#define EACH_MAX     10000u /* members that conf_each() looks at */
#define LINES_MAX    4000u  /* of a manifest of Python */
#define PACKED_MIN   1024u
#define UNREADABLE   24u /* so many names in a file */
#define SHELL_MAX    ((size_t)256 << 10)
#define LABEL_MAX    200u

enum language { ANY, JAVASCRIPT, PYTHON, MACHINE };
enum how { MODULE, CALL, LAST };
static const struct row {
	enum language language;
	enum how how;
	enum posture_kind kind;
	const char *names;
} rows[] = {
#define USE(language, how, kind, names) {language, how, POSTURE_##kind, names},
#include "inspect/scan_posture_table.h"
#undef USE
};

struct gather {
	struct scan *s;
	const struct scan_input *in;
	struct posture_facts *f;
	const char *file;
	uint32_t uses; /* of this file */
	bool data;     /* there are no lines in it */
	/* Where the last line was counted. */
	size_t counted;
	uint32_t line;
};

void posture_facts_free(struct posture_facts *f)
{
	free(f->fact);
	free(f->index);
	free(f->known);
	*f = (struct posture_facts){.fact = NULL};
}

/* ── facts ── */

/* Names that mean something, by the hash of the name: 0 is none, else the number of the row and one. */
static const struct row *known(const struct posture_facts *f, enum language l, enum how how, struct slice name)
{
	for (size_t i = slice_hash(name); f->known[i % KNOWN]; i++) {
		const struct row *r = &rows[f->known[i % KNOWN] - 1];
		struct slice rest = slice_str(r->names), word;
		if (r->language != l || r->how != how)
			continue;
		while (slice_split(&rest, ' ', &word))
			if (slice_eq(word, name))
				return r;
	}
	return NULL;
}

static bool ready(struct posture_facts *f)
{
	if (f->known)
		return true;
	f->index = calloc(INDEX, sizeof(*f->index));
	f->known = calloc(KNOWN, sizeof(*f->known));
	for (size_t k = 0; f->index && f->known && k < ARRAY_LEN(rows); k++) {
		struct slice rest = slice_str(rows[k].names), word;
		while (slice_split(&rest, ' ', &word)) {
			size_t i = slice_hash(word);
			while (f->known[i % KNOWN])
				i++;
			f->known[i % KNOWN] = (uint16_t)(k + 1);
		}
	}
	return f->index && f->known;
}

/* Facts of the same kind and name are one, but for manifests, each of which speaks for itself. */
static struct posture_fact *slot(struct gather *g, uint32_t kind, struct slice name, struct slice text)
{
	struct posture_facts *f = g->f;
	uint64_t key = (slice_hash(name) * 31 + slice_hash(text)) * 31 + kind;
	if (kind >= POSTURE_INSTALL && kind != POSTURE_HOSTS && kind != POSTURE_PACKED)
		key = key * 31 + slice_hash(slice_str(g->file));
	size_t i = key;
	for (; f->index[i % INDEX]; i++) {
		struct posture_fact *x = &f->fact[f->index[i % INDEX] - 1];
		bool own = kind < POSTURE_INSTALL || kind == POSTURE_HOSTS || kind == POSTURE_PACKED || strcmp(x->file, g->file) == 0;
		if (x->kind == kind && own && slice_is(name, x->name) && slice_is(text, x->text))
			return x;
	}
	if (f->n == POSTURE_FACTS) {
		f->cut = true;
		return NULL;
	}
	if (f->n == f->room) {
		size_t more = f->room ? 2 * f->room : 64;
		struct posture_fact *larger = realloc(f->fact, more * sizeof(*larger));
		if (!larger) {
			f->cut = true;
			return NULL;
		}
		f->fact = larger;
		f->room = more;
	}
	f->index[i % INDEX] = (uint32_t)++f->n;
	f->fact[f->n - 1] = (struct posture_fact){.kind = kind};
	return &f->fact[f->n - 1];
}

static struct posture_fact *add(struct gather *g, uint32_t kind, struct slice name, struct slice text, uint64_t count)
{
	char short_name[POSTURE_NAME_MAX], short_text[POSTURE_TEXT_MAX];
	utf8_copy(short_name, sizeof(short_name), name);
	utf8_copy(short_text, sizeof(short_text), text);
	struct posture_fact *x = slot(g, kind, slice_str(short_name), slice_str(short_text));
	if (!x)
		return NULL;
	if (x->count == 0) {
		utf8_copy(x->file, sizeof(x->file), slice_str(g->file));
		memcpy(x->name, short_name, sizeof(short_name));
		memcpy(x->text, short_text, sizeof(short_text));
	}
	x->count = kind == POSTURE_FILE ? x->count | count : x->count + count;
	return x;
}

/* A use at a place in the text. */
static void use(struct gather *g, uint32_t kind, struct slice name, struct slice text, struct slice at)
{
	g->uses |= 1u << kind;
	struct posture_fact *x = add(g, kind, name, text, 1);
	/* What was decoded has no place. */
	if (!x || x->line || !at.p || g->data || at.p < g->in->bytes.p || at.p >= g->in->bytes.p + g->in->bytes.n)
		return;
	size_t place = (size_t)(at.p - g->in->bytes.p);
	if (place < g->counted)
		g->counted = g->line = 0;
	for (; g->counted < place; g->counted++)
		g->line += g->in->bytes.p[g->counted] == '\n';
	x->line = g->line + 1;
}

/* ── code ── */

struct code {
	struct gather *g;
	enum language l;
	const struct token *t;
	size_t n;
	bool types; /* only declarations, which are read by compilers: nothing in it is run, but a file so named can be loaded as a program
	             */
	bool env;   /* "env" is process.env */
};

static bool is_sign(const struct code *c, size_t i, uint8_t sign)
{
	return i < c->n && c->t[i].kind == TOKEN_SIGN && c->t[i].sign == sign;
}

static bool is_text(const struct code *c, size_t i)
{
	return i < c->n && c->t[i].kind == TOKEN_TEXT;
}

static bool is_name(const struct code *c, size_t i, const char *name)
{
	return i < c->n && c->t[i].kind == TOKEN_NAME && slice_is(c->t[i].text, name);
}

static bool named(const struct code *c, enum how how, struct slice name, struct slice at)
{
	const struct row *r = known(c->g->f, c->l, how, name);
	if (r)
		use(c->g, r->kind, name, SLICE_NONE, at);
	return r != NULL;
}

/* "node:fs" is "fs"; of "http.client.x" and "ws/lib/x" the front counts. */
static void module(const struct code *c, struct slice name)
{
	struct slice at = name;
	name = scan_module_name(name);
	if (c->l == JAVASCRIPT && slice_ends(name, SLICE(".node")))
		use(c->g, POSTURE_NATIVE, slice_base(name), SLICE("loaded"), at);
	while (name.n && !named(c, MODULE, name, at)) {
		size_t end = name.n;
		while (end && name.p[end - 1] != '/' && name.p[end - 1] != '.')
			end--;
		name.n = end ? end - 1 : 0;
	}
}

static bool is_variable(struct slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];
		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || (i && c >= '0' && c <= '9')))
			return false;
	}
	return name.n > 0 && name.n <= 80;
}

static void variable(const struct code *c, struct slice name, struct slice at)
{
	if (is_variable(name))
		use(c->g, POSTURE_VARIABLES, name, SLICE_NONE, at);
}

/* { env } = process */
static bool takes_env(const struct code *c, size_t i)
{
	if (c->l != JAVASCRIPT || i < 4 || !is_name(c, i, "process") || !is_sign(c, i - 1, '=') || !is_sign(c, i - 2, '}'))
		return false;
	for (size_t k = i - 3; k > 0 && i - k < 40 && !is_sign(c, k, '{'); k--)
		if (is_name(c, k, "env"))
			return true;
	return false;
}

/* { A, B: c } = process.env */
static bool picked(const struct code *c, size_t i)
{
	if (i < 3 || !is_sign(c, i - 1, '=') || !is_sign(c, i - 2, '}'))
		return false;
	for (size_t k = i - 3; k > 0 && i - k < 100 && !is_sign(c, k, '{'); k--)
		if (c->t[k].kind == TOKEN_NAME && (is_sign(c, k - 1, '{') || is_sign(c, k - 1, ',')))
			variable(c, c->t[k].text, c->t[k].text);
	return true;
}

static void variables(struct code *c, size_t i)
{
	static const struct {
		const char *name;
		enum language l;
	} all[] = {{"process.env", JAVASCRIPT}, {"import.meta.env", JAVASCRIPT}, {"os.environ", PYTHON}};
	struct slice name = c->t[i].text;
	/* ...process.env */
	if (slice_starts(name, SLICE(".")) && i > 1 && is_sign(c, i - 1, '.') && is_sign(c, i - 2, '.'))
		name = slice_from(name, 1);
	if (c->l == PYTHON && is_sign(c, i + 1, '(') && is_text(c, i + 2) &&
	        (slice_is(name, "os.getenv") || slice_is(name, "os.environ.get") || slice_is(name, "environ.get") ||
	                slice_is(name, "getenv")))
		variable(c, c->t[i + 2].text, name);
	c->env = c->env || takes_env(c, i);
	if (c->env && slice_starts(name, SLICE("env.")))
		variable(c, slice_sub(name, 4, slice_chr(slice_from(name, 4), '.', 0)), name);
	for (size_t k = 0; k < ARRAY_LEN(all); k++) {
		struct slice p = slice_str(all[k].name);
		if (all[k].l != c->l || !slice_starts(name, p))
			continue;
		if (name.n > p.n && name.p[p.n] == '.' && c->l == JAVASCRIPT) {
			struct slice rest = slice_from(name, p.n + 1);
			variable(c, slice_sub(rest, 0, slice_chr(rest, '.', 0)), name);
		} else if (name.n > p.n) {
			continue;
		} else if (is_sign(c, i + 1, '[')) {
			if (is_text(c, i + 2))
				variable(c, c->t[i + 2].text, name);
		} else if (!picked(c, i)) {
			use(c->g, POSTURE_VARIABLES, SLICE("*"), SLICE_NONE, name);
		}
	}
}

/* open("…", "w") */
static bool opens_to_write(const struct code *c, size_t i)
{
	for (size_t k = i + 2; k < c->n && k < i + 40 && c->t[k].depth > c->t[i].depth; k++)
		if (is_sign(c, k, ',') && is_text(c, k + 1) && c->t[k + 1].text.n >= 1 && c->t[k + 1].text.n <= 3 &&
		        strchr("wax", c->t[k + 1].text.p[0]) && c->t[k].depth == c->t[i].depth + 1)
			return true;
	return false;
}

static void call(const struct code *c, size_t i)
{
	struct slice name = c->t[i].text;
	/* How a program finds its globals in old engines: no code is made of that. */
	bool globals = slice_is(name, "Function") && is_text(c, i + 2) &&
	               (slice_is(c->t[i + 2].text, "return this") || slice_is(c->t[i + 2].text, "return this;"));
	if (slice_starts(name, SLICE(".")) || globals || is_name(c, i - (i > 0), "function") || is_name(c, i - (i > 0), "def"))
		return;
	(void)named(c, CALL, name, name);
	if (c->l == PYTHON && (slice_is(name, "open") || slice_is(name, "io.open")) && opens_to_write(c, i))
		use(c->g, POSTURE_WRITES, name, SLICE_NONE, name);
}

static struct slice last_part(struct slice name)
{
	size_t at = name.n;
	while (at && name.p[at - 1] != '.')
		at--;
	return slice_from(name, at);
}

/* require("x"), import("x"), … from "x" */
static bool imports(const struct code *c, size_t i)
{
	struct slice before = i ? c->t[i - 1].text : SLICE_NONE;
	if (c->l != JAVASCRIPT || i == 0)
		return false;
	if (c->t[i - 1].kind == TOKEN_NAME)
		return !c->types && (slice_is(before, "from") || slice_is(before, "import"));
	if (!is_sign(c, i - 1, '(') || i < 2 || c->t[i - 2].kind != TOKEN_NAME)
		return false;
	before = c->t[i - 2].text;
	if (c->types && (i < 5 || is_name(c, i - 5, "import")))
		return false;
	return slice_ends(before, SLICE("require")) || slice_is(before, "import");
}

/* import a.b, c; from a.b import c */
static void python_import(const struct code *c, size_t i)
{
	bool from = is_name(c, i, "from"), starts = i == 0 || c->t[i - 1].kind == TOKEN_END || is_sign(c, i - 1, ':');
	if (c->l != PYTHON || !starts || !(from || is_name(c, i, "import")))
		return;
	for (size_t k = i + 1; k < c->n && c->t[k].kind != TOKEN_END && k < i + 40; k++) {
		if (c->t[k].kind != TOKEN_NAME || is_name(c, k, "import") || is_name(c, k, "as"))
			continue;
		module(c, c->t[k].text);
		/* What stands behind "import" are names in it: "from urllib import request". */
		for (size_t m = k + 2; from && m < c->n && c->t[m].kind != TOKEN_END && m < k + 20; m++) {
			char whole[LABEL_MAX];
			int n = snprintf(whole, sizeof(whole), "%.*s.%.*s", SLICE_FMT(slice_sub(c->t[k].text, 0, 90)),
			        SLICE_FMT(slice_sub(c->t[m].text, 0, 90)));
			if (c->t[m].kind == TOKEN_NAME)
				(void)named(c, MODULE, slice_of(whole, (size_t)n), c->t[m].text);
		}
		if (from)
			return;
	}
}

static bool is_host_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* A name with a dot and a last part of letters, or an address of IPv4. */
static bool is_host(struct slice h)
{
	size_t dot = h.n, dots = 0, digits = 0;
	for (size_t i = 0; i < h.n; i++) {
		dots += h.p[i] == '.';
		digits += h.p[i] >= '0' && h.p[i] <= '9';
		dot = h.p[i] == '.' ? i : dot;
	}
	if (dots == 0 || h.n > 120 || h.p[0] == '.' || h.p[0] == '-' || slice_find(h, SLICE(".."), 0) != SLICE_NPOS)
		return false;
	if (dots == 3 && digits + dots == h.n)
		return true;
	struct slice top = slice_from(h, dot + 1);
	for (size_t i = 0; i < top.n; i++)
		if (!((top.p[i] | 0x20) >= 'a' && (top.p[i] | 0x20) <= 'z'))
			return false;
	return top.n >= 2;
}

/* Hosts of addresses with a scheme. */
static void hosts(struct gather *g, struct slice text)
{
	static const char *const schemes[] = {"http", "https", "ws", "wss", "ftp", "tcp", "ssh", "git"};
	for (size_t at = 0; (at = slice_find(text, SLICE("://"), at)) != SLICE_NPOS; at += 3) {
		size_t from = at, end = at + 3, n = 0;
		char low[128];
		bool scheme = false;
		while (from && at - from < 6 && (text.p[from - 1] | 0x20) >= 'a' && (text.p[from - 1] | 0x20) <= 'z')
			from--;
		for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
			scheme |= slice_eq_nocase(slice_sub(text, from, at - from), slice_str(schemes[i]));
		while (end < text.n && is_host_byte(text.p[end]))
			end++;
		struct slice host = slice_sub(text, at + 3, end - at - 3);
		/* What a value is put behind is not the whole name. */
		if (!scheme || !is_host(host) || (end < text.n && strchr("$%{@<", text.p[end])))
			continue;
		for (; n < host.n && n + 1 < sizeof(low); n++)
			low[n] = (char)(host.p[n] >= 'A' && host.p[n] <= 'Z' ? host.p[n] | 0x20 : host.p[n]);
		use(g, POSTURE_HOSTS, slice_of(low, n), SLICE_NONE, host);
	}
}

/* Long, and of nothing but the letters of an encoding; not only of one letter. */
static void packed(struct gather *g, struct slice t)
{
	bool hex = true, seen[256] = {false};
	unsigned letters = 0;
	if (t.n < PACKED_MIN)
		return;
	for (size_t i = 0; i < t.n; i++) {
		uint8_t c = t.p[i];
		bool digit = c >= '0' && c <= '9', letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!digit && !letter && c != '+' && c != '/' && c != '=' && c != '-' && c != '_')
			return;
		hex = hex && (digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'));
		letters += !seen[c];
		seen[c] = true;
	}
	if (letters >= (hex ? 12 : 40))
		use(g, POSTURE_PACKED, hex ? SLICE("text in hex") : SLICE("text in base64"), SLICE_NONE, t);
}

/* _0x1a2b: so obfuscators name things, and nobody else. */
static bool is_unreadable(struct slice name)
{
	if (name.n < 6 || !slice_starts(name, SLICE("_0x")))
		return false;
	for (size_t i = 3; i < name.n; i++)
		if (!((name.p[i] >= '0' && name.p[i] <= '9') || (name.p[i] >= 'a' && name.p[i] <= 'f')))
			return name.p[i] == '.';
	return true;
}

/* What a shell is given. */
static void commands(struct gather *g, struct slice text, struct slice at)
{
	if (text.n <= SHELL_MAX && scan_shell(text) & SHELL_DOES_REACHES)
		use(g, POSTURE_NETWORK, SLICE("command of a shell"), SLICE_NONE, at);
	hosts(g, text);
}

static void tell_file(struct gather *g)
{
	if (g->uses)
		(void)add(g, POSTURE_FILE, SLICE_NONE, SLICE_NONE, g->uses);
}

static bool begin(struct gather *g, struct scan *s, const struct scan_input *in)
{
	*g = (struct gather){.s = s, .in = in, .f = scan_facts(s, in)};
	if (!g->f || !ready(g->f))
		return false;
	/* A tarball is in gzip, which nobody wants to read each time. */
	g->file = strncmp(in->member, "gzip > ", 7) == 0 ? in->member + 7 : in->member;
	return true;
}

void scan_posture_code(struct scan *s, const struct scan_input *in, const char *language, const struct token *t, size_t n)
{
	struct gather g;
	struct code c = {.g = &g, .t = t, .n = n};
	size_t unreadable = 0;
	c.l = strcmp(language, "javascript") == 0 ? JAVASCRIPT : strcmp(language, "python") == 0 ? PYTHON : ANY;
	if (!begin(&g, s, in))
		return;
	c.types = scan_has_suffix(in->name, ".d.ts") || scan_has_suffix(in->name, ".d.mts") || scan_has_suffix(in->name, ".d.cts");
	for (size_t i = 0; i < n; i++) {
		if (t[i].kind == TOKEN_TEXT) {
			hosts(&g, t[i].text);
			packed(&g, t[i].text);
			if (imports(&c, i))
				module(&c, t[i].text);
		} else if (t[i].kind == TOKEN_NAME && !c.types) {
			python_import(&c, i);
			if (is_sign(&c, i + 1, '('))
				call(&c, i);
			(void)named(&c, LAST, last_part(t[i].text), t[i].text);
			variables(&c, i);
			if (is_unreadable(t[i].text) && ++unreadable == UNREADABLE)
				use(&g, POSTURE_PACKED, SLICE("unreadable names"), slice_sub(t[i].text, 0, 12), t[i].text);
		}
	}
	tell_file(&g);
}

/* ── manifests ── */

static void say(struct gather *g, uint32_t kind, struct slice value)
{
	if (value.n)
		(void)add(g, kind, value, SLICE_NONE, 1);
}

/* A text, or that member of a map. */
static struct slice text_or(const struct conf *v, const char *member)
{
	const struct conf *m = conf_get(v, slice_str(member));
	return conf_is_text(v) ? v->text : conf_is_text(m) ? m->text : SLICE_NONE;
}

static int on_person(void *arg, const struct conf *v, struct slice key)
{
	(void)key;
	say(arg, POSTURE_MAINTAINER, text_or(v, "name"));
	return 0;
}

struct scope {
	struct gather *g;
	enum posture_scope scope;
};

static int on_dependency(void *arg, const struct conf *v, struct slice key)
{
	struct scope *s = arg;
	struct posture_fact *f = conf_is_text(v) ? add(s->g, POSTURE_DEPENDENCY, key, v->text, 1) : NULL;
	if (f)
		f->count = s->scope + 1u;
	return 0;
}

static int on_script(void *arg, const struct conf *v, struct slice key)
{
	static const char *const events[] = {"preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare", NULL};
	struct gather *g = arg;
	if (!conf_is_text(v) || !scan_one_of(key, events))
		return 0;
	size_t at = slice_find(g->in->bytes, key, 0);
	struct slice place = at == SLICE_NPOS ? SLICE_NONE : slice_from(g->in->bytes, at);
	use(g, POSTURE_INSTALL, key, v->text, place);
	commands(g, v->text, place);
	return 0;
}

static int on_activation(void *arg, const struct conf *v, struct slice key)
{
	(void)key;
	if (conf_is_text(v) && (slice_is(v->text, "*") || slice_is(v->text, "onStartupFinished")))
		use(arg, POSTURE_INSTALL, SLICE("activation"), v->text, SLICE_NONE);
	return 0;
}

static void node_manifest(struct gather *g)
{
	_cleanup_arena_ struct arena arena = ARENA(ARENA_MAX);
	static const char *const sections[POSTURE_SCOPES] = {"dependencies/*", "optionalDependencies/*", "peerDependencies/*"};
	struct conf *root;
	if (g->in->size > MANIFEST_MAX || conf_read(CONF_JSON, g->in->bytes, NODES, &arena, &root, NULL) < 0) {
		g->f->cut = true;
		return;
	}
	g->f->manifest = true;
	say(g, POSTURE_MANIFEST, slice_str(posture_form_word(POSTURE_NPM)));
	say(g, POSTURE_NAME, text_or(conf_get(root, SLICE("name")), ""));
	say(g, POSTURE_VERSION, text_or(conf_get(root, SLICE("version")), ""));
	say(g, POSTURE_LICENCE, text_or(conf_get(root, SLICE("license")), "type"));
	say(g, POSTURE_REPOSITORY, text_or(conf_get(root, SLICE("repository")), "url"));
	say(g, POSTURE_MAINTAINER, text_or(conf_get(root, SLICE("author")), "name"));
	say(g, POSTURE_MAINTAINER, text_or(conf_get(root, SLICE("publisher")), ""));
	(void)conf_each(root, "maintainers/*", on_person, g);
	for (unsigned i = 0; i < POSTURE_SCOPES; i++) {
		struct scope s = {g, (enum posture_scope)i};
		const struct conf *map = conf_get(root, slice_sub(slice_str(sections[i]), 0, strlen(sections[i]) - 2));
		g->f->cut |= map && map->n > EACH_MAX;
		(void)conf_each(root, sections[i], on_dependency, &s);
	}
	(void)conf_each(root, "scripts/*", on_script, g);
	(void)conf_each(root, "activationEvents/*", on_activation, g);
}

/* Requires-Dist: name [extra] (>=2) ; marker */
static void requires(struct gather *g, struct slice v)
{
	size_t n = 0;
	while (n < v.n && !strchr(" ([<>=!~;@", v.p[n]))
		n++;
	struct posture_fact *f = n ? add(g, POSTURE_DEPENDENCY, slice_sub(v, 0, n), slice_trim(slice_from(v, n)), 1) : NULL;
	if (f)
		f->count = (slice_find(v, SLICE("extra =="), n) != SLICE_NPOS ? POSTURE_OPTIONAL : POSTURE_REQUIRED) + 1u;
}

/* Core metadata: lines "Name: value" up to an empty one. */
static void python_manifest(struct gather *g, enum posture_form form)
{
	static const struct {
		struct slice field;
		uint32_t kind;
	} fields[] = {{SLICE_INIT("Name:"), POSTURE_NAME}, {SLICE_INIT("Version:"), POSTURE_VERSION},
	        {SLICE_INIT("License-Expression:"), POSTURE_LICENCE}, {SLICE_INIT("License:"), POSTURE_LICENCE},
	        {SLICE_INIT("Home-page:"), POSTURE_REPOSITORY}, {SLICE_INIT("Author:"), POSTURE_MAINTAINER},
	        {SLICE_INIT("Author-email:"), POSTURE_MAINTAINER}, {SLICE_INIT("Maintainer:"), POSTURE_MAINTAINER},
	        {SLICE_INIT("Maintainer-email:"), POSTURE_MAINTAINER}};
	struct slice rest = g->in->bytes, line;
	g->f->manifest = true;
	say(g, POSTURE_MANIFEST, slice_str(posture_form_word(form)));
	for (unsigned n = 0; n < LINES_MAX && slice_split(&rest, '\n', &line) && slice_trim(line).n; n++) {
		if (slice_starts(line, SLICE("Requires-Dist:")))
		requires(g, slice_trim(slice_from(line, 14)));
		for (size_t i = 0; i < ARRAY_LEN(fields); i++)
			if (slice_starts(line, fields[i].field))
				say(g, fields[i].kind, slice_trim(slice_from(line, fields[i].field.n)));
	}
}

/* A line of it that begins with "import" is run at each start of Python. */
static void start_file(struct gather *g)
{
	struct slice rest = g->in->bytes, line;
	while (slice_split(&rest, '\n', &line))
		if (slice_starts(line, SLICE("import ")) || slice_starts(line, SLICE("import\t"))) {
			use(g, POSTURE_INSTALL, slice_str(g->in->name), slice_trim(line), line);
			return;
		}
}

/* ── native code ── */

static bool read_at(void *arg, uint64_t at, void *out, size_t n)
{
	const struct slice *file = arg;
	if (at > file->n || n > file->n - at)
		return false;
	memcpy(out, file->p + at, n);
	return true;
}

static bool on_symbol(void *arg, struct slice name)
{
	struct gather *g = arg;
	const struct row *r = known(g->f, MACHINE, CALL, name);
	if (r)
		use(g, r->kind, name, SLICE_NONE, SLICE_NONE);
	return true;
}

static bool ends_text(uint8_t c)
{
	return c == 0 || c == '/' || c == '"' || c == '\'' || c == ':';
}

/* Addresses in data. What compilers of Go and Rust keep of their texts is one run without bounds, so that only what ends as an address does
 * is believed; their tables say where the others end. */
static void data_hosts(struct gather *g, struct slice file, const struct elf_span *skip, size_t n)
{
	struct elf_strings strings;
	struct elf_string one;
	if (elf_strings_begin(file, 0, file.n, &strings))
		while (elf_strings_next(&strings, &one))
			hosts(g, one.text);
	for (size_t at = 0; (at = slice_find(file, SLICE("://"), at)) != SLICE_NPOS; at += 3) {
		size_t end = at + 3, from = at < 8 ? 0 : at - 8;
		const struct elf_span *within = NULL;
		for (size_t i = 0; i < n && !within; i++)
			within = at >= skip[i].at && at - skip[i].at < skip[i].n ? &skip[i] : NULL;
		if (within) {
			at = (size_t)(within->at + within->n - 3);
			continue;
		}
		while (end < file.n && end - at < 128 && is_host_byte(file.p[end]))
			end++;
		if (end < file.n && ends_text(file.p[end]))
			hosts(g, slice_sub(file, from, end - from));
	}
}

void scan_posture_executable(struct scan *s, const struct scan_input *in, const struct elf_span *program, size_t n, bool single)
{
	struct gather g;
	struct slice file = in->bytes;
	bool whole = in->depth == 0 && !scan_is_part(s);
	/* Of the executables of a folder that is no package only those are told that carry a program. */
	if ((whole && !single && !scan_is_named(s)) || !begin(&g, s, in))
		return;
	if (whole) {
		g.f->manifest = true;
		say(&g, POSTURE_MANIFEST, slice_str(posture_form_word(POSTURE_EXECUTABLE)));
	}
	g.data = true;
	(void)elfnames_taken(read_at, &file, on_symbol, &g);
	data_hosts(&g, file, program, n);
	tell_file(&g);
}

static void by_name(struct gather *g)
{
	const struct source_language *l = source_language(g->in->name, g->in->bytes);
	if (strcmp(g->in->name, "package.json") == 0)
		node_manifest(g);
	else if (strcmp(g->in->name, "METADATA") == 0 && slice_find(slice_str(g->in->path), SLICE(".dist-info/"), 0) != SLICE_NPOS)
		python_manifest(g, POSTURE_WHEEL);
	else if (strcmp(g->in->name, "PKG-INFO") == 0)
		python_manifest(g, POSTURE_SDIST);
	else if (strcmp(g->in->name, "extension.vsixmanifest") == 0)
		say(g, POSTURE_MANIFEST, slice_str(posture_form_word(POSTURE_VSIX)));
	else if (strcmp(g->in->name, "binding.gyp") == 0)
		use(g, POSTURE_INSTALL, SLICE("install"), SLICE("node-gyp rebuild"), SLICE_NONE);
	else if (strcmp(g->in->name, "setup.py") == 0)
		use(g, POSTURE_INSTALL, SLICE("setup"), SLICE("python setup.py"), SLICE_NONE);
	else if (scan_has_suffix(g->in->name, ".pth"))
		start_file(g);
	else if (l && strcmp(source_language_name(l), "shell") == 0) {
		use(g, POSTURE_PROCESS, SLICE("script of a shell"), SLICE_NONE, SLICE_NONE);
		commands(g, g->in->bytes, SLICE_NONE);
	}
}

void scan_posture_look(struct scan *s, const struct scan_input *in)
{
	struct gather g;
	if (!begin(&g, s, in))
		return;
	g.f->files++;
	g.f->bytes += in->size;
	const char *form = scan_native(in->bytes, in->name);
	/* What an executable is called is nothing that two versions of it differ in. */
	if (form)
		use(&g, POSTURE_NATIVE, in->depth || scan_is_part(s) ? slice_str(in->name) : SLICE("itself"), slice_str(form), SLICE_NONE);
	if (in->bytes.n == in->size)
		by_name(&g);
	tell_file(&g);
}
void scan_posture_tell(const struct posture_facts *f, bool always, void (*fn)(void *arg, const struct posture_fact *f), void *arg)
{
	if (!always && !f->manifest)
		return;
	const struct posture_fact total = {.kind = POSTURE_TOTAL, .count = f->files, .size = f->bytes};
	for (size_t i = 0; i < f->n; i++)
		fn(arg, &f->fact[i]);
	fn(arg, &total);
}

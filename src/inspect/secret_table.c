/* From rules to an image: patterns are multiplied out, their fixed parts go to the matcher (vectorscan) as plain literals, forwards,
 * backwards and in ROT13, and everything else becomes flat arrays. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "sys/matcher.h"
#include "inspect/secret_part.h"

#define LITERALS_MAX 8000
#define NEAR_MIN     5 /* the same for words beside which values stand */
#define HIDDEN_MIN   2 /* bytes of a literal that is looked for backwards and in ROT13 too: shorter ones stand everywhere */

struct literal {
	struct slice text;
	bool nocase;
	uint8_t form;
	uint32_t index;
};

struct maker {
	struct arena *arena;
	struct buf patterns, atoms, sets, strings;
	struct literal *literals;
	size_t n_literals;
	const struct secret_rule *rule;
	uint32_t rule_index;
	bool near; /* the pattern that comes is a value beside a word */
	uint32_t n_patterns, n_runs;
	const char *why;
};

static uint32_t add_string(struct maker *m, struct slice s)
{
	uint32_t at = (uint32_t)m->strings.n;
	buf_add(&m->strings, s);
	buf_u8(&m->strings, 0);
	return at;
}

static uint16_t add_set(struct maker *m, const uint8_t set[32])
{
	size_t n = m->sets.n / 32;
	for (size_t i = 0; i < n; i++)
		if (memcmp(m->sets.p + i * 32, set, 32) == 0)
			return (uint16_t)i;
	buf_add(&m->sets, slice_of(set, 32));
	return (uint16_t)n;
}

static void add_atom(struct maker *m, const struct secret_atom *a)
{
	struct image_atom atom = {.set = add_set(m, a->set), .min = a->min, .max = a->max};
	buf_add(&m->atoms, slice_of(&atom, sizeof(atom)));
}

static int add_literal(struct maker *m, struct slice text, bool nocase, enum image_form form, uint32_t index)
{
	if (m->n_literals == LITERALS_MAX)
		return -ENOBUFS;
	struct slice copy = arena_copy(m->arena, text);
	if (!copy.p)
		return -ENOMEM;
	m->literals[m->n_literals++] = (struct literal){copy, nocase, (uint8_t)form, index};
	return 0;
}

static uint8_t rot13(uint8_t c)
{
	if (c >= 'a' && c <= 'z')
		return (uint8_t)('a' + (c - 'a' + 13) % 26);
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)('A' + (c - 'A' + 13) % 26);
	return c;
}

/* The literal of a pattern, or a word beside which values stand, in the three forms in which it is looked for. */
static int add_literals(struct maker *m, struct slice text, uint32_t index)
{
	uint8_t other[PATTERN_ATOMS];
	bool nocase = m->near || m->rule->nocase;
	int e = add_literal(m, text, nocase, m->near ? FORM_NEAR : FORM_PLAIN, index);
	if (e < 0 || text.n < (m->near ? NEAR_MIN : HIDDEN_MIN) || text.n > sizeof(other))
		return e;
	/* Neither is what is weak already the right way round. */
	if (!m->near && text.n < 4 && m->rule->confidence < 88)
		return 0;
	for (size_t i = 0; i < text.n; i++)
		other[i] = text.p[text.n - 1 - i];
	if ((e = add_literal(m, slice_of(other, text.n), nocase, FORM_REVERSE, index)) < 0)
		return e;
	for (size_t i = 0; i < text.n; i++)
		other[i] = rot13(text.p[i]);
	return slice_eq(text, slice_of(other, text.n)) ? 0 : add_literal(m, slice_of(other, text.n), nocase, FORM_ROT13, index);
}

static int one_pattern(const char *text, void *arg)
{
	struct maker *m = arg;
	struct secret_pattern p;
	uint8_t literal[PATTERN_ATOMS];
	int e = secret_pattern_parse(text, m->rule->nocase, &p, &m->why);
	if (e < 0)
		return e;
	bool fixed = !m->near && !m->rule->run;
	if (fixed && p.fixed < 2) {
		m->why = "the pattern has no fixed part of two characters or more to look for (or say \"run: true\")";
		return -EINVAL;
	}
	if (!fixed)
		p.from = p.fixed = 0;
	struct image_pattern ip = {
	        .rule = (uint16_t)m->rule_index, .fixed = (uint16_t)p.fixed, .atom = (uint32_t)(m->atoms.n / sizeof(struct image_atom))};
	uint32_t reach = 0;
	for (size_t i = 0; i < p.n; i++)
		reach = reach + p.atoms[i].max > IMAGE_REACH ? IMAGE_REACH : reach + p.atoms[i].max;
	/* What these checks look at lies behind the match. */
	if (m->rule->check == CHECK_PEM || m->rule->check == CHECK_PUTTY)
		reach = IMAGE_REACH;
	if (m->rule->check == CHECK_URL)
		reach = reach + 320 > IMAGE_REACH ? IMAGE_REACH : reach + 320;
	for (size_t i = p.from; i-- > 0;)
		add_atom(m, &p.atoms[i]);
	for (size_t i = p.from + p.fixed; i < p.n; i++)
		add_atom(m, &p.atoms[i]);
	for (size_t i = 0; i < p.fixed; i++)
		literal[i] = (uint8_t)p.atoms[p.from + i].single;
	ip.before = (uint16_t)p.from;
	ip.after = (uint16_t)(p.n - p.from - p.fixed);
	ip.reach = reach;
	ip.literal = add_string(m, slice_of(literal, p.fixed));
	buf_add(&m->patterns, slice_of(&ip, sizeof(ip)));
	uint32_t index = m->n_patterns++;
	if (m->near)
		for (size_t i = 0; e == 0 && i < m->rule->near.n; i++)
			e = add_literals(m, slice_str(m->rule->near.items[i]), index);
	else if (fixed)
		e = add_literals(m, slice_of(literal, p.fixed), index);
	else
		m->n_runs++;
	return e;
}

/* The patterns of all rules that are (or are not) tried at runs. */
static int add_patterns(struct maker *m, const struct secret_rules *rules, bool runs, struct err *err)
{
	m->rule_index = 0;
	for (size_t i = 0; i < rules->n; i++) {
		m->rule = &rules->rules[i];
		if (m->rule->off)
			continue;
		for (int near = 0; near < 2; near++) {
			const struct secret_list *l = near ? &m->rule->values : &m->rule->patterns;
			m->near = near;
			if ((m->rule->run && !near) != runs)
				continue;
			for (size_t k = 0; k < l->n; k++) {
				m->why = "out of room";
				int e = secret_expand(l->items[k], one_pattern, m, &m->why);
				if (e < 0)
					return err_set(err, e, "rule \"%s\": \"%s\": %s", m->rule->name, l->items[k], m->why);
			}
		}
		m->rule_index++;
	}
	return 0;
}

static const struct {
	const char *text;
	uint8_t form, index;
	bool nocase;
} escapes[] = {
        {"\\u002", FORM_ESCAPE, ESCAPE_BACKSLASH, true},
        {"\\u003", FORM_ESCAPE, ESCAPE_BACKSLASH, true},
        {"\\u004", FORM_ESCAPE, ESCAPE_BACKSLASH, true},
        {"\\u005", FORM_ESCAPE, ESCAPE_BACKSLASH, true},
        {"\\u006", FORM_ESCAPE, ESCAPE_BACKSLASH, true},
        {"\\u007", FORM_ESCAPE, ESCAPE_BACKSLASH, true},
        {"\\x2", FORM_ESCAPE, ESCAPE_BACKSLASH, true},
        {"\\x3", FORM_ESCAPE, ESCAPE_BACKSLASH, true},
        {"\\x4", FORM_ESCAPE, ESCAPE_BACKSLASH, true},
        {"\\x5", FORM_ESCAPE, ESCAPE_BACKSLASH, true},
        {"\\x6", FORM_ESCAPE, ESCAPE_BACKSLASH, true},
        {"\\x7", FORM_ESCAPE, ESCAPE_BACKSLASH, true},
        {"\\u{", FORM_ESCAPE, ESCAPE_BACKSLASH, false},
        {"\\U0000", FORM_ESCAPE, ESCAPE_BACKSLASH, false},
        {"\\04", FORM_ESCAPE, ESCAPE_BACKSLASH, false},
        {"\\05", FORM_ESCAPE, ESCAPE_BACKSLASH, false},
        {"\\06", FORM_ESCAPE, ESCAPE_BACKSLASH, false},
        {"\\07", FORM_ESCAPE, ESCAPE_BACKSLASH, false},
        {"\\10", FORM_ESCAPE, ESCAPE_BACKSLASH, false},
        {"\\11", FORM_ESCAPE, ESCAPE_BACKSLASH, false},
        {"\\12", FORM_ESCAPE, ESCAPE_BACKSLASH, false},
        {"\\13", FORM_ESCAPE, ESCAPE_BACKSLASH, false},
        {"\\14", FORM_ESCAPE, ESCAPE_BACKSLASH, false},
        {"\\15", FORM_ESCAPE, ESCAPE_BACKSLASH, false},
        {"\\16", FORM_ESCAPE, ESCAPE_BACKSLASH, false},
        {"\\17", FORM_ESCAPE, ESCAPE_BACKSLASH, false},
        {":\\/\\/", FORM_ESCAPE, ESCAPE_BACKSLASH, false},
        {"%2", FORM_ESCAPE, ESCAPE_PERCENT, false},
        {"%3", FORM_ESCAPE, ESCAPE_PERCENT, false},
        {"%4", FORM_ESCAPE, ESCAPE_PERCENT, false},
        {"%5", FORM_ESCAPE, ESCAPE_PERCENT, false},
        {"%6", FORM_ESCAPE, ESCAPE_PERCENT, false},
        {"%7", FORM_ESCAPE, ESCAPE_PERCENT, false},
        {"%u00", FORM_ESCAPE, ESCAPE_PERCENT, true},
        {"&#", FORM_ESCAPE, ESCAPE_ENTITY, false},
        {"&amp;", FORM_ESCAPE, ESCAPE_ENTITY, false},
        {"&quot;", FORM_ESCAPE, ESCAPE_ENTITY, false},
        {"=2", FORM_ESCAPE, ESCAPE_QUOTED, false},
        {"=3", FORM_ESCAPE, ESCAPE_QUOTED, false},
        {"=4", FORM_ESCAPE, ESCAPE_QUOTED, false},
        {"=5", FORM_ESCAPE, ESCAPE_QUOTED, false},
        {"=6", FORM_ESCAPE, ESCAPE_QUOTED, false},
        {"=7", FORM_ESCAPE, ESCAPE_QUOTED, false},
        {"=\n", FORM_ESCAPE, ESCAPE_QUOTED, false},
        {"=\r\n", FORM_ESCAPE, ESCAPE_QUOTED, false},
        {"=\\n", FORM_ESCAPE, ESCAPE_QUOTED, false},
        {"=\\r\\n", FORM_ESCAPE, ESCAPE_QUOTED, false},
        {"\x1f\x8b\x08", FORM_DEFLATE, 0, false},
        {"x\x9c", FORM_DEFLATE, 0, false},
        {"x\xda", FORM_DEFLATE, 0, false},
};

static int by_text(const void *a, const void *b)
{
	const struct literal *x = a, *y = b;
	int c = slice_cmp(x->text, y->text);
	return c ? c : x->nocase - y->nocase;
}

/* Serialised, malloc'ed: the caller frees *bytes. */
static int make_database(const struct literal *l, const uint32_t *first, size_t n, char **bytes, size_t *size, struct err *err)
{
	const char **text = calloc(n + 1, sizeof(*text));
	unsigned *flags = calloc(n + 1, sizeof(*flags)), *ids = calloc(n + 1, sizeof(*ids));
	size_t *lengths = calloc(n + 1, sizeof(*lengths));
	hs_database_t *db = NULL;
	hs_compile_error_t *why = NULL;
	int e = text && flags && ids && lengths ? 0 : -ENOMEM;
	for (size_t i = 0; e == 0 && i < n; i++) {
		text[i] = (const char *)l[first[i]].text.p;
		lengths[i] = l[first[i]].text.n;
		flags[i] = l[first[i]].nocase ? HS_FLAG_CASELESS : 0;
		ids[i] = (unsigned)i;
	}
	if (e == 0 && hs_compile_lit_multi(text, flags, ids, lengths, (unsigned)n, HS_MODE_BLOCK, NULL, &db, &why) != HS_SUCCESS)
		e = err_set(err, why && strstr(why->message, "platform") ? -ENOTSUP : -EINVAL,
		        "the matcher does not take these rules: %.200s", why ? why->message : "no reason given");
	if (e == 0 && hs_serialize_database(db, bytes, size) != HS_SUCCESS)
		e = err_set(err, -ENOMEM, "the matcher's tables do not fit into memory");
	if (why)
		(void)hs_free_compile_error(why);
	if (db)
		(void)hs_free_database(db);
	free(text);
	free(flags);
	free(ids);
	free(lengths);
	return e;
}

/* Appends an array, aligned; its offset goes to *at. */
static void put(struct buf *out, size_t start, const void *p, size_t n, uint32_t *at)
{
	while ((out->n - start) % 8)
		buf_u8(out, 0);
	*at = (uint32_t)(out->n - start);
	buf_add(out, slice_of(p, n));
}

static int write_image(struct maker *m, const struct secret_rules *rules, struct buf *out, struct err *err)
{
	struct image_head h = {.magic = IMAGE_MAGIC};
	size_t start = out->n, size = 0;
	char *database = NULL;
	_cleanup_buf_ struct buf uses = BUF(SECRET_IMAGE_MAX), literals = BUF(SECRET_IMAGE_MAX), ir = BUF(SECRET_IMAGE_MAX);
	uint32_t *first = arena_array(m->arena, m->n_literals + 1, sizeof(*first));
	if (!first)
		return -ENOMEM;
	qsort(m->literals, m->n_literals, sizeof(*m->literals), by_text);
	for (size_t i = 0, end; i < m->n_literals; i = end) {
		for (end = i; end < m->n_literals && by_text(&m->literals[i], &m->literals[end]) == 0; end++) {
			struct image_use u = {.form = m->literals[end].form, .index = m->literals[end].index};
			buf_add(&uses, slice_of(&u, sizeof(u)));
		}
		struct image_literal l = {(uint32_t)i, (uint32_t)(end - i), (uint32_t)m->literals[i].text.n};
		if (l.length > h.longest)
			h.longest = l.length;
		buf_add(&literals, slice_of(&l, sizeof(l)));
		first[h.n_literals++] = (uint32_t)i;
	}
	for (size_t i = 0; i < rules->n; i++) {
		const struct secret_rule *s = &rules->rules[i];
		if (s->off)
			continue;
		struct image_rule r = {.name = add_string(m, slice_str(s->name)),
		        .what = add_string(m, slice_str(s->what)),
		        .entropy = (uint16_t)s->entropy,
		        .check = (uint8_t)s->check,
		        .flags = (uint8_t)((s->nocase ? RULE_NOCASE : 0) | (s->glued ? RULE_GLUED : 0) | (s->loose ? RULE_LOOSE : 0) |
		                           (s->run ? RULE_RUN : 0) | (s->direct ? RULE_DIRECT : 0)),
		        .confidence = (uint8_t)s->confidence,
		        .skip = (uint16_t)s->skip};
		buf_add(&ir, slice_of(&r, sizeof(r)));
		h.n_rules++;
	}
	int e = make_database(m->literals, first, h.n_literals, &database, &size, err);
	if (e < 0)
		return e;
	h.n_patterns = m->n_patterns;
	h.n_runs = m->n_runs;
	h.n_atoms = (uint32_t)(m->atoms.n / sizeof(struct image_atom));
	h.n_sets = (uint32_t)(m->sets.n / 32);
	h.n_uses = (uint32_t)m->n_literals;
	h.n_strings = (uint32_t)m->strings.n;
	h.n_database = (uint32_t)size;
	buf_add(out, slice_of(&h, sizeof(h)));
	put(out, start, ir.p, ir.n, &h.rules);
	put(out, start, m->patterns.p, m->patterns.n, &h.patterns);
	put(out, start, m->atoms.p, m->atoms.n, &h.atoms);
	put(out, start, m->sets.p, m->sets.n, &h.sets);
	put(out, start, literals.p, literals.n, &h.literals);
	put(out, start, uses.p, uses.n, &h.uses);
	put(out, start, m->strings.p, m->strings.n, &h.strings);
	put(out, start, database, size, &h.database);
	free(database);
	h.size = out->n - start;
	e = buf_error(out) ? buf_error(out) : buf_error(&ir) ? buf_error(&ir) : buf_error(&m->strings);
	if (e == 0)
		memcpy(out->p + start, &h, sizeof(h));
	return e;
}

int secret_compile(const struct secret_source *sources, size_t n, struct buf *image, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA(32u << 20);
	struct secret_rules rules = {.rules = arena_array(&arena, SECRET_RULES_MAX, sizeof(struct secret_rule)), .max = SECRET_RULES_MAX};
	struct maker m = {.arena = &arena,
	        .patterns = BUF(SECRET_IMAGE_MAX),
	        .atoms = BUF(SECRET_IMAGE_MAX),
	        .sets = BUF((size_t)32 * UINT16_MAX),
	        .strings = BUF(SECRET_IMAGE_MAX),
	        .literals = arena_array(&arena, LITERALS_MAX, sizeof(struct literal))};
	int e = rules.rules && m.literals ? matcher_load(err) : -ENOMEM;
	size_t before = image->n;
	(void)add_string(&m, SLICE("")); /* so that 0 is an empty string */
	for (size_t i = 0; e == 0 && i < n; i++)
		e = secret_read(&sources[i], &arena, &rules, err);
	/* Runs last: then their patterns are the last ones. */
	if (e == 0)
		e = add_patterns(&m, &rules, false, err);
	if (e == 0)
		e = add_patterns(&m, &rules, true, err);
	for (size_t i = 0; e == 0 && i < ARRAY_LEN(escapes); i++)
		e = add_literal(&m, slice_str(escapes[i].text), escapes[i].nocase, (enum image_form)escapes[i].form, escapes[i].index);
	if (e == 0 && (e = buf_error(&m.atoms)     ? buf_error(&m.atoms)
	                      : buf_error(&m.sets) ? buf_error(&m.sets)
	                                           : buf_error(&m.patterns)) == 0)
		e = write_image(&m, &rules, image, err);
	if (e < 0) {
		image->n = before;
		if (err && err->code == 0)
			(void)err_set(err, e, "the rules do not fit");
	}
	buf_free(&m.patterns);
	buf_free(&m.atoms);
	buf_free(&m.sets);
	buf_free(&m.strings);
	return e;
}

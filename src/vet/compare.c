#include "vet/compare.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "vet/compare_part.h"

#define ARENA_BYTES ((size_t)768 << 20)

static const struct json_limits limits = {.depth = 16, .nodes = 2000000};

const char *compare_kind_name(enum compare_kind k)
{
	static const char *const names[] = {[COMPARE_NEW] = "new", [COMPARE_GONE] = "gone", [COMPARE_CHANGED] = "changed"};
	return (size_t)k < ARRAY_LEN(names) ? names[k] : "";
}

static bool bad(struct reading *r, const char *name, const char *why)
{
	if (!r->why[0])
		(void)snprintf(r->why, sizeof(r->why), "\"%s\" %s", name, why);
	return false;
}

const struct json *cmp_member(struct reading *r, const struct json *v, const char *name, enum json_type type)
{
	const struct json *m = v && v->type == JSON_OBJECT ? json_get(v, name) : NULL;
	if (r->why[0])
		return NULL;
	if (!m || m->type != type)
		bad(r, name, m ? "is of another type than it should be" : "is missing");
	return r->why[0] ? NULL : m;
}

const char *cmp_text(struct reading *r, const struct json *v, const char *name)
{
	const struct json *m = v && v->type == JSON_OBJECT ? json_get(v, name) : NULL;
	if (r->why[0] || !m || m->type == JSON_NULL) {
		if (v && v->type != JSON_OBJECT)
			bad(r, name, "is looked for in what is no object");
		return "";
	}
	if (m->type != JSON_STRING)
		return bad(r, name, "is no text"), "";
	struct slice s = json_text(m, r->arena);
	const char *text = s.p ? arena_str(r->arena, slice_sub(s, 0, COMPARE_TEXT)) : NULL;
	if (!text)
		bad(r, name, "found no memory");
	return text ? text : "";
}

bool cmp_flag(struct reading *r, const struct json *v, const char *name)
{
	const struct json *m = v && v->type == JSON_OBJECT ? json_get(v, name) : NULL;
	if (!r->why[0] && (!m || (m->type != JSON_TRUE && m->type != JSON_FALSE)))
		bad(r, name, "is neither true nor false");
	return !r->why[0] && m->type == JSON_TRUE;
}

uint64_t cmp_count(struct reading *r, const struct json *v, const char *name)
{
	const struct json *m = cmp_member(r, v, name, JSON_NUMBER);
	uint64_t n = 0;
	if (m && !slice_u64(m->raw, UINT32_MAX, &n))
		bad(r, name, "is no whole number, or too large");
	return n;
}

const struct json *cmp_list(struct reading *r, const char *name)
{
	const struct json *m = json_get(r->doc, name);
	if (r->why[0] || !m)
		return NULL;
	if (m->type != JSON_ARRAY)
		bad(r, name, "is no list");
	return r->why[0] ? NULL : m;
}

void rows_add(struct reading *r, struct rows *to, const char *key, const char *text, int rank)
{
	if (r->why[0])
		return;
	if (to->n == ROWS_MAX) {
		(void)snprintf(r->why, sizeof(r->why), "a list has more than %d things", ROWS_MAX);
		return;
	}
	if (to->n == to->room) {
		size_t room = to->room ? 2 * to->room : 64;
		struct row *row = arena_array(r->arena, room, sizeof(*row));
		if (row && to->n)
			memcpy(row, to->row, to->n * sizeof(*row));
		to->row = row ? row : to->row;
		to->room = row ? room : to->room;
	}
	if (!key || to->n == to->room) {
		(void)snprintf(r->why, sizeof(r->why), "there is no memory for it");
		return;
	}
	to->row[to->n++] = (struct row){.key = key, .text = text, .rank = rank};
}

void rows_add_named(struct reading *r, struct rows *to, const char *name, const char *text, int rank)
{
	_cleanup_buf_ struct buf b = BUF(8192);
	bool quoted = false, digit = false;
	for (const char *c = name ? name : ""; *c; c++) {
		bool is_digit = *c >= '0' && *c <= '9';
		quoted ^= *c == '"';
		if (!quoted || !is_digit)
			buf_u8(&b, (uint8_t)*c);
		else if (!digit)
			buf_u8(&b, '0');
		digit = is_digit;
	}
	size_t before = to->n;
	rows_add(r, to, name ? arena_str(r->arena, buf_slice(&b)) : NULL, text, rank);
	if (to->n > before)
		to->row[before].shown = name;
}

static int by_key(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int r = strcmp(x->key, y->key);
	/* Then the worst first, and one order for what is alike. */
	r = r ? r : y->rank - x->rank;
	return r ? r : strcmp(x->text ? x->text : "", y->text ? y->text : "");
}

/* Sorted by key, of one key the worst. */
static void order(struct rows *rows)
{
	size_t n = 0;
	if (rows->n)
		qsort(rows->row, rows->n, sizeof(*rows->row), by_key);
	for (size_t i = 0; i < rows->n; i++)
		if (n == 0 || strcmp(rows->row[n - 1].key, rows->row[i].key) != 0)
			rows->row[n++] = rows->row[i];
	rows->n = n;
}

static void add_item(struct compare *c, struct compare_section *s, const struct compare_item *item)
{
	s->count[item->kind]++;
	c->alarms += item->alarm;
	if (s->n < COMPARE_ITEMS_MAX)
		s->items[s->n++] = *item;
}

static void differ(struct compare *c, struct compare_section *s, const struct compare_kind_of *kind, const struct rows rows[2], int least)
{
	size_t i = 0, k = 0;
	while (i < rows[0].n || k < rows[1].n) {
		const struct row *a = i < rows[0].n ? &rows[0].row[i] : NULL, *b = k < rows[1].n ? &rows[1].row[k] : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a->key, b->key);
		i += order <= 0;
		k += order >= 0;
		if (order < 0) {
			add_item(c, s,
			        &(struct compare_item){.kind = COMPARE_GONE, .what = a->shown ? a->shown : a->key, .before = a->text});
			continue;
		}
		bool worse = b->rank > (order == 0 ? a->rank : 0) && b->rank >= least;
		struct compare_item item = {.kind = order ? COMPARE_NEW : COMPARE_CHANGED,
		        .what = b->shown ? b->shown : b->key,
		        .before = order ? NULL : a->text,
		        .after = b->text,
		        .alarm = kind->alarming && worse};
		bool other = order || a->rank != b->rank || (kind->by_text && a->text && b->text && strcmp(a->text, b->text) != 0);
		if (other)
			add_item(c, s, &item);
		else
			s->same++;
	}
}

static int section(struct compare *c, struct reading r[2], const struct compare_kind_of *kind, enum leak_class least)
{
	struct compare_section *s = &c->section[c->n_sections++];
	struct rows rows[2] = {0};
	*s = (struct compare_section){.id = kind->id, .title = kind->title};
	for (int side = 0; side < 2; side++) {
		kind->collect(&r[side], &rows[side]);
		if (r[side].why[0])
			return -EBADMSG;
		order(&rows[side]);
		s->there[side] = rows[side].there;
	}
	if (!s->there[0] || !s->there[1])
		return 0;
	s->items = arena_array(&c->arena, COMPARE_ITEMS_MAX, sizeof(*s->items));
	if (!s->items)
		return -ENOMEM;
	differ(c, s, kind, rows, kind->by_class ? (int)least : 1);
	return 0;
}

static void head(struct reading *r, struct compare_side *out)
{
	static const char *const verdicts[] = {"clean", "findings", "inconclusive"};
	const struct json *subject = cmp_member(r, r->doc, "subject", JSON_OBJECT);
	out->name = cmp_text(r, subject, "name");
	out->version = cmp_text(r, subject, "version");
	out->sha256 = cmp_text(r, subject, "sha256");
	out->title = cmp_text(r, subject, "title");
	out->started = cmp_text(r, r->doc, "started");
	out->effort = cmp_text(r, r->doc, "effort");
	out->profile = cmp_text(r, r->doc, "profile");
	out->postern = cmp_text(r, r->doc, "postern");
	out->seed = cmp_text(r, r->doc, "seed");
	out->trials = cmp_count(r, r->doc, "trials");
	out->partial = cmp_flag(r, r->doc, "partial");
	const char *word = cmp_text(r, r->doc, "verdict");
	size_t v = 0;
	while (v < ARRAY_LEN(verdicts) && strcmp(word, verdicts[v]) != 0)
		v++;
	if (v == ARRAY_LEN(verdicts))
		bad(r, "verdict", "is none that is known");
	else
		out->verdict = (enum verdict)v;
	/* A report has these whatever came of it. */
	(void)cmp_member(r, r->doc, "findings", JSON_ARRAY);
	(void)cmp_member(r, r->doc, "hosts", JSON_ARRAY);
}

static void note(struct compare *c, const char *text)
{
	if (text && c->n_notes < COMPARE_NOTES)
		c->note[c->n_notes++] = text;
}

static bool varied(const struct json *factors, struct slice name)
{
	for (const struct json *f = factors ? factors->child : NULL; f; f = f->next) {
		const struct json *n = json_get(f, "name"), *trials = json_get(f, "trials");
		if (n && n->type == JSON_STRING && slice_eq(n->raw, name) && trials && !slice_is(trials->raw, "0"))
			return true;
	}
	return false;
}

/* What only one of the two varied cannot have changed. */
static void note_factors(struct compare *c, struct reading r[2])
{
	const struct json *list[2] = {cmp_list(&r[0], "factors"), cmp_list(&r[1], "factors")};
	for (int side = 0; side < 2; side++) {
		_cleanup_buf_ struct buf b = BUF(2048);
		size_t n = 0;
		for (const struct json *f = list[side] ? list[side]->child : NULL; f; f = f->next) {
			const struct json *name = json_get(f, "name");
			if (name && name->type == JSON_STRING && varied(list[side], name->raw) && !varied(list[!side], name->raw))
				buf_fmt(&b, "%s%.60s", n++ ? ", " : "", cmp_text(&r[side], f, "title"));
		}
		if (n)
			note(c, arena_fmt(&c->arena, "Only %s varied: %s. What depends on that is not compared.", side ? "B" : "A",
			                buf_str(&b)));
	}
}

static void note_all(struct compare *c, struct reading r[2])
{
	const struct compare_side *a = &c->side[0], *b = &c->side[1];
	for (int side = 0; side < 2; side++) {
		const struct compare_side *s = &c->side[side];
		if (s->verdict == VERDICT_INCONCLUSIVE || s->partial) {
			c->inconclusive = true;
			note(c, arena_fmt(&c->arena, "%s is %s: what it lacks is not gone.", side ? "B" : "A",
			                s->partial ? "partial" : "inconclusive"));
		}
	}
	if (strcmp(a->name, b->name) != 0)
		note(c, arena_fmt(&c->arena, "These are two tools: %s and %s.", a->name, b->name));
	else if (*a->sha256 && strcmp(a->sha256, b->sha256) == 0)
		note(c, "Both are of the same artefact: what differs is chance, or another way of looking.");
	if (strcmp(a->effort, b->effort) != 0)
		note(c, arena_fmt(&c->arena, "A was vetted with effort \"%s\", B with \"%s\": the lesser one sees less.", a->effort,
		                b->effort));
	else if (strcmp(a->effort, "quick") == 0 && strcmp(a->seed, b->seed) != 0)
		note(c, arena_fmt(&c->arena,
		                "With effort \"quick\" the seed says from which base a factor is tried, and these had two: what is new or "
		                "gone at one base "
		                "may only have been tried there. With --seed %s B would be tried as A was.",
		                a->seed));
	if (strcmp(a->profile, b->profile) != 0)
		note(c, arena_fmt(&c->arena, "A was vetted with the profile \"%s\", B with \"%s\": they may declare different things.",
		                a->profile, b->profile));
	if (strcmp(a->postern, b->postern) != 0)
		note(c, arena_fmt(&c->arena, "A was made by Postern %s, B by %s.", a->postern, b->postern));
	note_factors(c, r);
	for (size_t i = 0; i < c->n_sections; i++)
		if (c->section[i].there[0] != c->section[i].there[1])
			note(c, arena_fmt(&c->arena, "%s: only %s has this, so it is not compared.", c->section[i].title,
			                c->section[i].there[1] ? "B" : "A"));
}

int compare_reports(struct slice a, struct slice b, enum leak_class least, struct compare *out, struct err *err)
{
	const struct slice in[2] = {a, b};
	struct reading r[2] = {0};
	struct json_error error = {0};
	*out = (struct compare){.arena = ARENA(ARENA_BYTES)};
	for (int side = 0; side < 2; side++) {
		struct json *doc = NULL;
		const char *which = side ? "the second report" : "the first report";
		if (in[side].n > COMPARE_BYTES_MAX)
			return err_set(err, -EFBIG, "%s is larger than %zu MB", which, COMPARE_BYTES_MAX >> 20);
		if (json_parse(in[side], &limits, &out->arena, &doc, &error) != JSON_OK)
			return err_set(err, -EBADMSG, "%s cannot be read: at byte %zu: %s", which, error.at, error.reason);
		r[side] = (struct reading){.arena = &out->arena, .doc = doc};
		head(&r[side], &out->side[side]);
		if (r[side].why[0])
			return err_set(err, -EBADMSG, "%s is no report.json of postern vet: %s", which, r[side].why);
	}
	for (size_t i = 0; i < n_compare_kinds && i < COMPARE_SECTIONS; i++) {
		int e = section(out, r, &compare_kinds[i], least);
		if (e == -ENOMEM)
			return err_set(err, e, "no memory to compare the reports");
		if (e < 0)
			return err_set(err, e, "%s is damaged: %s", r[0].why[0] ? "the first report" : "the second report",
			        r[0].why[0] ? r[0].why : r[1].why);
	}
	note_all(out, r);
	return 0;
}

void compare_free(struct compare *c)
{
	arena_free(&c->arena);
}

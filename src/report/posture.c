#include "report/posture.h"

#include "inspect/posture_score.h"
#include "report/page.h"
#include "report/write.h"

#define SHOWN   6u   /* of a kind, for a person */
#define CHANGES 200u /* the same, of changes */
#define LONG    600  /* columns of one value */
#define INDENT  4u

/* ── what all forms say ── */

/* "npm package name 1.0.0" */
static void put_name(struct buf *out, const struct posture *p)
{
	buf_fmt(out, "%s%s ", posture_form_word(p->form), p->form == POSTURE_EXECUTABLE ? "" : " package");
	buf_str_add(out, p->name[0] ? p->name : "without a name");
	if (p->version[0])
		buf_fmt(out, " %s", p->version);
}

static void put_size(struct buf *out, const struct posture *p)
{
	buf_fmt(out, "%llu file%s, ", (unsigned long long)p->files, write_s((size_t)p->files));
	write_bytes(out, p->bytes);
}

/* "reaches the network, starts programs" */
static void put_kinds(struct buf *out, uint32_t bits)
{
	const char *before = "";
	for (uint32_t k = 0; k < POSTURE_USES; k++)
		if (bits & 1u << k) {
			buf_fmt(out, "%s%s", before, posture_use_titles[k]);
			before = ", ";
		}
}

static void put_place(struct buf *out, const struct posture_use *u)
{
	buf_str_add(out, u->file);
	if (u->line)
		buf_fmt(out, ":%u", u->line);
}

/* "child_process (lib/a.js:3, 4 times)" */
static void put_use(struct buf *out, const struct posture_use *u)
{
	if (u->kind == POSTURE_INSTALL)
		buf_fmt(out, "%s: %s", u->name, u->text);
	else
		buf_str_add(out, u->kind == POSTURE_VARIABLES && strcmp(u->name, "*") == 0 ? "all of them" : u->name);
	if (u->kind == POSTURE_NATIVE && u->text[0])
		buf_fmt(out, " %s", u->text);
	if (!u->file[0] && u->count <= 1 && !u->reach) /* somewhere in the one file */
		return;
	buf_str_add(out, " (");
	put_place(out, u);
	if (u->count > 1)
		buf_fmt(out, "%s%llu times", u->file[0] ? ", " : "", (unsigned long long)u->count);
	if (u->reach) {
		buf_str_add(out, "; what it runs ");
		put_kinds(out, u->reach & ~(1u << POSTURE_INSTALL));
	}
	buf_u8(out, ')');
}

static void put_uses(struct buf *out, const struct posture *p, enum posture_kind kind)
{
	size_t n;
	const struct posture_use *u = posture_of(p, kind, &n);
	for (size_t i = 0; i < n && i < SHOWN; i++) {
		buf_str_add(out, i ? ", " : "");
		put_use(out, &u[i]);
	}
	if (n > SHOWN)
		buf_fmt(out, " and %zu more", n - SHOWN);
}

static void put_nothing_of(struct buf *out, const struct posture *p)
{
	const char *before = "Nothing was seen of: ";
	size_t n;
	/* Of machine code that says little. */
	if (p->form == POSTURE_EXECUTABLE)
		return;
	for (uint32_t k = 0; k < POSTURE_USES; k++) {
		(void)posture_of(p, (enum posture_kind)k, &n);
		if (n)
			continue;
		buf_fmt(out, "%s%s", before, posture_use_names[k]);
		before = ", ";
	}
}

static size_t count_of(const struct posture *p, enum posture_kind kind)
{
	size_t n;
	(void)posture_of(p, kind, &n);
	return n;
}

static void put_rest(struct buf *out, const struct posture *p)
{
	size_t n = count_of(p, POSTURE_DEPENDENCY);
	if (p->form == POSTURE_EXECUTABLE)
		buf_str_add(out, "machine code is not read: what it does beside this is not known");
	else
		buf_fmt(out, "declares %zu dependenc%s", n, n == 1 ? "y" : "ies");
	if (p->parts)
		buf_fmt(out, ", has %zu package%s inside", p->parts, write_s(p->parts));
	if (p->licence[0])
		buf_fmt(out, ", licence %s", p->licence);
	if (p->repository[0])
		buf_fmt(out, ", from %s", p->repository);
	if (p->cut)
		buf_str_add(out, "; there is more than is told here");
}

static const char *kind_word(uint32_t kind)
{
	return kind < POSTURE_USES          ? posture_use_titles[kind]
	       : kind == POSTURE_DEPENDENCY ? "depends on"
	       : kind == POSTURE_MAINTAINER ? "is of"
	                                    : "";
}

static void put_thing(struct buf *out, const struct posture_use *u)
{
	if (u->kind < POSTURE_USES)
		put_use(out, u);
	else
		buf_fmt(out, "%s%s%s", u->name, u->text[0] ? " " : "", u->text);
}

static void put_delta(struct buf *out, const struct posture_delta *d)
{
	buf_fmt(out, "%s ", kind_word(d->kind));
	put_thing(out, d->now ? d->now : d->old);
	if (d->step == POSTURE_CHANGED) {
		buf_str_add(out, ", before: ");
		put_thing(out, d->old);
	}
}

static const char *step_word(enum posture_step s)
{
	static const char *const words[] = {[POSTURE_GAINED] = "gained", [POSTURE_LOST] = "lost", [POSTURE_CHANGED] = "changed"};
	return words[s];
}

/* "It gained: …", in words of what it could not do at all before. */
static void put_summary(struct buf *out, const struct posture_change *c)
{
	size_t n[3] = {0};
	if (posture_same(c)) {
		buf_str_add(out, "What it can do, what it depends on and whose it is did not change.");
		return;
	}
	for (size_t i = 0; i < c->n; i++)
		n[c->delta[i].step]++;
	buf_fmt(out, "%zu gained, %zu lost, %zu changed.", n[POSTURE_GAINED], n[POSTURE_LOST], n[POSTURE_CHANGED]);
	if (c->gained) {
		buf_str_add(out, " What it did not do before at all: ");
		put_kinds(out, c->gained);
		buf_u8(out, '.');
	}
	if (c->lost) {
		buf_str_add(out, " What it no longer does: ");
		put_kinds(out, c->lost);
		buf_u8(out, '.');
	}
}

static void put_sizes(struct buf *out, const struct posture_change *c)
{
	put_size(out, c->old);
	buf_str_add(out, " became ");
	put_size(out, c->now);
}

/* "+25 what its installation runs reaches the network: postinstall: … (package.json:1), 2 times" */
static void put_reason(struct buf *out, const struct posture_reason *r, char sign)
{
	buf_fmt(out, "%c%u %s", sign, r->points, posture_reasons[r->row].title);
	if (r->evidence[0])
		buf_fmt(out, ": %s", r->evidence);
	if (r->count > 1)
		buf_fmt(out, ", and %llu more", (unsigned long long)r->count - 1);
}

/* What it is, and what it is not. */
static void put_score(struct buf *out, const struct posture_score *s)
{
	if (s->n == 0)
		buf_str_add(out, "score 0: no reason to look at it before others");
	else
		buf_fmt(out, "score %u, the sum of %zu reason%s to look at it", s->points, s->n, write_s(s->n));
	for (size_t i = 0; posture_score_open(s, i); i++)
		buf_fmt(out, "%s%s", i ? ", " : "; not looked at: ", posture_score_open(s, i));
}

/* Of two versions; nothing without a score of both. */
static void put_scores(struct buf *out, const struct posture_change *c)
{
	const struct posture_score *old = c->old->score, *now = c->now->score;
	if (!old || !now)
		return;
	if (old->points == now->points)
		buf_fmt(out, "score %u, as before", now->points);
	else
		buf_fmt(out, "score %u, before: %u", now->points, old->points);
}

/* The i-th reason that only one of both has: sign '+' for the new one, '-' for the old; NULL: there are no more. */
static const struct posture_reason *moved(const struct posture_change *c, size_t i, char *sign)
{
	const struct posture_score *s[] = {c->now->score, c->old->score};
	for (unsigned k = 0; k < 2 && s[0] && s[1]; k++)
		for (size_t n = 0; n < s[k]->n; n++)
			if (!posture_score_has(s[1 - k], s[k]->reason[n].row) && i-- == 0) {
				*sign = k ? '-' : '+';
				return &s[k]->reason[n];
			}
	return NULL;
}

/* ── text ── */

#define TEXT_MAX ((size_t)1 << 20)

static void flush(struct buf *out, struct buf *line, size_t indent, size_t width)
{
	for (size_t i = 0; i < INDENT - 2; i++)
		buf_u8(out, ' ');
	write_wrapped(out, indent, width, buf_slice(line), false);
	buf_reset(line);
}

void posture_text(struct buf *out, const struct posture *p, size_t width)
{
	_cleanup_buf_ struct buf line = BUF(TEXT_MAX);
	put_name(&line, p);
	buf_str_add(&line, ", ");
	put_size(&line, p);
	write_visible(out, buf_slice(&line));
	buf_u8(out, '\n');
	buf_reset(&line);
	if (p->score) {
		put_score(&line, p->score);
		flush(out, &line, INDENT, width);
	}
	for (size_t i = 0; p->score && i < p->score->n; i++) {
		put_reason(&line, &p->score->reason[i], '+');
		buf_str_add(out, "  ");
		flush(out, &line, INDENT + 2, width);
	}
	for (uint32_t k = 0; k < POSTURE_USES; k++) {
		if (!count_of(p, (enum posture_kind)k))
			continue;
		buf_fmt(&line, "%s: ", posture_use_titles[k]);
		put_uses(&line, p, (enum posture_kind)k);
		flush(out, &line, INDENT, width);
	}
	put_nothing_of(&line, p);
	if (line.n)
		flush(out, &line, INDENT, width);
	put_rest(&line, p);
	flush(out, &line, INDENT, width);
	buf_u8(out, '\n');
}

void posture_change_text(struct buf *out, const struct posture_change *c, size_t width)
{
	_cleanup_buf_ struct buf line = BUF(TEXT_MAX);
	put_name(&line, c->old);
	buf_str_add(&line, " became ");
	put_name(&line, c->now);
	write_visible(out, buf_slice(&line));
	buf_u8(out, '\n');
	buf_reset(&line);
	put_scores(&line, c);
	if (line.n)
		flush(out, &line, INDENT, width);
	char sign;
	const struct posture_reason *r;
	for (size_t i = 0; (r = moved(c, i, &sign)); i++) {
		put_reason(&line, r, sign);
		buf_str_add(out, "  ");
		flush(out, &line, INDENT + 2, width);
	}
	put_summary(&line, c);
	flush(out, &line, INDENT, width);
	for (size_t i = 0; i < c->n && i < CHANGES; i++) {
		buf_fmt(&line, "%s: ", step_word(c->delta[i].step));
		put_delta(&line, &c->delta[i]);
		flush(out, &line, INDENT, width);
	}
	if (c->n > CHANGES) {
		buf_fmt(&line, "and %zu more", c->n - CHANGES);
		flush(out, &line, INDENT, width);
	}
	if (c->repository) {
		buf_fmt(&line, "changed: its source is said to be %s, before: %s", c->now->repository, c->old->repository);
		flush(out, &line, INDENT, width);
	}
	if (c->licence) {
		buf_fmt(&line, "changed: licence %s, before: %s", c->now->licence, c->old->licence);
		flush(out, &line, INDENT, width);
	}
	put_sizes(&line, c);
	flush(out, &line, INDENT, width);
	buf_u8(out, '\n');
}

/* ── JSON ── */

static void member(struct buf *out, const char *before, const char *key, const char *value)
{
	buf_fmt(out, "%s\"%s\": ", before, key);
	write_json(out, value);
}

static void kinds_json(struct buf *out, uint32_t bits)
{
	const char *before = "";
	buf_u8(out, '[');
	for (uint32_t k = 0; k < POSTURE_USES; k++)
		if (bits & 1u << k) {
			buf_fmt(out, "%s\"%s\"", before, posture_use_names[k]);
			before = ", ";
		}
	buf_u8(out, ']');
}

static void use_json(struct buf *out, const struct posture_use *u)
{
	member(out, "{", "name", u->name);
	if (u->kind == POSTURE_DEPENDENCY) {
		member(out, ", ", "spec", u->text);
		member(out, ", ", "scope", posture_scope_word((enum posture_scope)(u->count ? u->count - 1 : 0)));
	} else if (u->kind == POSTURE_INSTALL) {
		member(out, ", ", "command", u->text);
		buf_str_add(out, ", \"reaches\": ");
		kinds_json(out, u->reach);
	} else if (u->text[0]) {
		member(out, ", ", "detail", u->text);
	}
	if (u->kind < POSTURE_USES) {
		member(out, ", ", "file", u->file);
		if (u->line)
			buf_fmt(out, ", \"line\": %u", u->line);
		buf_fmt(out, ", \"count\": %llu", (unsigned long long)u->count);
	}
	buf_u8(out, '}');
}

static void uses_json(struct buf *out, const struct posture *p, uint32_t kind, size_t most)
{
	size_t n;
	const struct posture_use *u = posture_of(p, (enum posture_kind)kind, &n);
	buf_u8(out, '[');
	for (size_t i = 0; i < n && i < most; i++) {
		buf_str_add(out, i ? ",\n        " : "\n        ");
		use_json(out, &u[i]);
	}
	buf_u8(out, ']');
}

static void head_json(struct buf *out, const struct posture *p)
{
	member(out, "{", "path", p->path);
	member(out, ", ", "form", posture_form_word(p->form));
	member(out, ", ", "name", p->name);
	member(out, ", ", "version", p->version);
	buf_fmt(out, ", \"files\": %llu, \"bytes\": %llu", (unsigned long long)p->files, (unsigned long long)p->bytes);
}

static void reason_json(struct buf *out, const struct posture_reason *r)
{
	const struct posture_reason_row *row = &posture_reasons[r->row];
	member(out, "{", "id", row->id);
	buf_fmt(out, ", \"points\": %u", r->points);
	member(out, ", ", "title", row->title);
	member(out, ", ", "why", row->why);
	member(out, ", ", "evidence", r->evidence);
	buf_fmt(out, ", \"count\": %llu}", (unsigned long long)r->count);
}

static void score_json(struct buf *out, const struct posture_score *s)
{
	buf_fmt(out, "{\"points\": %u, \"reasons\": [", s->points);
	for (size_t i = 0; i < s->n; i++) {
		buf_str_add(out, i ? ",\n        " : "\n        ");
		reason_json(out, &s->reason[i]);
	}
	buf_str_add(out, "], \"not_looked_at\": [");
	for (size_t i = 0; posture_score_open(s, i); i++) {
		buf_str_add(out, i ? ", " : "");
		write_json(out, posture_score_open(s, i));
	}
	buf_str_add(out, "]}");
}

static void moved_json(struct buf *out, const struct posture_change *c, char wanted)
{
	char sign;
	const char *before = "\n      ";
	buf_u8(out, '[');
	const struct posture_reason *r;
	for (size_t i = 0; (r = moved(c, i, &sign)); i++) {
		if (sign != wanted)
			continue;
		buf_str_add(out, before);
		reason_json(out, r);
		before = ",\n      ";
	}
	buf_u8(out, ']');
}

static void scores_json(struct buf *out, const struct posture_change *c)
{
	if (!c->old->score || !c->now->score)
		return;
	buf_fmt(out, ",\n    \"score\": {\"old\": %u, \"new\": %u, \"came\": ", c->old->score->points, c->now->score->points);
	moved_json(out, c, '+');
	buf_str_add(out, ", \"went\": ");
	moved_json(out, c, '-');
	buf_u8(out, '}');
}

/* Is there a kind with more than so many? */
static bool is_more(const struct posture *p, size_t most)
{
	for (uint32_t k = 0; k < POSTURE_KINDS; k++)
		if (count_of(p, (enum posture_kind)k) > most)
			return true;
	return p->parts > most;
}

void posture_json(struct buf *out, const struct posture *p, size_t most)
{
	size_t n;
	const struct posture_use *u = posture_of(p, POSTURE_MAINTAINER, &n);
	head_json(out, p);
	member(out, ", ", "licence", p->licence);
	member(out, ", ", "repository", p->repository);
	buf_str_add(out, ", \"maintainers\": [");
	for (size_t i = 0; i < n && i < most; i++) {
		buf_str_add(out, i ? ", " : "");
		write_json(out, u[i].name);
	}
	buf_fmt(out, "], \"cut\": %s,\n      ", p->cut || is_more(p, most) ? "true" : "false");
	if (p->score) {
		buf_str_add(out, "\"score\": ");
		score_json(out, p->score);
		buf_str_add(out, ",\n      ");
	}
	buf_str_add(out, "\"capabilities\": {");
	for (uint32_t k = 0; k < POSTURE_USES; k++) {
		buf_fmt(out, "%s\"%s\": ", k ? ",\n      " : "", posture_use_names[k]);
		uses_json(out, p, k, most);
	}
	buf_str_add(out, "},\n      \"dependencies\": ");
	uses_json(out, p, POSTURE_DEPENDENCY, most);
	buf_str_add(out, ",\n      \"inside\": [");
	for (size_t i = 0; i < p->parts && i < most; i++) {
		const struct posture_part *x = &p->part[i];
		member(out, i ? ",\n        {" : "\n        {", "folder", x->folder);
		member(out, ", ", "form", posture_form_word(x->form));
		member(out, ", ", "name", x->name);
		member(out, ", ", "version", x->version);
		member(out, ", ", "licence", x->licence);
		buf_u8(out, '}');
	}
	buf_str_add(out, "]}");
}

void posture_change_json(struct buf *out, const struct posture_change *c)
{
	buf_str_add(out, "{\n    \"old\": ");
	head_json(out, c->old);
	buf_str_add(out, "},\n    \"new\": ");
	head_json(out, c->now);
	buf_fmt(out, "},\n    \"same\": %s, \"gained\": ", posture_same(c) ? "true" : "false");
	kinds_json(out, c->gained);
	buf_str_add(out, ", \"lost\": ");
	kinds_json(out, c->lost);
	if (c->repository) {
		member(out, ", \"repository\": {", "old", c->old->repository);
		member(out, ", ", "new", c->now->repository);
		buf_u8(out, '}');
	}
	if (c->licence) {
		member(out, ", \"licence\": {", "old", c->old->licence);
		member(out, ", ", "new", c->now->licence);
		buf_u8(out, '}');
	}
	scores_json(out, c);
	buf_str_add(out, ",\n    \"changes\": [");
	for (size_t i = 0; i < c->n; i++) {
		const struct posture_delta *d = &c->delta[i];
		const char *kind = d->kind < POSTURE_USES          ? posture_use_names[d->kind]
		                   : d->kind == POSTURE_DEPENDENCY ? "dependency"
		                                                   : "maintainer";
		member(out, i ? ",\n      {" : "\n      {", "step", step_word(d->step));
		member(out, ", ", "kind", kind);
		if (d->old) {
			buf_str_add(out, ", \"old\": ");
			use_json(out, d->old);
		}
		if (d->now) {
			buf_str_add(out, ", \"new\": ");
			use_json(out, d->now);
		}
		buf_u8(out, '}');
	}
	buf_str_add(out, "]\n  }");
}

/* ── HTML ── */

static void item(struct buf *out, struct buf *line)
{
	buf_str_add(out, "<li>");
	page_value(out, buf_str(line), LONG);
	buf_reset(line);
}

void posture_html(struct buf *out, const struct posture *p)
{
	_cleanup_buf_ struct buf line = BUF(TEXT_MAX);
	buf_str_add(out, "<article class=card><header><span class=tag>package</span><h3>");
	put_name(&line, p);
	page_value(out, buf_str(&line), LONG);
	buf_reset(&line);
	buf_str_add(out, "</h3></header><p class=where>");
	put_size(&line, p);
	buf_str_add(&line, ", ");
	put_rest(&line, p);
	page_value(out, buf_str(&line), LONG);
	buf_reset(&line);
	buf_str_add(out, "</p>");
	if (p->score) {
		put_score(&line, p->score);
		buf_str_add(out, "<p><b>");
		page_value(out, buf_str(&line), LONG);
		buf_str_add(out, "</b></p><ul class=plain>");
		buf_reset(&line);
	}
	for (size_t i = 0; p->score && i < p->score->n; i++) {
		put_reason(&line, &p->score->reason[i], '+');
		buf_fmt(&line, ". %s", posture_reasons[p->score->reason[i].row].why);
		item(out, &line);
	}
	buf_str_add(out, p->score ? "</ul><ul class=plain>" : "<ul class=plain>");
	for (uint32_t k = 0; k < POSTURE_USES; k++) {
		if (!count_of(p, (enum posture_kind)k))
			continue;
		buf_fmt(&line, "%s: ", posture_use_titles[k]);
		put_uses(&line, p, (enum posture_kind)k);
		item(out, &line);
	}
	put_nothing_of(&line, p);
	if (line.n)
		item(out, &line);
	buf_str_add(out, "</ul></article>\n");
}

void posture_change_html(struct buf *out, const struct posture_change *c)
{
	_cleanup_buf_ struct buf line = BUF(TEXT_MAX);
	buf_str_add(out, "<article class=card><header><span class=tag>change</span><h3>");
	put_name(&line, c->old);
	buf_str_add(&line, " became ");
	put_name(&line, c->now);
	page_value(out, buf_str(&line), LONG);
	buf_reset(&line);
	buf_str_add(out, "</h3></header><p>");
	put_summary(&line, c);
	page_value(out, buf_str(&line), LONG);
	buf_reset(&line);
	buf_str_add(out, "</p><ul class=plain>");
	put_scores(&line, c);
	if (line.n)
		item(out, &line);
	char sign;
	const struct posture_reason *r;
	for (size_t i = 0; (r = moved(c, i, &sign)); i++) {
		put_reason(&line, r, sign);
		item(out, &line);
	}
	for (size_t i = 0; i < c->n && i < CHANGES; i++) {
		buf_fmt(&line, "%s: ", step_word(c->delta[i].step));
		put_delta(&line, &c->delta[i]);
		item(out, &line);
	}
	if (c->n > CHANGES)
		buf_fmt(out, "<li>and %zu more", c->n - CHANGES);
	if (c->repository) {
		buf_fmt(&line, "its source is said to be %s, before: %s", c->now->repository, c->old->repository);
		item(out, &line);
	}
	if (c->licence) {
		buf_fmt(&line, "licence %s, before: %s", c->now->licence, c->old->licence);
		item(out, &line);
	}
	put_sizes(&line, c);
	item(out, &line);
	buf_str_add(out, "</ul></article>\n");
}

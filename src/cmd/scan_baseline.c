#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "cmd/scan.h"
#include "parse/json.h"
#include "report/write.h"
#include "sys/path.h"

#define FILE_MAX   ((size_t)64 << 20)
#define MEMORY_MAX ((size_t)1 << 30)
#define VALUES_MAX 4000000u
#define HEX        64u

static int by_place(const void *a, const void *b)
{
	const struct scan_pin *x = a, *y = b;
	return strcmp(x->place, y->place);
}

static struct slice text_of(struct scan_baseline *b, const struct json *v)
{
	return v && v->type == JSON_STRING ? json_text(v, &b->arena) : SLICE_NONE;
}

/* What is wrong with it, or NULL. */
static const char *read_pin(struct scan_baseline *b, const struct json *v, struct scan_pin *pin)
{
	struct slice place = text_of(b, json_get(v, "path")), sha256 = text_of(b, json_get(v, "sha256"));
	const struct json *rules = json_get(v, "rules");
	if (place.n == 0 || slice_chr(place, 0, 0) != SLICE_NPOS)
		return "a file without a path";
	if (sha256.n != HEX || !rules || rules->type != JSON_ARRAY)
		return "a file without sha256 and rules";
	pin->place = arena_str(&b->arena, place);
	pin->sha256 = arena_str(&b->arena, sha256);
	for (const struct json *r = rules->child; r; r = r->next) {
		uint32_t rule = scan_rule_find(text_of(b, r));
		if (r->type != JSON_STRING)
			return "a rule that is no text";
		/* One of another version: it pins nothing here. */
		scan_rule_add(&pin->rules, rule);
		pin->unknown = pin->unknown || rule == SCAN_RULES;
	}
	return pin->place && pin->sha256 ? NULL : "too much";
}

static const char *read_all(struct scan_baseline *b, struct slice text)
{
	const struct json_limits limits = {.nodes = VALUES_MAX};
	struct json *doc;
	struct json_error e;
	if (json_parse(text, &limits, &b->arena, &doc, &e) != JSON_OK)
		return e.reason;
	const struct json *version = json_get(doc, "version"), *files = json_get(doc, "files");
	if (!version || !slice_is(version->raw, "1") || !files || files->type != JSON_ARRAY)
		return "no version 1 of a baseline";
	b->pin = arena_array(&b->arena, files->n + 1, sizeof(*b->pin));
	if (!b->pin)
		return "too much";
	const char *wrong = NULL;
	for (const struct json *v = files->child; v && !wrong; v = v->next)
		wrong = read_pin(b, v, &b->pin[b->n++]);
	return wrong;
}

int scan_baseline_read(struct scan_baseline *b, const char *file, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(FILE_MAX);
	*b = (struct scan_baseline){.arena = ARENA(MEMORY_MAX)};
	int r = path_read(AT_FDCWD, file, &text);
	if (r < 0)
		return err_sys(err, r, "cannot read the baseline %s", file);
	const char *wrong = read_all(b, buf_slice(&text));
	if (wrong)
		return err_set(err, -EBADMSG, "%s is no baseline: %s; --write-baseline makes one", file, wrong);
	if (b->n)
		qsort(b->pin, b->n, sizeof(*b->pin), by_place);
	return 0;
}

void scan_baseline_free(struct scan_baseline *b)
{
	arena_free(&b->arena);
	*b = (struct scan_baseline){.n = 0};
}

/* The first pin of a place; there may be more, of other contents. NULL: there is none. */
static struct scan_pin *first_of(struct scan_baseline *b, const char *place)
{
	const struct scan_pin key = {.place = place};
	struct scan_pin *p = b->n ? bsearch(&key, b->pin, b->n, sizeof(*b->pin), by_place) : NULL;
	while (p && p > b->pin && by_place(p - 1, &key) == 0)
		p--;
	return p;
}

void scan_baseline_apply(struct scan_baseline *b, const char *place, struct scan_file *f)
{
	struct scan_pin *p = first_of(b, place);
	for (; p && p < b->pin + b->n && strcmp(p->place, place) == 0; p++) {
		p->met = true;
		p->same = f->sum.found == 0 || (f->sha256 && strcmp(p->sha256, f->sha256) == 0);
		for (uint32_t i = 0; p->same && i < SCAN_RULES; i++)
			if (scan_rule_in(&p->rules, i) && scan_rule_in(&f->sum.rules, i)) {
				scan_rule_add(&p->found, i);
				scan_rule_add(&f->pinned, i);
			}
	}
	if (!first_of(b, place))
		return;
	scan_file_judge(f);
}

static int add_stale(struct scan_baseline *b, const char *place, const char *rule, const char *why)
{
	if (b->n_stale == b->stale_room) {
		size_t more = b->stale_room ? 2 * b->stale_room : 16;
		struct scan_stale *larger = arena_array(&b->arena, more, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		if (b->n_stale)
			memcpy(larger, b->stale, b->n_stale * sizeof(*larger));
		b->stale = larger;
		b->stale_room = more;
	}
	b->stale[b->n_stale++] = (struct scan_stale){.place = place, .rule = rule, .why = why};
	return 0;
}

int scan_baseline_end(struct scan_baseline *b, bool (*in_scope)(void *arg, const char *place), void *arg)
{
	int r = 0;
	for (size_t i = 0; i < b->n && r == 0; i++) {
		const struct scan_pin *p = &b->pin[i];
		if (p->unknown)
			r = add_stale(b, p->place, NULL, "it names a rule that this version does not have");
		if (r == 0 && !p->met && in_scope(arg, p->place))
			r = add_stale(b, p->place, NULL, "the file is not there any more");
		else if (r == 0 && p->met && !p->same)
			r = add_stale(b, p->place, NULL, "its content is another");
		for (uint32_t k = 0; p->met && p->same && k < SCAN_RULES && r == 0; k++)
			if (scan_rule_in(&p->rules, k) && !scan_rule_in(&p->found, k))
				r = add_stale(b, p->place, scan_rules[k].id, "it is not found any more");
	}
	return r;
}

/* Can it be written as JSON, and be the same when it is read? */
static bool can_be_named(struct slice place)
{
	for (size_t at = 0; at < place.n;)
		if (write_next(place, &at) >= WRITE_BAD)
			return false;
	return true;
}

bool scan_baseline_put(struct buf *out, const char *place, const struct scan_file *f, bool first)
{
	bool any = false;
	if (!f->sha256 || !can_be_named(slice_str(place)))
		return false;
	buf_str_add(out, first ? "\n    {\"path\": " : ",\n    {\"path\": ");
	write_json(out, place);
	buf_fmt(out, ", \"sha256\": \"%s\", \"rules\": [", f->sha256);
	for (uint32_t i = 0; i < SCAN_RULES; i++)
		if (scan_rule_in(&f->sum.rules, i)) {
			buf_fmt(out, "%s\"%s\"", any ? ", " : "", scan_rules[i].id);
			any = true;
		}
	buf_str_add(out, "]}");
	return true;
}

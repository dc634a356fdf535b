/* Changes: what is new in a file against what it was before. Facts of both are gathered, and the difference is told; so what stood there
 * already, or was only moved about, is none. */
#include "inspect/scan_change.h"

#include <stdio.h>

#include "inspect/scan_part.h"

#define ARENA_MAX ((size_t)96 << 20)
#define TEXT_MAX  ((size_t)16 << 20)
#define FACTS_MAX 20000u
#define LINE_MAX  400u
#define SAY_MAX   300u
#define HEAD_MAX  2000u /* bytes in which a file says what made it */

/* ── facts ── */

static struct slice line_at(struct slice t, size_t at)
{
	size_t from = at, to = slice_chr(t, '\n', at);
	to = to == SLICE_NPOS ? t.n : to;
	while (from > 0 && t.p[from - 1] != '\n' && at - from < LINE_MAX)
		from--;
	return slice_trim(slice_sub(t, from, to - from < LINE_MAX ? to - from : LINE_MAX));
}

static bool make_room(struct change_facts *f)
{
	if (f->n < f->room)
		return true;
	size_t more = f->room ? 2 * f->room : 64;
	struct change_fact *larger = f->n < FACTS_MAX ? arena_array(f->arena, more, sizeof(*larger)) : NULL;
	if (!larger) {
		f->cut = true;
		return false;
	}
	if (f->n)
		memcpy(larger, f->fact, f->n * sizeof(*larger));
	f->fact = larger;
	f->room = more;
	return true;
}

void change_add(
        struct change_facts *f, enum scan_rule_name rule, enum change_how how, struct slice key, size_t at, size_t n, const char *fmt, ...)
{
	struct slice same = key.n ? key : line_at(f->text, at);
	char say[SAY_MAX];
	if (!make_room(f))
		return;
	struct change_fact *to = &f->fact[f->n];
	*to = (struct change_fact){.rule = rule, .how = how, .key = slice_hash(same), .at = at, .n = n};
	if (fmt) {
		va_list ap;
		va_start(ap, fmt);
		int put = vsnprintf(say, sizeof(say), fmt, ap);
		va_end(ap);
		to->say = put < 0 ? NULL : arena_str(f->arena, slice_str(say));
	}
	f->n++;
}

/* Parts of a path, in small letters. */
static bool is_test_part(struct slice part, bool last)
{
	static const char *const folders[] = {"test", "tests", "testing", "__tests__", "testdata", "spec", "specs", "fixtures", "fixture",
	        "example", "examples", "docs", "doc", "bench", "benches", "benchmark", "benchmarks", "e2e", "mock", "mocks", "__mocks__",
	        "sample", "samples", "demo", "demos", "integration-tests", "testutil", "testutils", "samples", NULL};
	static const char *const ends[] = {"_test", "_tests", "_spec", ".test", ".spec", "-test", "-tests", ".e2e", "_fixture", NULL};
	if (!last)
		return scan_one_of(part, folders) || slice_starts(part, SLICE("test-")) || slice_starts(part, SLICE("tests-")) ||
		       slice_ends(part, SLICE("-tests")) || slice_ends(part, SLICE("_tests")) || slice_ends(part, SLICE("-test"));
	size_t dot = slice_chr(part, '.', 1);
	struct slice stem = part;
	/* "a.test.js" is called "a.test". */
	for (size_t i = dot == SLICE_NPOS ? 0 : part.n; i > 1; i--)
		if (part.p[i - 1] == '.') {
			stem = slice_sub(part, 0, i - 1);
			break;
		}
	for (size_t i = 0; ends[i]; i++)
		if (slice_ends(stem, slice_str(ends[i])))
			return true;
	return slice_starts(stem, SLICE("test_")) || slice_starts(stem, SLICE("test-")) || slice_is(stem, "conftest") ||
	       slice_is(stem, "test") || slice_is(stem, "tests");
}

bool change_is_test(const char *path)
{
	char lower[SCAN_MEMBER_MAX];
	size_t n = 0;
	for (; path[n] && n + 1 < sizeof(lower); n++)
		lower[n] = (char)(path[n] >= 'A' && path[n] <= 'Z' ? path[n] + ('a' - 'A') : path[n]);
	struct slice rest = slice_of(lower, n), part;
	while (slice_split(&rest, '/', &part))
		if (is_test_part(part, rest.n == 0))
			return true;
	/* "FooTest.java": the letter says where the word begins. */
	struct slice name = slice_base(slice_str(path));
	return slice_find(name, SLICE("Test."), 0) != SLICE_NPOS || slice_find(name, SLICE("Tests."), 0) != SLICE_NPOS;
}

static void gather(struct change_facts *f)
{
	if (f->text.n > TEXT_MAX) {
		f->cut = f->looked = true;
		return;
	}
	if (!scan_is_text(f->text)) {
		change_binary(f);
		return;
	}
	change_code(f);
	change_settings(f);
	change_dependencies(f);
	change_deferred(f);
	change_secrets(f);
}

/* ── the difference ── */

static int by_key(const void *a, const void *b)
{
	const struct change_fact *x = a, *y = b;
	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	return x->key != y->key ? (x->key < y->key ? -1 : 1) : 0;
}

struct delta {
	struct change_fact *old; /* by rule and key */
	bool *used;              /* of each: something new is this one */
	size_t n;
	uint32_t was[SCAN_RULES], is[SCAN_RULES], told[SCAN_RULES];
};

/* Was it there? Each can be the same as one only. */
static bool was_there(struct delta *d, const struct change_fact *f)
{
	size_t low = 0, high = d->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (by_key(&d->old[middle], f) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < d->n && by_key(&d->old[low], f) == 0; low++) {
		if (f->how != CHANGE_MORE)
			return true;
		if (!d->used[low]) {
			d->used[low] = true;
			return true;
		}
	}
	return false;
}

static bool is_new(struct delta *d, const struct change_fact *f)
{
	if (f->how == CHANGE_FIRST)
		return d->was[f->rule] == 0 && d->told[f->rule] == 0;
	if (was_there(d, f))
		return false;
	/* A line that was edited is not another one. */
	return f->how == CHANGE_EACH || d->told[f->rule] + d->was[f->rule] < d->is[f->rule];
}

/* Does it say of itself that a program made it? Hardly anybody reads such a file. */
static bool says_generated(struct slice text)
{
	struct slice head = slice_sub(text, 0, HEAD_MAX);
	bool edit = slice_find(head, SLICE("DO NOT EDIT"), 0) != SLICE_NPOS || slice_find(head, SLICE("Do not edit"), 0) != SLICE_NPOS ||
	            slice_find(head, SLICE("do not edit"), 0) != SLICE_NPOS;
	return slice_find(head, SLICE("@generated"), 0) != SLICE_NPOS || (edit && slice_find(head, SLICE("enerated"), 0) != SLICE_NPOS);
}

static bool is_capability(uint32_t rule)
{
	return rule >= SCAN_RULE_CHANGE_ADDS_NETWORK && rule <= SCAN_RULE_CHANGE_ADDS_DECODING;
}

static void tell(struct scan *s, const struct scan_input *in, const struct change_fact *f)
{
	char text[LINE_MAX];
	struct slice shown = f->say ? slice_str(f->say) : line_at(in->bytes, f->at);
	size_t n = shown.n < 240 ? shown.n : 240;
	for (size_t i = 0; i < n; i++)
		text[i] = (char)(shown.p[i] < ' ' ? ' ' : shown.p[i]);
	text[n] = 0;
	scan_found_text(s, in, (enum scan_rule_name)f->rule, in->bytes, f->at, f->n, "%s%s", text,
	        is_capability(f->rule) && says_generated(in->bytes) ? " (in a file that says it is generated)" : "");
}

static bool has(const struct delta *d, uint32_t rule)
{
	return d->is[rule] > 0;
}

/* Both are there, and one of them is new. */
static bool both(const struct delta *d, uint32_t a, uint32_t b)
{
	return has(d, a) && has(d, b) && (d->told[a] || d->told[b]);
}

/* What only counts together. */
static void together(struct scan *s, const struct scan_input *in, const struct change_facts *now, const struct delta *d)
{
	uint32_t rule = SCAN_RULES, where = SCAN_RULE_CHANGE_ADDS_NETWORK;
	if (now->test)
		return;
	if (change_defers(now->path) != CHANGE_RUN_NEVER && d->told[SCAN_RULE_CHANGE_ADDS_NETWORK])
		rule = SCAN_RULE_CHANGE_DEFERRED;
	else if (both(d, SCAN_RULE_CHANGE_ADDS_CREDENTIALS, SCAN_RULE_CHANGE_ADDS_NETWORK)) {
		rule = SCAN_RULE_CHANGE_REACHES;
		where = SCAN_RULE_CHANGE_ADDS_CREDENTIALS;
	}
	for (size_t i = 0; i < now->n && rule < SCAN_RULES; i++)
		if (now->fact[i].rule == where) {
			struct change_fact f = now->fact[i];
			f.rule = rule;
			tell(s, in, &f);
			return;
		}
}

bool scan_change_look(struct scan *s, const struct scan_input *in, const struct scan_around *around)
{
	_cleanup_arena_ struct arena arena = ARENA(ARENA_MAX);
	struct change_facts now = {.arena = &arena,
	        .path = in->path,
	        .text = in->bytes,
	        .manifest = around->manifest,
	        .test = change_is_test(in->path),
	        .secrets = around->secrets};
	struct change_facts old = now;
	old.text = around->before ? *around->before : SLICE_NONE;
	gather(&now);
	if (around->before) {
		gather(&old);
		change_guards_less(&now, old.guards);
		change_pins_other(&now, old.pins);
	}
	if (now.cut)
		scan_found(s, in, SCAN_RULE_CHANGE_LIMIT, 0, in->size, "%s", "more than is compared");
	/* Also if it could not be read before. */
	if (now.unread)
		scan_found(s, in, SCAN_RULE_CHANGE_UNREAD, 0, in->size, "%s", now.unread);
	struct delta d = {.old = old.fact, .n = old.n, .used = arena_array(&arena, old.n ? old.n : 1, sizeof(bool))};
	/* Of what was cut off nothing is known to have been there before: more is told then, not less. */
	if (!d.used)
		d.n = 0;
	if (d.n)
		qsort(d.old, d.n, sizeof(*d.old), by_key);
	for (size_t i = 0; i < d.n; i++)
		d.was[d.old[i].rule]++;
	for (size_t i = 0; i < now.n; i++)
		d.is[now.fact[i].rule]++;
	for (size_t i = 0; i < now.n; i++)
		if (is_new(&d, &now.fact[i])) {
			tell(s, in, &now.fact[i]);
			d.told[now.fact[i].rule]++;
		}
	together(s, in, &now, &d);
	return now.looked;
}

#include "gate/events.h"

#include <errno.h>
#include <stdlib.h>

#include "inspect/redact.h"
#include "parse/json.h"

#define PLACES_MAX 64u
#define KEY_MAX    256u
#define STRINGS    64u /* of an event that are looked at */
#define ARENA_MAX  ((size_t)16 << 20)

/* A place whose text goes on from event to event. */
struct place {
	char key[KEY_MAX];
	struct redact_restore restore;
	struct buf event; /* the last event that had a part of it */
	size_t at, n;     /* of the text in that event, without quotes */
};

struct events {
	struct redact_vault *vault;
	struct buf line; /* of the event that is being gathered, whole lines and the one under way */
	bool skipping;   /* the event is too long: its rest passes as it is */
	struct place place[PLACES_MAX];
	size_t n_places;
	struct arena arena;
};

int events_new(struct redact_vault *vault, struct events **out)
{
	struct events *e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->vault = vault;
	e->line = BUF(EVENT_MAX + 65536);
	e->arena = ARENA(ARENA_MAX);
	*out = e;
	return 0;
}

void events_free(struct events *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->n_places; i++)
		buf_free(&e->place[i].event);
	buf_free(&e->line);
	arena_free(&e->arena);
	free(e);
}

/* The names under which vendors put pieces of text: Anthropic text, partial_json, thinking; OpenAI content, arguments, delta, refusal;
 * Gemini text. */
static bool is_text(struct slice name)
{
	static const char *const names[] = {"text", "partial_json", "thinking", "content", "reasoning_content", "arguments", "delta",
	        "refusal", "reasoning", "input", "output_text", "transcript"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_is(name, names[i]))
			return true;
	return false;
}

/* Names of members from the root, numbers of elements, and what an object says of its own number, so that two pieces of one text have the
 * same key and two texts have not. */
static void write_key(const struct json *v, struct buf *out)
{
	static const char *const numbers[] = {"index", "output_index", "content_index", "item_id", "type"};
	if (!v->parent)
		return;
	write_key(v->parent, out);
	buf_u8(out, '/');
	if (v->key.p)
		buf_add(out, v->key);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		const struct json *k = json_get(v->parent, numbers[i]);
		if (k && k != v && k->type != JSON_OBJECT && k->type != JSON_ARRAY) {
			buf_u8(out, ':');
			buf_add(out, slice_sub(k->raw, 0, 48));
		}
	}
}

/* Strings to be looked at, in the order of the bytes. */
static void find_strings(const struct json *v, const struct json **found, size_t *n)
{
	for (; v && *n < STRINGS; v = v->next) {
		if (v->type == JSON_STRING && v->key.p && is_text(v->key))
			found[(*n)++] = v;
		else if (v->child)
			find_strings(v->child, found, n);
	}
}

static struct place *place_of(struct events *e, const struct json *v)
{
	_cleanup_buf_ struct buf key = BUF(KEY_MAX - 1);
	write_key(v, &key);
	if (buf_error(&key))
		return NULL;
	for (size_t i = 0; i < e->n_places; i++)
		if (strcmp(e->place[i].key, buf_str(&key)) == 0)
			return &e->place[i];
	if (e->n_places == PLACES_MAX)
		return NULL;
	struct place *p = &e->place[e->n_places++];
	*p = (struct place){.restore = {.vault = e->vault, .form = REDACT_JSON}, .event = BUF(EVENT_MAX + 65536)};
	memcpy(p->key, buf_str(&key), key.n + 1);
	return p;
}

/* What is held back goes out, in an event like the last one of its place. */
static int flush(struct place *p, struct buf *out)
{
	_cleanup_buf_ struct buf text = BUF(4096);
	if (!p->restore.n)
		return 0;
	struct slice event = buf_slice(&p->event);
	int r = redact_restore(&p->restore, SLICE_NONE, true, &text);
	buf_add(out, slice_sub(event, 0, p->at));
	buf_add(out, buf_slice(&text));
	buf_add(out, slice_from(event, p->at + p->n));
	return r < 0 ? r : buf_error(out);
}

static int flush_all(struct events *e, struct buf *out)
{
	int r = 0;
	for (size_t i = 0; i < e->n_places; i++) {
		r = r < 0 ? r : flush(&e->place[i], out);
		buf_free(&e->place[i].event);
	}
	e->n_places = 0;
	return r;
}

/* Does this event end texts? Then none of them may stay held back behind it. */
static bool ends(struct slice data, const struct json *doc)
{
	static const char *const words[] = {"stop", "done", "completed", "end", "failed", "incomplete"};
	if (slice_starts(data, SLICE("[DONE]")))
		return true;
	const struct json *type = json_get(doc, "type");
	for (size_t i = 0; type && i < ARRAY_LEN(words); i++)
		if (slice_find(type->raw, slice_str(words[i]), 0) != SLICE_NPOS)
			return true;
	const struct json *choices = json_get(doc, "choices");
	for (const struct json *c = choices ? choices->child : NULL; c; c = c->next) {
		const struct json *why = json_get(c, "finish_reason");
		if (why && why->type == JSON_STRING)
			return true;
	}
	const struct json *candidates = json_get(doc, "candidates");
	const struct json *first = candidates ? candidates->child : NULL;
	return json_get(first, "finishReason") != NULL;
}

/* The event with its texts put right. data lies in event. */
static int rewrite(struct events *e, struct slice event, const struct json *doc, struct buf *out)
{
	const struct json *found[STRINGS];
	size_t n = 0, from = 0, base = out->n;
	struct place *changed[STRINGS] = {NULL};
	size_t at[STRINGS], length[STRINGS];
	find_strings(doc, found, &n);
	for (size_t i = 0; i < n; i++) {
		struct place *p = place_of(e, found[i]);
		size_t start = (size_t)(found[i]->raw.p - event.p) + 1, size = found[i]->raw.n - 2;
		buf_add(out, slice_sub(event, from, start - from));
		from = start;
		if (!p)
			continue;
		at[i] = out->n - base;
		int r = redact_restore(&p->restore, slice_sub(event, start, size), false, out);
		if (r < 0)
			return r;
		length[i] = out->n - base - at[i];
		changed[i] = p;
		from = start + size;
	}
	buf_add(out, slice_from(event, from));
	for (size_t i = 0; i < n; i++) {
		struct place *p = changed[i];
		if (!p)
			continue;
		buf_reset(&p->event);
		if (!p->restore.n)
			continue;
		buf_add(&p->event, slice_sub(buf_slice(out), base, out->n - base));
		p->at = at[i];
		p->n = length[i];
	}
	return buf_error(out);
}

/* One event, with the empty line behind it. */
static int event(struct events *e, struct slice whole, struct buf *out)
{
	struct slice rest = whole, line, data = SLICE_NONE;
	size_t lines = 0;
	while (slice_split(&rest, '\n', &line))
		if (slice_starts(line, SLICE("data:"))) {
			data = slice_trim(slice_from(line, 5));
			lines++;
		}
	struct json *doc = NULL;
	arena_free(&e->arena);
	e->arena = ARENA(ARENA_MAX);
	bool json = lines == 1 && json_parse(data, NULL, &e->arena, &doc, NULL) == JSON_OK;
	int r = 0;
	if (!json || ends(data, doc))
		r = json || lines ? flush_all(e, out) : 0;
	if (r == 0 && json)
		r = rewrite(e, whole, doc, out);
	else if (r == 0)
		buf_add(out, whole);
	if (r == 0 && json && ends(data, doc))
		r = flush_all(e, out);
	arena_free(&e->arena); /* not kept until the next event */
	return r < 0 ? r : buf_error(out);
}

/* Where the event at the front ends: behind its empty line; SLICE_NPOS: not yet. */
static size_t event_end(struct slice s)
{
	size_t at = slice_find(s, SLICE("\n\n"), 0), other = slice_find(s, SLICE("\n\r\n"), 0);
	if (at != SLICE_NPOS && (other == SLICE_NPOS || at < other))
		return at + 2;
	return other == SLICE_NPOS ? SLICE_NPOS : other + 3;
}

int events_feed(struct events *e, struct slice in, bool last, struct buf *out)
{
	int r = 0;
	buf_add(&e->line, in);
	if (buf_error(&e->line))
		return -ENOBUFS;
	struct slice rest = buf_slice(&e->line);
	for (size_t n; r == 0 && (n = event_end(rest)) != SLICE_NPOS; rest = slice_from(rest, n)) {
		if (e->skipping)
			buf_add(out, slice_sub(rest, 0, n));
		else
			r = event(e, slice_sub(rest, 0, n), out);
		e->skipping = false;
	}
	if (r == 0 && (rest.n > EVENT_MAX || (last && rest.n))) {
		r = flush_all(e, out);
		buf_add(out, rest);
		rest = SLICE_NONE;
		e->skipping = !last;
	}
	buf_drop(&e->line, e->line.n - rest.n);
	if (r == 0 && last)
		r = flush_all(e, out);
	return r < 0 ? r : buf_error(out);
}

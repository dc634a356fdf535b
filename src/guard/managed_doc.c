/* A vendor's document, without a disk: is it as it has to be, and how would it be? */
#include <errno.h>

#include "base/encode.h"
#include "guard/managed.h"
#include "parse/json.h"
#include "parse/json_edit.h"
#include "parse/jsonc.h"
#include "parse/toml_edit.h"

#define BLANK "{\n}\n"

/* What stands at a key, as JSON; p is NULL if nothing does. */
static int get(const struct managed_file *f, struct slice text, const char *key, struct arena *arena, struct slice *out)
{
	const struct conf *value = NULL;
	if (f->format != MANAGED_TOML)
		return json_edit_get(text, key, arena, out);
	int r = toml_edit_get(text, key, arena, &value);
	if (r < 0 || !value) {
		*out = SLICE_NONE;
		return r;
	}
	_cleanup_buf_ struct buf json = BUF(MANAGED_FILE_MAX);
	/* A value that has no JSON is none of ours. */
	if (!toml_edit_json(value, &json)) {
		buf_reset(&json);
		encode_json(&json, value->raw);
	}
	*out = arena_copy(arena, buf_slice(&json));
	return out->p ? 0 : -ENOMEM;
}

static const struct json *elements(struct slice array, struct arena *arena)
{
	struct json *doc = NULL;
	return json_parse(array, NULL, arena, &doc, NULL) == JSON_OK && doc && doc->type == JSON_ARRAY ? doc->child : NULL;
}

static bool among(const struct json *list, const struct json *e, struct arena *arena)
{
	while (list && !json_edit_same(list->raw, e->raw, arena))
		list = list->next;
	return list != NULL;
}

/* Is it as it has to be? An array that has to include elements may have more. */
static bool fits(const struct managed_key *k, struct slice now, struct arena *arena)
{
	if (!now.p)
		return false;
	if (!k->include)
		return json_edit_same(now, k->value, arena);
	const struct json *have = elements(now, arena);
	for (const struct json *e = elements(k->value, arena); e; e = e->next)
		if (!among(have, e, arena))
			return false;
	return true;
}

/* Would a reader of JSON that knows no comments refuse it, who else could read it? */
static int commented(struct slice text, struct arena *arena, bool *out)
{
	struct json *doc = NULL;
	*out = json_parse(text, NULL, arena, &doc, NULL) != JSON_OK;
	if (!*out)
		return 0;
	struct slice plain = jsonc_plain(text, arena);
	return plain.p && json_parse(plain, NULL, arena, &doc, NULL) == JSON_OK ? 0 : -EBADMSG;
}

static int first_fault(const struct managed_file *f, struct slice text, bool merged, struct arena *arena, struct buf *out)
{
	for (size_t i = 0; i < f->n_keys; i++) {
		const struct managed_key *k = &f->key[i];
		struct slice now;
		int r = get(f, text, k->key, arena, &now);
		if (r == -EEXIST) {
			buf_fmt(out, "%s stands in an inline table or an array of tables", k->key);
			return 0;
		}
		if (r < 0)
			return r;
		if (fits(k, now, arena) || (merged && (!now.p || k->include)))
			continue;
		if (!now.p)
			buf_fmt(out, "%s is not there", k->key);
		else
			buf_fmt(out, "%s is %.*s", k->key, SLICE_FMT(slice_sub(now, 0, 120)));
		buf_fmt(out, ", and has to %s %.*s", k->include ? "include" : "be", SLICE_FMT(slice_sub(k->value, 0, 120)));
		return 0;
	}
	return 0;
}

int managed_contradicts(const struct managed_file *f, struct slice text, struct arena *arena, struct buf *out)
{
	return first_fault(f, text, true, arena, out);
}

int managed_differs(const struct managed_file *f, struct slice text, struct arena *arena, struct buf *out)
{
	bool comments = false;
	int e = f->format == MANAGED_JSON ? commented(text, arena, &comments) : 0;
	if (e < 0)
		return e;
	if (comments) {
		buf_str_add(out, "it has comments, or a comma too many, which the tool does not read");
		return 0;
	}
	return first_fault(f, text, false, arena, out);
}

/* One key into a document. */
static int mend(const struct managed_file *f, const struct managed_key *k, struct slice text, struct arena *arena, struct buf *out)
{
	struct slice now;
	int r = get(f, text, k->key, arena, &now);
	if (r < 0)
		return r;
	if (fits(k, now, arena)) {
		buf_add(out, text);
		return buf_error(out);
	}
	if (!k->include)
		return f->format != MANAGED_TOML ? json_edit_set(text, k->key, k->value, arena, out)
		                                 : toml_edit_set(text, k->key, k->value, arena, out);
	if (f->format == MANAGED_TOML) {
		/* What is there already, and then what is missing. */
		_cleanup_buf_ struct buf list = BUF(MANAGED_FILE_MAX);
		const struct json *have = now.p ? elements(now, arena) : NULL;
		buf_u8(&list, '[');
		for (const struct json *e = have; e; e = e->next)
			buf_fmt(&list, "%s%.*s", list.n > 1 ? ", " : "", SLICE_FMT(e->raw));
		for (const struct json *e = elements(k->value, arena); e; e = e->next)
			if (!among(have, e, arena))
				buf_fmt(&list, "%s%.*s", list.n > 1 ? ", " : "", SLICE_FMT(e->raw));
		buf_u8(&list, ']');
		return buf_error(&list) ? buf_error(&list) : toml_edit_set(text, k->key, buf_slice(&list), arena, out);
	}
	struct slice at = text;
	for (const struct json *e = elements(k->value, arena); e; e = e->next) {
		buf_reset(out);
		r = json_edit_include(at, k->key, e->raw, arena, out);
		if (r < 0)
			return r;
		at = arena_copy(arena, buf_slice(out));
		if (!at.p)
			return -ENOMEM;
	}
	return 0;
}

int managed_mend(const struct managed_file *f, struct slice text, struct arena *arena, struct buf *out)
{
	if (!slice_trim(text).n)
		text = f->format != MANAGED_TOML ? SLICE(BLANK) : SLICE("");
	struct slice at = f->format == MANAGED_JSON ? jsonc_plain(text, arena) : text;
	if (!at.p && text.n)
		return -ENOMEM;
	for (size_t i = 0; i < f->n_keys; i++) {
		_cleanup_buf_ struct buf next = BUF(2 * MANAGED_FILE_MAX);
		int r = mend(f, &f->key[i], at, arena, &next);
		if (r < 0)
			return r;
		at = arena_copy(arena, buf_slice(&next));
		if (!at.p)
			return -ENOMEM;
	}
	buf_add(out, at);
	return buf_error(out);
}

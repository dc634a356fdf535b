/* Files that a program makes: what goes into them, and whether they are run. A path is known again by a text in it, or by its variable. */
#include "inspect/scan_code.h"

struct slice code_path_key(const struct code *c, size_t from, size_t to)
{
	struct slice key = SLICE_NONE;
	bool text = false;
	for (size_t i = from; i < to && i < c->n && !(code_sign(c, i, ',') && c->t[i].depth <= c->t[from].depth); i++) {
		struct slice l = code_text(c, i) ? c->t[i].text : SLICE_NONE;
		if (l.n > 3 && !slice_is(l, "utf8") && !slice_is(l, "utf-8")) {
			key = l;
			text = true;
		} else if (!text && c->t[i].kind == TOKEN_NAME && !code_sign(c, i + 1, '('))
			key = c->t[i].text;
	}
	return key;
}

static bool is_text(const struct code *c, struct slice key)
{
	/* A quote stands before a text. */
	size_t at = (size_t)(key.p - c->in->bytes.p);
	return at > 0 && strchr("\"'`", c->in->bytes.p[at - 1]) != NULL;
}

static void makes(struct code *c, struct slice key, bool fetched)
{
	for (size_t i = 0; i < c->n_made; i++)
		if (slice_eq(c->made[i].key, key)) {
			c->made[i].fetched |= fetched;
			return;
		}
	if (!key.n)
		return;
	/* The last ones are kept: somebody can write many. */
	if (c->n_made == ARRAY_LEN(c->made))
		memmove(c->made, c->made + 1, --c->n_made * sizeof(*c->made));
	c->made[c->n_made++] = (struct code_made){.key = key, .text = is_text(c, key), .fetched = fetched};
}

void code_files_end(struct code *c)
{
	size_t n = 0;
	for (size_t i = 0; i < c->n_made; i++)
		if (c->made[i].text)
			c->made[n++] = c->made[i];
	c->n_made = n;
}

/* "{name}" */
static bool puts_in(struct slice text, struct slice name)
{
	size_t at = slice_find(text, name, 0);
	return at != SLICE_NPOS && at > 0 && text.p[at - 1] == '{' && at + name.n < text.n && text.p[at + name.n] == '}';
}

/* Does [from, to) name a file that was made of what was fetched? */
static bool names_fetched(const struct code *c, size_t from, size_t to)
{
	for (size_t i = from; i < to && i < c->n; i++)
		for (size_t k = 0; k < c->n_made; k++) {
			const struct code_made *m = &c->made[k];
			bool here = c->t[i].kind == TOKEN_NAME   ? !m->text && slice_eq(c->t[i].text, m->key)
			            : c->t[i].kind != TOKEN_TEXT ? false
			            : m->text                    ? slice_find(c->t[i].text, m->key, 0) != SLICE_NPOS
			                                         : puts_in(c->t[i].text, m->key);
			if (here && m->fetched)
				return true;
		}
	return false;
}

static size_t comma(const struct code *c, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (code_sign(c, i, ',') && c->t[i].depth <= c->t[from].depth)
			return i;
	return to;
}

/* The call that a method is of: open(…).write(…). SIZE_MAX: it is of none. */
static size_t call_before(const struct code *c, size_t i)
{
	if (c->t[i].text.p[0] != '.' || i < 3 || !code_sign(c, i - 1, ')') || !c->close[i - 1])
		return SIZE_MAX;
	size_t open = c->close[i - 1];
	return open > 0 && c->t[open - 1].kind == TOKEN_NAME ? open - 1 : SIZE_MAX;
}

static void writes(struct code *c, size_t i, size_t end, uint32_t kinds, unsigned v)
{
	static const char *const methods[] = {"write", "Write", "WriteString", "writelines", "print", NULL};
	const struct code_name *n = code_name(c, i), *first = &c->names[n->first];
	size_t from = i + 2, second = comma(c, from, end);
	bool fetched = v & (CODE_FETCHED | CODE_SOCKET), method = scan_one_of(c->names[n->last].text, methods);
	size_t before = method ? call_before(c, i) : SIZE_MAX;
	struct slice key = SLICE_NONE;
	if (before != SIZE_MAX && code_kinds(c, before) & (1u << READS | 1u << WRITES))
		key = code_path_key(c, before + 2, i);
	else if (method && n->first != n->last)
		key = first->path;
	else if (kinds >> COPIES & 1 && from < end && c->t[from].kind == TOKEN_NAME) {
		/* from.pipe(to) */
		const struct code_name *to = &c->names[code_name(c, from)->first];
		key = to->path;
		fetched |= first->variable && first->value & (CODE_FETCHED | CODE_SOCKET);
	} else if (kinds >> WRITES & 1)
		key = kinds >> FETCHES & 1 && second < end ? code_path_key(c, second + 1, end) : code_path_key(c, from, end);
	if (!key.n)
		return;
	makes(c, key, fetched || (kinds >> FETCHES & 1 && kinds >> WRITES & 1));
	bool startup = key.p == first->path.p ? first->variable && first->value & CODE_STARTUP : v & CODE_STARTUP;
	if (startup && (method || kinds >> WRITES & 1))
		code_tell_once(c, 0, SCAN_RULE_CODE_STARTUP, i, end);
	const struct code_name *named = is_text(c, key) ? NULL : code_find(c, key);
	if (slice_ends(key, SLICE("package.json")) || (named && slice_ends(named->literal, SLICE("package.json"))))
		c->did |= DID_WRITE_MANIFEST;
}

/* 0644 makes no program. */
static bool plain_mode(const struct code *c, size_t from, size_t to)
{
	static const char *const modes[] = {"0644", "0600", "0o644", "0o600", "0o666", "0666", "0o400", "0400", "0o444", "0444", NULL};
	for (size_t i = from; i < to && i < c->n; i++)
		if (c->t[i].kind == TOKEN_NAME && scan_one_of(c->t[i].text, modes))
			return true;
	return false;
}

void code_files(struct code *c, size_t i, size_t end, uint32_t kinds, bool starts, unsigned v)
{
	if (c->minified)
		return;
	writes(c, i, end, kinds, v);
	bool marks = kinds >> MARKS & 1 && !plain_mode(c, i + 2, end);
	if ((marks || starts) && !c->checks && names_fetched(c, i + 2, end))
		code_tell_once(c, 1, SCAN_RULE_CODE_DROPS, i, end);
}

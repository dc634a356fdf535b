#include "policy/reader.h"

#include <stdio.h>

#include "base/opt.h"
#include "base/utf8.h"

static void say(struct reader *r, const struct tree *at, bool warning, const char *fmt, va_list ap)
{
	char text[600];
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	policy_problem(r->problems, warning, r->doc->file, at->line, at->column, "%s", text);
}

void read_bad(struct reader *r, const struct tree *at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(r, at, false, fmt, ap);
	va_end(ap);
}

void read_warn(struct reader *r, const struct tree *at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(r, at, true, fmt, ap);
	va_end(ap);
}

struct policy_place read_place(const struct reader *r, const struct tree *at)
{
	return (struct policy_place){.layer = r->doc->layer, .file = r->doc->file, .line = at->line, .column = at->column};
}

void read_map(struct reader *r, const struct tree *v, const char *what, const struct read_key *keys, size_t n, void *object)
{
	uint64_t seen = 0;
	if (v->kind != TREE_MAP) {
		read_bad(r, v, "%s should be a mapping (key: value), but is %s", what, tree_kind_name(v));
		return;
	}
	for (const struct tree *c = v->child; c; c = c->next) {
		const char *name = (const char *)c->key->text.p, *words[40], *near;
		size_t k = 0;
		while (k < n && strcmp(keys[k].name, name) != 0)
			k++;
		if (k < n) {
			seen |= 1ull << k;
			keys[k].read(r, c, object);
			continue;
		}
		for (k = 0; k < n; k++)
			words[k] = keys[k].name;
		words[n] = NULL;
		near = opt_nearest(name, words);
		if (near)
			read_bad(r, c->key, "unknown key \"%.60s\" in %s; did you mean \"%s\"?", name, what, near);
		else
			read_bad(r, c->key, "unknown key \"%.60s\" in %s; postern-policy(5) lists the keys", name, what);
	}
	for (size_t k = 0; k < n; k++)
		if (keys[k].required && !(seen & 1ull << k))
			read_bad(r, v, "%s lacks the key \"%s\"", what, keys[k].name);
}

void *read_list(struct reader *r, const struct tree *v, const char *what, const struct read_key *keys, size_t n_keys, size_t size,
        element_fn *init, element_fn *done, size_t *n)
{
	*n = 0;
	if (v->kind == TREE_NULL)
		return NULL;
	if (v->kind != TREE_LIST) {
		read_bad(r, v, "here should be a list, each item of which is %s, but this is %s", what, tree_kind_name(v));
		return NULL;
	}
	if (v->n > POLICY_RULES_MAX) {
		read_bad(r, v, "this list has more than %u items", POLICY_RULES_MAX);
		return NULL;
	}
	char *array = arena_array(r->arena, v->n ? v->n : 1, size);
	if (!array) {
		r->no_memory = true;
		return NULL;
	}
	for (const struct tree *c = v->child; c; c = c->next) {
		void *element = array + *n * size;
		size_t errors = r->problems->errors;
		if (init)
			init(r, c, element);
		read_map(r, c, what, keys, n_keys, element);
		if (done && r->problems->errors == errors)
			done(r, c, element);
		++*n;
	}
	return array;
}

const char *read_text(struct reader *r, const struct tree *v, const char *what)
{
	uint32_t c = 0;
	for (size_t i = 0, n; v->kind == TREE_TEXT && i < v->text.n; i += n) {
		n = utf8_next(v->text, i, &c);
		if (n && !tree_invisible(c))
			continue;
		read_bad(r, v, "\"%s\" has a character in it that cannot be seen (U+%04X); a policy is read by people", what,
		        n ? (unsigned)c : 0xfffdu);
		return NULL;
	}
	if (v->kind == TREE_TEXT)
		return (const char *)v->text.p;
	if (v->kind == TREE_NULL && slice_is(v->text, "~"))
		read_bad(r, v, "\"%s\": put \"~\" into quotes; without them YAML takes it for nothing", what);
	else
		read_bad(r, v, "\"%s\" should be a text, but is %s", what, tree_kind_name(v));
	return NULL;
}

const char *read_plain(struct reader *r, const struct tree *v, const char *what)
{
	const char *s = read_text(r, v, what);
	if (s && !s[0]) {
		read_bad(r, v, "\"%s\" is empty", what);
		return NULL;
	}
	return s;
}

/* A number with one of the units behind it. */
struct unit {
	const char *name;
	uint64_t factor;
};
static bool with_unit(
        struct reader *r, const struct tree *v, const char *what, const struct unit *units, size_t n, const char *like, uint64_t *out)
{
	const char *text = read_text(r, v, what);
	if (!text)
		return false;
	struct slice s = slice_trim(slice_str(text));
	size_t digits = 0;
	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	struct slice unit = slice_trim(slice_from(s, digits));
	uint64_t value = 0;
	bool good = slice_u64(slice_sub(s, 0, digits), UINT64_MAX / 2, &value);
	for (size_t i = 0; good && i < n; i++)
		if (slice_is(unit, units[i].name)) {
			if (value > UINT64_MAX / 2 / units[i].factor)
				break;
			*out = value * units[i].factor;
			return true;
		}
	read_bad(r, v, "\"%s\" should be a number like %s, but is \"%.40s\"", what, like, text);
	return false;
}

bool read_number(struct reader *r, const struct tree *v, const char *what, uint64_t max, uint64_t *out)
{
	const char *text = read_text(r, v, what);
	if (!text)
		return false;
	if (slice_u64(slice_str(text), max, out))
		return true;
	read_bad(r, v, "\"%s\" should be a whole number from 0 to %llu, but is \"%.40s\"", what, (unsigned long long)max, text);
	return false;
}

bool read_size(struct reader *r, const struct tree *v, const char *what, uint64_t *out)
{
	static const struct unit units[] = {{"", 1}, {"B", 1}, {"KB", 1000}, {"KiB", 1u << 10}, {"MB", 1000000}, {"MiB", 1u << 20},
	        {"GB", 1000000000}, {"GiB", 1u << 30}};
	return with_unit(r, v, what, units, ARRAY_LEN(units), "4096, 64 KiB, 10 MiB or 2 GiB", out);
}

bool read_seconds(struct reader *r, const struct tree *v, const char *what, uint64_t *out)
{
	static const struct unit units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}};
	return with_unit(r, v, what, units, ARRAY_LEN(units), "90, 90s, 30m or 8h", out);
}

bool read_bool(struct reader *r, const struct tree *v, const char *what, bool *out)
{
	const char *text = read_text(r, v, what);
	if (!text)
		return false;
	*out = strcmp(text, "true") == 0;
	if (*out || strcmp(text, "false") == 0)
		return true;
	read_bad(r, v, "\"%s\" should be true or false, but is \"%.40s\"", what, text);
	return false;
}

bool read_choice(struct reader *r, const struct tree *v, const char *what, const char *const *words, unsigned *out)
{
	_cleanup_buf_ struct buf all = BUF(512);
	const char *text = read_text(r, v, what);
	if (!text)
		return false;
	for (unsigned i = 0; words[i]; i++) {
		if (strcmp(words[i], text) == 0) {
			*out = i;
			return true;
		}
		buf_fmt(&all, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
	}
	const char *near = opt_nearest(text, words);
	if (near)
		read_bad(r, v, "\"%s\" should be %s, but is \"%.40s\"; did you mean \"%s\"?", what, buf_str(&all), text, near);
	else
		read_bad(r, v, "\"%s\" should be %s, but is \"%.40s\"", what, buf_str(&all), text);
	return false;
}

const char *const *read_texts(struct reader *r, const struct tree *v, const char *what, check_fn *check, size_t *n)
{
	static const char *const none[] = {NULL};
	*n = 0;
	if (v->kind == TREE_NULL)
		return none;
	if (v->kind == TREE_MAP || v->n > POLICY_RULES_MAX) {
		read_bad(r, v, "\"%s\" should be a text or a list of at most %u, but is %s", what, POLICY_RULES_MAX,
		        v->kind == TREE_MAP ? "a mapping" : "longer");
		return none;
	}
	const char **list = arena_array(r->arena, v->n + 2, sizeof(*list));
	if (!list) {
		r->no_memory = true;
		return none;
	}
	if (v->kind == TREE_TEXT) {
		list[0] = check ? check(r, v, what) : read_text(r, v, what);
		*n = list[0] != NULL;
		return list;
	}
	for (const struct tree *c = v->child; c; c = c->next) {
		list[*n] = check ? check(r, c, what) : read_text(r, c, what);
		*n += list[*n] != NULL;
	}
	list[*n] = NULL;
	return list;
}

const char *const *read_some(struct reader *r, const struct tree *v, const char *what, check_fn *check, size_t *n)
{
	if (v->kind == TREE_NULL || (v->kind == TREE_LIST && v->n == 0))
		read_bad(r, v, "\"%s\" is empty; leave it out, or say which", what);
	return read_texts(r, v, what, check, n);
}

/* Texts of a certain form. */

const char *read_word(struct reader *r, const struct tree *v, const char *what)
{
	const char *s = read_text(r, v, what);
	if (!s)
		return NULL;
	size_t n = strlen(s), good = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_.");
	if (n && n == good && n <= 64)
		return s;
	read_bad(r, v, "\"%s\" should be a short word of a-z, 0-9, '-', '_' and '.', but is \"%.80s\"", what, s);
	return NULL;
}

const char *read_variable(struct reader *r, const struct tree *v, const char *what)
{
	const char *s = read_text(r, v, what);
	if (!s)
		return NULL;
	size_t n = strlen(s), good = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
	if (n && n == good && n <= 128 && !(s[0] >= '0' && s[0] <= '9'))
		return s;
	read_bad(r, v, "\"%s\" should be the name of a variable (letters, digits and _), but is \"%.80s\"", what, s);
	return NULL;
}

const char *read_digest(struct reader *r, const struct tree *v, const char *what)
{
	const char *s = read_text(r, v, what);
	if (!s)
		return NULL;
	if (strncmp(s, "sha256:", 7) == 0)
		s += 7;
	if (strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64)
		return s;
	read_bad(r, v, "\"%s\" should be a SHA-256 of 64 lower-case hex digits, as sha256sum prints it, but is \"%.80s\"", what, s);
	return NULL;
}

/* The path without its end, cleaned: no "//", "." or "..", no '/' at the end. Patterns are left alone. */
static const char *clean_path(struct reader *r, const struct tree *v, const char *what, struct slice s)
{
	if (!slice_starts(s, SLICE("/")) && !slice_is(s, "~") && !slice_starts(s, SLICE("~/")) && !slice_is(s, "{project}") &&
	        !slice_starts(s, SLICE("{project}/"))) {
		read_bad(
		        r, v, "\"%s\": a path begins with /, ~/ or {project}/, but this is \"%.*s\"", what, SLICE_FMT(slice_sub(s, 0, 80)));
		return NULL;
	}
	while (s.n > 1 && s.p[s.n - 1] == '/')
		s.n--;
	struct slice rest = slice_from(s, s.p[0] == '/'), part;
	while (s.n > 1 && slice_split(&rest, '/', &part))
		if (part.n == 0 || slice_is(part, ".") || slice_is(part, "..")) {
			read_bad(r, v, "\"%s\": a path has no \"%.*s\" as a part here; write where it leads", what,
			        SLICE_FMT(part.n ? part : SLICE("//")));
			return NULL;
		}
	const char *copy = arena_str(r->arena, s);
	r->no_memory |= copy == NULL;
	return copy;
}

const char *read_place_of(struct reader *r, const struct tree *v, const char *what)
{
	const char *s = read_text(r, v, what);
	if (!s)
		return NULL;
	if (match_is_pattern(slice_str(s))) {
		read_bad(r, v,
		        "\"%s\": patterns in \"%.80s\" cannot be enforced here, as the kernel is told of folders and files; name the "
		        "folder",
		        what, s);
		return NULL;
	}
	return clean_path(r, v, what, slice_str(s));
}

bool read_hidden(struct reader *r, const struct tree *v, const char *what, const char **path, const char **glob)
{
	const char *s = read_text(r, v, what);
	if (!s)
		return false;
	struct slice all = slice_str(s);
	*glob = NULL;
	if (!match_is_pattern(all))
		return (*path = clean_path(r, v, what, all)) != NULL;
	size_t at = slice_find(all, SLICE("/**/"), 0);
	struct slice name = at == SLICE_NPOS ? SLICE_NONE : slice_from(all, at + 4);
	if (name.n == 0 || slice_chr(name, '/', 0) != SLICE_NPOS || slice_find(name, SLICE("**"), 0) != SLICE_NPOS ||
	        match_is_pattern(slice_sub(all, 0, at))) {
		read_bad(r, v,
		        "\"%s\": \"%.80s\" cannot be enforced; a pattern should be FOLDER/**/NAME, where only NAME has '*' or '?', as in "
		        "{project}/**/.env*",
		        what, s);
		return false;
	}
	if (strspn((const char *)name.p, "*?") == name.n) {
		read_bad(r, v, "\"%s\": \"%.80s\" is everything in that folder; name the folder", what, s);
		return false;
	}
	*glob = (const char *)name.p;
	return (*path = clean_path(r, v, what, slice_sub(all, 0, at ? at : 1))) != NULL;
}

const char *read_host(struct reader *r, const struct tree *v, const char *what)
{
	char host[256];
	const char *s = read_text(r, v, what);
	if (!s)
		return NULL;
	struct slice all = slice_str(s), name = slice_starts(all, SLICE("*.")) ? slice_from(all, 2) : all;
	const char *why = NULL;
	for (size_t i = 0; i < all.n && !why; i++)
		if (all.p[i] >= 0x80)
			why = "write a name with other letters in its ASCII form (xn--…)";
	if (strcmp(s, "*") == 0)
		why = "for every host there is any_host: true, in place of \"host\"";
	else if (strstr(s, "://"))
		why = "only the name, without scheme and path";
	else if (strchr(s, '/'))
		why = "only a name or one address, without path or size of a network";
	else if (!why && slice_chr(name, '*', 0) != SLICE_NPOS)
		why = "'*' may only stand in front, as in *.example.org";
	else if (!why && !policy_host(name, host)) {
		size_t colon = slice_chr(name, ':', 0);
		why = colon != SLICE_NPOS && slice_chr(name, ':', colon + 1) == SLICE_NPOS ? "ports go into \"ports\""
		                                                                           : "it is no name and no address";
	} else if (!why && name.p != all.p && match_is_address(slice_str(host)))
		why = "an address has no part in front";
	if (why) {
		read_bad(r, v, "\"%s\": \"%.80s\" cannot be a host: %s", what, s, why);
		return NULL;
	}
	if (name.p != all.p && !strchr(host, '.'))
		read_warn(r, v, "\"%s\": \"%.80s\" is a whole top-level domain; anybody can have a name in it", what, s);
	const char *copy = arena_fmt(r->arena, "%s%s", name.p != all.p ? "*." : "", host);
	r->no_memory |= copy == NULL;
	return copy;
}

const char *read_pattern_path(struct reader *r, const struct tree *v, const char *what)
{
	char out[POLICY_TEXT_MAX + 1];
	const char *s = read_text(r, v, what), *why = NULL;
	if (!s)
		return NULL;
	struct slice path = slice_str(s);
	/* Stars of the pattern are none of the path. */
	_cleanup_buf_ struct buf probe = BUF(POLICY_TEXT_MAX + 1);
	for (size_t i = 0; i < path.n; i++)
		buf_u8(&probe, path.p[i] == '*' ? 'x' : path.p[i]);
	if (!slice_starts(path, SLICE("/")))
		why = "it begins with '/'";
	else if (strchr(s, '%'))
		why = "it is written without percent escapes";
	else if (strchr(s, '#') || strchr(s, '?'))
		why = "it ends before the query, which is not looked at; '*' stands for what may vary";
	else if (policy_path(buf_slice(&probe), false, out, sizeof(out), &why) < 0 && !why)
		why = "it is too long";
	if (!why)
		return s;
	read_bad(r, v, "\"%s\": \"%.80s\" cannot be a path of a request: %s", what, s, why);
	return NULL;
}

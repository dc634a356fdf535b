/* Names of a program, each once, with a number: what is known of one is found without a search, and what its parts are is looked up once.
 * The functions that are known by name (scan_code_table.h) are in the same table. */
#include "inspect/scan_code.h"

#define NAMES_MAX 400000u
#define OPEN_MAX  100000u
/* Steps for each token, and for each file: more has only a file that is made for it. */
#define STEPS_EACH 64u
#define STEPS_ALL  2000000u

static const char *const calls[CODE_KINDS] = {
#define CALL(kind, names) [kind] = names,
#include "inspect/scan_code_table.h"
#undef CALL
};

bool code_steps(struct code *c, size_t n)
{
	if (n <= c->steps) {
		c->steps -= n;
		return true;
	}
	c->steps = 0;
	if (!c->limited)
		scan_found(c->s, c->in, SCAN_RULE_CODE_LIMIT, 0, c->in->size, "%s", "more work than is done to follow it");
	c->limited = true;
	return false;
}

static struct slice first_part(struct slice name)
{
	for (size_t i = 1; i < name.n; i++)
		if (name.p[i] == '.' || name.p[i] == '?')
			return slice_sub(name, 0, i);
	return name;
}

struct slice code_last_part(struct slice name)
{
	for (size_t i = name.n; i > 0; i--)
		if (name.p[i - 1] == '.')
			return slice_from(name, i);
	return name;
}

/* 0: there is none. */
static uint32_t find(struct code *c, struct slice text)
{
	uint32_t i = c->bucket[slice_hash(text) % c->buckets];
	/* Somebody can choose names that have one hash. */
	while (i && !slice_eq(c->names[i].text, text))
		i = code_steps(c, 1) ? c->names[i].next : 0;
	return i;
}

static uint32_t intern(struct code *c, struct slice text)
{
	uint32_t i = find(c, text);
	if (i || c->n_names >= c->cap_names)
		return i;
	i = c->n_names++;
	uint32_t *bucket = &c->bucket[slice_hash(text) % c->buckets];
	c->names[i] = (struct code_name){.text = text, .next = *bucket};
	*bucket = i;
	struct slice first = first_part(text), last = code_last_part(text);
	uint32_t f = first.n == text.n ? i : intern(c, first), l = last.n == text.n ? i : intern(c, last);
	c->names[i].first = f;
	c->names[i].last = l;
	return i;
}

/* What the table says. */
static void seed(struct code *c)
{
	for (unsigned k = 0; k < CODE_KINDS; k++) {
		struct slice rest = slice_str(calls[k]), word;
		while (slice_split(&rest, ' ', &word)) {
			uint32_t i = word.n ? intern(c, word) : 0;
			if (i)
				c->names[i].own |= 1u << k;
		}
	}
}

struct slice code_full(const struct code *c, size_t i, char *to, size_t size)
{
	const struct code_name *n = code_name(c, i), *first = &c->names[n->first];
	if (!first->means.p || first->means.n + n->text.n - first->text.n >= size)
		return n->text;
	memcpy(to, first->means.p, first->means.n);
	memcpy(to + first->means.n, n->text.p + first->text.n, n->text.n - first->text.n);
	return slice_of(to, first->means.n + n->text.n - first->text.n);
}

struct code_name *code_find(struct code *c, struct slice text)
{
	uint32_t i = find(c, text);
	return i ? &c->names[i] : NULL;
}

static uint32_t own(struct code *c, struct slice text)
{
	uint32_t i = find(c, text);
	return i ? c->names[i].own : 0;
}

/* "builtins.exec", and ".decrypt" of anything. */
uint32_t code_kinds(struct code *c, size_t i)
{
	struct code_name *n = code_name(c, i);
	uint32_t now = c->names[n->first].epoch + 1;
	if (n->known == now)
		return n->kinds;
	char text[160];
	struct slice f = code_full(c, i, text, sizeof(text));
	uint32_t kinds = own(c, f);
	/* No end that is known is longer. */
	for (size_t k = f.n > 64 ? f.n - 64 : 0; k < f.n; k++)
		if (f.p[k] == '.')
			kinds |= own(c, slice_from(f, k));
	n->known = now;
	n->kinds = kinds;
	return kinds;
}

void code_alias(struct code *c, size_t i, struct slice means)
{
	/* No variable is called so; in a bundle, where no line tells statements apart, they stand where one could. */
	static const char *const reserved[] = {
	        "return", "typeof", "case", "default", "void", "yield", "throw", "new", "delete", "else", "do", "function", "class", NULL};
	struct code_name *n = code_name(c, i);
	if ((n->means.p && slice_eq(n->means, means)) || scan_one_of(c->t[i].text, reserved))
		return;
	n->means = means;
	n->epoch++;
}

/* Brackets that do not fit, as in regular expressions, are passed over. */
static void pair(struct code *c, uint32_t *open, size_t *n, size_t i)
{
	uint8_t sign = c->t[i].sign, begins = sign == ')' ? '(' : sign == ']' ? '[' : '{';
	size_t k = *n, least = *n > 16 ? *n - 16 : 0;
	while (k > least && c->t[open[k - 1]].sign != begins)
		k--;
	if (k > least) {
		c->close[open[k - 1]] = (uint32_t)i;
		c->close[i] = open[k - 1];
		*n = k - 1;
	}
}

static bool brackets(struct code *c)
{
	size_t n = 0;
	uint32_t *open = arena_array_raw(c->arena, OPEN_MAX, sizeof(*open));
	if (!open)
		return false;
	for (size_t i = 0; i < c->n; i++) {
		if (c->t[i].kind != TOKEN_SIGN)
			continue;
		uint8_t s = c->t[i].sign;
		if (s == '(' || s == '[' || s == '{') {
			if (n == OPEN_MAX)
				return false;
			open[n++] = (uint32_t)i;
		} else if (n && (s == ')' || s == ']' || s == '}'))
			pair(c, open, &n, i);
	}
	return true;
}

/* What the letters of a name say. Most names are met many times. */
static void spell(struct code *c, uint32_t from)
{
	static const char *const checks[] = {
	        "sha256", "sha512", "sha1", "hashlib", "createHash", "checksum", "Digest", "Sum256", "verify_", "gpg"};
	for (uint32_t i = from; i < c->n_names; i++) {
		struct code_name *n = &c->names[i];
		n->reads = slice_find(n->text, SLICE("read"), 0) != SLICE_NPOS;
		for (size_t k = 0; !c->checks && k < ARRAY_LEN(checks); k++)
			c->checks = slice_find(n->text, slice_str(checks[k]), 0) != SLICE_NPOS;
	}
}

/* The name of what is got from a module on the spot: "https.get" of `require("node:https").get`, "os.system" of `__import__('os').system`.
 * The name alone if it is none of those, or if there is no memory. */
static struct slice on_the_spot(struct code *c, size_t i)
{
	static const char *const gets[] = {"require", "import", "__import__", "importlib.import_module", "import_module", NULL};
	struct slice name = c->t[i].text;
	if (i < 4 || name.n < 2 || name.p[0] != '.' || c->t[i - 1].sign != ')' || c->t[i - 2].kind != TOKEN_TEXT ||
	        c->t[i - 3].sign != '(' || c->t[i - 4].kind != TOKEN_NAME || !scan_one_of(c->t[i - 4].text, gets))
		return name;
	struct slice module = scan_module_name(c->t[i - 2].text);
	uint8_t *p = module.n && module.n <= 64 ? arena_alloc(c->arena, module.n + name.n) : NULL;
	if (!p)
		return name;
	memcpy(p, module.p, module.n);
	memcpy(p + module.n, name.p, name.n);
	return slice_of(p, module.n + name.n);
}

bool code_names(struct code *c)
{
	size_t count = 0;
	for (size_t i = 0; i < c->n; i++)
		count += c->t[i].kind == TOKEN_NAME;
	c->steps = STEPS_EACH * (uint64_t)c->n + STEPS_ALL;
	c->cap_names = 3 * count + 4096 < NAMES_MAX ? (uint32_t)(3 * count + 4096) : NAMES_MAX;
	c->buckets = c->cap_names | 1;
	c->names = arena_array_raw(c->arena, c->cap_names, sizeof(*c->names));
	c->bucket = arena_array(c->arena, c->buckets, sizeof(*c->bucket));
	c->name = arena_array_raw(c->arena, c->n + 1, sizeof(*c->name));
	c->close = arena_array(c->arena, c->n + 1, sizeof(*c->close));
	c->local = arena_array_raw(c->arena, c->cap_names, sizeof(*c->local));
	if (!c->names || !c->bucket || !c->name || !c->close || !c->local || !brackets(c))
		return false;
	/* The first is none. */
	c->names[0] = (struct code_name){0};
	c->name[c->n] = 0;
	c->n_names = 1;
	seed(c);
	uint32_t seeded = c->n_names;
	for (size_t i = 0; i < c->n; i++) {
		c->name[i] = c->t[i].kind == TOKEN_NAME ? intern(c, on_the_spot(c, i)) : 0;
		if (c->t[i].kind == TOKEN_NAME && !c->name[i])
			return false;
	}
	spell(c, seeded);
	return true;
}

/* What is too weak for what it is for, for scan_change: randomness of secrets, digests of passwords, ciphers, constants and costs; and
 * secrets that are compared with a text. A word alone is nothing: what is told is a call in the place of a secret. */
#include "inspect/scan_change_code.h"

#define BACK_MAX 80u /* tokens back to what a value is set to */
#define SPAN_MAX 60u /* tokens of a statement to either side */
#define ARGS_MAX 400u
#define TEXT_MIN 4u
#define TEXT_MAX 120u

struct calls_row {
	const char *language, *tokens;
};
static const struct calls_row random_rows[] = {
#define RANDOM(language, calls) {language, calls},
#include "inspect/scan_change_weak_table.h"
#undef RANDOM
};
static const struct calls_row digest_rows[] = {
#define DIGEST(language, tokens) {language, tokens},
#include "inspect/scan_change_weak_table.h"
#undef DIGEST
};
static const struct calls_row cipher_rows[] = {
#define CIPHER(language, tokens) {language, tokens},
#include "inspect/scan_change_weak_table.h"
#undef CIPHER
};
struct argument_row {
	const char *language, *call;
	size_t place;
	const char *name;
	uint64_t least; /* 0: it may not be written down */
};
static const struct argument_row argument_rows[] = {
#define CONSTANT(language, call, place, name)    {language, call, place, name, 0},
#define COST(language, call, place, name, least) {language, call, place, name, least},
#include "inspect/scan_change_weak_table.h"
#undef CONSTANT
#undef COST
};

static void tell(struct change_code *c, enum scan_rule_name rule, size_t from, size_t to)
{
	/* Tests compare what they have put there. */
	if (c->f->test && rule == SCAN_RULE_CHANGE_LITERAL)
		return;
	size_t at = change_place(c, from), end = change_place(c, to) + c->t[to].text.n;
	change_add(c->f, c->f->test ? SCAN_RULE_CHANGE_TEST_WEAK : rule, CHANGE_MORE, SLICE_NONE, at, end > at ? end - at : 0, NULL);
}

/* ── names of secrets ── */

enum secret { NO_SECRET, PASSWORD, OTHER_SECRET };

/* What is it a name of, going by its last word? "resetTokenFor(user)" is a token, "tokenCount" is a count. */
static enum secret secret(struct slice name)
{
	static const char *const behind[] = {
	        "value", "str", "string", "hex", "bytes", "text", "b64", "base64", "buf", "buffer", "raw", "plain", "plaintext", NULL};
	static const char *const cut[] = {"for", "from", "of", "with", "to", "by", "as", "in", NULL};
	static const char *const passwords[] = {"password", "passwd", "passphrase", "passcode", "pwd", NULL};
	static const char *const others[] = {"secret", "salt", "otp", "token", "apikey", "sessid", "sessionid", NULL};
	static const char *const keys[] = {"api", "private", "access", "secret", "encryption", "signing", "session", "master", NULL};
	static const char *const codes[] = {"reset", "verification", "auth", "security", "recovery", "confirmation", "login", NULL};
	char word[CHANGE_WORDS][CHANGE_WORD];
	size_t n = change_words(change_last_part(name), word, CHANGE_WORDS);
	for (size_t i = 1; i < n; i++)
		if (change_one_of(word[i], cut))
			n = i;
	while (n > 1 && change_one_of(word[n - 1], behind))
		n--;
	if (n == 0)
		return NO_SECRET;
	if (change_one_of(word[n - 1], passwords))
		return PASSWORD;
	bool two = n > 1 && ((strcmp(word[n - 1], "key") == 0 && change_one_of(word[n - 2], keys)) ||
	                            (strcmp(word[n - 1], "code") == 0 && change_one_of(word[n - 2], codes)) ||
	                            (strcmp(word[n - 1], "id") == 0 && strcmp(word[n - 2], "session") == 0));
	return two || change_one_of(word[n - 1], others) ? OTHER_SECRET : NO_SECRET;
}

/* What is set, or compared, that ends with token `i`: a name, or an index that is a text. */
static enum secret secret_at(const struct change_code *c, size_t i)
{
	if (i >= c->n)
		return NO_SECRET;
	if (c->t[i].kind == TOKEN_NAME)
		return secret(c->t[i].text);
	if (change_sign(c, i, ']') && i > 2 && c->t[i - 1].kind == TOKEN_TEXT && change_sign(c, i - 2, '['))
		return secret(c->t[i - 1].text);
	return c->t[i].kind == TOKEN_TEXT && change_sign(c, i + 1, ':') ? secret(c->t[i].text) : NO_SECRET;
}

/* ── randomness ── */

/* Is the "=" at `i` one that sets something? Its last token is told. */
static bool sets(const struct change_code *c, size_t i, size_t *target)
{
	if (i < 1 || !change_sign(c, i, '=') || change_sign(c, i + 1, '=') || change_sign(c, i + 1, '>') || change_sign(c, i - 1, '=') ||
	        change_sign(c, i - 1, '!') || change_sign(c, i - 1, '<') || change_sign(c, i - 1, '>'))
		return false;
	bool sign = change_sign(c, i - 1, '+') || change_sign(c, i - 1, ':') || change_sign(c, i - 1, '|') || change_sign(c, i - 1, '.');
	*target = sign && i > 1 ? i - 2 : i - 1;
	return true;
}

/* What the value that token `i` is in is set to: is it a secret? */
static bool for_secret(const struct change_code *c, size_t i)
{
	for (size_t k = i; k > 1 && i - k < BACK_MAX; k--) {
		size_t target;
		if (c->t[k - 1].kind == TOKEN_END)
			return false;
		if ((change_sign(c, k - 1, ')') || change_sign(c, k - 1, ']') || change_sign(c, k - 1, '}')) && c->close[k - 1]) {
			k = c->close[k - 1] + 1;
			continue;
		}
		if (sets(c, k - 1, &target)) {
			/* "token: str = …" */
			bool typed = target > 1 && change_sign(c, target - 1, ':') && secret_at(c, target - 2);
			return secret_at(c, target) || typed;
		}
		if (change_sign(c, k - 1, ':') && !change_sign(c, k, ':') && secret_at(c, k - 2))
			return true;
	}
	return false;
}

static bool has_text(const struct change_code *c, const char *text)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->t[i].kind == TOKEN_TEXT && slice_is(c->t[i].text, text))
			return true;
	return false;
}

static bool has_name(const struct change_code *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->t[i].kind == TOKEN_NAME && slice_is(change_last_part(c->t[i].text), name))
			return true;
	return false;
}

/* Where the same names are those of another source. */
static bool other_source(const struct change_code *c)
{
	if (change_in(c, "go"))
		return has_text(c, "crypto/rand") || (!has_text(c, "math/rand") && !has_text(c, "math/rand/v2"));
	return change_in(c, "python") && has_name(c, "SystemRandom");
}

static void random_at(struct change_code *c, size_t i, const char *calls, bool other)
{
	bool called = change_sign(c, i + 1, '('), ruby = change_in(c, "ruby");
	struct slice rest = slice_str(calls), word;
	/* "new Random()", not a Random that somebody gave. */
	if ((!called && !ruby) || (slice_is(c->t[i].text, "Random") && (i == 0 || !change_word(c, i - 1, "new"))))
		return;
	bool is = false;
	while (!is && slice_split(&rest, ' ', &word))
		is = change_row(c->t, c->n, i, word) > 0;
	const struct change_function *in = is ? change_function_of(c, i) : NULL;
	if (is && !other && (for_secret(c, i) || (in && secret(in->name))))
		tell(c, SCAN_RULE_CHANGE_RANDOM, i, i + called);
}

/* ── digests of passwords ── */

/* Is a password in the statement that token `i` is in? */
static bool with_password(const struct change_code *c, size_t i)
{
	size_t from = i, to = i;
	while (from > 0 && i - from < SPAN_MAX && c->t[from - 1].kind != TOKEN_END && !change_sign(c, from - 1, '{') &&
	        !change_sign(c, from - 1, '}'))
		from--;
	while (to < c->n && to - i < SPAN_MAX && c->t[to].kind != TOKEN_END && !change_sign(c, to, '{') && !change_sign(c, to, '}'))
		to++;
	for (size_t k = from; k < to; k++) {
		struct slice name = c->t[k].kind == TOKEN_NAME ? c->t[k].text : SLICE_NONE;
		/* The name of a call says what it does: "password.encode()" is of a password, "hash_password()" is not. */
		if (name.n && change_sign(c, k + 1, '(')) {
			size_t last = change_last_part(name).n;
			name = slice_sub(name, 0, name.n > last ? name.n - last - 1 : 0);
		}
		if (name.n && secret(name) == PASSWORD)
			return true;
	}
	return false;
}

/* ── arguments ── */

/* The argument of the call that opens at `open`, by its name or its place: [*from, *to). */
static bool argument(const struct change_code *c, size_t open, const struct argument_row *r, size_t *from, size_t *to)
{
	size_t close = c->close[open], place = 0, begin = open + 1;
	if (!close || close - open > ARGS_MAX)
		return false;
	bool quoted = *r->name == '\'';
	struct slice name = quoted ? slice_sub(slice_str(r->name), 1, strlen(r->name) - 2) : slice_str(r->name);
	for (size_t i = open + 1; i < close; i++) {
		bool named = name.n && slice_eq(c->t[i].text, name) && c->t[i].kind == (quoted ? TOKEN_TEXT : TOKEN_NAME) &&
		             (change_sign(c, i + 1, '=') || change_sign(c, i + 1, ':'));
		if (named) {
			*from = i + 2 + change_sign(c, i + 2, '>');
			for (*to = *from;
			        *to < close && !change_sign(c, *to, ',') && !change_sign(c, *to, '}') && !change_sign(c, *to, ']');)
				*to = c->close[*to] > *to ? c->close[*to] + 1 : *to + 1;
			return *from < *to;
		}
	}
	for (size_t i = open + 1; i <= close; i++) {
		if (i == close || change_sign(c, i, ',')) {
			*from = begin;
			*to = i;
			if (place++ == r->place)
				return *from < *to;
			begin = i + 1;
		} else if (c->close[i] > i)
			i = c->close[i];
	}
	return false;
}

static bool number(struct slice s, uint64_t *n)
{
	char digits[20];
	size_t k = 0;
	/* "10_000" */
	for (size_t i = 0; i < s.n && k < sizeof(digits); i++)
		if (s.p[i] != '_')
			digits[k++] = (char)s.p[i];
	return slice_u64(slice_of(digits, k), UINT32_MAX, n);
}

/* A text or zeros, and nothing that is put into it. */
static bool is_constant(const struct change_code *c, size_t from, size_t to)
{
	static const char *const makes[] = {"Buffer.alloc", "Buffer.from", "new", "byte", "bytes", "make", "b", "getBytes", ".getBytes",
	        ".toCharArray", "Encoding.UTF8.GetBytes", "Encoding.ASCII.GetBytes", "StandardCharsets.UTF_8", "bytearray", NULL};
	bool text = false, zeros = false;
	uint64_t n;
	for (size_t i = from; i < to; i++) {
		const struct token *t = &c->t[i];
		if (t->kind == TOKEN_NAME && number(t->text, &n))
			zeros = true;
		else if (t->kind == TOKEN_NAME && !scan_one_of(t->text, makes))
			return false;
		if (t->kind == TOKEN_TEXT) {
			if (slice_find(t->text, SLICE("${"), 0) != SLICE_NPOS || slice_find(t->text, SLICE("#{"), 0) != SLICE_NPOS)
				return false;
			text |= t->text.n > 0 && !slice_is(t->text, "hex") && !slice_is(t->text, "base64") && !slice_is(t->text, "utf8");
		}
	}
	return text || (zeros && to - from > 1);
}

static void arguments_at(struct change_code *c, size_t i)
{
	size_t from, to;
	uint64_t n;
	for (size_t k = 0; k < ARRAY_LEN(argument_rows); k++) {
		const struct argument_row *r = &argument_rows[k];
		if (!change_in(c, r->language) || !change_row(c->t, c->n, i, slice_str(r->call)) || !argument(c, i + 1, r, &from, &to))
			continue;
		bool weak = r->least ? to == from + 1 && c->t[from].kind == TOKEN_NAME && number(c->t[from].text, &n) && n < r->least
		                     : is_constant(c, from, to);
		if (weak) {
			tell(c, SCAN_RULE_CHANGE_CONSTANT, i, to - 1);
			return;
		}
	}
}

/* ── secrets that are compared with a text ── */

static bool is_plain_text(struct slice s)
{
	static const char *const words[] = {"string", "undefined", "object", "null", "none", "None", "true", "false", "hidden", "text",
	        "password", "token", "secret", "required", "optional", "default", "unknown", "auto", "prompt", "stdin", "plain", "function",
	        "number", "passwd", "random", "generate", "disabled", "enabled", "redacted", "REDACTED", "changeme", "CHANGEME",
	        "change-me", "your-secret-key", "Password", "passphrase", NULL};
	bool word = false;
	if (s.n < TEXT_MIN || s.n > TEXT_MAX || scan_one_of(s, words))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t b = s.p[i];
		if (b == ' ' || b == '<' || b == '{' || b == '$' || b == '*' || b == '%' || b == '\\')
			return false;
		word |= (b | 0x20) >= 'a' && (b | 0x20) <= 'z';
		word |= b >= '0' && b <= '9';
	}
	return word;
}

/* A header, a field or a variable that is there to get in. */
static bool is_magic(struct slice name)
{
	static const char *const words[] = {"bypass", "backdoor", "override", "skip", "magic", "sudo", NULL};
	static const char *const what[] = {"auth", "authentication", "authorization", "login", "admin", "check", "verify", NULL};
	char word[CHANGE_WORDS][CHANGE_WORD];
	size_t n = change_words(name, word, CHANGE_WORDS);
	bool in = false, of = false;
	for (size_t i = 0; i < n; i++) {
		in |= change_one_of(word[i], words);
		of |= change_one_of(word[i], what);
	}
	return in && of;
}

/* A word of which one can say that it is right; a token is also what a parser reads. */
static bool is_compared(const struct change_code *c, size_t i)
{
	static const char *const not_these[] = {"token", "salt"};
	struct slice name = i < c->n && c->t[i].kind == TOKEN_NAME ? change_last_part(c->t[i].text) : SLICE_NONE;
	if (change_sign(c, i, ']') && i > 1 && c->t[i - 1].kind == TOKEN_TEXT)
		name = c->t[i - 1].text;
	bool other = false;
	for (size_t k = 0; k < ARRAY_LEN(not_these); k++)
		other |= slice_ends(name, slice_str(not_these[k])) || slice_ends(name, SLICE("Token"));
	bool type = i > 0 && (change_word(c, i - 1, "typeof") || change_word(c, i - 1, "case"));
	return name.n && !type && ((!other && secret_at(c, i)) || is_magic(name));
}

static void compares_at(struct change_code *c, size_t i)
{
	static const char *const functions[] = {"strcmp", "strncmp", "strcasecmp", "hash_equals", "compare_digest", "memcmp",
	        "secure_compare", "timingSafeEqual", "Equals", "equals", NULL};
	bool equals = change_sign(c, i, '=') && change_sign(c, i + 1, '=') && i > 0,
	     differs = change_sign(c, i, '!') && change_sign(c, i + 1, '=');
	if (equals || differs) {
		size_t behind = i + 2 + (change_sign(c, i + 2, '=') ? 1 : 0), before = i - (i > 0);
		if (i == 0 || change_sign(c, before, '=') || behind >= c->n)
			return;
		if (c->t[behind].kind == TOKEN_TEXT && is_plain_text(c->t[behind].text) && is_compared(c, before))
			tell(c, SCAN_RULE_CHANGE_LITERAL, before, behind);
		else if (c->t[before].kind == TOKEN_TEXT && is_plain_text(c->t[before].text) && is_compared(c, behind) &&
		         !change_sign(c, behind + 1, '('))
			tell(c, SCAN_RULE_CHANGE_LITERAL, before, behind);
		return;
	}
	if (c->t[i].kind != TOKEN_NAME || !change_sign(c, i + 1, '(') || !scan_one_of(change_last_part(c->t[i].text), functions))
		return;
	size_t a = i + 2, b = i + 4;
	/* password.equals("…"), "…".equals(password) */
	if (slice_ends(c->t[i].text, SLICE("quals"))) {
		struct slice name = c->t[i].text;
		size_t part = name.n > 7 ? name.n - 7 : 0;
		bool of = part && a < c->n && c->t[a].kind == TOKEN_TEXT && is_plain_text(c->t[a].text) && change_sign(c, a + 1, ')') &&
		          secret(slice_sub(name, 0, part)) && !slice_ends(slice_sub(name, 0, part), SLICE("oken"));
		bool text = i > 0 && c->t[i - 1].kind == TOKEN_TEXT && is_plain_text(c->t[i - 1].text) && is_compared(c, a);
		if (of || text)
			tell(c, SCAN_RULE_CHANGE_LITERAL, text ? i - 1 : i, a);
		return;
	}
	if (b >= c->n || !change_sign(c, i + 3, ','))
		return;
	if ((c->t[b].kind == TOKEN_TEXT && is_plain_text(c->t[b].text) && is_compared(c, a)) ||
	        (c->t[a].kind == TOKEN_TEXT && is_plain_text(c->t[a].text) && is_compared(c, b)))
		tell(c, SCAN_RULE_CHANGE_LITERAL, i, b);
}

/* ── all ── */

void change_weak(struct change_code *c)
{
	bool other = other_source(c);
	for (size_t i = 0; i < c->n && !c->f->cut; i++) {
		if (c->t[i].kind == TOKEN_SIGN || c->t[i].kind == TOKEN_NAME)
			compares_at(c, i);
		if (c->t[i].kind != TOKEN_NAME)
			continue;
		for (size_t k = 0; k < ARRAY_LEN(random_rows); k++)
			if (change_in(c, random_rows[k].language))
				random_at(c, i, random_rows[k].tokens, other);
		for (size_t k = 0; k < ARRAY_LEN(digest_rows); k++)
			if (change_in(c, digest_rows[k].language) && change_row(c->t, c->n, i, slice_str(digest_rows[k].tokens)) &&
			        with_password(c, i)) {
				tell(c, SCAN_RULE_CHANGE_DIGEST, i, i);
				break;
			}
		for (size_t k = 0; k < ARRAY_LEN(cipher_rows); k++) {
			size_t end =
			        change_in(c, cipher_rows[k].language) ? change_row(c->t, c->n, i, slice_str(cipher_rows[k].tokens)) : 0;
			if (end) {
				tell(c, SCAN_RULE_CHANGE_CIPHER, i, end - 1);
				break;
			}
		}
		if (change_sign(c, i + 1, '('))
			arguments_at(c, i);
	}
}

/* Checks that a change takes away, for scan_change: who may do something, whether a signature is right, what a test asserts. Functions of
 * the file as it was and as it is are compared by their names. A check is a name that says so; where one is gone from a function, not moved
 * within the file, and no other one came, the function has a check less. Whether it was only taken out is seen by the rest. */
#include "inspect/scan_change_code.h"

#include <stdlib.h>

#define GUARDS_MAX  40000u
#define WORDS_MAX   100000u
#define REMOVED_MAX 90u  /* tokens of a check that is taken out */
#define REST_MIN    8u   /* tokens that are left: else all of it is gone */
#define BODY_MIN    12u  /* tokens of a function that did something */
#define STATEMENT   200u /* tokens of one outside of functions */
#define PURE_MAX    6000u
#define NAME_SHOWN  80
#define ASKED_MAX   64u /* conditions of a function that are compared with each other */
#define BEHIND_MAX  24u /* tokens by which what stands behind a condition is known again */

struct guard_word {
	uint64_t key;
	struct slice text;
};
/* A condition that asks who somebody is, and behind which it is left. */
struct guard_asked {
	uint64_t what;   /* names and texts in it */
	uint64_t how;    /* signs and words that put them together */
	uint64_t behind; /* what is done then */
	size_t at, n;    /* in the text */
	unsigned ands, ors, nots, assigns;
	unsigned before; /* those that turn round what stands behind them: "!(a || b)" is "!a && !b" */
	bool grants;     /* who fulfils it may; else who fulfils it may not */
};
struct guard {
	uint64_t key;
	struct slice name;
	size_t at, n;               /* of its name, in the text */
	size_t word, words;         /* checks in it */
	size_t token, tokens;       /* digests of what it consists of */
	size_t asked, n_asked;      /* conditions that ask */
	unsigned opens;             /* words of frameworks that let in who is not known */
	unsigned always, constants; /* says yes at once; conditions that are constant */
	unsigned asserts;
	unsigned conditions, refusing; /* conditions; those that ask a check, and behind which it is left */
	unsigned keys;                 /* those that a text which looks like a key fulfils, and behind which it is left */
	bool function, check;          /* it is one itself, by its name */
	bool answers;                  /* it says whether somebody may, by its name */
};
struct change_guards {
	struct guard *guard;
	struct guard_word *word;
	struct guard_asked *asked;
	uint32_t *token;
	size_t n, words, n_asked, tokens;
	size_t tests, asserts;
};

/* ── which names are checks ── */

/* "requireAuth", "is_admin", "verifySignature", "login_required": one that asks, and what it asks for. */
static bool is_check(struct slice name)
{
	static const char *const asks[] = {"is", "has", "can", "check", "verify", "validate", "require", "requires", "required", "ensure",
	        "authorize", "authenticate", "must", "need", "needs", "protect", "assert", "enforce", "authenticated", "restrict", NULL};
	static const char *const of[] = {"admin", "auth", "authenticated", "authentication", "authorization", "authorized", "authorised",
	        "permission", "permissions", "perm", "permitted", "allowed", "access", "login", "logged", "signature", "token", "csrf",
	        "xsrf", "password", "role", "roles", "owner", "superuser", "staff", "signed", "hmac", "checksum", "integrity", "privilege",
	        "privileges", "credential", "credentials", "capability", "trusted", "jwt", "forgery", "ownership", "secret", "user", NULL};
	static const char *const alone[] = {"authorize", "authorise", "authenticate", "authorized", "PreAuthorize", "RolesAllowed",
	        "Secured", "Authorize", "ValidateAntiForgeryToken", "timingSafeEqual", "compare_digest", "constant_time_compare",
	        "secure_compare", "ConstantTimeCompare", "hash_equals", "CRYPTO_memcmp", "csrf_protect", "protect_from_forgery",
	        "IsAuthenticated", "IsAdminUser", "password_verify", "checkpw", "CompareHashAndPassword", "UseGuards", "AuthGuard",
	        "HasPermission", "ngx_http_auth", NULL};
	char word[CHANGE_WORDS][CHANGE_WORD];
	struct slice last = change_last_part(name);
	if (scan_one_of(last, alone))
		return true;
	/* "jwt.verify" */
	if (slice_is(name, "jwt.verify") || slice_is(name, "bcrypt.compare") || slice_is(name, "argon2.verify"))
		return true;
	size_t n = last.n < 60 ? change_words(last, word, CHANGE_WORDS) : 0;
	bool ask = false, what = false;
	for (size_t i = 0; i < n; i++) {
		ask |= change_one_of(word[i], asks);
		what |= change_one_of(word[i], of);
	}
	return n > 1 && n < 6 && ask && what;
}

/* A word of a framework by which a route asks nobody who they are: "[AllowAnonymous]", "permitAll()". */
static bool is_open(const struct change_code *c, size_t i)
{
	static const char *const names[] = {"AllowAnonymous", "AllowAnonymousAttribute", "PermitAll", "permitAll", "permit_all", "AllowAny",
	        "csrf_exempt", "skip_before_action", "skip_authorization_check", "skip_authorize_resource", "skip_forgery_protection",
	        "withoutMiddleware", "login_exempt", "allow_anonymous", "allow_unauthenticated", "RequireAssertion", "SkipAuth", NULL};
	static const char *const annotations[] = {"Public", "IsPublic", "NoAuth", "Anonymous", NULL};
	if (c->t[i].kind != TOKEN_NAME)
		return false;
	struct slice last = change_last_part(c->t[i].text);
	if (scan_one_of(last, names))
		return !slice_is(last, "RequireAssertion");
	if (i > 0 && change_sign(c, i - 1, '@') && scan_one_of(last, annotations))
		return true;
	/* middleware('auth')->except([…]); before_action :authenticate_user!, except: … */
	bool asks = false;
	for (size_t k = i; slice_is(last, "except") && k > 0 && i - k < 12 && c->t[k - 1].kind != TOKEN_END; k--) {
		const struct token *t = &c->t[k - 1];
		asks |= (t->kind == TOKEN_TEXT && slice_starts(t->text, SLICE("auth"))) ||
		        (t->kind == TOKEN_NAME && slice_find(t->text, SLICE("authenticate_"), 0) != SLICE_NPOS);
	}
	return asks;
}

/* "uid", "user.role", "is_admin": is it about who somebody is, or what they may? */
static bool is_identity(struct slice name)
{
	static const char *const words[] = {"uid", "euid", "gid", "admin", "role", "roles", "root", "owner", "token", "auth", "permission",
	        "permissions", "authenticated", "authorized", "signature", "password", "hmac", "superuser", "staff", "privileged",
	        "allowed", "userid", "csrf", "jwt", "credential", "credentials", NULL};
	char word[CHANGE_WORDS][CHANGE_WORD];
	struct slice last = change_last_part(name);
	size_t n = last.n < 60 ? change_words(last, word, CHANGE_WORDS) : 0;
	for (size_t i = 0; i < n; i++)
		if (change_one_of(word[i], words))
			return true;
	return false;
}

/* What somebody who may not is told. */
static bool is_refusal(const struct token *t)
{
	static const char *const names[] = {"StatusForbidden", "StatusUnauthorized", "HttpResponseForbidden", "PermissionDenied",
	        "PermissionError", "AccessDenied", "AccessDeniedException", "Forbidden", "ForbiddenException", "ForbiddenError",
	        "Unauthorized", "UnauthorizedException", "UnauthorizedError", "NotAuthenticated", "AuthenticationFailed",
	        "AuthorizationException", "AuthenticationException", "UnauthorizedAccessException", "HTTP_403_FORBIDDEN",
	        "HTTP_401_UNAUTHORIZED", "EACCES", "EPERM", "UNAUTHORIZED", "FORBIDDEN", "Forbid", "401", "403", NULL};
	static const char *const texts[] = {
	        "Unauthorized", "Forbidden", "unauthorized", "forbidden", "Access denied", "Permission denied", NULL};
	return t->kind == TOKEN_NAME ? scan_one_of(change_last_part(t->text), names) : t->kind == TOKEN_TEXT && scan_one_of(t->text, texts);
}

static bool is_assert(const struct change_code *c, size_t i)
{
	static const char *const names[] = {"assert", "expect", "should", "require", "EXPECT_EQ", "EXPECT_TRUE", "ASSERT_EQ", "ASSERT_TRUE",
	        "assert_eq", "assert_ne", "Errorf", "Fatalf", "expectException", NULL};
	struct slice name = c->t[i].text, last = change_last_part(name);
	if (scan_one_of(last, names))
		return !slice_is(last, "require") || !change_sign(c, i + 1, '(');
	return slice_is(name, "t.Error") || slice_is(name, "t.Fatal") || slice_starts(last, SLICE("assert")) ||
	       slice_starts(last, SLICE("Assert")) || slice_starts(name, SLICE("assert.")) || slice_starts(name, SLICE("require.")) ||
	       slice_starts(name, SLICE("expect.")) || slice_starts(name, SLICE("Assert.")) || slice_starts(name, SLICE("self.assert")) ||
	       slice_starts(name, SLICE("pytest.raises"));
}

/* ── one file ── */

struct gather {
	struct change_code *c;
	struct change_guards *g;
};

static bool is_true(const struct change_code *c, size_t i)
{
	static const char *const words[] = {"true", "True", "TRUE", "1", NULL};
	return i < c->n && c->t[i].kind == TOKEN_NAME && scan_one_of(c->t[i].text, words);
}

static bool is_false(const struct change_code *c, size_t i)
{
	return change_word(c, i, "false") || change_word(c, i, "False") || change_word(c, i, "0");
}

static bool ends(const struct change_code *c, size_t i)
{
	return i >= c->n || c->t[i].kind == TOKEN_END || change_sign(c, i, '}') || change_word(c, i, "end");
}

/* Does it say yes before anything else? What is under a condition is not at the front. */
static bool says_yes(const struct change_code *c, const struct change_function *f)
{
	size_t i = f->body;
	while (i < f->end && (c->t[i].kind == TOKEN_END || c->t[i].kind == TOKEN_TEXT))
		i++;
	bool back = change_word(c, i, "return"), ruby = change_in(c, "ruby");
	i += back;
	return (back || ruby) && is_true(c, i) && ends(c, i + 1);
}

/* "if (true)", "|| true)", "and False:": at `i` */
static bool is_constant(const struct change_code *c, size_t i)
{
	if ((change_word(c, i, "if") || change_word(c, i, "elif") || change_word(c, i, "unless"))) {
		size_t k = i + 1 + change_sign(c, i + 1, '(');
		return (is_true(c, k) || is_false(c, k)) &&
		       (change_sign(c, k + 1, ')') || change_sign(c, k + 1, ':') || change_sign(c, k + 1, '{') ||
		               change_sign(c, k + 1, '|') || change_word(c, k + 1, "or") || change_word(c, k + 1, "and") ||
		               change_sign(c, k + 1, '&'));
	}
	bool either = (change_sign(c, i, '|') && change_sign(c, i + 1, '|')) || change_word(c, i, "or");
	bool both = (change_sign(c, i, '&') && change_sign(c, i + 1, '&')) || change_word(c, i, "and");
	size_t k = i + 1 + (c->t[i].kind == TOKEN_SIGN);
	return ((either && is_true(c, k)) || (both && is_false(c, k))) &&
	       (change_sign(c, k + 1, ')') || change_sign(c, k + 1, ':') || change_sign(c, k + 1, '{'));
}

/* ── conditions ── */

static bool leaves(const struct token *t)
{
	static const char *const names[] = {
	        "return", "throw", "raise", "exit", "_exit", "Exit", "abort", "panic", "die", "goto", "break", "continue", "fail", NULL};
	return t->kind == TOKEN_NAME && scan_one_of(change_last_part(t->text), names);
}

/* A text that nobody would choose as a word: hexadecimal, or letters of both kinds with digits. */
static bool is_key(const struct token *t)
{
	size_t digits = 0, small = 0, big = 0, hex = 0;
	for (size_t i = 0; t->kind == TOKEN_TEXT && t->text.n < 130 && i < t->text.n; i++) {
		uint8_t b = t->text.p[i];
		if (b <= ' ' || b == '/' || b == '%' || b > '~')
			return false;
		digits += b >= '0' && b <= '9';
		small += b >= 'a' && b <= 'z';
		big += b >= 'A' && b <= 'Z';
		hex += (b >= '0' && b <= '9') || ((b | 0x20) >= 'a' && (b | 0x20) <= 'f');
	}
	return t->text.n >= 8 && digits > 1 && ((small && big) || (hex == t->text.n && hex >= 16));
}

static bool beside(const struct change_code *c, size_t i)
{
	return i + 1 < c->n && c->t[i].text.p + c->t[i].text.n == c->t[i + 1].text.p;
}

/* A sign or a word that puts together what is asked; returns how many tokens it is, 0: it is none. */
static size_t joins(const struct change_code *c, size_t i, struct guard_asked *a)
{
	bool two = change_sign(c, i, '&') || change_sign(c, i, '|') || change_sign(c, i, '=') || change_sign(c, i, '!') ||
	           change_sign(c, i, '<') || change_sign(c, i, '>');
	uint8_t sign = two ? c->t[i].sign : 0;
	bool pair = two && beside(c, i) && c->t[i + 1].kind == TOKEN_SIGN, same = pair && c->t[i + 1].sign == sign;
	bool equals = pair && c->t[i + 1].sign == '=';
	bool and = (sign == '&' && same) || change_word(c, i, "and"), or = (sign == '|' && same) || change_word(c, i, "or");
	bool not = sign == '!' || change_word(c, i, "not"), assigns = sign == '=' && !same && !(pair && c->t[i + 1].sign == '>');
	uint64_t kind = and? 1 : or ? 2 : not &&equals ? 3 : not ? 4 : sign == '=' && same ? 5 : assigns ? 6 : sign ? 64u + sign : 0;
	a->ands += and;
	a->ors += or ;
	a->nots += not ;
	a->before += not &&!equals;
	/* "a := b", "a += b" are meant. */
	bool meant = i > 0 && beside(c, i - 1) && c->t[i - 1].kind == TOKEN_SIGN && strchr(":+-*/%^|&", c->t[i - 1].sign);
	a->assigns += assigns && !meant;
	if (kind)
		a->how = a->how * 31 + kind;
	/* "===" is "==". */
	bool three = pair && beside(c, i + 1) && change_sign(c, i + 2, '=') && (sign == '!' || sign == '=');
	return !kind ? 0 : three ? 3 : (same && sign != '!') || equals ? 2 : 1;
}

/* Does what stands in [from, to) say yes to somebody, or no? False: neither. */
static bool decides(const struct change_code *c, size_t from, size_t to, bool *grants)
{
	static const char *const throws[] = {"throw", "raise", "abort", "panic", "die", "exit", "_exit", "goto", "fail", NULL};
	for (size_t i = from; i < to && i < from + BEHIND_MAX; i++) {
		const struct token *t = &c->t[i];
		bool no = is_refusal(t) || (t->kind == TOKEN_NAME && scan_one_of(change_last_part(t->text), throws));
		bool back = change_word(c, i, "return");
		*grants = back && is_true(c, i + 1);
		if (no || *grants ||
		        (back && (is_false(c, i + 1) || change_sign(c, i + 1, '-') || change_word(c, i + 1, "None") ||
		                         change_word(c, i + 1, "nil") || change_word(c, i + 1, "null"))))
			return true;
	}
	return false;
}

/* Where what is done ends that begins at `k`: a block, or one statement. */
static size_t consequence(const struct change_code *c, size_t k, size_t end)
{
	if (change_sign(c, k, '{') && c->close[k])
		return c->close[k] < end ? c->close[k] : end;
	while (k < end && c->t[k].kind != TOKEN_END)
		k++;
	return k;
}

/* Keeps what [from, to) asks, before what is done in [to, end). `back`: it is what a check answers. */
static void asked(struct gather *x, struct guard *g, size_t from, size_t to, size_t end, bool back)
{
	const struct change_code *c = x->c;
	struct guard_asked a = {.at = change_place(c, from), .grants = back};
	bool asks = false;
	for (size_t i = from; i < to;) {
		const struct token *t = &c->t[i];
		size_t n = t->kind == TOKEN_TEXT ? 0 : joins(c, i, &a);
		if (!n && (t->kind == TOKEN_NAME || t->kind == TOKEN_TEXT))
			a.what = a.what * 31 + slice_hash(t->text);
		asks |= t->kind == TOKEN_NAME && (is_check(t->text) || is_identity(t->text));
		i += n ? n : 1;
	}
	bool refuses = !back && decides(c, to, end, &a.grants);
	for (size_t i = to; i < end && i < to + BEHIND_MAX; i++) {
		asks |= is_refusal(&c->t[i]);
		if (c->t[i].kind == TOKEN_NAME || c->t[i].kind == TOKEN_TEXT)
			a.behind = a.behind * 31 + slice_hash(c->t[i].text);
	}
	if (!asks || (!refuses && !back) || to <= from || x->g->n_asked >= GUARDS_MAX)
		return;
	a.n = change_place(c, to - 1) + c->t[to - 1].text.n - a.at;
	x->g->asked[x->g->n_asked++] = a;
	g->n_asked++;
}

/* What is asked behind the "if" at `i`, and is it left there? Bounded, as there can be very many. */
static void condition(struct gather *x, size_t i, size_t end, struct guard *to)
{
	const struct change_code *c = x->c;
	bool bracket = change_sign(c, i + 1, '('), asks = false, key = false, left = false;
	size_t k = i + 1, behind = bracket && c->close[k] ? c->close[k] : SIZE_MAX;
	for (; k < end && k < i + 80 && k != behind; k++) {
		if (behind == SIZE_MAX && (change_sign(c, k, '{') || c->t[k].kind == TOKEN_END))
			break;
		asks |= c->t[k].kind == TOKEN_NAME && (is_check(c->t[k].text) || is_refusal(&c->t[k]));
		key |= is_key(&c->t[k]);
	}
	to->conditions++;
	size_t shut = k;
	k += k == behind;
	while (k < end && c->t[k].kind == TOKEN_END)
		k++;
	asked(x, to, i + 1, shut, consequence(c, k, end), false);
	if (!asks && !key)
		return;
	/* A block, or the next statements: in Python what is raised is not far. */
	bool block = change_sign(c, k, '{') && c->close[k];
	size_t stop = block ? c->close[k] : k + 60;
	for (unsigned statements = 0; k < stop && k < end && k < i + 280 && statements < (behind == SIZE_MAX ? 3 : 1); k++) {
		statements += !block && c->t[k].kind == TOKEN_END;
		left |= leaves(&c->t[k]);
	}
	to->refusing += asks && left;
	to->keys += key && left;
}

/* What a check answers: "return a && b". */
static void answer(struct gather *x, size_t from, size_t end, struct guard *to)
{
	const struct change_code *c = x->c;
	size_t k = from;
	while (k < end && k < from + 80 && c->t[k].kind != TOKEN_END && !change_sign(c, k, '}') && !change_sign(c, k, '{'))
		k++;
	asked(x, to, from, k, k, true);
	bool or = k > from + 2 && (change_word(c, k - 2, "or") || change_sign(c, k - 2, '|'));
	to->constants += or &&(change_word(c, k - 1, "True") || change_word(c, k - 1, "true"));
}

static bool is_defined(const struct change_code *c, size_t i)
{
	return i > 0 && (change_word(c, i - 1, "def") || change_word(c, i - 1, "function") || change_word(c, i - 1, "func") ||
	                        change_word(c, i - 1, "fn") || change_word(c, i - 1, "import") || change_word(c, i - 1, "from"));
}

/* All tokens of [from, to) but the name at `name`, and functions in it from the one with the number `inner`, which stand for themselves. */
static void consists_of(struct gather *x, struct guard *to, size_t from, size_t end, size_t name, size_t inner)
{
	struct change_code *c = x->c;
	struct change_guards *g = x->g;
	to->word = g->words;
	to->token = g->tokens;
	to->asked = g->n_asked;
	for (size_t i = from; i < end && g->tokens < c->n; i++) {
		while (inner < c->functions && c->function[inner].head < i)
			inner++;
		if (inner < c->functions && c->function[inner].head == i && c->function[inner].end > i) {
			i = c->function[inner].end - 1;
			continue;
		}
		const struct token *t = &c->t[i];
		if (t->kind == TOKEN_END)
			continue;
		g->token[g->tokens++] = (uint32_t)(slice_hash(t->text) ^ (t->kind == TOKEN_TEXT));
		to->constants += is_constant(c, i);
		if (change_word(c, i, "if") || change_word(c, i, "elif") || change_word(c, i, "unless"))
			condition(x, i, end, to);
		if (change_word(c, i, "return") && to->answers)
			answer(x, i + 1, end, to);
		to->opens += is_open(c, i);
		to->asserts += t->kind == TOKEN_NAME && is_assert(c, i);
		bool word = i != name && g->words < WORDS_MAX &&
		            ((t->kind == TOKEN_NAME && is_check(t->text) && !is_defined(c, i)) || is_refusal(t));
		if (word)
			g->word[g->words++] = (struct guard_word){.key = slice_hash(change_last_part(t->text)), .text = t->text};
	}
	to->words = g->words - to->word;
	to->tokens = g->tokens - to->token;
}

static struct guard *another(struct gather *x)
{
	if (x->g->n >= GUARDS_MAX)
		return NULL;
	struct guard *to = &x->g->guard[x->g->n++];
	*to = (struct guard){0};
	return to;
}

static bool is_test(const struct change_function *f)
{
	/* "it.only" */
	static const char *const calls[] = {"it", "test", "only", "skip", "each", "xit", "fit", NULL};
	return f->of.n ? scan_one_of(f->name, calls) : slice_starts(f->name, SLICE("test")) || slice_starts(f->name, SLICE("Test"));
}

/* "canEdit", "may_reload", "has_permission", "test_func" */
static bool may_answer(struct slice name)
{
	static const char *const words[] = {"can", "may", "allowed", "allow", "permit", "permitted", "permission", "authorized",
	        "authorize", "authorised", "authenticate", NULL};
	char word[CHANGE_WORDS][CHANGE_WORD];
	size_t n = name.n < 60 ? change_words(name, word, CHANGE_WORDS) : 0;
	for (size_t i = 0; i < n; i++)
		if (change_one_of(word[i], words))
			return true;
	return slice_is(name, "test_func");
}

static void function(struct gather *x, size_t number)
{
	const struct change_function *f = &x->c->function[number];
	struct guard *to = another(x);
	if (!to)
		return;
	to->key = slice_hash(f->name) * 31 + slice_hash(f->of);
	to->name = f->of.n ? f->of : f->name;
	to->at = change_place(x->c, f->at);
	to->n = x->c->t[f->at].text.n;
	to->function = true;
	to->check = is_check(f->name);
	to->always = says_yes(x->c, f) && to->check;
	to->answers = to->check || may_answer(f->name);
	consists_of(x, to, f->head, f->end, f->at, number + 1);
	x->g->tests += is_test(f);
	x->g->asserts += to->asserts;
}

/* What stands outside of functions: by what it is without its checks, or by what it sets. */
static void statement(struct gather *x, size_t from, size_t end)
{
	struct change_code *c = x->c;
	bool sets = from + 1 < end && c->t[from].kind == TOKEN_NAME && change_sign(c, from + 1, '=');
	uint64_t key = 7;
	bool call = false;
	for (size_t i = from; i < end; i++) {
		if (c->t[i].kind == TOKEN_SIGN || (c->t[i].kind == TOKEN_NAME && is_check(c->t[i].text)) || is_open(c, i))
			call |= change_sign(c, i, '(');
		else if (i == from || !sets)
			key = key * 31 + slice_hash(c->t[i].text);
	}
	struct guard *to = sets || call ? another(x) : NULL;
	if (!to)
		return;
	to->key = key;
	to->name = c->t[from].text;
	to->at = change_place(c, from);
	to->n = to->name.n;
	consists_of(x, to, from, end, SIZE_MAX, c->functions);
}

static void statements(struct gather *x, size_t from, size_t to)
{
	for (size_t i = from; i < to;) {
		size_t end = i;
		while (end < to && x->c->t[end].kind != TOKEN_END)
			end++;
		if (end - i > 1 && end - i < STATEMENT)
			statement(x, i, end);
		i = end + 1;
	}
}

static int by_key(const void *a, const void *b)
{
	const struct guard *x = a, *y = b;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

void change_guards(struct change_code *c)
{
	struct arena *arena = c->f->arena;
	struct change_guards *g = arena_alloc(arena, sizeof(*g));
	if (!g)
		return;
	*g = (struct change_guards){0};
	size_t guards = c->functions + c->n / 2 + 1, words = c->n + 1;
	g->guard = arena_array(arena, guards < GUARDS_MAX ? guards : GUARDS_MAX, sizeof(*g->guard));
	g->word = arena_array(arena, words < WORDS_MAX ? words : WORDS_MAX, sizeof(*g->word));
	g->token = arena_array(arena, words, sizeof(*g->token));
	g->asked = arena_array(arena, words < GUARDS_MAX ? words : GUARDS_MAX, sizeof(*g->asked));
	if (!g->guard || !g->word || !g->token || !g->asked)
		return;
	struct gather x = {.c = c, .g = g};
	size_t at = 0;
	for (size_t i = 0; i < c->functions; i++) {
		/* What lies between those that are not in another one. */
		if (c->function[i].head >= at) {
			statements(&x, at, c->function[i].head);
			at = c->function[i].end;
		}
		function(&x, i);
	}
	statements(&x, at, c->n);
	qsort(g->guard, g->n, sizeof(*g->guard), by_key);
	c->f->guards = g;
}

/* ── two files ── */

static size_t times(const struct change_guards *g, size_t from, size_t n, uint64_t key)
{
	size_t k = 0;
	for (size_t i = from; i < from + n; i++)
		k += g->word[i].key == key;
	return k;
}

/* Is it what it was, with a piece or a few taken out? */
static bool only_less(const struct change_guards *old, const struct guard *a, const struct change_guards *now, const struct guard *b)
{
	size_t k = 0;
	if (a->tokens > PURE_MAX || b->tokens < REST_MIN || b->tokens >= a->tokens || a->tokens - b->tokens > REMOVED_MAX)
		return false;
	for (size_t i = 0; i < a->tokens && k < b->tokens; i++)
		k += old->token[a->token + i] == now->token[b->token + k];
	return k == b->tokens;
}

static void tell(struct change_facts *f, enum scan_rule_name rule, const struct guard *b, struct slice what, const char *how)
{
	change_add(f, rule, CHANGE_EACH, SLICE_NONE, b->at, b->n, "%.*s: %s%.*s", SLICE_FMT(slice_sub(b->name, 0, NAME_SHOWN)), how,
	        SLICE_FMT(slice_sub(what, 0, NAME_SHOWN)));
}

/* The first check of `a` that is nowhere any more; NULL: there is none, or another one came. */
static const struct guard_word *gone(
        const struct change_guards *old, const struct guard *a, const struct change_guards *now, const struct guard *b)
{
	const struct guard_word *first = NULL;
	for (size_t i = 0; i < b->words; i++)
		if (times(old, a->word, a->words, now->word[b->word + i].key) < times(now, b->word, b->words, now->word[b->word + i].key))
			return NULL;
	for (size_t i = 0; i < a->words && !first; i++) {
		const struct guard_word *w = &old->word[a->word + i];
		bool less = times(old, a->word, a->words, w->key) > times(now, b->word, b->words, w->key);
		if (less && times(now, 0, now->words, w->key) < times(old, 0, old->words, w->key))
			first = w;
	}
	return first;
}

static bool is_asked_as(const struct change_guards *g, const struct guard *in, const struct guard_asked *a)
{
	for (size_t i = in->asked; i < in->asked + in->n_asked; i++)
		if (g->asked[i].what == a->what && g->asked[i].how == a->how)
			return true;
	return false;
}

/* How a condition lets more pass than it did, with the same names in it and the same done behind it; NULL: it does not. */
static const char *lets_more(const struct guard_asked *a, const struct guard_asked *b)
{
	if (a->what != b->what || a->behind != b->behind || a->grants != b->grants || a->how == b->how)
		return NULL;
	if (b->assigns > a->assigns)
		return "a condition that sets what it asked";
	bool both = a->ands + a->ors == b->ands + b->ors;
	if (both && (b->grants ? b->ors > a->ors : b->ands > a->ands) && a->before == b->before)
		return b->grants ? "one of what it asks is enough now" : "refuses only where all of it is so";
	return both && a->ors == b->ors && a->nots != b->nots && (a->nots + b->nots) % 2 ? "asks for the opposite of what it did" : NULL;
}

/* A condition of both that is put together otherwise. */
static bool weaker(struct change_facts *f, const struct change_guards *old, const struct guard *a, const struct change_guards *now,
        const struct guard *b)
{
	if (a->n_asked > ASKED_MAX || b->n_asked > ASKED_MAX)
		return false;
	for (size_t k = b->asked; k < b->asked + b->n_asked; k++) {
		const struct guard_asked *is = &now->asked[k];
		for (size_t i = a->asked; i < a->asked + a->n_asked; i++) {
			const char *how = lets_more(&old->asked[i], is);
			if (!how || is_asked_as(old, a, is) || is_asked_as(now, b, &old->asked[i]))
				continue;
			change_add(f, SCAN_RULE_CHANGE_CHECK_WEAK, CHANGE_EACH, SLICE_NONE, is->at, is->n, "%.*s: %s",
			        SLICE_FMT(slice_sub(b->name, 0, NAME_SHOWN)), how);
			return true;
		}
	}
	return false;
}

static void compare(struct change_facts *f, const struct change_guards *old, const struct guard *a, const struct change_guards *now,
        const struct guard *b)
{
	/* What is a test's is told of all of them at once. */
	if (f->test)
		return;
	if (!a->always && b->always && a->tokens >= BODY_MIN) {
		tell(f, SCAN_RULE_CHANGE_CHECK_TRUE, b, SLICE(""), "says yes before it asks anything");
		return;
	}
	bool constant = b->constants > a->constants && a->words;
	if (constant && b->words) {
		tell(f, SCAN_RULE_CHANGE_CHECK_TRUE, b, SLICE(""), "a condition that is always the same");
		return;
	}
	const struct guard_word *w = a->words <= STATEMENT && b->words <= STATEMENT && a->words ? gone(old, a, now, b) : NULL;
	const bool is_asked = b->words || a->words || b->check;
	/* Where it was open to some there is one more, and nothing less is asked. */
	if (b->opens > a->opens && (w || (!a->opens && (b->function || a->words)))) {
		tell(f, SCAN_RULE_CHANGE_CHECK_OPEN, b, w ? w->text : SLICE(""), w ? "open to anybody, without " : "open to anybody");
		return;
	}
	if (weaker(f, old, a, now, b))
		return;
	if (!w && b->keys > a->keys && is_asked)
		tell(f, SCAN_RULE_CHANGE_LITERAL, b, SLICE(""), "a text in the code passes its check");
	else if (!w && b->refusing < a->refusing && b->conditions >= a->conditions && only_less(old, a, now, b))
		tell(f, SCAN_RULE_CHANGE_CHECK_GONE, b, SLICE(""), "asks, and goes on whatever the answer is");
	if (w && constant)
		tell(f, SCAN_RULE_CHANGE_CHECK_TRUE, b, w->text, "a constant instead of ");
	else if (w)
		tell(f, only_less(old, a, now, b) ? SCAN_RULE_CHANGE_CHECK_GONE : SCAN_RULE_CHANGE_CHECK_LESS, b, w->text, "without ");
}

/* Functions of tests that asserted something. */
struct less {
	const struct guard *first;
	size_t n;
};

static void tests_less(struct change_facts *f, const struct change_guards *old, const struct change_guards *now, const struct less *l)
{
	size_t at = l->n ? l->first->at : 0, n = l->n ? l->first->n : 0;
	size_t out = old->tests > now->tests ? old->tests - now->tests : 0;
	change_add(
	        f, SCAN_RULE_CHANGE_TEST_LESS, CHANGE_EACH, SLICE("tests"), at, n, "%zu taken out, %zu assert nothing any more", out, l->n);
}

void change_guards_less(struct change_facts *f, const struct change_guards *old)
{
	const struct change_guards *now = f->guards;
	struct less l = {0};
	size_t i = 0, k = 0;
	if (!now || !old)
		return;
	while (i < old->n && k < now->n) {
		uint64_t a = old->guard[i].key, b = now->guard[k].key;
		if (a != b) {
			i += a < b;
			k += a > b;
			continue;
		}
		/* Several of one name are the same ones if they are as many as they were. */
		size_t olds = 0, nows = 0;
		while (i + olds < old->n && old->guard[i + olds].key == a)
			olds++;
		while (k + nows < now->n && now->guard[k + nows].key == a)
			nows++;
		for (size_t n = 0; olds == nows && n < olds; n++) {
			const struct guard *was = &old->guard[i + n], *is = &now->guard[k + n];
			compare(f, old, was, now, is);
			if (is->function && was->asserts && !is->asserts) {
				l.first = l.first && l.first->at < is->at ? l.first : is;
				l.n++;
			}
		}
		i += olds;
		k += nows;
	}
	if (f->test && (now->tests < old->tests || (l.n && now->asserts < old->asserts)))
		tests_less(f, old, now, &l);
}

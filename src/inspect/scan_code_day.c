/* A program that waits for a day to do harm: behind a condition that compares the clock with a date that is written in it, files are
 * removed, processes ended, or something is started or evaluated. What is only old (a time against another, an age) is none, nor what only
 * says so. */
#include "inspect/scan_code.h"

#define CLOCKS        32u
#define CONDITION_MAX 60u  /* tokens */
#define SET_MAX       8u   /* of a statement that sets a variable to the time */
#define BODY_MAX      200u /* tokens of what is done then */

struct day {
	struct code *c;
	struct slice clock[CLOCKS]; /* variables that hold the time it is, functions that compare it with a date */
	bool dated[CLOCKS];
	size_t clocks;
};

static bool is_clock(struct slice s)
{
	static const char *const names[] = {"Date.now", "Date", "datetime.now", "datetime.utcnow", "datetime.datetime.now",
	        "datetime.datetime.utcnow", "date.today", "datetime.date.today", "time.time", "DateTime.Now", "DateTime.UtcNow",
	        "DateTime.Today", "time.Now", "Time.now", "Date.today", "System.currentTimeMillis", "LocalDate.now", "Instant.now",
	        "LocalDateTime.now", "DateTimeOffset.Now", "DateTimeOffset.UtcNow", "Clock.System.now", NULL};
	return scan_one_of(s, names);
}

/* "now" of "now.year"; NULL: none that is known. */
static const bool *known(const struct day *d, struct slice s)
{
	struct slice first = slice_sub(s, 0, slice_chr(s, '.', 0));
	for (size_t i = 0; i < d->clocks && i < CLOCKS; i++)
		if (slice_eq(d->clock[i], first) || slice_eq(d->clock[i], s))
			return &d->dated[i];
	return NULL;
}

static void keep(struct day *d, struct slice name, bool dated)
{
	size_t at = d->clocks++ % CLOCKS;
	d->clock[at] = name;
	d->dated[at] = dated;
}

/* A year, or seconds or milliseconds since 1970, of this century from 2020 on. */
static bool is_date_number(struct slice s)
{
	uint64_t v = 0;
	size_t n = 0;
	for (size_t i = 0; i < s.n && n < 16; i++) {
		if (s.p[i] == '_' || s.p[i] == 'L')
			continue;
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (s.p[i] - '0');
		n++;
	}
	return (v >= 2020 && v < 2100) || (v >= 1577836800 && v < 4102444800) || (v >= 1577836800000 && v < 4102444800000);
}

/* "2027-03-01" */
static bool is_date_text(struct slice s)
{
	return s.n >= 8 && s.n < 40 && s.p[0] == '2' && s.p[1] == '0' && s.p[4] == '-' && s.p[2] >= '2' && s.p[2] <= '9';
}

/* Is the clock compared with a date in [from, to)? */
static bool compares(const struct day *d, size_t from, size_t to)
{
	static const char *const words[] = {"After", "Before", "isAfter", "isBefore", NULL};
	bool clock = false, date = false, less = false;
	for (size_t i = from; i < to; i++) {
		const struct token *t = &d->c->t[i];
		const bool *is = t->kind == TOKEN_NAME ? known(d, t->text) : NULL;
		if (is && *is)
			return true;
		bool empty = code_sign(d->c, i + 1, '(') && code_sign(d->c, i + 2, ')');
		/* "new Date()" is now, "new Date(2027, 1)" is not. */
		clock |= is || (t->kind == TOKEN_NAME && is_clock(t->text) && (!slice_is(t->text, "Date") || empty));
		date |= t->kind == TOKEN_NAME ? is_date_number(t->text) : t->kind == TOKEN_TEXT && is_date_text(t->text);
		less |= t->kind == TOKEN_SIGN && (t->sign == '<' || t->sign == '>');
		less |= t->kind == TOKEN_NAME && scan_one_of(code_last_part(t->text), words);
	}
	return clock && date && less;
}

static bool does_harm(struct code *c, size_t i)
{
	static const char *const names[] = {"rmSync", "rmdirSync", "unlinkSync", "rmtree", "removedirs", "RemoveAll", "rm_rf", "rm_r",
	        "Kill", "deleteRecursively", "deleteDirectory", "killpg", "rimraf", NULL};
	static const char *const full[] = {"os.remove", "os.unlink", "os.kill", "process.kill", "Directory.Delete", "File.Delete",
	        "fs.unlink", "fs.rm", "Environment.FailFast", NULL};
	if (c->t[i].kind != TOKEN_NAME || !code_sign(c, i + 1, '('))
		return false;
	return scan_one_of(code_last_part(c->t[i].text), names) || scan_one_of(c->t[i].text, full) || code_is(c, i, STARTS) ||
	       code_is(c, i, EVALUATES);
}

/* Where what is done ends, from `k` on: a block, one statement, or in Python what stands further in than `margin`. */
static size_t body_end(const struct code *c, size_t k, size_t margin)
{
	size_t stop = k + BODY_MAX < c->n ? k + BODY_MAX : c->n;
	if (code_sign(c, k, '{') && c->close[k])
		return c->close[k] < stop ? c->close[k] : stop;
	for (; k < stop; k++) {
		size_t m = c->python || c->ruby ? code_margin(c, k) : SIZE_MAX;
		if ((c->python || c->ruby) ? m != SIZE_MAX && m <= margin : c->t[k].kind == TOKEN_END)
			break;
	}
	return k;
}

static void condition(struct day *d, size_t i)
{
	struct code *c = d->c;
	bool bracket = code_sign(c, i + 1, '(') && c->close[i + 1];
	size_t to = i + 1, most = i + CONDITION_MAX < c->n ? i + CONDITION_MAX : c->n;
	if (bracket && !c->python && c->close[i + 1] < most)
		to = c->close[i + 1];
	else
		while (to < most && c->t[to].kind != TOKEN_END && !code_sign(c, to, '{') && !(c->python && code_sign(c, to, ':')))
			to++;
	if (!compares(d, i + 1, to))
		return;
	size_t k = to + !code_sign(c, to, '{');
	while (k < c->n && c->t[k].kind == TOKEN_END)
		k++;
	size_t end = body_end(c, k, code_margin(c, i));
	for (; k < end; k++)
		if (does_harm(c, k)) {
			code_tell_once(c, 20, SCAN_RULE_CODE_DAY, i, k + 1);
			return;
		}
}

void code_days(struct code *c)
{
	struct day d = {.c = c};
	struct slice function = SLICE_NONE;
	for (size_t i = 0; i + 1 < c->n && !c->minified; i++) {
		if (c->t[i].kind != TOKEN_NAME)
			continue;
		if ((code_word(c, i, "def") || code_word(c, i, "function") || code_word(c, i, "func")) && c->t[i + 1].kind == TOKEN_NAME)
			function = c->t[i + 1].text;
		if (code_word(c, i, "if") || code_word(c, i, "elif"))
			condition(&d, i);
		bool back = code_word(c, i, "return") && function.n, sets = code_sign(c, i + 1, '=') && !code_sign(c, i + 2, '=');
		if (!back && !sets)
			continue;
		size_t end = i + 1, most = i + (back ? CONDITION_MAX : SET_MAX);
		while (end < c->n && end < most && c->t[end].kind != TOKEN_END && !code_sign(c, end, '}'))
			end++;
		if (back && compares(&d, i + 1, end))
			keep(&d, function, true);
		/* Only what is the time itself: not a later one. */
		for (size_t k = i + 2; sets && k < end; k++)
			if (c->t[k].kind == TOKEN_NAME && is_clock(c->t[k].text)) {
				bool called = code_sign(c, k + 1, '(') && code_sign(c, k + 2, ')');
				if (called || slice_starts(c->t[k].text, SLICE("DateTime")))
					keep(&d, c->t[i].text, false);
				break;
			}
	}
}

/* Rules of YARA: what they match is a finding. libyara reads hostile bytes by rules of somebody else's, so a process without authority
 * does that, and time is bounded twice: here, and by whoever started that process. */
#include "inspect/scan_yara.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/cursor.h"
#include "base/encode.h"
#include "base/utf8.h"
#include "inspect/scan_part.h"
#include "sys/lib_yara.h"

/* libyara lays its compiled rules out one behind the other, without regard to what they hold: its own macros read them where they lie,
 * which every processor that it runs on can do. */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("alignment"))), apply_to = function)
#endif

#define NANO        ((uint64_t)1000000000)
#define SHOWN       48u                /* bytes of a match */
#define LINES_MAX   ((size_t)64 << 20) /* of a longer text only offsets are told */
#define PIECE_MAX   ((size_t)1 << 12)
#define SPENT       UINT64_MAX
#define STRINGS_MAX 10000u /* of one rule are looked at for the first match */

struct scan_yara {
	YR_RULES *rules;
	YR_SCANNER *scanner;
};

/* Looking at one piece of a file. */
struct look {
	struct scan *s;
	const struct scan_input *in;
	enum { TEXT_UNKNOWN, TEXT_YES, TEXT_NO } text;
};

/* Public rules name these; what is scanned has no owner. */
static const char *const variables[] = {"filename", "filepath", "extension", "filetype", "owner"};

/* These read nothing but the file, and give the same for the same bytes: not what cuckoo and magic ask of the machine, nor the time. */
static const char *const modules[] = {"pe", "elf", "dotnet", "macho", "dex", "math", "hash", "string", "console", NULL};

int scan_yara_load(struct err *err)
{
	return lib_yara_load(err);
}

/* The image: for each file two lengths, the namespace, and the text with a NUL behind each. */
void scan_yara_put(struct buf *image, const char *space, struct slice text)
{
	size_t n = strlen(space);
	buf_be(image, n, 4);
	buf_be(image, text.n, 4);
	buf_add(image, slice_of((const uint8_t *)space, n + 1));
	buf_add(image, text);
	buf_u8(image, 0);
}

struct source {
	const char *space;
	struct slice text; /* a NUL behind it */
};

/* Is there one more? */
static bool next_source(struct cursor *c, struct source *out)
{
	if (cursor_left(c) == 0)
		return false;
	uint32_t n = cursor_be32(c), size = cursor_be32(c);
	struct slice space = cursor_take(c, (size_t)n + 1), text = cursor_take(c, (size_t)size + 1);
	if (!cursor_ok(c) || space.p[n] || text.p[size])
		return false;
	*out = (struct source){.space = (const char *)space.p, .text = slice_sub(text, 0, size)};
	return true;
}

static void say_wrong(struct scan_yara_wrong *w, uint32_t line, struct slice text, const char *way_out)
{
	_cleanup_buf_ struct buf shown = BUF((size_t)PIECE_MAX * 5);
	encode_shown(&shown, slice_sub(text, 0, 200));
	buf_str_add(&shown, way_out);
	/* The first mistake; what follows is often only its consequence. */
	if (w->text[0])
		return;
	w->line = line;
	utf8_copy(w->text, sizeof(w->text), buf_slice(&shown));
}

static void on_compiled(int level, const char *file, int line, const YR_RULE *rule, const char *text, void *arg)
{
	(void)file;
	(void)rule;
	struct scan_yara_wrong *w = arg;
	if (level != YARA_ERROR_LEVEL_ERROR)
		return;
	bool include = strstr(text, "include") != NULL;
	bool module = strstr(text, "unknown module") != NULL;
	say_wrong(w, line > 0 ? (uint32_t)line : 0, slice_str(text),
	        include  ? ": take the line out, and give each file with --yara"
	        : module ? "; this libyara has no such module: leave out the rules that import it"
	                 : "; mend the rule, or leave the file out");
}

/* The line of `import "NAME"` in a text; 0: there is none. */
static uint32_t import_line(struct slice text, struct slice name)
{
	uint32_t n = 0;
	struct slice rest = text, line;
	while (slice_split(&rest, '\n', &line)) {
		n++;
		struct slice t = slice_trim(line);
		if (!slice_starts(t, SLICE("import")))
			continue;
		t = slice_trim(slice_from(t, 6));
		if (t.n >= name.n + 2 && t.p[0] == '"' && slice_eq(slice_sub(t, 1, name.n), name) && t.p[name.n + 1] == '"')
			return n;
	}
	return 0;
}

struct imported {
	char name[64]; /* of the first that is not allowed; "": all are */
};

static int on_import(YR_SCAN_CONTEXT *c, int message, void *data, void *arg)
{
	(void)c;
	struct imported *i = arg;
	if (message != CALLBACK_MSG_IMPORT_MODULE)
		return CALLBACK_CONTINUE;
	const char *name = ((const YR_MODULE_IMPORT *)data)->module_name;
	if (scan_one_of(slice_str(name), modules))
		return CALLBACK_CONTINUE;
	(void)snprintf(i->name, sizeof(i->name), "%s", name);
	return CALLBACK_ERROR;
}

/* Which modules rules import libyara says only when it scans: that is tried with nothing. */
static int check_modules(struct scan_yara *y, struct slice image, struct scan_yara_wrong *w)
{
	struct imported bad = {0};
	struct source one;
	yr_scanner_set_callback(y->scanner, on_import, &bad);
	/* What is imported is said first; rules need not come to an end. */
	yr_scanner_set_timeout(y->scanner, 1);
	int e = yr_scanner_scan_mem(y->scanner, (const uint8_t *)"", 0);
	if (!bad.name[0])
		return e == ERROR_INSUFFICIENT_MEMORY ? -ENOMEM : 0;
	struct cursor c = cursor_of(image);
	_cleanup_buf_ struct buf text = BUF(PIECE_MAX);
	buf_fmt(&text, "the module \"%s\" looks at more than the file", bad.name);
	uint32_t line = 0;
	for (w->file = 0; next_source(&c, &one) && (line = import_line(one.text, slice_str(bad.name))) == 0; w->file++)
		;
	say_wrong(w, line, buf_slice(&text), "; leave out the rules that import it");
	return -EINVAL;
}

static int compile(YR_COMPILER *c, struct slice image, struct scan_yara_wrong *w)
{
	struct cursor at = cursor_of(image);
	struct source one;
	yr_compiler_set_callback(c, on_compiled, w);
	/* Rules name files of the machine with it. */
	yr_compiler_set_include_callback(c, NULL, NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(variables); i++)
		if (yr_compiler_define_string_variable(c, variables[i], "") != ERROR_SUCCESS)
			return -ENOMEM;
	for (w->file = 0; next_source(&at, &one); w->file++) {
		if (slice_chr(one.text, 0, 0) != SLICE_NPOS) {
			say_wrong(w, 0, SLICE("it is no text; rules that were compiled are not taken"), "; give the rules themselves");
			return -EINVAL;
		}
		if (yr_compiler_add_string(c, (const char *)one.text.p, one.space) == 0)
			continue;
		say_wrong(w, 0, SLICE("it cannot be compiled"), "; leave the file out");
		return -EINVAL;
	}
	return 0;
}

int scan_yara_new(struct slice image, struct scan_yara **out, uint32_t *rules, struct scan_yara_wrong *wrong)
{
	YR_COMPILER *c = NULL;
	struct scan_yara *y = calloc(1, sizeof(*y));
	*wrong = (struct scan_yara_wrong){0};
	int r = y && yr_compiler_create(&c) == ERROR_SUCCESS ? 0 : -ENOMEM;
	if (r == 0)
		r = compile(c, image, wrong);
	if (r == 0 && (yr_compiler_get_rules(c, &y->rules) != ERROR_SUCCESS || yr_scanner_create(y->rules, &y->scanner) != ERROR_SUCCESS))
		r = -ENOMEM;
	if (c)
		yr_compiler_destroy(c);
	if (r == 0) {
		/* Its own way to survive a file that shrinks needs a signal handler, which is not allowed here. */
		yr_scanner_set_flags(y->scanner, SCAN_FLAGS_FAST_MODE | SCAN_FLAGS_NO_TRYCATCH | SCAN_FLAGS_REPORT_RULES_MATCHING);
		r = check_modules(y, image, wrong);
	}
	if (r < 0) {
		scan_yara_free(y);
		return r;
	}
	*rules = y->rules->num_rules;
	*out = y;
	return 0;
}

void scan_yara_free(struct scan_yara *y)
{
	if (!y)
		return;
	if (y->scanner)
		yr_scanner_destroy(y->scanner);
	if (y->rules)
		(void)yr_rules_destroy(y->rules);
	free(y);
}

/* What a rule says of itself. */

static void put_meta(char *to, size_t size, const YR_META *m)
{
	_cleanup_buf_ struct buf text = BUF(PIECE_MAX), shown = BUF((size_t)PIECE_MAX * 5);
	if (m->type == META_TYPE_STRING)
		buf_add(&text, slice_sub(slice_str(m->string), 0, size));
	else
		buf_fmt(&text, "%lld", (long long)m->integer);
	encode_shown(&shown, buf_slice(&text));
	utf8_copy(to, size, buf_slice(&shown));
}

static const char *const words_bad[] = {"critical", "high", NULL}, *const words_note[] = {"low", "info", "informational", "none", NULL},
                         *const words_middle[] = {"medium", "moderate", "suspicious", NULL};

static bool is_word(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (slice_eq_nocase(slice_str(text), slice_str(*words)))
			return true;
	return false;
}

/* Some say how grave it is in a tag. */
static void tag_severity(struct scan_yara_said *said, const YR_RULE *rule)
{
	const char *tag;
	yr_rule_tags_foreach(rule, tag)
	{
		if (is_word(tag, words_bad) || is_word(tag, words_note) || is_word(tag, words_middle)) {
			utf8_copy(said->severity, sizeof(said->severity), slice_str(tag));
			return;
		}
	}
}

static void read_rule(struct scan_yara_said *said, const YR_RULE *rule)
{
	const YR_META *m;
	utf8_copy(said->rule, sizeof(said->rule), slice_str(rule->identifier));
	utf8_copy(said->space, sizeof(said->space), slice_str(rule->ns->name));
	yr_rule_metas_foreach(rule, m)
	{
		struct slice name = slice_str(m->identifier);
		if (slice_is(name, "severity") && !said->severity[0])
			put_meta(said->severity, sizeof(said->severity), m);
		else if (slice_is(name, "description") && !said->about[0])
			put_meta(said->about, sizeof(said->about), m);
		else if (slice_is(name, "author") && !said->author[0])
			put_meta(said->author, sizeof(said->author), m);
	}
	if (!said->severity[0])
		tag_severity(said, rule);
}

static enum scan_rule_name verdict_of(const struct scan_yara_said *said)
{
	return is_word(said->severity, words_bad)    ? SCAN_RULE_YARA_BAD
	       : is_word(said->severity, words_note) ? SCAN_RULE_YARA_NOTE
	                                             : SCAN_RULE_YARA;
}

/* What it matched. */

struct place {
	const YR_MATCH *match;
	const char *string;
};

static struct place first_match(const YR_SCAN_CONTEXT *c, const YR_RULE *rule)
{
	struct place p = {0};
	const YR_STRING *string;
	uint32_t looked = 0;
	yr_rule_strings_foreach(rule, string)
	{
		const YR_MATCH *m = c->matches[string->idx].head;
		/* They are in the order of their places, but for those of a chain. */
		if (m && !m->is_private && (!p.match || m->base + m->offset < p.match->base + p.match->offset))
			p = (struct place){m, string->identifier};
		if (++looked == STRINGS_MAX)
			break;
	}
	return p;
}

static void put_match(struct buf *out, const struct place *p)
{
	static const char digits[] = "0123456789abcdef";
	struct slice b = slice_of(p->match->data, p->match->data_length > 0 ? (size_t)p->match->data_length : 0);
	bool cut = b.n > SHOWN || p->match->match_length > p->match->data_length;
	b = slice_sub(b, 0, SHOWN);
	bool text = scan_is_text(b);
	buf_fmt(out, ", %.60s = %s", p->string, text ? "\"" : "{");
	for (size_t i = 0; i < b.n && !text; i++)
		buf_fmt(out, "%c%c ", digits[b.p[i] >> 4], digits[b.p[i] & 15]);
	if (text)
		buf_add(out, b);
	buf_fmt(out, "%s%s", cut ? "…" : "", text ? "\"" : "}");
}

static bool is_text(struct look *l)
{
	if (l->text == TEXT_UNKNOWN)
		l->text = l->in->bytes.n <= LINES_MAX && scan_is_text(l->in->bytes) ? TEXT_YES : TEXT_NO;
	return l->text == TEXT_YES;
}

static void on_match(struct look *l, const YR_SCAN_CONTEXT *c, const YR_RULE *rule)
{
	struct scan_yara_said said = {0};
	_cleanup_buf_ struct buf text = BUF(PIECE_MAX);
	read_rule(&said, rule);
	struct place p = first_match(c, rule);
	buf_fmt(&text, "%s:%s%s%s", said.space, said.rule, said.about[0] ? ": " : "", said.about);
	if (p.match)
		put_match(&text, &p);
	uint64_t at = p.match ? (uint64_t)(p.match->base + p.match->offset) : 0;
	uint64_t n = p.match && p.match->match_length > 0 ? (uint64_t)p.match->match_length : 0;
	scan_found_yara(l->s, l->in, verdict_of(&said), &said, p.match && is_text(l), at, n, buf_slice(&text));
}

static int on_message(YR_SCAN_CONTEXT *c, int message, void *data, void *arg)
{
	struct look *l = arg;
	if (message == CALLBACK_MSG_RULE_MATCHING)
		on_match(l, c, data);
	if (message == CALLBACK_MSG_TOO_MANY_MATCHES)
		scan_found(l->s, l->in, SCAN_RULE_YARA_LEFT, 0, 0, "%.60s of a rule matches too often, and was looked for no further",
		        ((const YR_STRING *)data)->identifier);
	return CALLBACK_CONTINUE;
}

static uint64_t now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NANO + (uint64_t)t.tv_nsec;
}

static void tell_unfinished(struct look *l, const YR_SCANNER *scanner, int e)
{
	const YR_RULE *rule = e == ERROR_SCAN_TIMEOUT ? NULL : yr_scanner_last_error_rule((YR_SCANNER *)(uintptr_t)scanner);
	_cleanup_buf_ struct buf why = BUF(PIECE_MAX);
	if (e == ERROR_SCAN_TIMEOUT)
		buf_fmt(&why, "they took longer than %u s, and were matched no further", SCAN_YARA_TIME);
	else if (e == ERROR_INSUFFICIENT_MEMORY)
		buf_str_add(&why, "they need more memory than there is for them");
	else
		buf_fmt(&why, "libyara gave up (error %d)", e);
	scan_found(l->s, l->in, SCAN_RULE_YARA_LEFT, 0, l->in->bytes.n, "%s%s%.128s", buf_str(&why), rule ? ", in " : "",
	        rule ? rule->identifier : "");
}

static void name_it(YR_SCANNER *scanner, const struct scan_input *in)
{
	char path[PIECE_MAX], name[PIECE_MAX];
	(void)snprintf(path, sizeof(path), "%s", in->path);
	(void)snprintf(name, sizeof(name), "%s", in->name);
	const char *dot = strrchr(name, '.');
	const char *const values[ARRAY_LEN(variables)] = {name, path, dot ? dot : "", "", ""};
	for (size_t i = 0; i < ARRAY_LEN(variables); i++)
		(void)yr_scanner_define_string_variable(scanner, variables[i], values[i]);
}

void scan_yara_look(struct scan *s, const struct scan_input *in, struct scan_yara *y, uint64_t *spent)
{
	struct look l = {.s = s, .in = in};
	uint64_t all = SCAN_YARA_TIME * NANO, begin = now();
	if (in->bytes.n == 0 || *spent == SPENT)
		return;
	int e = ERROR_SCAN_TIMEOUT;
	if (*spent < all) {
		/* 0 would be no limit. */
		uint64_t left = (all - *spent + NANO - 1) / NANO;
		name_it(y->scanner, in);
		yr_scanner_set_callback(y->scanner, on_message, &l);
		yr_scanner_set_timeout(y->scanner, (int)left);
		e = yr_scanner_scan_mem(y->scanner, in->bytes.p, in->bytes.n);
		*spent += now() - begin;
	}
	if (e != ERROR_SUCCESS)
		tell_unfinished(&l, y->scanner, e);
	/* That is said once, and not of each member behind. */
	if (e == ERROR_SCAN_TIMEOUT)
		*spent = SPENT;
}

#ifdef __clang__
#pragma clang attribute pop
#endif

#include "inspect/scan_power.h"

#include <strings.h>

#include "base/buf.h"
#include "base/encode.h"
#include "inspect/scan_part.h"
#include "inspect/scan_shell.h"
#include "parse/power.h"

#define TOKENS_MAX  400000u
#define ARENA_MAX   ((size_t)64 << 20)
#define STEPS_MAX   20000000u /* tokens that are looked at, again and again */
#define RANGE_MAX   4000u     /* tokens of one value */
#define NAMES       1024u     /* variables and functions; a power of two */
#define NAMES_USED  768u
#define FILES       32u
#define ALIASES     8u
#define ENCODED_MIN 48u /* letters of a command that is encoded */

/* What gives what an address has. */
#define COMMANDS " iwr irm invoke-webrequest invoke-restmethod curl wget curl.exe wget.exe "

/* What a value is; bits. */
#define FETCHED   1u
#define DECODED   2u
#define GIVEN     4u   /* to the function it is in */
#define KNOWN     8u   /* names the address of a well known installer */
#define ODD       16u  /* names a bare address, or one without encryption */
#define OTHER     32u  /* names another address */
#define NAMES_IT  64u  /* is the name of what runs code, in pieces */
#define EVALUATED 128u /* is run by what runs any text */

struct name {
	uint64_t key; /* 0: free */
	unsigned value;
	bool runs; /* a function that runs what it is given */
};
struct power {
	struct slice script;
	const struct power_said *to;
	const struct power_token *t;
	uint32_t *close; /* of each bracket: where its other one is; else 0 */
	size_t n, steps;
	struct name name[NAMES];
	size_t names;
	struct {
		uint64_t key;
		unsigned value;
	} file[FILES]; /* that it writes */
	size_t files;
	uint64_t alias[ALIASES]; /* other names of what runs code */
	size_t aliases;
	struct {
		uint64_t key;
		size_t end;
	} in[32]; /* functions that it is in */
	unsigned opened;
	bool telling;                           /* the second time */
	bool checks, unseen, disguised, socket; /* of the whole script */
	unsigned does;
};

/* ── words ── */

static uint64_t key_of(struct slice s, uint8_t kind)
{
	char lower[128];
	size_t n = s.n < sizeof(lower) - 1 ? s.n : sizeof(lower) - 1;
	lower[0] = (char)kind;
	for (size_t i = 0; i < n; i++)
		lower[i + 1] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
	uint64_t h = slice_hash(slice_of(lower, n + 1));
	return h ? h : 1;
}

static bool is_word(const struct power *p, size_t i, const char *word)
{
	return i < p->n && p->t[i].kind == POWER_WORD && slice_eq_nocase(p->t[i].text, slice_str(word));
}

/* " a b c " in small letters. */
static bool in_list(struct slice s, const char *list)
{
	char needle[48];
	if (s.n == 0 || s.n + 3 > sizeof(needle))
		return false;
	needle[0] = ' ';
	for (size_t i = 0; i < s.n; i++)
		needle[i + 1] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
	needle[s.n + 1] = ' ';
	needle[s.n + 2] = 0;
	return strstr(list, needle) != NULL;
}

static bool word_in(const struct power *p, size_t i, const char *list)
{
	return i < p->n && p->t[i].kind == POWER_WORD && in_list(p->t[i].text, list);
}

static bool is_sign(const struct power *p, size_t i, uint8_t sign)
{
	return i < p->n && p->t[i].kind == POWER_SIGN && p->t[i].sign == sign;
}

static bool is_member(const struct power *p, size_t i)
{
	return i > 0 && p->t[i].glued && is_sign(p, i - 1, '.');
}

/* May a command begin there? */
static bool is_command(const struct power *p, size_t i)
{
	if (i == 0 || p->t[i - 1].kind == POWER_END || is_word(p, i - 1, "return"))
		return true;
	if (p->t[i - 1].kind != POWER_SIGN || is_member(p, i))
		return false;
	return strchr("({|=&.", p->t[i - 1].sign) != NULL;
}

static bool has_part(struct slice s, const char *part)
{
	size_t n = strlen(part);
	for (size_t i = 0; i + n <= s.n; i++)
		if (strncasecmp((const char *)s.p + i, part, n) == 0)
			return true;
	return false;
}

static bool steps(struct power *p, size_t n)
{
	if (p->steps < n) {
		p->does |= POWER_DOES_MORE;
		return false;
	}
	p->steps -= n;
	return true;
}

/* ── names ── */

/* NULL: it is not known, or, to `make` it, there is no room. */
static struct name *find(struct power *p, uint64_t key, bool make)
{
	for (size_t i = key & (NAMES - 1);; i = (i + 1) & (NAMES - 1)) {
		if (p->name[i].key == key)
			return &p->name[i];
		if (p->name[i].key)
			continue;
		if (!make || p->names >= NAMES_USED)
			return NULL;
		p->names++;
		p->name[i].key = key;
		return &p->name[i];
	}
}

static unsigned known(struct power *p, struct slice s, uint8_t kind)
{
	const struct name *n = find(p, key_of(s, kind), false);
	return n ? n->value : 0;
}

/* ── values ── */

static unsigned address(struct slice s)
{
	size_t at = slice_find(s, SLICE("://"), 0);
	if (at == SLICE_NPOS)
		return 0;
	struct slice host = slice_from(s, at + 3);
	size_t n = 0;
	bool digits = true;
	while (n < host.n && host.p[n] != '/' && host.p[n] != ':' && host.p[n] != '\'' && host.p[n] != '"')
		digits &= (host.p[n] >= '0' && host.p[n] <= '9') || host.p[n] == '.', n++;
	struct slice name = slice_sub(host, 0, n);
	if (slice_is(name, "localhost") || slice_starts(name, SLICE("127.")))
		return OTHER;
	bool plain = at >= 4 && strncasecmp((const char *)s.p + at - 4, "http", 4) == 0;
	if ((digits && n > 6) || plain)
		return ODD;
	return scan_shell_installer(host) ? KNOWN : OTHER;
}

/* A text is a value if it is nothing but a variable or an expression: a version that was asked for stands in many a command. */
static unsigned text(struct power *p, const struct power_token *t)
{
	unsigned v = address(t->text);
	struct slice s = slice_trim(t->text);
	if (!t->expands || s.n < 2)
		return v;
	size_t n = 1;
	while (n < s.n && (s.p[n] == '_' || ((s.p[n] | 0x20) >= 'a' && (s.p[n] | 0x20) <= 'z') || (s.p[n] >= '0' && s.p[n] <= '9')))
		n++;
	if (s.p[0] == '$' && n == s.n)
		v |= known(p, slice_from(s, 1), '$');
	/* "& { $(irm …) } -Option" */
	size_t open = slice_find(s, SLICE("$("), 0);
	struct slice inner = open == SLICE_NPOS ? SLICE_NONE : slice_from(s, open + 2);
	if (has_part(inner, "irm ") || has_part(inner, "iwr ") || has_part(inner, "Invoke-RestMethod") ||
	        has_part(inner, "Invoke-WebRequest") || has_part(inner, ".DownloadString("))
		v |= slice_starts(s, SLICE("$(")) || slice_find(s, SLICE("{"), 0) != SLICE_NPOS ? FETCHED : 0;
	return v;
}

/* What is taken of a value by this member is still what it was; of an answer that was parsed it is not. */
static bool is_whole(const struct power *p, size_t dot)
{
	return word_in(p, dot + 1,
	        " content rawcontent tostring trim trimstart trimend replace substring split readtoend text data result getstring invoke "
	        "toarray body script code downloadstring downloaddata getstringasync getbytearrayasync getresponse getresponsestream "
	        "openread "
	        "getawaiter getresult length create load frombase64string ");
}

/* Of a word that is no member: a command, a function. */
static unsigned command(struct power *p, size_t i)
{
	if (!is_command(p, i))
		return 0;
	if (word_in(p, i, COMMANDS))
		return FETCHED;
	return known(p, p->t[i].text, 'f');
}

static unsigned word(struct power *p, size_t i)
{
	struct slice s = p->t[i].text;
	if (is_member(p, i)) {
		if (in_list(s,
		            " downloadstring downloaddata downloadstringtaskasync downloaddatataskasync getstringasync getbytearrayasync "
		            "getresponsestream openread "))
			return FETCHED;
		return in_list(s, " frombase64string fromhexstring createdecryptor transformfinalblock ") ? DECODED : 0;
	}
	if (slice_eq_nocase(s, SLICE("-bxor")) || has_part(s, "GzipStream") || has_part(s, "DeflateStream"))
		return DECODED;
	/* irm x.example/i: without a scheme. */
	bool bare =
	        i > 0 && word_in(p, i - 1, COMMANDS) && slice_chr(s, '.', 0) != SLICE_NPOS && slice_find(s, SLICE("://"), 0) == SLICE_NPOS;
	return command(p, i) | (bare ? scan_shell_installer(s) ? KNOWN : OTHER : address(s));
}

/* What [from, to) is. */
static unsigned value(struct power *p, size_t from, size_t to)
{
	unsigned v = 0;
	to = to < from + RANGE_MAX ? to : from + RANGE_MAX;
	for (size_t i = from; i < to && i < p->n; i++) {
		const struct power_token *t = &p->t[i];
		/* A text of megabytes can stand in a statement that is looked at thousands of times. */
		if (!steps(p, 1 + t->text.n / 16))
			return v;
		/* (irm …).tag_name, $answer.version */
		size_t end = is_sign(p, i, '(') && p->close[i] ? p->close[i] : i;
		bool has = t->kind == POWER_VARIABLE || end > i;
		if (has && is_sign(p, end + 1, '.') && p->t[end + 1].glued && end + 2 < to && p->t[end + 2].kind == POWER_WORD &&
		        !is_whole(p, end + 1)) {
			i = end + 1;
			continue;
		}
		if (t->kind == POWER_VARIABLE)
			v |= known(p, t->text, '$');
		else if (t->kind == POWER_TEXT)
			v |= text(p, t);
		else if (t->kind == POWER_WORD && (in_list(t->text, " convertfrom-json convertfrom-csv select-string out-null ")))
			v &= ~(FETCHED | DECODED);
		else if (t->kind == POWER_WORD)
			v |= word(p, i);
	}
	return v;
}

/* Where the statement begins that token `i` is in, or the bracket around it. */
static size_t begins(struct power *p, size_t i)
{
	size_t stop = i > RANGE_MAX ? i - RANGE_MAX : 0;
	while (i > stop && steps(p, 1)) {
		const struct power_token *t = &p->t[i - 1];
		bool shut = t->kind == POWER_SIGN && strchr(")]}", t->sign);
		if (t->kind == POWER_END || (t->kind == POWER_SIGN && strchr("([{", t->sign)))
			break;
		i = shut && p->close[i - 1] && p->close[i - 1] >= stop ? p->close[i - 1] : i - 1;
	}
	return i;
}

static size_t ends_at(struct power *p, size_t i, const char *signs)
{
	size_t stop = i + RANGE_MAX < p->n ? i + RANGE_MAX : p->n;
	while (i < stop && steps(p, 1)) {
		const struct power_token *t = &p->t[i];
		if (t->kind == POWER_END || (t->kind == POWER_SIGN && strchr(signs, t->sign)))
			break;
		i = t->kind == POWER_SIGN && strchr("([{", t->sign) && p->close[i] > i ? (size_t)p->close[i] + 1 : i + 1;
	}
	return i < stop ? i : stop;
}

static size_t ends(struct power *p, size_t i)
{
	return ends_at(p, i, ")]}");
}

/* ── what runs code ── */

static void tell(struct power *p, unsigned does, size_t from, size_t to)
{
	if (!p->telling)
		return;
	p->does |= does;
	if (p->to && p->to->said && from < to && to <= p->n)
		p->to->said(p->to->arg, does, p->t[from].at, p->t[to - 1].end - p->t[from].at);
}

static void gives(struct power *p)
{
	struct name *n = p->opened ? find(p, p->in[p->opened - 1].key, true) : NULL;
	if (n)
		n->runs = true;
}

/* A value is run as code. */
static void runs(struct power *p, unsigned v, size_t from, size_t to)
{
	if (v & GIVEN)
		gives(p);
	if (v & DECODED)
		tell(p, POWER_DOES_DECODED, from, to);
	else if (v & FETCHED)
		tell(p,
		        v & ODD                       ? POWER_DOES_FETCHED_ODD
		        : (v & KNOWN) && !(v & OTHER) ? POWER_DOES_INSTALLER
		                                      : POWER_DOES_FETCHED,
		        from, to);
	else if (p->socket && v & EVALUATED)
		tell(p, POWER_DOES_REVERSE, from, to);
}

static bool is_evaluator(struct slice s)
{
	return slice_eq_nocase(s, SLICE("iex")) || slice_eq_nocase(s, SLICE("invoke-expression"));
}

static bool evaluates(const struct power *p, size_t i)
{
	if (p->t[i].kind != POWER_WORD && p->t[i].kind != POWER_TEXT)
		return false;
	/* & 'iex' */
	if (p->t[i].kind == POWER_TEXT)
		return i > 0 && (is_sign(p, i - 1, '&') || is_sign(p, i - 1, '.')) && is_evaluator(p->t[i].text);
	bool alias = false;
	for (size_t k = 0; k < p->aliases && k < ALIASES; k++)
		alias |= p->alias[k] == key_of(p->t[i].text, 'a');
	return is_command(p, i) && (alias || is_evaluator(p->t[i].text));
}

/* "a | iex", "iex a" */
static void evaluate(struct power *p, size_t i, size_t behind)
{
	size_t front = i;
	while (front > 0 && (is_sign(p, front - 1, '&') || is_sign(p, front - 1, '.')))
		front--;
	bool piped = front > 0 && is_sign(p, front - 1, '|');
	size_t from = piped ? begins(p, front) : behind, to = piped ? front : ends_at(p, behind, ")]}|");
	runs(p, value(p, from, to) | EVALUATED, piped ? from : i, piped ? behind : to);
}

/* ── names that are put together ── */

static void fold_text(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		/* Places of a format. */
		if (s.p[i] == '{' && i + 2 < s.n && s.p[i + 2] == '}')
			i += 2;
		else
			buf_u8(b, s.p[i] >= 'A' && s.p[i] <= 'Z' ? (uint8_t)(s.p[i] + 32) : s.p[i]);
	}
}

/* A letter by its number. */
static void fold_number(struct buf *b, struct slice s)
{
	unsigned v = 0;
	bool hex = slice_starts(s, SLICE("0x")) || slice_starts(s, SLICE("0X"));
	for (size_t i = hex ? 2 : 0; i < s.n; i++) {
		int d = hex_value(s.p[i]);
		if (d < 0 || (!hex && d > 9) || v > 1000)
			return;
		v = v * (hex ? 16 : 10) + (unsigned)d;
	}
	if (v > ' ' && v < 127)
		buf_u8(b, (uint8_t)(v >= 'A' && v <= 'Z' ? v + 32 : v));
}

/* The same letters, in whichever order: a format puts its pieces elsewhere. */
static bool same_letters(struct slice a, const char *name)
{
	int count[256] = {0};
	if (a.n != strlen(name))
		return false;
	for (size_t i = 0; i < a.n; i++) {
		count[a.p[i]]++;
		count[(uint8_t)name[i]]--;
	}
	for (size_t i = 0; i < 256; i++)
		if (count[i])
			return false;
	return true;
}

/* Is [from, to) the name of what runs code, in pieces? */
static bool hides(const struct power *p, size_t from, size_t to)
{
	static const char letters[] = " env:comspec pshome shellid verbosepreference env:public env:programfiles env:windir ";
	_cleanup_buf_ struct buf b = BUF(64);
	bool numbers = false, pieces = false, search = false;
	for (size_t i = from; i < to && i < from + 80; i++)
		numbers |= word_in(p, i, " char char[] ");
	for (size_t i = from; i < to && i < from + 80; i++) {
		const struct power_token *t = &p->t[i];
		if (t->kind == POWER_VARIABLE && is_sign(p, i + 1, '[') && in_list(t->text, letters))
			return true;
		search |= word_in(p, i, " gcm get-command gal get-alias variable get-variable gv ");
		pieces |= is_sign(p, i, '+') || is_sign(p, i, ',') || word_in(p, i, " -f -join -replace ");
		/* Get-Command *ke-Exp* */
		bool wild = t->kind != POWER_SIGN && (slice_chr(t->text, '*', 0) != SLICE_NPOS || slice_chr(t->text, '?', 0) != SLICE_NPOS);
		if (search && wild)
			return true;
		if (t->kind == POWER_TEXT)
			fold_text(&b, t->text);
		else if (t->kind == POWER_WORD && numbers)
			fold_number(&b, t->text);
	}
	struct slice s = buf_slice(&b);
	return pieces && !buf_error(&b) && (same_letters(s, "iex") || same_letters(s, "invoke-expression"));
}

/* "& (…) argument" */
static void calls(struct power *p, size_t i)
{
	bool operator= is_sign(p, i, '&') || (is_sign(p, i, '.') && !p->t[i].glued) || (is_sign(p, i, '.') && is_command(p, i));
	if (!operator|| !is_command(p, i))
		return;
	/* $x = 'i' + 'ex'; & $x … */
	if (i + 1 < p->n && p->t[i + 1].kind == POWER_VARIABLE && known(p, p->t[i + 1].text, '$') & NAMES_IT) {
		tell(p, POWER_DOES_HIDES, i, i + 2);
		evaluate(p, i + 1, i + 2);
		return;
	}
	if (!is_sign(p, i + 1, '(') || !p->close[i + 1])
		return;
	size_t behind = (size_t)p->close[i + 1] + 1;
	if (hides(p, i + 2, behind - 1)) {
		tell(p, POWER_DOES_HIDES, i, behind);
		evaluate(p, i + 1, behind);
	}
}

/* ── PowerShell in PowerShell ── */

/* Letters in two bytes each, as such a command is; of the base64, the first part is enough. */
static bool is_encoded(struct slice s)
{
	_cleanup_buf_ struct buf b = BUF(4096);
	size_t n = 0, zeros = 0;
	while (n < s.n && n < 2048 &&
	        (s.p[n] == '+' || s.p[n] == '/' || s.p[n] == '=' || (s.p[n] >= '0' && s.p[n] <= '9') ||
	                ((s.p[n] | 0x20) >= 'a' && (s.p[n] | 0x20) <= 'z')))
		n++;
	if (n < ENCODED_MIN || !decode_base64(&b, slice_sub(s, 0, n & ~(size_t)3)))
		return false;
	for (size_t i = 1; i < b.n; i += 2)
		zeros += b.p[i] == 0;
	return zeros * 10 > b.n * 4;
}

/* Words in a text, or of the script: "-enc", and then what is encoded. */
static void encoded(struct power *p, size_t i)
{
	const struct power_token *t = &p->t[i];
	struct slice rest = t->text, part, before = SLICE_NONE;
	if (t->kind == POWER_WORD && i > 0 && p->t[i - 1].kind == POWER_WORD)
		before = p->t[i - 1].text;
	else if (t->kind == POWER_TEXT && i > 1 && (p->t[i - 1].kind == POWER_WORD || is_sign(p, i - 1, ',')))
		before = p->t[i - 1].kind == POWER_WORD ? p->t[i - 1].text : p->t[i - 2].text;
	while (rest.n && slice_split(&rest, ' ', &part)) {
		bool option = before.n > 1 && before.n < 16 && (before.p[0] == '-' || before.p[0] == '/') &&
		              strncasecmp("encodedcommand", (const char *)before.p + 1, before.n - 1) == 0;
		if (option && is_encoded(part))
			tell(p, POWER_DOES_ENCODED, i, i + 1);
		before = part.n ? part : before;
	}
}

/* ── files ── */

/* What a path is known by: the variable or the text at `i`. 0: neither. */
static uint64_t path_key(const struct power *p, size_t i)
{
	while (is_sign(p, i, '('))
		i++;
	if (i >= p->n)
		return 0;
	const struct power_token *t = &p->t[i];
	struct slice s = t->kind == POWER_TEXT ? slice_trim(t->text) : t->text;
	/* "$x" is $x. */
	if (t->kind == POWER_TEXT && s.n > 1 && s.p[0] == '$' && slice_chr(s, '\\', 0) == SLICE_NPOS && slice_chr(s, '/', 0) == SLICE_NPOS)
		return key_of(slice_from(s, 1), '$');
	return t->kind == POWER_VARIABLE ? key_of(s, '$') : t->kind == POWER_TEXT || t->kind == POWER_WORD ? key_of(s, 't') : 0;
}

static void writes(struct power *p, size_t path, unsigned v)
{
	uint64_t key = path_key(p, path);
	if (key && v & (FETCHED | DECODED)) {
		p->file[p->files % FILES].key = key;
		p->file[p->files++ % FILES].value = v;
	}
}

/* Behind the option in [from, to); SIZE_MAX: it is not there. */
static size_t option(const struct power *p, size_t from, size_t to, const char *names)
{
	for (size_t i = from; i + 1 < to; i++)
		if (word_in(p, i, names))
			return i + 1;
	return SIZE_MAX;
}

/* The argument with this number in the brackets at `i`; SIZE_MAX: there is none. */
static size_t argument(const struct power *p, size_t i, unsigned number)
{
	size_t end = is_sign(p, i, '(') ? p->close[i] : 0;
	for (size_t k = i + 1; k < end && k < i + 200; k++) {
		if (number == 0)
			return k;
		number -= is_sign(p, k, ',');
		k = is_sign(p, k, '(') && p->close[k] > k ? p->close[k] : k;
	}
	return SIZE_MAX;
}

/* "a.dat" that is kept as "a.exe". */
static bool is_disguised(struct slice url)
{
	static const char *const ends[] = {".dat", ".txt", ".png", ".jpg", ".gif", ".ico", ".log", ".tmp", ".bin"};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (slice_find(url, SLICE("://"), 0) != SLICE_NPOS && slice_ends(url, slice_str(ends[i])))
			return true;
	return false;
}

static void saves(struct power *p, size_t i)
{
	size_t end, path = SIZE_MAX;
	unsigned v = 0;
	if (is_member(p, i) && word_in(p, i, " downloadfile downloadfiletaskasync downloadfileasync ")) {
		path = argument(p, i + 1, 1);
		end = ends(p, i);
		v = FETCHED | value(p, i + 1, end);
	} else if (is_member(p, i) && word_in(p, i, " writeallbytes writealltext ")) {
		path = argument(p, i + 1, 0);
		end = ends(p, i);
		v = value(p, path == SIZE_MAX ? end : path + 1, end);
	} else if (is_command(p, i) && (word_in(p, i, COMMANDS) || is_word(p, i, "start-bitstransfer"))) {
		end = ends(p, i);
		path = option(p, i, end, " -outfile -o -out -destination -output ");
		v = FETCHED | value(p, i, end);
	} else if (is_command(p, i) && word_in(p, i, " set-content out-file add-content ")) {
		end = ends(p, i);
		path = option(p, i, end, " -path -filepath -literalpath ");
		path = path == SIZE_MAX && i + 1 < p->n && p->t[i + 1].kind != POWER_WORD ? i + 1 : path;
		v = value(p, begins(p, i), end);
	}
	if (path != SIZE_MAX)
		writes(p, path, v);
}

/* A file is started: was it written here, and does something say that nobody is to see it? */
static void starts(struct power *p, size_t i, size_t path)
{
	uint64_t key = path == SIZE_MAX ? 0 : path_key(p, path);
	for (size_t k = 0; key && k < p->files && k < FILES; k++) {
		unsigned v = p->file[k].value;
		bool odd = p->unseen || p->disguised || v & (ODD | DECODED);
		if (p->file[k].key == key && odd && !p->checks && !((v & KNOWN) && !(v & (OTHER | ODD)))) {
			tell(p, POWER_DOES_STARTS, i, path + 1);
			return;
		}
	}
}

static void starting(struct power *p, size_t i)
{
	if (is_sign(p, i, '&') && is_command(p, i))
		starts(p, i, i + 1);
	if (p->t[i].kind != POWER_WORD)
		return;
	if (is_command(p, i) &&
	        word_in(p, i, " start-process saps start invoke-item ii rundll32 rundll32.exe regsvr32 regsvr32.exe mshta ")) {
		size_t end = ends(p, i), path = option(p, i, end, " -filepath -path ");
		for (size_t k = i + 1; path == SIZE_MAX && k < end; k++)
			if (p->t[k].kind != POWER_WORD || (p->t[k].text.p[0] != '-' && p->t[k].text.p[0] != '/'))
				path = k;
		starts(p, i, path);
	} else if (is_member(p, i) && word_in(p, i, " start ")) {
		starts(p, i, argument(p, i + 1, 0));
	} else if (word_in(p, i, " powershell powershell.exe pwsh cmd cmd.exe ")) {
		size_t path = option(p, i, ends(p, i), " -file -f /c ");
		starts(p, i, path);
	}
}

/* ── the whole ── */

static void sign_of(struct power *p, size_t i)
{
	const struct power_token *t = &p->t[i];
	struct slice s = t->text;
	if (t->kind != POWER_WORD && t->kind != POWER_TEXT)
		return;
	p->checks |= has_part(s, "Get-FileHash") || has_part(s, "AuthenticodeSignature") || has_part(s, "SHA256") ||
	             has_part(s, "SHA512") || has_part(s, "checksum") || has_part(s, "ComputeHash");
	bool style = i > 0 && word_in(p, i - 1, " -windowstyle -w -win -window ");
	p->unseen |= (style && slice_eq_nocase(s, SLICE("hidden"))) || has_part(s, "-w hidden") || has_part(s, "-windowstyle hidden") ||
	             has_part(s, "CurrentVersion\\Run") || (is_word(p, i, "+h") && i > 0 && is_word(p, i - 1, "attrib"));
	p->disguised |= is_disguised(s);
	p->socket |= has_part(s, "Sockets.TcpClient");
}

/* function name(…) { param(…) … } */
static void function(struct power *p, size_t i)
{
	size_t k = i + 2;
	if (!word_in(p, i, " function filter ") || !is_command(p, i) || k >= p->n || p->t[i + 1].kind != POWER_WORD)
		return;
	size_t given = 0;
	if (is_sign(p, k, '(') && p->close[k]) {
		given = k;
		k = (size_t)p->close[k] + 1;
	}
	while (k < p->n && p->t[k].kind == POWER_END)
		k++;
	if (!is_sign(p, k, '{') || !p->close[k] || p->opened == ARRAY_LEN(p->in))
		return;
	p->in[p->opened].key = key_of(p->t[i + 1].text, 'f');
	p->in[p->opened++].end = p->close[k];
	for (size_t m = k + 1; !given && m < k + 40 && m < p->close[k]; m++)
		given = is_word(p, m, "param") && is_sign(p, m + 1, '(') && p->close[m + 1] ? m + 1 : 0;
	for (size_t m = given; given && m < p->close[given] && m < given + RANGE_MAX && steps(p, 1); m++) {
		struct name *n = p->t[m].kind == POWER_VARIABLE ? find(p, key_of(p->t[m].text, '$'), true) : NULL;
		if (n)
			n->value = GIVEN;
	}
}

/* $a = …, $a += … */
static void assigns(struct power *p, size_t i)
{
	bool more = is_sign(p, i + 1, '+');
	size_t at = i + 1 + more;
	if (p->t[i].kind != POWER_VARIABLE || !is_sign(p, at, '=') || is_member(p, i))
		return;
	size_t end = ends(p, at + 1);
	unsigned v = value(p, at + 1, end) | (hides(p, at + 1, end) ? NAMES_IT : 0);
	struct name *n = find(p, key_of(p->t[i].text, '$'), v != 0);
	if (n)
		n->value = more ? n->value | v : v;
}

/* What a function gives back: of "return", or of its last statement. */
static void returns(struct power *p, size_t i)
{
	bool back = is_word(p, i, "return") && p->opened;
	bool last = p->opened && i == p->in[p->opened - 1].end && i > 0;
	if (!back && !last)
		return;
	size_t to = i;
	while (last && to > 0 && p->t[to - 1].kind == POWER_END)
		to--;
	size_t from = back ? i + 1 : begins(p, to);
	unsigned v = value(p, from, back ? ends(p, from) : to) & (FETCHED | DECODED | KNOWN | ODD | OTHER);
	/* What it sets is no answer. */
	bool sets = from + 1 < p->n && p->t[from].kind == POWER_VARIABLE && is_sign(p, from + 1, '=');
	struct name *n = sets ? NULL : find(p, p->in[p->opened - 1].key, v != 0);
	if (n)
		n->value |= v;
}

static void members(struct power *p, size_t i)
{
	/* [scriptblock]::Create(…), [Reflection.Assembly]::Load(…) */
	bool block = word_in(p, i, " create ") && i > 3 && is_sign(p, i - 2, ']') &&
	             (is_word(p, i - 3, "scriptblock") || (p->t[i - 3].kind == POWER_WORD && has_part(p->t[i - 3].text, "ScriptBlock")));
	bool load = word_in(p, i, " load ") && i > 3 && is_sign(p, i - 2, ']') && p->t[i - 3].kind == POWER_WORD &&
	            has_part(p->t[i - 3].text, "Assembly");
	bool other = word_in(p, i, " newscriptblock invokescript addscript ");
	if (!is_member(p, i) || !is_sign(p, i + 1, '(') || !p->close[i + 1] || (!block && !load && !other))
		return;
	size_t end = p->close[i + 1];
	runs(p, value(p, i + 2, end), i, end + 1);
}

static void aliases(struct power *p, size_t i)
{
	if (!word_in(p, i, " set-alias sal new-alias nal ") || i + 2 >= p->n)
		return;
	size_t k = i + 1, end = i + 6 < p->n ? i + 6 : p->n;
	struct slice name = SLICE_NONE;
	for (; k < end && p->t[k].kind != POWER_END; k++) {
		if (p->t[k].kind == POWER_WORD && p->t[k].text.n && p->t[k].text.p[0] == '-')
			continue;
		if (is_evaluator(p->t[k].text) && name.n)
			p->alias[p->aliases++ % ALIASES] = key_of(name, 'a');
		name = p->t[k].text;
	}
}

static void token(struct power *p, size_t i)
{
	while (p->opened && i > p->in[p->opened - 1].end)
		p->opened--;
	returns(p, i);
	assigns(p, i);
	starting(p, i);
	calls(p, i);
	if (p->t[i].kind == POWER_WORD) {
		function(p, i);
		aliases(p, i);
		saves(p, i);
		members(p, i);
		const struct name *n = is_command(p, i) ? find(p, key_of(p->t[i].text, 'f'), false) : NULL;
		if (n && n->runs)
			runs(p, value(p, i + 1, ends(p, i + 1)), i, i + 1);
	}
	if (evaluates(p, i))
		evaluate(p, i, i + 1);
	if (p->t[i].kind == POWER_WORD || p->t[i].kind == POWER_TEXT)
		encoded(p, i);
}

static void pairs(struct power *p)
{
	uint32_t open[256];
	unsigned n = 0;
	for (size_t i = 0; i < p->n; i++) {
		uint8_t s = p->t[i].kind == POWER_SIGN ? p->t[i].sign : 0;
		if (s == '(' || s == '[' || s == '{') {
			if (n < ARRAY_LEN(open))
				open[n++] = (uint32_t)i;
		} else if ((s == ')' || s == ']' || s == '}') && n) {
			n--;
			p->close[open[n]] = (uint32_t)i;
			p->close[i] = open[n];
		}
	}
}

unsigned scan_power(struct slice script, const struct power_said *to)
{
	_cleanup_arena_ struct arena arena = ARENA(ARENA_MAX);
	struct power *p = arena_alloc(&arena, sizeof(*p));
	struct power_token *t;
	bool all = true;
	if (!p)
		return POWER_DOES_MORE;
	*p = (struct power){.script = script, .to = to, .steps = STEPS_MAX};
	if (power_read(script, TOKENS_MAX, &arena, &t, &p->n, &all) < 0)
		return POWER_DOES_MORE;
	p->t = t;
	p->close = arena_array(&arena, p->n ? p->n : 1, sizeof(*p->close));
	if (!p->close)
		return POWER_DOES_MORE;
	memset(p->close, 0, (p->n ? p->n : 1) * sizeof(*p->close));
	p->does = all ? 0 : POWER_DOES_MORE;
	pairs(p);
	/* Once to know functions, once to tell. */
	for (size_t i = 0; i < p->n; i++)
		sign_of(p, i);
	for (unsigned pass = 0; pass < 2; pass++) {
		p->telling = pass;
		p->opened = 0;
		for (size_t i = 0; i < p->n; i++)
			token(p, i);
	}
	return p->does;
}

/* What a constant is, and whether what a decoding gave is worth believing.
 *
 * Of a decoding nobody knows whether it was meant; among millions of constants and hundreds of keys some give letters by chance. Two things
 * must hold: the text has the characters and the pairs of characters that names and words have (a table made from prose, names of packages,
 * host names, Pinyin and time zones gives, for each pair, how much likelier it is there than in random bytes; the sum is in bits, and has
 * to exceed what the number of trials can bring by chance, by far); and most of its members are of one class. */
#include "inspect/mine_part.h"

#include <math.h>

#include "base/cleanup.h"
#include "inspect/mine_table.h"

/* Beyond chance, and a character, on average: words have 3 to 5, letters at random 1 to 2. */
#define BITS_MIN      40.0
#define BITS_STRICT   60.0
#define BITS_CHAR_MIN 2.5
/* Tried under so many keys, words must be this much. */
#define KEYED           100
#define WORD_BITS_KEYED 100.0
#define WORD_BITS_MIN   2.9
#define MEMBERS_SEEN    2048
#define LOCALE_BITS     20.0
#define LOCALE_MAX      16u /* bytes */

static const struct {
	const char *name, *title;
} class_names[MINE_CLASSES] = {
        [MINE_NONE] = {"none", "other constants"},
        [MINE_HOST] = {"host", "host names and domain suffixes"},
        [MINE_ZONE] = {"zone", "time zones"},
        [MINE_LOCALE] = {"locale", "locales"},
        [MINE_COUNTRY] = {"country", "country codes"},
        [MINE_VARIABLE] = {"variable", "environment variable names"},
        [MINE_PATH] = {"path", "paths"},
        [MINE_COMPANY] = {"company", "company and product names"},
        [MINE_AGENT] = {"agent", "user agents"},
        [MINE_DATE] = {"date", "dates"},
        [MINE_VERSION] = {"version", "versions"},
        [MINE_URL] = {"url", "URLs"},
        [MINE_WORD] = {"word", "words"},
};

const char *mine_class_name(enum mine_class c)
{
	return c < MINE_CLASSES ? class_names[c].name : "none";
}

const char *mine_class_title(enum mine_class c)
{
	return c < MINE_CLASSES ? class_names[c].title : "";
}

enum { DIGIT_SYMBOL = 26, DASH, DOT, SLASH, SEPARATOR, OTHER };

static uint8_t symbols[256];
/* Printable ASCII without what hardly stands in a list. */
uint8_t const mine_letters[256] = {
        ['a' ... 'z'] = 1,
        ['A' ... 'Z'] = 1,
        ['0' ... '9'] = 1,
        ['-'] = 1,
        ['_'] = 1,
        ['.'] = 1,
        [','] = 1,
        [';'] = 1,
        ['|'] = 1,
        ['/'] = 1,
        [' '] = 1,
        [':'] = 1,
        ['\n'] = 1,
        ['\t'] = 1,
        ['\r'] = 1,
        ['\0'] = 1,
        ['*'] = 1,
        ['@'] = 1,
        ['='] = 1,
        ['('] = 1,
        [')'] = 1,
        ['"'] = 1,
        ['\''] = 1,
        ['['] = 1,
        [']'] = 1,
        ['~'] = 1,
        ['+'] = 1,
        ['$'] = 1,
        ['{'] = 1,
        ['}'] = 1,
};

__attribute__((constructor)) static void make_symbols(void)
{
	for (unsigned c = 0; c < 256; c++)
		symbols[c] = c >= 'a' && c <= 'z'                 ? (uint8_t)(c - 'a')
		             : c >= 'A' && c <= 'Z'               ? (uint8_t)(c - 'A')
		             : c >= '0' && c <= '9'               ? DIGIT_SYMBOL
		             : c == '-' || c == '_'               ? DASH
		             : c == '.'                           ? DOT
		             : c == '/'                           ? SLASH
		             : c == 0 || strchr(",;| \n", (int)c) ? SEPARATOR
		                                                  : OTHER;
}

static bool is_lower(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(uint8_t c)
{
	return is_lower(c) || is_upper(c) || is_digit(c);
}

/* Pairs that were seen, and how often: what is repeated says little that is new. */
struct pairs {
	uint16_t times[32][32];
	long all;   /* of all characters */
	double new; /* of those whose pair was seen less than twice before */
};

static void score(struct slice s, struct pairs *p)
{
	uint8_t before = SEPARATOR;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = symbols[s.p[i]];
		long bits = pair_table[before][c];
		/* Capitals within a word are rare, and in random text they are not. */
		if (i && is_upper(s.p[i]) && is_lower(s.p[i - 1]))
			bits -= 32;
		/* Bit 5 is the case: of two keys that differ in it, small letters are likelier. */
		bits -= is_upper(s.p[i]) ? 2 : 0;
		p->all += bits;
		if (p->times[before][c] < 2)
			p->new += (double)bits / (1 + p->times[before][c]++);
		before = c;
	}
}

double mine_score(struct slice s)
{
	long sum = 0;
	uint8_t before = SEPARATOR;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = symbols[s.p[i]];
		sum += pair_table[before][c] - (i && is_upper(s.p[i]) && is_lower(s.p[i - 1]) ? 32 : 0);
		before = c;
	}
	return (double)sum / 16;
}

/* -- classes -- */

static bool in_table(const char *const *table, size_t n, struct slice word)
{
	size_t low = 0;
	while (low < n) {
		size_t mid = (low + n) / 2;
		int d = slice_cmp(word, slice_str(table[mid]));
		if (d == 0)
			return true;
		if (d < 0)
			n = mid;
		else
			low = mid + 1;
	}
	return false;
}

static bool in_table_nocase(const char *const *table, size_t n, struct slice word)
{
	uint8_t low[40];
	if (word.n > sizeof(low))
		return false;
	for (size_t i = 0; i < word.n; i++)
		low[i] = is_upper(word.p[i]) ? (uint8_t)(word.p[i] + 32) : word.p[i];
	return in_table(table, n, slice_of(low, word.n));
}

/* Suffixes that are endings of file names, or members of objects: of two labels one does not know. */
static const char *const doubtful[] = {"ai", "am", "app", "as", "at", "be", "br", "build", "bz", "cat", "cc", "center", "click", "co",
        "codes", "cool", "do", "email", "events", "fun", "games", "group", "gs", "health", "help", "host", "id", "im", "in", "inc", "info",
        "int", "internal", "io", "is", "it", "js", "la", "land", "lc", "life", "link", "live", "local", "lt", "ly", "market", "md", "me",
        "media", "ml", "mo", "mobile", "mp", "ms", "name", "network", "news", "no", "one", "page", "partners", "photos", "pl", "plus", "pm",
        "post", "press", "pro", "ps", "py", "re", "rest", "rs", "run", "sc", "school", "services", "sh", "shop", "site", "so", "social",
        "solutions", "space", "st", "store", "stream", "studio", "support", "systems", "tc", "team", "test", "tf", "tips", "to", "today",
        "tools", "top", "trade", "tt", "tv", "uno", "video", "vi", "watch", "work", "works", "world", "ws", "zone"};

static struct slice without_scheme(struct slice s, bool *url)
{
	static const char *const schemes[] = {"https://", "http://", "wss://", "ws://"};
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (slice_starts(s, slice_str(schemes[i]))) {
			*url = true;
			s = slice_from(s, strlen(schemes[i]));
			if (slice_ends(s, SLICE("/")))
				s.n--;
			return s;
		}
	return s;
}

static bool is_host(struct slice s)
{
	bool url = false;
	s = without_scheme(s, &url);
	if (slice_starts(s, SLICE("*.")))
		s = slice_from(s, 2);
	else if (slice_starts(s, SLICE(".")))
		s = slice_from(s, 1);
	if (s.n < 4 || s.n > 253)
		return false;
	size_t labels = 0;
	struct slice rest = s, label, last = SLICE_NONE;
	while (slice_split(&rest, '.', &label)) {
		if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
			return false;
		for (size_t i = 0; i < label.n; i++)
			if (!is_lower(label.p[i]) && !is_digit(label.p[i]) && label.p[i] != '-')
				return false;
		labels++;
		last = label;
	}
	if (labels < 2 || !in_table(suffix_table, ARRAY_LEN(suffix_table), last))
		return false;
	return labels > 2 || url || !in_table(doubtful, ARRAY_LEN(doubtful), last);
}

static bool is_zone(struct slice s)
{
	return s.n > 5 && is_upper(s.p[0]) && in_table(zone_table, ARRAY_LEN(zone_table), s);
}

static bool is_country(struct slice s)
{
	return s.n == 2 && is_upper(s.p[0]) && is_upper(s.p[1]) && in_table_nocase(country_table, ARRAY_LEN(country_table), s);
}

/* ll_CC, ll-CC, ll-Script, ll-Script-CC, with .UTF-8 or not. */
static bool is_locale(struct slice s)
{
	static const char *const scripts[] = {"Hans", "Hant", "Latn", "Cyrl", "Arab", "Deva", "Hira", "Kana"};
	size_t dot = slice_chr(s, '.', 0);
	if (dot != SLICE_NPOS) {
		if (!slice_eq_nocase(slice_from(s, dot), SLICE(".UTF-8")) && !slice_eq_nocase(slice_from(s, dot), SLICE(".utf8")))
			return false;
		s = slice_sub(s, 0, dot);
	}
	if (s.n < 5 || (s.p[2] != '-' && s.p[2] != '_') || !in_table(language_table, ARRAY_LEN(language_table), slice_sub(s, 0, 2)))
		return false;
	s = slice_from(s, 3);
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
		if (slice_starts(s, slice_str(scripts[i]))) {
			s = slice_from(s, 4);
			if (s.n == 0)
				return true;
			s = slice_from(s, 1);
			break;
		}
	return is_country(s) || (s.n == 2 && is_lower(s.p[0]) && in_table(country_table, ARRAY_LEN(country_table), s));
}

static bool is_variable(struct slice s)
{
	size_t parts = 0, from = 0;
	if (s.n < 4 || s.n > 80 || !is_upper(s.p[0]) || s.p[s.n - 1] == '_')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '_') {
			parts += i > from;
			from = i + 1;
		} else if (!is_upper(s.p[i]) && !is_digit(s.p[i])) {
			return false;
		}
	}
	return parts > 0;
}

static bool is_path(struct slice s)
{
	static const char *const roots[] = {"/etc/", "/usr/", "/var/", "/opt/", "/home/", "/tmp/", "/proc/", "/sys/", "/dev/", "/run/",
	        "/Users/", "/Library/", "/Applications/", "/private/", "/mnt/", "/srv/", "/bin/", "~/", "C:\\", "%APPDATA%",
	        "%USERPROFILE%", ".ssh/", ".aws/", ".config/", ".kube/", ".docker/", ".gnupg/", ".local/"};
	bool rooted = false;
	for (size_t i = 0; i < ARRAY_LEN(roots) && !rooted; i++)
		rooted = s.n > strlen(roots[i]) && slice_starts(s, slice_str(roots[i]));
	if (!rooted || s.n > 200)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && !(s.p[i] && strchr("/\\._-~%: ", s.p[i])))
			return false;
	return true;
}

static bool is_company(struct slice s)
{
	static const char *const forms[] = {" Inc.", " Inc", " Ltd", " Ltd.", " GmbH", " LLC", " Corp.", " Corporation", " S.A.", " AG",
	        " Limited", " B.V.", " SE", " Pty", " K.K.", " AB", " Oy"};
	if (s.n < 3 || s.n > 80)
		return false;
	if (in_table_nocase(company_table, ARRAY_LEN(company_table), s))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(forms) && is_upper(s.p[0]); i++)
		if (slice_ends(s, slice_str(forms[i])) && s.n > strlen(forms[i]) + 2)
			return true;
	return false;
}

/* Three numbers with dots between them. Length, or 0. */
static size_t numbers_at(struct slice s, unsigned parts, uint8_t between)
{
	size_t n = 0;
	for (unsigned p = 0; p < parts; p++) {
		size_t from = n;
		while (n < s.n && n - from < 9 && is_digit(s.p[n]))
			n++;
		if (n == from || (p + 1 < parts && (n >= s.n || s.p[n++] != between)))
			return 0;
	}
	return n;
}

static bool is_version(struct slice s)
{
	if (slice_starts(s, SLICE("v")))
		s = slice_from(s, 1);
	size_t n = numbers_at(s, 3, '.');
	return n && s.n < 40 && (n == s.n || s.p[n] == '-' || s.p[n] == '+');
}

static bool is_date(struct slice s)
{
	if (s.n < 8 || s.n > 30 || !is_digit(s.p[3]) || (s.p[0] != '1' && s.p[0] != '2') || (s.p[4] != '-' && s.p[4] != '/'))
		return false;
	size_t n = numbers_at(s, 3, s.p[4]);
	return n >= 8 && n <= 10 && (n == s.n || s.p[n] == 'T' || s.p[n] == ' ');
}

/* Product/1.2 (…), as RFC 9110 has it. */
static bool is_agent(struct slice s)
{
	size_t slash = slice_chr(s, '/', 0);
	if (slash == SLICE_NPOS || slash < 3 || slash > 40 || s.n > 300)
		return false;
	for (size_t i = 0; i < slash; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '.' && s.p[i] != '_')
			return false;
	struct slice rest = slice_from(s, slash + 1);
	size_t n = numbers_at(rest, 2, '.');
	return n && is_upper(s.p[0] & 0xdf) && (n == rest.n || rest.p[n] == ' ' || rest.p[n] == '.');
}

static bool is_url(struct slice s)
{
	bool url = false;
	struct slice rest = without_scheme(s, &url);
	size_t n = 0;
	if (!url)
		return false;
	while (n < rest.n && rest.p[n] != '/' && rest.p[n] != ':' && rest.p[n] != '?' && rest.p[n] != '#')
		n++;
	return n < rest.n && is_host(slice_sub(s, 0, (size_t)(rest.p - s.p) + n));
}

enum mine_class mine_class_of(struct slice s)
{
	static const struct {
		enum mine_class class;
		bool (*is)(struct slice s);
	} table[] = {
	        {MINE_ZONE, is_zone},
	        {MINE_HOST, is_host},
	        {MINE_COUNTRY, is_country},
	        {MINE_LOCALE, is_locale},
	        {MINE_VARIABLE, is_variable},
	        {MINE_PATH, is_path},
	        {MINE_DATE, is_date},
	        {MINE_VERSION, is_version},
	        {MINE_AGENT, is_agent},
	        {MINE_COMPANY, is_company},
	        {MINE_URL, is_url},
	};
	if (s.n < 2 || s.n > 300)
		return MINE_NONE;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].is(s))
			return table[i].class;
	return MINE_NONE;
}

/* Of what was hidden: also what is too little by itself. */
/* Settings and data below a folder, wherever that is: ".tool/keys.json". In source text such names are everywhere. */
static bool is_setting(struct slice s)
{
	static const char *const endings[] = {
	        ".json", ".toml", ".yaml", ".yml", ".ini", ".conf", ".cfg", ".env", ".db", ".sqlite", ".key", ".pem", ".txt", ".lock"};
	if (s.n < 8 || s.n > 120 || (s.p[0] != '.' && slice_chr(s, '/', 0) == SLICE_NPOS))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && !(s.p[i] && strchr("/._-~", s.p[i])))
			return false;
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (slice_ends(s, slice_str(endings[i])))
			return true;
	return false;
}

static enum mine_class class_of_member(struct slice s)
{
	enum mine_class c = mine_class_of(s);
	if (c == MINE_NONE && is_setting(s))
		return MINE_PATH;
	if (c != MINE_NONE && c != MINE_COMPANY)
		return c;
	if (s.n < 2 || s.n > 60)
		return MINE_NONE;
	size_t dots = 0;
	for (size_t i = 0; i < s.n; i++) {
		dots += s.p[i] == '.';
		if (!is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' && s.p[i] != '.' && s.p[i] != ' ')
			return MINE_NONE;
	}
	if (dots && s.n > 4 && s.p[0] != '.' && s.p[1] != '.' && s.p[s.n - 1] != '.') {
		size_t at = s.n;
		while (at && s.p[at - 1] != '.')
			at--;
		if (s.n - at >= 2 && in_table_nocase(suffix_table, ARRAY_LEN(suffix_table), slice_from(s, at)))
			return MINE_HOST;
	}
	return c == MINE_COMPANY ? c : dots ? MINE_NONE : MINE_WORD;
}

/* Of bytes that may have been anything: what is too short to be there by design is nothing. */
static enum mine_class class_strict(struct slice s)
{
	enum mine_class c = mine_class_of(s);
	bool long_enough = s.n >= 8 && mine_score(s) >= BITS_CHAR_MIN * (double)s.n;
	return c == MINE_HOST || c == MINE_ZONE || c == MINE_URL || ((c == MINE_VARIABLE || c == MINE_PATH) && long_enough) ? c : MINE_NONE;
}

/* -- lists -- */

static struct slice stripped(struct slice s)
{
	while (s.n && (s.p[0] == 0 || strchr(" \t\r\n\"'[](){}`", s.p[0])))
		s = slice_from(s, 1);
	while (s.n && (s.p[s.n - 1] == 0 || strchr(" \t\r\n\"'[](){}`,;", s.p[s.n - 1])))
		s.n--;
	return s;
}

size_t mine_split(struct slice text, struct slice *out, size_t max, size_t *total)
{
	static const uint8_t separators[] = {'\n', 0, '|', ';', ',', '\t', ' ', ':'};
	uint8_t by = '\n';
	size_t n = 0;
	struct slice part;
	for (size_t i = 0; i < sizeof(separators); i++)
		if (text.n && memchr(text.p, separators[i], text.n)) {
			by = separators[i];
			break;
		}
	/* Some classes have blanks, slashes and colons in them. */
	if ((by == ' ' || by == ':') && mine_class_of(stripped(text)) != MINE_NONE)
		by = '\n';
	*total = 0;
	while (slice_split(&text, by, &part)) {
		part = stripped(part);
		if (part.n == 0)
			continue;
		++*total;
		if (n < max)
			out[n++] = part;
	}
	return n;
}

/* The class of most members; at least three of four must be of it, or be what stands among such. */
static enum mine_class majority(const size_t of[MINE_CLASSES], size_t seen, size_t suffixes, size_t *most)
{
	enum mine_class best = MINE_NONE;
	*most = 0;
	for (enum mine_class c = MINE_HOST; c < MINE_CLASSES; c++)
		if (of[c] > *most) {
			*most = of[c];
			best = c;
		}
	/* Names of companies are words, too; and ".cn" or "cn" among hosts is one. */
	if (best == MINE_HOST)
		*most += suffixes;
	if (best == MINE_WORD)
		*most += of[MINE_COMPANY];
	if (best == MINE_COMPANY) {
		*most += of[MINE_WORD];
	}
	return *most * 4 >= seen * 3 ? best : MINE_NONE;
}

/* How many members there are, if all of them are names of locales, and at least three. */
static size_t all_locales(const struct slice *texts, size_t n, struct slice *members)
{
	size_t all = 0;
	for (size_t i = 0; i < n; i++) {
		/* Nearly no text is, and splitting takes time. */
		if (texts[i].n < 5 || (texts[i].p[2] != '_' && texts[i].p[2] != '-' && texts[i].p[3] != '_' && texts[i].p[3] != '-'))
			return 0;
		size_t total, got = texts[i].n > LOCALE_MAX ? mine_split(texts[i], members, MEMBERS_SEEN, &total) : 1;
		if (texts[i].n <= LOCALE_MAX)
			members[0] = stripped(texts[i]);
		for (size_t k = 0; k < got; k++)
			if (members[k].n > LOCALE_MAX || !is_locale(members[k]))
				return 0;
		all += got;
	}
	return all >= 3 ? all : 0;
}

bool mine_judge(const struct slice *texts, size_t n, double choices, bool strict, struct mine_verdict *out)
{
	static _Thread_local struct slice members[MEMBERS_SEEN];
	static _Thread_local struct pairs pairs;
	size_t of[MINE_CLASSES] = {0}, seen = 0, suffixes = 0, chars = 0, most, different = 0, n_settings = 0;
	struct slice last_different = SLICE_NONE;
	struct mine_verdict v = {0};
	pairs = (struct pairs){0};
	for (size_t i = 0; i < n; i++) {
		score(texts[i], &pairs);
		chars += texts[i].n;
	}
	double all = (double)pairs.all / 16;
	v.bits = pairs.new / 16 - log2(choices > 1 ? choices : 1);
	/* Of some 45,000 names of locales few are like words, and no five bytes are one by chance: 40 bits, less those that choose the
	 * name. */
	size_t locales = strict ? 0 : all_locales(texts, n, members);
	v.bits += LOCALE_BITS * (double)locales;
	if (chars == 0 || v.bits < (strict ? BITS_STRICT : BITS_MIN) || (all < BITS_CHAR_MIN * (double)chars && !locales))
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t total, got = mine_split(texts[i], members, MEMBERS_SEEN, &total);
		v.total += total;
		for (size_t k = 0; k < got; k++) {
			enum mine_class c = strict ? class_strict(members[k]) : class_of_member(members[k]);
			of[c]++;
			seen++;
			n_settings += c == MINE_PATH && is_setting(members[k]);
			suffixes += c == MINE_WORD && in_table(suffix_table, ARRAY_LEN(suffix_table), members[k]);
			different += members[k].n >= (strict ? 4 : 3) && (different == 0 || !slice_eq(members[k], last_different));
			if (members[k].n >= 3)
				last_different = members[k];
		}
	}
	v.class = majority(of, seen, suffixes, &most);
	/* Words are a weak form: several, and more like words than other things need to be; what was tried under many keys, too. Blanks
	 * between them are a sentence. */
	bool settings = v.class == MINE_PATH && n_settings >= 4 && 4 * n_settings >= 3 * seen;
	bool weak = v.class != MINE_HOST && v.class != MINE_ZONE && v.class != MINE_URL && !settings;
	bool wordy = all >= WORD_BITS_MIN * (double)chars;
	if ((v.class == MINE_WORD && (different < 3 || strict || !wordy)) ||
	        (weak && choices > KEYED && (!wordy || v.bits < WORD_BITS_KEYED)))
		v.class = MINE_NONE;
	v.text = v.class == MINE_NONE;
	*out = v;
	return true;
}

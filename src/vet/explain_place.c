/* Rows for time zone and locale: dates, times and words as the place has them. */
#include "vet/explain_part.h"

#include <stdio.h>
#include <time.h>

#include "vet/codepoint.h"

/* To change the zone costs a dozen system calls, as its file is read anew, and what follows is asked thousands of times in a vetting: so
 * all that is wanted of one zone is asked at once. */
static char *zone_enter(const char *zone)
{
	const char *old = getenv("TZ");
	char *keep = old ? strdup(old) : NULL;
	(void)setenv("TZ", zone, 1);
	tzset();
	return keep;
}

static void zone_leave(char *keep)
{
	if (keep)
		(void)setenv("TZ", keep, 1);
	else
		(void)unsetenv("TZ");
	tzset();
	free(keep);
}

static void local_time(const char *zone, int64_t t, struct tm *out, long *offset, char abbreviation[16])
{
	time_t at = (time_t)t;
	char *keep = zone_enter(zone);
	(void)localtime_r(&at, out);
	*offset = out->tm_gmtoff;
	(void)snprintf(abbreviation, 16, "%s", out->tm_zone ? out->tm_zone : "");
	zone_leave(keep);
}

/* What a trial writes is of the moment when it began, of up to half a minute before it or of up to five minutes behind it: these times in
 * its zone. */
#define BACK_FROM (-30)
#define BACK_STEP 30
#define BACKS     12
static void local_times(const struct analysis_trial *t, struct tm out[BACKS])
{
	char *keep = zone_enter(t->host->timezone);
	for (int i = 0; i < BACKS; i++) {
		time_t at = (time_t)(t->started_unix + BACK_FROM + i * BACK_STEP);
		(void)localtime_r(&at, &out[i]);
	}
	zone_leave(keep);
}

static bool not_blank(uint8_t c)
{
	return c > ' ' && c != '"' && c != ',' && c != ';' && c != '(' && c != ')';
}

static struct slice strip_stop(struct slice s)
{
	while (s.n && (s.p[s.n - 1] == '.' || s.p[s.n - 1] == ':'))
		s.n--;
	return s;
}

static bool of_date(const struct part *p)
{
	return strcmp(factor_table[p->c->factor].name, "date") == 0;
}

static bool of_clock(const struct part *p)
{
	return of_date(p) || strcmp(factor_table[p->c->factor].name, "timezone") == 0;
}

/* The date must stand over the hunk on both sides, with the same distance from its beginning or, as names of months are of several lengths,
 * from its end. */
static bool over_hunk(const struct part *p, struct slice da, struct slice db)
{
	for (size_t at = 0; (at = slice_find(p->c->before, da, at)) != SLICE_NPOS && at <= p->h.a_at; at++) {
		size_t lead = p->h.a_at - at, end = at + da.n, tail = end - p->h.a_at - p->h.a_n, b_end = p->h.b_at + p->h.b_n;
		if (end < p->h.a_at + p->h.a_n)
			continue;
		if (lead <= p->h.b_at && p->h.b_at - lead + db.n >= b_end && slice_eq(slice_sub(p->c->after, p->h.b_at - lead, db.n), db))
			return true;
		if (db.n <= b_end + tail && b_end + tail - db.n <= p->h.b_at &&
		        slice_eq(slice_sub(p->c->after, b_end + tail - db.n, db.n), db))
			return true;
	}
	return false;
}

/* The first WHOLE_DATES have year, month and day. */
#define WHOLE_DATES EXPLAIN_DAYS
static const char *const formats[] = {"%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y",
        "%m-%d-%Y", "%-m/%-d/%Y", "%-d/%-m/%Y", "%-d.%-m.%Y", "%B %-d, %Y", "%b %-d, %Y", "%b %d, %Y", "%-d %B %Y", "%-d %b %Y", "%d %b %Y",
        "%B %Y", "%b %Y", "%Y-%m", "%m/%Y", "%a %b %d %Y", "%A, %B %-d, %Y", "%a, %d %b %Y", "%b %d", "%B %-d", "%A", "%H:%M",
        "%Y-%m-%dT%H", "%H", "%-H", "%-H:%M", "%I:%M", "%-I:%M", "%I", "%-I", "%p", "%a", "%-d", "%u", "%w", "%j", "%B", "%b", "%Y", "%m%d",
        "%y%m%d", "%d%m%Y", "%Y%m"};

static struct slice written(const struct tm *tm, size_t format, char out[64])
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	return slice_of(out, strftime(out, 64, formats[format], tm));
#pragma GCC diagnostic pop
}

/* Dates and times of the clock in the zone. Both sides must be written in the same way, so that only digits and names of days and
 * months differ. */
const char *row_date(const struct part *p)
{
	/* How something is written has no time in it. */
	if (p->c->feature->structural || !of_clock(p))
		return NULL;
	struct tm ta[BACKS], tb[BACKS];
	local_times(p->c->before_trial, ta);
	local_times(p->c->after_trial, tb);
	for (size_t k = 0; k < BACKS; k++) {
		for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
			char da[64], db[64];
			struct slice sa = written(&ta[k], i, da), sb = written(&tb[k], i, db);
			if (slice_eq(sa, sb))
				continue;
			if (over_hunk(p, sa, sb))
				return of_date(p) ? "the date, written in the same way as before"
				                  : "the local date or time in that zone, written in the same way as before";
		}
	}
	return NULL;
}

/* A part that comes or goes when the clock is moved and is dated itself: whoever reads it sees the day that it is about. A whole message
 * has a date in it whenever it is sent. */
const char *row_dated(const struct part *p)
{
	const struct analysis_trial *t = p->c->before.p ? p->c->before_trial : p->c->after_trial;
	struct slice text = p->c->before.p ? p->c->before : p->c->after;
	if (!of_date(p) || part_is_message(p) || p->c->feature->structural || (p->c->before.p && p->c->after.p) || !text_visible(text))
		return NULL;
	struct tm tm[BACKS];
	local_times(t, tm);
	for (size_t k = 0; k < BACKS; k++) {
		char day[64];
		for (size_t i = 0; i < WHOLE_DATES; i++)
			if (slice_find(text, written(&tm[k], i, day), 0) != SLICE_NPOS)
				return "a part that has the date in it";
	}
	return NULL;
}

bool explain_tells_minute(const struct analysis_trial *t, struct slice value)
{
	int now = -1; /* minute of the day */
	for (size_t at = 0; at + 5 <= value.n; at++) {
		const uint8_t *p = value.p + at;
		if (p[0] < '0' || p[0] > '2' || p[1] < '0' || p[1] > '9' || (p[2] != ':' && p[2] != '.') || p[3] < '0' || p[3] > '5' ||
		        p[4] < '0' || p[4] > '9')
			continue;
		/* A log may have thousands of times in it, and to change zones costs a system call or two. */
		if (now < 0) {
			struct tm tm;
			long offset;
			char zone[16];
			local_time(t->host->timezone, t->started_unix, &tm, &offset, zone);
			now = tm.tm_hour * 60 + tm.tm_min;
		}
		int told = ((p[0] - '0') * 10 + p[1] - '0') * 60 + (p[3] - '0') * 10 + p[4] - '0', ahead = (told - now + 1440) % 1440;
		if (told < 1440 && (ahead <= 5 || ahead == 1439))
			return true;
	}
	return false;
}

static void date_add(struct explain_dates *d, const struct tm *tm)
{
	for (size_t k = 0; k < WHOLE_DATES; k++)
		(void)written(tm, k, d->day[d->n][k]);
	bool new = true;
	for (unsigned k = 0; k < d->n && new; k++)
		new = strcmp(d->day[k][0], d->day[d->n][0]) != 0;
	d->n += new;
}

/* A run may begin before midnight and end behind it. */
#define RUN_SECONDS 300

void explain_dates_of(const struct analysis_trial *t, size_t n, struct explain_dates *out)
{
	memset(out, 0, n * sizeof(*out));
	for (size_t i = 0; i < n; i++) {
		if (!t[i].host || out[i].n)
			continue;
		char *keep = zone_enter(t[i].host->timezone);
		for (size_t k = i; k < n; k++) {
			if (!t[k].host || strcmp(t[k].host->timezone, t[i].host->timezone) != 0)
				continue;
			for (int late = 0; late <= RUN_SECONDS; late += RUN_SECONDS) {
				time_t at = (time_t)(t[k].started_unix + late);
				struct tm tm;
				date_add(&out[k], localtime_r(&at, &tm));
			}
		}
		zone_leave(keep);
	}
	for (size_t i = 0; i < n; i++) {
		for (int late = 0; late <= RUN_SECONDS && t[i].host; late += RUN_SECONDS) {
			time_t at = (time_t)(t[i].started_unix + late);
			struct tm tm;
			date_add(&out[i], gmtime_r(&at, &tm));
		}
	}
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* In which way a day is told there, and in how many bytes; -1: there is none. */
static int day_at(const struct explain_dates *d, struct slice value, size_t at, int way, size_t *n)
{
	/* A day begins with a digit or the name of a month or weekday. */
	if ((at && is_digit(value.p[at - 1])) || !(is_digit(value.p[at]) || (value.p[at] >= 'A' && value.p[at] <= 'Z')))
		return -1;
	for (int i = way < 0 ? 0 : -1; i < (int)WHOLE_DATES; i++)
		for (unsigned k = 0; k < d->n; k++) {
			int as = i < 0 ? way : i;
			struct slice day = slice_str(d->day[k][as]);
			if (!slice_starts(slice_from(value, at), day) || (at + day.n < value.n && is_digit(value.p[at + day.n])))
				continue;
			*n = day.n;
			return as;
		}
	return -1;
}

int explain_date_way(const struct explain_dates *d, struct slice value)
{
	int way = -1;
	for (size_t at = 0, n; at < value.n && way < 0; at++)
		way = day_at(d, value, at, -1, &n);
	return way;
}

void explain_date_out(const struct explain_dates *d, struct slice value, int way, struct buf *out)
{
	for (size_t at = 0, n; at < value.n; at += n) {
		int as = day_at(d, value, at, way, &n);
		if (as >= 0)
			buf_fmt(out, "{date %s}", formats[as]);
		else
			buf_add(out, slice_sub(value, at, n = 1));
	}
}

static bool is_offset(struct slice s, long seconds, const char *abbreviation)
{
	long minutes = seconds / 60;
	long h = minutes / 60, m = minutes % 60;
	char sign = minutes < 0 ? '-' : '+', text[32];
	h = h < 0 ? -h : h;
	m = m < 0 ? -m : m;
	const char *const prefixes[] = {"", "UTC", "GMT"};
	if (s.n == 0)
		return false;
	if (slice_is(s, abbreviation) || (seconds == 0 && (slice_is(s, "Z") || slice_is(s, "UTC") || slice_is(s, "GMT"))))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		(void)snprintf(text, sizeof(text), "%s%c%02ld:%02ld", prefixes[i], sign, h, m);
		if (slice_is(s, text))
			return true;
		(void)snprintf(text, sizeof(text), "%s%c%02ld%02ld", prefixes[i], sign, h, m);
		if (slice_is(s, text))
			return true;
		(void)snprintf(text, sizeof(text), m ? "%s%c%ld:%02ld" : "%s%c%ld", prefixes[i], sign, h, m);
		if (slice_is(s, text))
			return true;
	}
	const long numbers[] = {minutes, -minutes, seconds, -seconds};
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		(void)snprintf(text, sizeof(text), "%ld", numbers[i]);
		if (slice_is(s, text))
			return true;
	}
	return false;
}

/* The word around the hunk, on both sides. */
static bool offset_in(struct slice s, size_t at, size_t n, const struct analysis_trial *t)
{
	struct tm tm;
	long offset;
	char zone[16];
	local_time(t->host->timezone, t->started_unix, &tm, &offset, zone);
	struct slice word = strip_stop(text_around(s, at, n, not_blank)), hunk = slice_trim(slice_sub(s, at, n));
	/* "2026-11-23T10:00:00+08:00": the offset is the end of a longer word. */
	for (size_t from = 0; from < word.n; from++)
		if ((from == 0 || word.p[from] == '+' || word.p[from] == '-' || word.p[from] == 'Z' || word.p[from] == 'U' ||
		            word.p[from] == 'G') &&
		        word.p + from <= hunk.p + (hunk.n ? 0 : 1) && is_offset(slice_from(word, from), offset, zone))
			return true;
	return is_offset(hunk, offset, zone);
}

/* Bytes of a zone's name in brackets that follow an offset, as ECMAScript's Date.prototype.toString() has it: " (Pacific Standard Time)",
 * in the language of the locale; 0 if there is none. */
#define ZONE_NAME_MAX 80
static size_t zone_name(struct slice s, const char *locale)
{
	bool english = strncmp(locale, "en", 2) == 0 || strcmp(locale, "C") == 0 || strncmp(locale, "C.", 2) == 0;
	size_t end = slice_chr(slice_sub(s, 0, ZONE_NAME_MAX), ')', 0);
	if (!slice_starts(s, SLICE(" (")) || end == SLICE_NPOS)
		return 0;
	struct slice name = slice_sub(s, 2, end - 2);
	if (!text_visible(name) || (english && !slice_ends(name, SLICE(" Time"))))
		return 0;
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];
		bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == ' ' || c == '-' || (c >= 0x80 && !english);
		if (!plain)
			return 0;
	}
	return end + 1;
}

/* The text without the first UTC offset that is written as that of the trial's zone, at the end of a time: "+0530", "-05:00", "Z". False if
 * there is none. */
static bool without_offset(struct slice s, const struct analysis_trial *t, struct buf *out)
{
	struct tm tm;
	long seconds = 0;
	char abbreviation[16], forms[4][32];
	if (!t->host)
		return false;
	local_time(t->host->timezone, t->started_unix, &tm, &seconds, abbreviation);
	int minutes = (int)(labs(seconds) % 86400 / 60);
	char sign = seconds < 0 ? '-' : '+';
	(void)snprintf(forms[0], sizeof(forms[0]), "%c%02d%02d", sign, minutes / 60, minutes % 60);
	(void)snprintf(forms[1], sizeof(forms[1]), "%c%02d:%02d", sign, minutes / 60, minutes % 60);
	(void)snprintf(forms[2], sizeof(forms[2]), "%s", abbreviation);
	(void)snprintf(forms[3], sizeof(forms[3]), "%s", seconds == 0 ? "Z" : "?");
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		size_t n = strlen(forms[i]);
		for (size_t at = slice_find(s, slice_str(forms[i]), 1); n && at != SLICE_NPOS;
		        at = slice_find(s, slice_str(forms[i]), at + 1)) {
			bool after_time = (s.p[at - 1] >= '0' && s.p[at - 1] <= '9') || s.p[at - 1] == ' ';
			struct slice front = slice_sub(s, 0, at);
			after_time = after_time || (i < 2 && (slice_ends(front, SLICE(" GMT")) || slice_ends(front, SLICE(" UTC"))));
			if (!after_time || (at + n < s.n && text_word_byte(s.p[at + n])))
				continue;
			buf_add(out, slice_sub(s, 0, at));
			buf_add(out, slice_from(s, at + n + zone_name(slice_from(s, at + n), t->host->locale)));
			return true;
		}
	}
	return false;
}

/* The shape of a text that holds the time of the clock in the trial's zone, with everything that follows from the moment taken out of it.
 * False if it does not hold it. */
static bool clock_shape(struct slice s, const struct analysis_trial *t, struct buf *out)
{
	static const char *const clocks[] = {"%H:%M:", "%I:%M:", "%-I:%M:", "%-H:%M:", "%H:%M", "%I:%M", "%-I:%M", "%-H:%M"};
	static const char *const names[] = {"%A", "%B", "%a", "%b", "%p"};
	char text[64];
	struct tm tm;
	bool found = false;
	char *keep = zone_enter(t->host->timezone);
	for (int back = BACK_FROM; back <= 300 && !found; back += 10) {
		time_t at = (time_t)(t->started_unix + back);
		(void)localtime_r(&at, &tm);
		for (size_t i = 0; i < ARRAY_LEN(clocks) && !found; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			size_t n = strftime(text, sizeof(text), clocks[i], &tm);
#pragma GCC diagnostic pop
			found = slice_find(s, slice_of(text, n), 0) != SLICE_NPOS;
		}
	}
	zone_leave(keep);
	if (!found)
		return false;
	_cleanup_buf_ struct buf plain = BUF(1 << 20), shape = BUF(1 << 20), rest = BUF(1 << 20);
	if (without_offset(s, t, &rest))
		s = buf_slice(&rest);
	for (size_t at = 0; at < s.n;) {
		size_t n = 0;
		for (size_t i = 0; i < ARRAY_LEN(names) && !n; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			size_t len = strftime(text, sizeof(text), names[i], &tm);
#pragma GCC diagnostic pop
			if (len && slice_eq_nocase(slice_sub(s, at, len), slice_of(text, len)))
				n = len;
		}
		if (n)
			buf_str_add(&plain, "~");
		else
			buf_u8(&plain, s.p[at]);
		at += n ? n : 1;
	}
	feature_shape(buf_slice(&plain), &shape);
	/* <9:2> and <9:1> are both a figure. */
	for (size_t i = 0; i < shape.n; i++) {
		buf_u8(out, shape.p[i]);
		if (i + 2 < shape.n && shape.p[i] == '<' && shape.p[i + 1] == '9' && shape.p[i + 2] == ':')
			while (i + 1 < shape.n && shape.p[i + 1] != '>')
				i++;
	}
	return true;
}

/* A time stamp with the offset of the zone: the moment is another in every trial, so what is compared is its form. */
const char *row_stamp(const struct part *p)
{
	bool zone = of_clock(p), locale = strcmp(factor_table[p->c->factor].name, "locale") == 0;
	if (!p->c->shapes || (!zone && !locale))
		return NULL;
	/* Names of days and months, AM and PM, and how many digits an hour has, follow from the moment. */
	_cleanup_buf_ struct buf sa = BUF(1 << 20), sb = BUF(1 << 20);
	if (clock_shape(p->c->raw_before, p->c->before_trial, &sa) && clock_shape(p->c->raw_after, p->c->after_trial, &sb) &&
	        (locale || slice_eq(buf_slice(&sa), buf_slice(&sb))))
		return locale ? "the local time, written as the locale has it" : "the local time in that zone";
	if (!zone)
		return NULL;
	_cleanup_buf_ struct buf a = BUF(1 << 20), b = BUF(1 << 20), x = BUF(1 << 20), y = BUF(1 << 20);
	if (!without_offset(p->c->raw_before, p->c->before_trial, &a) || !without_offset(p->c->raw_after, p->c->after_trial, &b))
		return NULL;
	feature_shape(buf_slice(&a), &x);
	feature_shape(buf_slice(&b), &y);
	return slice_eq(buf_slice(&x), buf_slice(&y)) ? "a time stamp with the zone's offset from UTC" : NULL;
}

const char *row_offset(const struct part *p)
{
	/* How something is written has no time in it. */
	if (p->c->feature->structural || strcmp(factor_table[p->c->factor].name, "timezone") != 0)
		return NULL;
	struct slice times[] = {
	        SLICE(" Standard Time"), SLICE(" Daylight Time"), SLICE(" Summer Time"), SLICE("Coordinated Universal Time")};
	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		if (text_plain_words(p->b) && slice_find(slice_sub(p->c->after, p->h.b_at, p->h.b_n + 16), times[i], 0) != SLICE_NPOS)
			return "the name of the zone";
	struct codepoint_span d = codepoint_diff(p->a, p->b);
	if (offset_in(p->c->after, p->h.b_at + d.b_at, d.b_n, p->c->after_trial) &&
	        offset_in(p->c->before, p->h.a_at + d.a_at, d.a_n, p->c->before_trial))
		return "the zone's offset from UTC or its abbreviation";
	return NULL;
}

/* Languages by ISO 639-1 code, in English and in themselves: programs that answer in the person's language say which one that is. */
static const struct language {
	const char *code, *english, *own;
} languages[] = {{"ar", "Arabic", "العربية"}, {"bg", "Bulgarian", "български"}, {"cs", "Czech", "čeština"}, {"da", "Danish", "dansk"},
        {"de", "German", "Deutsch"}, {"el", "Greek", "Ελληνικά"}, {"en", "English", "English"}, {"es", "Spanish", "español"},
        {"fa", "Persian", "فارسی"}, {"fi", "Finnish", "suomi"}, {"fr", "French", "français"}, {"he", "Hebrew", "עברית"},
        {"hi", "Hindi", "हिन्दी"}, {"hu", "Hungarian", "magyar"}, {"id", "Indonesian", "Indonesia"}, {"it", "Italian", "italiano"},
        {"ja", "Japanese", "日本語"}, {"ko", "Korean", "한국어"}, {"nb", "Norwegian", "norsk"}, {"nl", "Dutch", "Nederlands"},
        {"pl", "Polish", "polski"}, {"pt", "Portuguese", "português"}, {"ro", "Romanian", "română"}, {"ru", "Russian", "русский"},
        {"sv", "Swedish", "svenska"}, {"th", "Thai", "ไทย"}, {"tr", "Turkish", "Türkçe"}, {"uk", "Ukrainian", "українська"},
        {"vi", "Vietnamese", "Tiếng Việt"}, {"zh", "Chinese", "中文"}};

/* Is s the name of the language of the locale? */
static bool language_name(struct slice s, const char *locale)
{
	struct slice code = slice_sub(slice_str(locale), 0, 2);
	for (size_t i = 0; i < ARRAY_LEN(languages); i++)
		if (slice_is(code, languages[i].code))
			return slice_eq_nocase(s, slice_str(languages[i].english)) || slice_eq_nocase(s, slice_str(languages[i].own));
	return false;
}

/* Countries by ISO 3166-1 code, and what is of them, as the Unicode CLDR names them in English: "Chinese (Taiwan)", "Brazilian Portuguese".
 */
static const struct {
	const char *code, *name, *of;
} countries[] = {{"US", "United States", "American"}, {"GB", "United Kingdom", "British"}, {"CA", "Canada", "Canadian"},
        {"AU", "Australia", "Australian"}, {"CN", "China", "Simplified"}, {"TW", "Taiwan", "Traditional"},
        {"HK", "Hong Kong", "Traditional"}, {"BR", "Brazil", "Brazilian"}, {"PT", "Portugal", "European"}, {"MX", "Mexico", "Mexican"},
        {"ES", "Spain", "European"}, {"FR", "France", "French"}, {"CH", "Switzerland", "Swiss"}, {"DE", "Germany", "German"},
        {"AT", "Austria", "Austrian"}, {"JP", "Japan", "Japanese"}, {"KR", "South Korea", "Korean"}, {"RU", "Russia", "Russian"},
        {"UA", "Ukraine", "Ukrainian"}, {"TR", "Turkey", "Turkish"}, {"TR", "T\xc3\xbcrkiye", "Turkish"}, {"IR", "Iran", "Iranian"},
        {"EG", "Egypt", "Egyptian"}, {"IN", "India", "Indian"}, {"IL", "Israel", "Israeli"}, {"VN", "Vietnam", "Vietnamese"},
        {"ID", "Indonesia", "Indonesian"}, {"IT", "Italy", "Italian"}, {"PL", "Poland", "Polish"}, {"NL", "Netherlands", "Dutch"}};

/* How many bytes of s are a name of the locale's country; 0 if it does not begin with one. */
static size_t country_name(struct slice s, const char *locale)
{
	size_t bar = slice_chr(slice_str(locale), '_', 0);
	struct slice code = bar == SLICE_NPOS ? SLICE_NONE : slice_sub(slice_str(locale), bar + 1, 2);
	for (size_t i = 0; i < ARRAY_LEN(countries) && code.p; i++) {
		if (!slice_is(code, countries[i].code))
			continue;
		const char *const names[] = {countries[i].name, countries[i].of};
		for (size_t k = 0; k < ARRAY_LEN(names); k++)
			if (slice_eq_nocase(slice_sub(s, 0, strlen(names[k])), slice_str(names[k])) &&
			        (strlen(names[k]) == s.n || !text_word_byte(s.p[strlen(names[k])])))
				return strlen(names[k]);
	}
	return 0;
}

/* Is s the name of the locale's language and country, in words and nothing else? */
static bool language_and_country(struct slice s, const char *locale)
{
	bool any = false;
	for (size_t at = 0, n; at < s.n; at += n) {
		struct slice rest = slice_from(s, at);
		n = country_name(rest, locale);
		if (!n) {
			while (n < rest.n && !strchr(" (),", rest.p[n]))
				n++;
			if (n && !language_name(slice_sub(rest, 0, n), locale))
				return false;
		}
		any = any || n;
		n = n ? n : 1;
	}
	return any;
}

static bool locale_part(struct slice s, const char *locale)
{
	if (language_name(s, locale) || language_and_country(s, locale))
		return true;
	struct slice tag = slice_str(locale);
	size_t dot = slice_chr(tag, '.', 0), bar = slice_chr(tag, '_', 0);
	struct slice language = slice_sub(tag, 0, bar), country = bar == SLICE_NPOS ? SLICE_NONE : slice_sub(tag, bar + 1, dot - bar - 1);
	return s.n && (slice_eq_nocase(s, language) || slice_eq_nocase(s, country));
}

/* Are all figures in the text those of the local date or time? */
static bool figures_known(struct slice s, const struct analysis_trial *t, bool *any)
{
	struct tm times[BACKS];
	bool asked = false;
	for (size_t at = 0; at < s.n;) {
		size_t n = 0;
		while (at + n < s.n && s.p[at + n] >= '0' && s.p[at + n] <= '9')
			n++;
		if (n == 0) {
			at++;
			continue;
		}
		*any = true;
		uint64_t v;
		bool known = !slice_u64(slice_sub(s, at, n), 9999, &v);
		if (!known && !asked)
			local_times(t, times);
		asked = asked || !known;
		for (size_t k = 0; k < BACKS && !known; k++) {
			const struct tm *tm = &times[k];
			known = v == (uint64_t)tm->tm_year + 1900 || v == (uint64_t)tm->tm_year % 100 || v == (uint64_t)tm->tm_mon + 1 ||
			        v == (uint64_t)tm->tm_mday || v == (uint64_t)tm->tm_hour || v == ((uint64_t)tm->tm_hour + 11) % 12 + 1 ||
			        v == (uint64_t)tm->tm_min;
		}
		if (!known)
			return false;
		at += n;
	}
	return true;
}

/* A date or time written as the locale has it, in a line that says so: figures on both sides, and the words around them. */
static bool figures_by_locale(const struct part *p)
{
	bool figure_a = false, figure_b = false;
	if (!figures_known(p->a, p->c->before_trial, &figure_a) || !figures_known(p->b, p->c->after_trial, &figure_b))
		return false;
	struct slice before = slice_sub(p->c->after, 0, p->h.b_at), after = slice_from(p->c->after, p->h.b_at + p->b.n);
	/* What both have in common may cut it in parts, of which one side can be empty. */
	return (figure_a || figure_b) && (figure_a || !p->a.n) && (figure_b || !p->b.n) && p->a.n < 60 && p->b.n < 60 &&
	       text_visible(p->a) && text_visible(p->b) &&
	       (text_names_factor(before, p->c->factor) || text_names_factor(after, p->c->factor));
}

const char *row_locale(const struct part *p)
{
	if (strcmp(factor_table[p->c->factor].name, "locale") == 0 && figures_by_locale(p))
		return "figures written as the locale has them, where it is said";
	if (strcmp(factor_table[p->c->factor].name, "locale") == 0 && locale_part(p->b, p->c->after_trial->host->locale) &&
	        (p->a.n == 0 || locale_part(p->a, p->c->before_trial->host->locale)))
		return "the language or country of the locale";
	return NULL;
}

#include "parse/statement.h"

#include <errno.h>
#include <stdio.h>

static void next(struct statement *s, const char *key, struct slice *line)
{
	*line = SLICE_NONE;
	if (s->why)
		return;
	s->key = key;
	s->line++;
	size_t end = slice_chr(s->rest, '\n', 0);
	if (end == SLICE_NPOS) {
		s->why = s->rest.n ? "the last line has no end" : "it ends before this line";
		return;
	}
	*line = slice_sub(s->rest, 0, end);
	s->rest = slice_from(s->rest, end + 1);
}

void statement_begin(struct statement *s, struct slice text, const char *title)
{
	struct slice line;
	*s = (struct statement){.rest = text};
	next(s, title, &line);
	if (!s->why && !slice_is(line, title))
		s->why = "it does not begin with this line";
}

bool statement_is(const struct statement *s, const char *key)
{
	size_t n = strlen(key);
	return !s->why && slice_starts(s->rest, slice_of(key, n)) && s->rest.n > n && s->rest.p[n] == ' ';
}

struct slice statement_text(struct statement *s, const char *key)
{
	struct slice line;
	size_t n = strlen(key);
	next(s, key, &line);
	if (s->why)
		return SLICE_NONE;
	if (!slice_starts(line, slice_of(key, n)) || line.n < n + 2 || line.p[n] != ' ') {
		s->why = "another line stands here, or it has no value";
		return SLICE_NONE;
	}
	return slice_from(line, n + 1);
}

void statement_bad(struct statement *s, const char *why)
{
	if (!s->why)
		s->why = why;
}

uint64_t statement_number(struct statement *s, const char *key, uint64_t max)
{
	struct slice v = statement_text(s, key);
	uint64_t n = 0;
	if (!s->why && (!slice_u64(v, max, &n) || v.p[0] == '0')) {
		s->why = "no number, or one that is too large";
		return 0;
	}
	return n;
}

int64_t statement_time(struct statement *s, const char *key, bool never)
{
	struct slice v = statement_text(s, key);
	int64_t t = 0;
	if (s->why || (never && slice_is(v, "never")))
		return 0;
	if (!statement_time_parse(v, false, &t) || t == 0) {
		s->why = "no time in UTC like 2026-11-26T00:00:00Z";
		return 0;
	}
	return t;
}

struct slice statement_organisation(struct statement *s)
{
	struct slice v = statement_text(s, "organisation");
	bool good = v.n <= 64;
	for (size_t i = 0; i < v.n && good; i++)
		good = (v.p[i] >= 'a' && v.p[i] <= 'z') || (v.p[i] >= '0' && v.p[i] <= '9') || v.p[i] == '-' || v.p[i] == '_' ||
		       v.p[i] == '.';
	if (!good)
		statement_bad(s, "the name of an organisation has only a-z, 0-9, '-', '_', '.', at most 64");
	return s->why ? SLICE_NONE : v;
}

int statement_end(struct statement *s)
{
	if (!s->why && s->rest.n) {
		s->line++;
		s->key = "end";
		s->why = "there is more than belongs here";
	}
	return s->why ? -EBADMSG : 0;
}

/* Days since 1970 of a day of the Gregorian calendar, by years that begin in March. */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
	y -= m <= 2;
	int64_t era = y / 400, yoe = y - era * 400, doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* A number of so many digits, and `after` behind it (0: nothing). */
static bool digits(struct slice *in, size_t n, uint8_t after, int64_t low, int64_t high, int64_t *out)
{
	uint64_t v;
	if (in->n < n + (after != 0) || !slice_u64(slice_sub(*in, 0, n), (uint64_t)high, &v) || (int64_t)v < low ||
	        (after && in->p[n] != after))
		return false;
	*in = slice_from(*in, n + (after != 0));
	*out = (int64_t)v;
	return true;
}

bool statement_time_parse(struct slice in, bool day, int64_t *out)
{
	static const uint8_t length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t y, m, d, hour = 0, minute = 0, second = 0;
	if (!digits(&in, 4, '-', 1970, 9999, &y) || !digits(&in, 2, '-', 1, 12, &m) || !digits(&in, 2, 0, 1, 31, &d))
		return false;
	bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
	if (d > length[m - 1] + (m == 2 && leap))
		return false;
	if (!(day && in.n == 0)) {
		if (in.n == 0 || in.p[0] != 'T')
			return false;
		in = slice_from(in, 1);
		if (!digits(&in, 2, ':', 0, 23, &hour) || !digits(&in, 2, ':', 0, 59, &minute) || !digits(&in, 2, 'Z', 0, 59, &second) ||
		        in.n)
			return false;
	}
	*out = days_of(y, m, d) * 86400 + hour * 3600 + minute * 60 + second;
	return true;
}

void statement_time_write(int64_t t, char out[21])
{
	t = t < 0 ? 0 : t > STATEMENT_TIME_MAX ? STATEMENT_TIME_MAX : t;
	int64_t z = t / 86400 + 719468, s = t % 86400, era = z / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153, d = doy - (153 * mp + 2) / 5 + 1, m = mp < 10 ? mp + 3 : mp - 9;
	/* The bounds are of the compiler, which does not know them. */
	(void)snprintf(out, 21, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)(yoe + era * 400 + (m <= 2)) % 10000, (unsigned)m % 100,
	        (unsigned)d % 100, (unsigned)(s / 3600) % 100, (unsigned)(s / 60 % 60), (unsigned)(s % 60));
}

bool statement_digest_valid(struct slice s)
{
	bool good = s.n == 64;
	for (size_t i = 0; good && i < 64; i++)
		good = (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f');
	return good;
}

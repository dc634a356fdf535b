#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "ledger/entry.h"
#include "ledger/sink_part.h"

/* A text of COPY's format. A text of PostgreSQL has no U+0000: U+FFFD stands in for it. */
static void put_text(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		switch (s.p[i]) {
		case 0:
			buf_str_add(out, "\xef\xbf\xbd");
			break;
		case '\\':
			buf_str_add(out, "\\\\");
			break;
		case '\n':
			buf_str_add(out, "\\n");
			break;
		case '\r':
			buf_str_add(out, "\\r");
			break;
		case '\t':
			buf_str_add(out, "\\t");
			break;
		default:
			buf_u8(out, s.p[i]);
		}
	}
}

/* The next column: a text, or NULL if there is none. */
static void put_column(struct buf *out, struct slice s)
{
	buf_u8(out, '\t');
	if (s.n)
		put_text(out, s);
	else
		buf_str_add(out, "\\N");
}

static void put_number(struct buf *out, uint64_t n)
{
	if (n)
		buf_fmt(out, "\t%llu", (unsigned long long)n);
	else
		buf_str_add(out, "\t\\N");
}

static void put_time(struct buf *out, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm t;
	/* Years of four digits, as in the other formats. */
	if (ms <= 0 || ms > 253402300799999 || !gmtime_r(&seconds, &t))
		buf_str_add(out, "\t\\N");
	else
		buf_fmt(out, "\t%04d-%02d-%02d %02d:%02d:%02d.%03d+00", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min,
		        t.tm_sec, (int)(ms % 1000));
}

/* Would jsonb take it? It has no U+0000, and no numbers of any length; canonical JSON writes the one as \u0000, and has no such numbers. */
static bool fits_jsonb(struct slice json)
{
	for (size_t i = 0; i + 5 < json.n; i++) {
		if (json.p[i] != '\\')
			continue;
		if (memcmp(json.p + i, "\\u0000", 6) == 0)
			return false;
		i++; /* what follows is escaped, also if it is a backslash */
	}
	return true;
}

int sink_row(const char *origin, uint64_t index, struct slice json, struct arena *arena, struct buf *out)
{
	struct entry_fields f = {0};
	if (entry_read(json, arena, &f) == -ENOMEM)
		return -ENOMEM;
	put_text(out, slice_str(origin));
	buf_fmt(out, "\t%llu", (unsigned long long)index);
	put_time(out, f.time);
	put_number(out, f.class_uid);
	put_number(out, f.severity_id);
	const struct slice texts[] = {
	        f.tool, f.version, f.host, f.person, f.verdict, f.message, fits_jsonb(json) ? json : SLICE_NONE, json};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		put_column(out, texts[i]);
	buf_u8(out, '\n');
	return buf_error(out);
}

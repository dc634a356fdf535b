/* Scripts of PowerShell, and the lines in scripts of cmd.exe that start it. */
#include <strings.h>

#include "inspect/scan_code.h"
#include "inspect/scan_power.h"

#define LINES_MAX ((size_t)1 << 20) /* of a script of cmd.exe */

struct place {
	struct code *c;
	size_t at; /* of the script in the file */
};

static void said(void *arg, unsigned does, size_t at, size_t n)
{
	static const struct {
		unsigned does;
		enum scan_rule_name rule;
	} rows[] = {{POWER_DOES_FETCHED, SCAN_RULE_CODE_COMMAND_ODD}, {POWER_DOES_FETCHED_ODD, SCAN_RULE_CODE_FETCHED},
	        {POWER_DOES_DECODED, SCAN_RULE_CODE_DECODED}, {POWER_DOES_HIDES, SCAN_RULE_CODE_HIDDEN_CALL},
	        {POWER_DOES_ENCODED, SCAN_RULE_CODE_COMMAND_ODD}, {POWER_DOES_STARTS, SCAN_RULE_CODE_DROPS},
	        {POWER_DOES_REVERSE, SCAN_RULE_CODE_REVERSE}};
	const struct place *p = arg;
	struct slice all = p->c->in->bytes, text = slice_sub(all, p->at + at, n);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].does == does)
			scan_found_text(p->c->s, p->c->in, rows[i].rule, all, p->at + at, n, "%.*s", SLICE_FMT(slice_sub(text, 0, 240)));
}

bool code_is_power(const char *name)
{
	return scan_has_suffix(name, ".ps1") || scan_has_suffix(name, ".psm1") || scan_has_suffix(name, ".psd1");
}

bool code_is_batch(const char *name)
{
	return scan_has_suffix(name, ".bat") || scan_has_suffix(name, ".cmd");
}

static void script(struct code *c, size_t at, size_t n)
{
	struct place place = {c, at};
	if (scan_power(slice_sub(c->in->bytes, at, n), &(struct power_said){said, &place}) & POWER_DOES_MORE)
		scan_found(c->s, c->in, SCAN_RULE_CODE_LIMIT, at, n, "%s", "more than is followed");
}

void code_power(struct code *c)
{
	script(c, 0, c->in->bytes.n);
}

/* Where "powershell" stands in a line, in whatever letters; SLICE_NPOS: nowhere. */
static size_t power_in(struct slice line)
{
	for (size_t i = 0; i + 4 <= line.n; i++)
		if ((line.n - i >= 10 && strncasecmp((const char *)line.p + i, "powershell", 10) == 0) ||
		        strncasecmp((const char *)line.p + i, "pwsh", 4) == 0)
			return i;
	return SLICE_NPOS;
}

/* Behind "-c", in its quotes or to the end of the line; else all that stands behind the name, for what is encoded. */
static void one_line(struct code *c, struct slice line, size_t at)
{
	size_t from = power_in(line);
	struct slice rest = slice_from(line, from);
	size_t quote = slice_chr(rest, '"', 0);
	/* Of a path in quotes: powershell.exe" -c "…" */
	size_t dash = slice_find(rest, SLICE(" -"), 0);
	if (quote != SLICE_NPOS && dash != SLICE_NPOS && quote < dash)
		quote = slice_chr(rest, '"', dash);
	size_t end = quote == SLICE_NPOS ? SLICE_NPOS : rest.n;
	for (size_t i = rest.n; quote != SLICE_NPOS && i > quote + 1 && end == rest.n; i--)
		end = rest.p[i - 1] == '"' ? i - 1 : end;
	script(c, at + from, quote == SLICE_NPOS ? rest.n : quote);
	if (quote != SLICE_NPOS)
		script(c, at + from + quote + 1, end - quote - 1);
	else if ((dash = slice_find(rest, SLICE("-c"), 0)) != SLICE_NPOS || (dash = slice_find(rest, SLICE("-C"), 0)) != SLICE_NPOS)
		if ((dash = slice_chr(rest, ' ', dash)) != SLICE_NPOS)
			script(c, at + from + dash + 1, rest.n - dash - 1);
}

void code_batch(struct code *c)
{
	struct slice t = slice_sub(c->in->bytes, 0, LINES_MAX);
	if (c->in->size > LINES_MAX)
		scan_found(c->s, c->in, SCAN_RULE_CODE_LIMIT, LINES_MAX, c->in->size - LINES_MAX, "%s", "more than is followed");
	for (size_t at = 0; at < t.n;) {
		size_t end = slice_chr(t, '\n', at);
		end = end == SLICE_NPOS ? t.n : end;
		/* A line that goes on. */
		while (end < t.n && end > at + 1 && (t.p[end - 1] == '^' || (t.p[end - 1] == '\r' && t.p[end - 2] == '^'))) {
			size_t more = slice_chr(t, '\n', end + 1);
			end = more == SLICE_NPOS ? t.n : more;
		}
		struct slice line = slice_sub(t, at, end - at), plain = slice_trim(line);
		bool comment = slice_starts(plain, SLICE("::")) || (plain.n > 3 && strncasecmp((const char *)plain.p, "rem ", 4) == 0);
		if (!comment && power_in(line) != SLICE_NPOS)
			one_line(c, line, at);
		at = end + 1;
	}
}

#include "parse/exception.h"

#include <errno.h>

#include "base/utf8.h"

static bool invisible(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0xad || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

/* A text that looks like what it is. A blank is only permitted within. */
static struct slice shown(struct statement *s, const char *key, size_t max, bool blanks)
{
	struct slice v = statement_text(s, key);
	if (v.n > max || slice_trim(v).n != v.n)
		statement_bad(s, "it is too long, or has blanks at an end");
	for (size_t i = 0; i < v.n && !s->why;) {
		uint32_t c;
		size_t n = utf8_next(v, i, &c);
		if (n == 0 || invisible(c) || (c == ' ' && !blanks)) {
			statement_bad(s, "it has characters that cannot be seen, or blanks");
			break;
		}
		i += n;
	}
	return s->why ? SLICE_NONE : v;
}

static struct slice optional(struct statement *s, const char *key, bool blanks)
{
	return statement_is(s, key) ? shown(s, key, EXCEPTION_TEXT_MAX, blanks) : SLICE_NONE;
}

static struct slice read_digest(struct statement *s)
{
	struct slice digest = shown(s, "digest", EXCEPTION_TEXT_MAX, false);
	if (!s->why && !statement_digest_valid(digest))
		statement_bad(s, "should be a SHA-256: 64 lower-case hex digits");
	return digest;
}

/* From the id to the verdict: of a finding. */
static void read_finding(struct statement *s, struct exception *e)
{
	e->rule = shown(s, "rule", EXCEPTION_TEXT_MAX, false);
	e->path = shown(s, "path", EXCEPTION_PATH_MAX, true);
	e->digest = read_digest(s);
	if (!slice_is(statement_text(s, "verdict"), "accept"))
		statement_bad(s, "should be accept");
}

static void read_tool(struct statement *s, struct exception *e)
{
	if (statement_is(s, "package"))
		e->package = shown(s, "package", EXCEPTION_TEXT_MAX, false);
	else
		e->tool = shown(s, "tool", EXCEPTION_TEXT_MAX, false);
	e->versions = optional(s, "versions", true);
	if (statement_is(s, "digest"))
		e->digest = read_digest(s);
	e->account = shown(s, "account", EXCEPTION_TEXT_MAX, false);
	e->host = optional(s, "host", false);
	struct slice verdict = statement_text(s, "verdict");
	e->gate = slice_is(verdict, "gate");
	if (!e->gate && !slice_is(verdict, "permit"))
		statement_bad(s, "should be permit or gate");
}

int exception_parse(struct slice text, struct exception *out, struct bundle_fault *fault)
{
	struct exception e = {0};
	struct statement s;
	statement_begin(&s, text, "postern.exception/v1");
	e.organisation = statement_organisation(&s);
	e.id = shown(&s, "id", EXCEPTION_ID, false);
	bool hex = e.id.n == EXCEPTION_ID;
	for (size_t i = 0; i < e.id.n && hex; i++)
		hex = (e.id.p[i] >= '0' && e.id.p[i] <= '9') || (e.id.p[i] >= 'a' && e.id.p[i] <= 'f');
	if (!hex)
		statement_bad(&s, "should be 16 lower-case hex digits");
	if (statement_is(&s, "rule"))
		read_finding(&s, &e);
	else
		read_tool(&s, &e);
	e.from = statement_time(&s, "from", false);
	e.until = statement_time(&s, "until", false);
	if (!s.why && e.until <= e.from)
		statement_bad(&s, "it ends before it begins");
	e.reason = shown(&s, "reason", EXCEPTION_REASON_MAX, true);
	if (statement_end(&s) < 0) {
		*fault = (struct bundle_fault){.line = s.line, .key = s.key, .why = s.why};
		return -EBADMSG;
	}
	*out = e;
	return 0;
}

static void put(struct buf *out, const char *key, struct slice value)
{
	if (value.n)
		buf_fmt(out, "%s %.*s\n", key, SLICE_FMT(value));
}

void exception_write(const struct exception *e, struct buf *out)
{
	char from[21], until[21];
	statement_time_write(e->from, from);
	statement_time_write(e->until, until);
	buf_str_add(out, "postern.exception/v1\n");
	put(out, "organisation", e->organisation);
	put(out, "id", e->id);
	put(out, "tool", e->tool);
	put(out, "package", e->package);
	put(out, "rule", e->rule);
	put(out, "path", e->path);
	put(out, "versions", e->versions);
	put(out, "digest", e->digest);
	put(out, "account", e->account);
	put(out, "host", e->host);
	buf_fmt(out, "verdict %s\nfrom %s\nuntil %s\n", e->rule.n ? "accept" : e->gate ? "gate" : "permit", from, until);
	put(out, "reason", e->reason);
}

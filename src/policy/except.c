#include "policy/except.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "policy/compiled.h"
#include "policy/render.h"
#include "policy/trust.h"
#include "sys/path.h"

#define DAY 86400

/* By which of the keys; NULL with a reason that the arena keeps. */
static const char *signed_by(const struct policy_doc *d, struct slice in, struct arena *arena, const char **why)
{
	_cleanup_free_ struct note_signature *signature = calloc(NOTE_SIGNATURES, sizeof(*signature));
	struct note note = {.signature = signature};
	const char *bad;
	size_t at;
	*why = "there was no memory to verify it";
	if (!signature)
		return NULL;
	if (note_parse(in, &note, &bad, &at) < 0) {
		*why = "it is not signed";
		return NULL;
	}
	*why = "it is signed by no key that the policy of the organisation names";
	for (size_t i = 0; i < d->n_exception_keys; i++) {
		int r = tlog_note_verify(&note, &d->exception_key[i], NULL);
		if (r == 0)
			return arena_str(arena, d->exception_key[i].name);
		if (r == -EBADMSG) {
			*why = "its signature is bad: it is not what was signed";
			return NULL;
		}
	}
	return NULL;
}

static const char *why_not(const struct policy_doc *d, const struct exception *e, const struct policy_exceptions *others)
{
	if (!slice_is(e->organisation, d->info.organisation))
		return "it is of another organisation";
	if (e->until - e->from > (int64_t)d->exception_days * DAY)
		return "it lasts longer than the policy of the organisation lets one last (max_days)";
	for (size_t i = 0; i < d->n_exception_revoked; i++)
		if (slice_is(e->id, d->exception_revoked[i]))
			return "the organisation has revoked it";
	for (size_t i = 0; i < others->n; i++)
		if (slice_is(e->id, others->list[i].id) && !others->list[i].why)
			return "there is another one with this id";
	return NULL;
}

static const char *keep(struct arena *a, struct slice s)
{
	return s.n ? arena_str(a, s) : NULL;
}

int except_add(
        const struct policy_doc *organisation, struct slice note, const char *file, struct arena *arena, struct policy_exceptions *to)
{
	struct bundle_fault fault;
	struct exception e = {0};
	struct slice text;
	bool has;
	if (to->n == EXCEPTIONS_MAX)
		return -E2BIG;
	if (to->n == to->room) {
		size_t room = to->room ? 2 * to->room : 16;
		struct policy_exception *list = arena_array(arena, room, sizeof(*list));
		if (!list)
			return -ENOMEM;
		if (to->n)
			memcpy(list, to->list, to->n * sizeof(*list));
		to->list = list;
		to->room = room;
	}
	struct policy_exception x = {.id = "",
	        .account = "",
	        .reason = "",
	        .text = "",
	        .place = {.layer = POLICY_ORGANISATION, .file = arena_str(arena, slice_str(file)), .line = 1}};
	bundle_split_note(note, &text, &has);
	if (exception_parse(text, &e, &fault) < 0) {
		x.why = arena_fmt(arena, "it is damaged (line %u, \"%s\": %s)", fault.line, fault.key, fault.why);
	} else {
		x.id = arena_str(arena, e.id);
		x.account = arena_str(arena, e.account);
		x.reason = arena_str(arena, e.reason);
		x.tool = keep(arena, e.tool);
		x.package = keep(arena, e.package);
		x.versions = keep(arena, e.versions);
		x.digest = keep(arena, e.digest);
		x.host = keep(arena, e.host);
		x.rule = keep(arena, e.rule);
		x.path = keep(arena, e.path);
		x.verdict = x.rule ? POLICY_TOOL_BAN : e.gate ? POLICY_TOOL_GATE : POLICY_TOOL_PERMIT;
		x.from = e.from;
		x.until = e.until;
		char until[21];
		statement_time_write(e.until, until);
		x.by = signed_by(organisation, note, arena, &x.why);
		if (x.by)
			x.why = why_not(organisation, &e, to);
		x.text = arena_fmt(arena, "exception %s until %s, granted by %s", x.id, until, x.by ? x.by : "nobody");
		const char *range = x.versions ? match_range_check(x.versions) : NULL;
		if (range && !x.why)
			x.why = arena_fmt(arena, "its versions cannot be read: %s", range);
		if (!x.text || !x.id || !x.account || !x.reason || (e.tool.n && !x.tool) || (e.package.n && !x.package) ||
		        (e.versions.n && !x.versions) || (e.digest.n && !x.digest) || (e.host.n && !x.host) || (e.rule.n && !x.rule) ||
		        (e.path.n && !x.path))
			return -ENOMEM;
	}
	if (!x.place.file || (!x.by && !x.why))
		return -ENOMEM;
	to->list[to->n++] = x;
	return 0;
}

static int notes_only(const struct dirent *e)
{
	return e->d_name[0] != '.' && slice_ends(slice_str(e->d_name), SLICE(POLICY_EXCEPTION_SUFFIX));
}

int except_folder(const struct policy_doc *organisation, int dir, const char *path, struct arena *arena, struct policy_exceptions *to)
{
	struct dirent **list = NULL;
	int n = scandirat(dir, ".", &list, notes_only, alphasort), r = n < 0 ? -errno : 0;
	for (int i = 0; i < n; i++) {
		_cleanup_buf_ struct buf text = BUF(EXCEPTION_BYTES), file = BUF(PATH_MAX);
		_cleanup_fd_ int fd = r < 0 ? -1 : openat(dir, list[i]->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
		buf_fmt(&file, "%s/%s", path, list[i]->d_name);
		/* What cannot be read is an exception that is damaged. */
		if (fd >= 0 && path_read_fd(fd, &text) < 0)
			buf_reset(&text);
		r = r < 0 ? r : except_add(organisation, buf_slice(&text), buf_str(&file), arena, to);
		free(list[i]);
	}
	free(list);
	return r;
}

int except_set(struct policy *p, const struct policy_exceptions *from)
{
	if (!from->n)
		return p->s.closes || p->s.n_vetted ? policy_canonical(p) : 0;
	struct policy_exception *list = arena_array(&p->arena, from->n, sizeof(*list));
	if (!list)
		return -ENOMEM;
	memcpy(list, from->list, from->n * sizeof(*list));
	p->s.exception = list;
	p->s.n_exceptions = from->n;
	return policy_canonical(p);
}

int except_check(const struct policy *p, struct slice note, struct arena *arena, struct policy_exception *out)
{
	struct policy_exceptions one = {0};
	if (!p->doc[POLICY_ORGANISATION]) {
		*out = (struct policy_exception){.why = "there is no policy of an organisation"};
		return 0;
	}
	int r = except_add(p->doc[POLICY_ORGANISATION], note, "it", arena, &one);
	if (r == 0)
		*out = one.list[0];
	return r;
}

/* What it does not name may be anything; what it names must be known and be that. */
static bool names(const char *named, struct slice fact)
{
	return !named || (fact.n && slice_is(fact, named));
}

static bool fits(const struct policy_exception *e, const struct policy_tool *t)
{
	return !e->rule && names(e->tool, t->tool) && names(e->package, t->package) && names(e->digest, t->digest) &&
	       names(e->account, t->account) && (!e->host || (t->host.n && slice_eq_nocase(t->host, slice_str(e->host)))) &&
	       (!e->versions || (match_version_known(t->version) && policy_version_in(e->versions, t->version)));
}

static bool stands(const struct policy_exception *e, const unsigned need[POLICY_TOOL_BAN + 1])
{
	unsigned all = 0;
	for (unsigned v = (unsigned)e->verdict + 1; v <= POLICY_TOOL_BAN; v++)
		all |= need[v];
	return !(all & EXCEPT_LINEAGE) && (!(all & EXCEPT_DIGEST) || e->digest) && (!(all & EXCEPT_VERSIONS) || e->versions || e->digest);
}

const struct policy_exception *except_find(
        const struct policy *p, const struct policy_tool *t, enum policy_tool_verdict verdict, const unsigned need[POLICY_TOOL_BAN + 1])
{
	const struct policy_exception *best = NULL;
	for (size_t i = 0; i < p->s.n_exceptions; i++) {
		const struct policy_exception *e = &p->s.exception[i];
		if (e->why || t->now < e->from || t->now >= e->until || e->verdict >= verdict || !fits(e, t) || !stands(e, need))
			continue;
		if (!best || e->verdict < best->verdict || (e->verdict == best->verdict && e->until > best->until))
			best = e;
	}
	return best;
}

static const char *not_now(const struct policy_exception *e, struct slice digest, int64_t now)
{
	return e->why                         ? e->why
	       : now < e->from                ? "it has not begun"
	       : now >= e->until              ? "it has ended"
	       : !slice_is(digest, e->digest) ? "the content is another"
	                                      : NULL;
}

const struct policy_exception *policy_scan_exception(const struct policy *p, const char *rule, struct slice path, struct slice digest,
        int64_t now, const struct policy_exception **near, const char **why)
{
	*near = NULL;
	*why = NULL;
	for (size_t i = 0; i < p->s.n_exceptions; i++) {
		const struct policy_exception *e = &p->s.exception[i];
		if (!e->rule || strcmp(e->rule, rule) != 0 || !slice_is(path, e->path))
			continue;
		const char *bad = not_now(e, digest, now);
		if (!bad) {
			/* One that does not count takes nothing from one that does. */
			*near = NULL;
			*why = NULL;
			return e;
		}
		*near = e;
		*why = bad;
	}
	return NULL;
}

int64_t policy_tool_until(const struct policy *p, int64_t now)
{
	int64_t next = p->s.closes > now ? p->s.closes : 0;
	for (size_t i = 0; i < p->s.n_exceptions; i++) {
		const struct policy_exception *e = &p->s.exception[i];
		const int64_t ends[] = {e->from, e->until};
		for (size_t k = 0; k < ARRAY_LEN(ends) && !e->why && !e->rule; k++)
			if (ends[k] > now && (next == 0 || ends[k] < next))
				next = ends[k];
	}
	for (size_t i = 0; i < p->s.n_vetted; i++) {
		int64_t end = p->s.vetted[i].until;
		if (end > now && (next == 0 || end < next))
			next = end;
	}
	return next;
}

int except_write(const struct exception *e, struct buf *out, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(EXCEPTION_BYTES);
	_cleanup_arena_ struct arena a = ARENA(4096);
	struct bundle_fault fault;
	struct exception back;
	const char *range = e->versions.n ? arena_str(&a, e->versions) : "*",
	           *why = e->versions.n && range ? match_range_check(range) : NULL;
	if (why)
		return err_set(err, -EINVAL, "the versions cannot be \"%.60s\": %s", range, why);
	exception_write(e, &text);
	if (exception_parse(buf_slice(&text), &back, &fault) < 0)
		return err_set(err, -EINVAL, "there can be no exception like this: \"%s\": %s", fault.key, fault.why);
	buf_add(out, buf_slice(&text));
	return buf_error(out) ? err_set(err, buf_error(out), "out of memory") : 0;
}

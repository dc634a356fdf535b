#include "parse/vetted.h"

#include <errno.h>

#include "parse/json.h"
#include "parse/statement.h"

#define NODES_MAX 50000

static const struct json_limits limits = {.depth = 24, .nodes = NODES_MAX};

struct reading {
	struct arena *arena;
	const char *why;
};

const char *vetted_class_name(enum vetted_class c)
{
	static const char *const names[] = {"disclosed", "undeclared", "hashed", "covert"};
	return c < VETTED_CLASSES ? names[c] : "";
}

/* The member of that name and type, there once; else NULL and a reason. */
static const struct json *want(struct reading *r, const struct json *v, const char *name, enum json_type type)
{
	const struct json *found = NULL;
	if (r->why)
		return NULL;
	for (const struct json *m = v && v->type == JSON_OBJECT ? v->child : NULL; m; m = m->next) {
		if (!slice_is(m->key, name))
			continue;
		if (found)
			r->why = "a member is there twice";
		found = m;
	}
	if (!r->why && (!found || found->type != type))
		r->why = "a member is missing, or of another type";
	return r->why ? NULL : found;
}

static struct slice want_text(struct reading *r, const struct json *v, const char *name)
{
	const struct json *m = want(r, v, name, JSON_STRING);
	struct slice s = m ? json_text(m, r->arena) : SLICE_NONE;
	if (m && !s.p)
		r->why = "there is no memory for it";
	return s;
}

static uint64_t want_count(struct reading *r, const struct json *v, const char *name)
{
	const struct json *m = want(r, v, name, JSON_NUMBER);
	uint64_t n = 0;
	if (m && !slice_u64(m->raw, 1u << 30, &n))
		r->why = "a count is no whole number, or too large";
	return n;
}

static void read_subjects(struct reading *r, const struct json *doc, struct vetted *out)
{
	const struct json *list = want(r, doc, "subject", JSON_ARRAY);
	if (list && (list->n == 0 || list->n > VETTED_SUBJECTS))
		r->why = "it has no subject, or too many";
	for (const struct json *s = list ? list->child : NULL; s && !r->why; s = s->next) {
		struct vetted_subject *to = &out->subject[out->n];
		const struct json *digest = want(r, s, "digest", JSON_OBJECT);
		struct slice hex = want_text(r, digest, "sha256");
		to->name = want_text(r, s, "name");
		if (r->why)
			return;
		if (!statement_digest_valid(hex)) {
			r->why = "a digest is not 64 lower-case hex digits";
			return;
		}
		memcpy(to->sha256, hex.p, 64);
		out->n++;
	}
}

static void read_predicate(struct reading *r, const struct json *p, struct vetted *out)
{
	static const char *const verdicts[] = {"clean", "findings", "inconclusive"};
	struct slice verdict = want_text(r, p, "verdict"), time = want_text(r, p, "timeVerified");
	const struct json *counts = want(r, p, "counts", JSON_OBJECT), *plan = want(r, p, "plan", JSON_OBJECT),
	                  *verifier = want(r, p, "verifier", JSON_OBJECT), *report = want(r, p, "report", JSON_OBJECT);
	for (int c = 0; c < VETTED_CLASSES; c++)
		out->count[c] = want_count(r, counts, vetted_class_name((enum vetted_class)c));
	out->version = want_text(r, verifier, "version");
	out->profile = want_text(r, plan, "profile");
	out->effort = want_text(r, plan, "effort");
	out->trials = want_count(r, plan, "trials");
	out->trials_failed = want_count(r, plan, "trialsFailed");
	out->report_sha256 = want_text(r, report, "sha256");
	const struct json *partial = NULL;
	for (const struct json *m = r->why ? NULL : p->child; m; m = m->next)
		partial = slice_is(m->key, "partial") ? m : partial;
	if (!r->why && (!partial || (partial->type != JSON_TRUE && partial->type != JSON_FALSE)))
		r->why = "a member is missing, or of another type";
	if (r->why)
		return;
	out->partial = partial->type == JSON_TRUE;
	size_t v = 0;
	while (v < ARRAY_LEN(verdicts) && !slice_is(verdict, verdicts[v]))
		v++;
	if (v == ARRAY_LEN(verdicts))
		r->why = "its verdict is none that is known";
	out->verdict = v == 0 ? VETTED_CLEAN : v == 1 ? VETTED_FINDINGS : VETTED_INCONCLUSIVE;
	if (!statement_time_parse(time, false, &out->time))
		r->why = "its time is none in UTC like 2026-11-26T00:00:00Z";
}

int vetted_parse(struct slice in, struct arena *arena, struct vetted *out, const char **why)
{
	struct reading r = {.arena = arena};
	struct vetted v = {0};
	struct json *doc = NULL;
	struct json_error error;
	if (json_parse(in, &limits, arena, &doc, &error) != JSON_OK) {
		*why = error.reason;
		return -EBADMSG;
	}
	struct slice type = want_text(&r, doc, "_type"), predicate = want_text(&r, doc, "predicateType");
	if (!r.why && (!slice_is(type, VETTED_STATEMENT) || !slice_is(predicate, VETTED_PREDICATE))) {
		*why = "it is a statement about something else than a vetting";
		return -ENOTSUP;
	}
	read_subjects(&r, doc, &v);
	const struct json *p = want(&r, doc, "predicate", JSON_OBJECT);
	if (p)
		read_predicate(&r, p, &v);
	if (r.why) {
		*why = r.why;
		return -EBADMSG;
	}
	*out = v;
	return 0;
}

enum vetted_class vetted_worst(const struct vetted *v)
{
	for (int c = VETTED_CLASSES - 1; c >= 0; c--)
		if (v->count[c])
			return (enum vetted_class)c;
	return VETTED_CLASSES;
}

bool vetted_is_of(const struct vetted *v, struct slice sha256)
{
	for (size_t i = 0; i < v->n; i++)
		if (slice_is(sha256, v->subject[i].sha256))
			return true;
	return false;
}

/* Decisions about programs: inside a sandbox, and about tools on a host. */
#include "policy/compiled.h"
#include "policy/admit.h"
#include "policy/except.h"

/* What is not known fits a rule that denies, and no other. */
static bool fits_text(const char *pattern, struct slice fact, bool denies)
{
	if (!pattern)
		return true;
	return fact.n ? match_path(slice_str(pattern), fact) : denies;
}

static struct slice last_part(struct slice path)
{
	size_t at = path.n;
	while (at && path.p[at - 1] != '/')
		at--;
	return slice_from(path, at);
}

static bool fits(const struct exec_rule *r, const struct policy_exec *e)
{
	bool denies = r->rule.verdict == POLICY_DENY;
	if (!fits_text(r->name, e->name, denies) || !fits_text(r->path, e->path, denies))
		return false;
	if (r->digest && (e->digest.n ? !slice_is(e->digest, r->digest) : !denies))
		return false;
	if (r->parent && !fits_text(r->parent, strchr(r->parent, '/') ? e->parent : last_part(e->parent), denies))
		return false;
	return !r->args || (e->argv ? match_args(r->args, r->n_args, e->argv, e->argc) : denies);
}

/* How special: a digest before a path before a name before arguments before a parent; the longer literal part first. */
static uint64_t special(const struct exec_rule *r)
{
	size_t path = r->path ? match_literal(slice_str(r->path)) + 1 : 0, name = r->name ? match_literal(slice_str(r->name)) + 1 : 0;
	return (uint64_t)(r->digest != NULL) << 48 | (uint64_t)path << 32 | (uint64_t)name << 16 |
	       (uint64_t)(r->args ? r->n_args + 1 : 0) << 1 | (r->parent != NULL);
}

struct found {
	const struct rule *rule;
	bool by_default;
};

static struct found look(const struct grants *g, const struct policy_exec *e)
{
	const struct exec_rule *deny = NULL, *best = NULL;
	uint64_t best_special = 0;
	for (size_t i = 0; i < g->n_exec; i++) {
		const struct exec_rule *r = &g->exec[i];
		if (!fits(r, e) || (e->system_library && !(r->digest && r->rule.verdict == POLICY_DENY)))
			continue;
		uint64_t s = special(r);
		if (r->rule.verdict == POLICY_DENY) {
			deny = deny ? deny : r;
		} else if (!best || s > best_special || (s == best_special && r->rule.verdict > best->rule.verdict)) {
			best = r;
			best_special = s;
		}
	}
	if (deny || best)
		return (struct found){.rule = deny ? &deny->rule : &best->rule};
	return (struct found){.rule = g->exec_default.text && !e->system_library ? &g->exec_default : NULL, .by_default = true};
}

/* Where the organisation's default, and no rule of it, stands in the way, its "widen" may let a lower layer past. */
static bool widened(const struct policy *p, const struct policy_exec *e, enum policy_layer l, struct found lower)
{
	const struct policy_doc *org = p->doc[POLICY_ORGANISATION];
	enum part part = l == POLICY_PROJECT ? PART_PROJECT : PART_PERSON;
	if (!lower.rule || lower.by_default || lower.rule->verdict == POLICY_DENY || !has_section(org, part, 'x'))
		return false;
	struct found w = look(&p->exec[POLICY_ORGANISATION][part], e);
	return w.rule && w.rule->verdict != POLICY_DENY;
}

struct policy_decision policy_exec(const struct policy *p, const struct policy_exec *e)
{
	static const enum policy_layer order[] = {POLICY_ORGANISATION, POLICY_PROJECT, POLICY_PERSON, POLICY_COMMAND};
	struct found f[POLICY_LAYERS] = {0};
	const struct rule *strict = NULL;
	bool past = false;
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		f[order[i]] = look(&p->exec[order[i]][PART_OWN], e);
	for (size_t i = 1; i < ARRAY_LEN(order) && f[POLICY_ORGANISATION].by_default; i++)
		past |= widened(p, e, order[i], f[order[i]]);
	for (size_t i = past ? 1 : 0; i < ARRAY_LEN(order); i++) {
		const struct rule *r = f[order[i]].rule;
		if (r && (!strict || r->verdict > strict->verdict))
			strict = r;
	}
	if (!strict)
		return (struct policy_decision){
		        .verdict = POLICY_ALLOW, .rule = "", .why = "no policy speaks of programs; the sandbox holds them"};
	static const char *const why[] = {
	        "a rule permits it", "a rule permits it, and wants it noted", "a rule wants a person to be asked", "a rule denies it"};
	return (struct policy_decision){.verdict = strict->verdict,
	        .place = &strict->place,
	        .rule = strict->text ? strict->text : "",
	        .why = strict->reason ? strict->reason : why[strict->verdict]};
}

bool policy_exec_judges_libraries(const struct policy *p)
{
	return p->judges_libraries;
}

bool policy_exec_wants_digest(const struct policy *p)
{
	return p->wants_digest;
}

bool policy_exec_wants_argv(const struct policy *p)
{
	return p->wants_argv;
}

/* Tools on a host. */

static bool tool_text(const char *pattern, struct slice fact, bool permits)
{
	if (!pattern)
		return true;
	return fact.n ? match_glob(slice_str(pattern), fact) : !permits;
}

static bool one_of(const char *const *list, size_t n, const struct slice *fact, size_t n_fact, bool permits)
{
	if (n == 0)
		return true;
	if (n_fact == 0 || (n_fact == 1 && fact[0].n == 0))
		return !permits;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n_fact; k++)
			if (slice_is(fact[k], list[i]))
				return true;
	return false;
}

/* Of what no tool has started nobody is surprised: so there is no "not known" here. */
static bool descends(const struct tool_rule *r, const struct policy_tool *t)
{
	for (size_t i = 0; i < r->n_lineage; i++)
		for (size_t k = 0; k < t->n_lineage; k++)
			if (match_glob(slice_str(r->lineage[i]), t->lineage[k]))
				return true;
	return r->n_lineage == 0;
}

static bool tool_fits(const struct policy *p, const struct tool_rule *r, const struct policy_tool *t)
{
	bool permits = r->verdict == POLICY_TOOL_PERMIT;
	/* What tells one tool from another must be known for any rule: else a ban of one would be a ban of all. */
	if (r->tool && !tool_text(r->tool, t->tool, true))
		return false;
	if (r->package && !tool_text(r->package, t->package, true))
		return false;
	if (!tool_text(r->publisher, t->publisher, permits || !(r->tool || r->package)))
		return false;
	if (r->digest && (t->digest.n ? !slice_is(t->digest, r->digest) : permits || !(r->tool || r->package)))
		return false;
	if (r->versions && (match_version_known(t->version) ? !policy_version_in(r->versions, t->version) : permits))
		return false;
	if (!descends(r, t) || (r->vetted && !t->vetted && !admit_find(p, t)))
		return false;
	return one_of(r->accounts, r->n_accounts, &t->account, 1, permits) &&
	       one_of(r->groups, r->n_groups, t->group, t->n_groups, permits);
}

void policy_tool(const struct policy *p, const struct policy_tool *t, struct policy_tool_decision *out)
{
	static const enum policy_layer order[] = {POLICY_ORGANISATION, POLICY_PERSON, POLICY_COMMAND};
	*out = (struct policy_tool_decision){
	        .verdict = POLICY_TOOL_PERMIT, .decision = {.verdict = POLICY_ALLOW, .rule = "", .why = "no policy speaks of tools"}};
	bool first = true;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		const struct policy_doc *d = p->doc[order[i]];
		const struct tool_rule *deny = NULL, *best = NULL;
		unsigned need[POLICY_TOOL_BAN + 1] = {0};
		if (!d || !d->has_tools)
			continue;
		for (size_t k = 0; k < d->n_tools; k++) {
			const struct tool_rule *r = &d->tool[k];
			if (!tool_fits(p, r, t))
				continue;
			need[r->verdict] |= (r->digest ? EXCEPT_DIGEST : 0u) | (r->versions ? EXCEPT_VERSIONS : 0u) |
			                    (r->n_lineage ? EXCEPT_LINEAGE : 0u);
			if (r->verdict == POLICY_TOOL_BAN)
				deny = deny ? deny : r;
			else if (!best || r->verdict > best->verdict)
				best = r;
		}
		const struct tool_rule *r = deny ? deny : best;
		enum policy_tool_verdict v = r ? r->verdict : d->tool_default;
		/* Only of what the organisation itself says; a person's own ban stays. */
		const struct policy_exception *e = order[i] == POLICY_ORGANISATION && t->now ? except_find(p, t, v, need) : NULL;
		v = e ? e->verdict : v;
		if (!first && v <= out->verdict)
			continue;
		first = false;
		out->exception = e;
		out->vetted = r && r->vetted && !e ? admit_find(p, t) : NULL;
		if (e) {
			out->verdict = v;
			out->decision =
			        (struct policy_decision){.verdict = POLICY_ALLOW, .place = &e->place, .rule = e->text, .why = e->reason};
			continue;
		}
		static const char *const why[] = {"a rule permits it", "a rule permits it inside the gate only", "a rule bans it"};
		static const char *const why_default[] = {"no rule names it, and the default permits",
		        "no rule names it: only inside the gate", "no rule names it, and the default bans"};
		out->verdict = v;
		out->decision = (struct policy_decision){.verdict = v == POLICY_TOOL_BAN ? POLICY_DENY : POLICY_ALLOW,
		        .place = r ? &r->rule.place : &d->tool_default_place,
		        .rule = r && r->rule.text ? r->rule.text : "",
		        .why = !r               ? why_default[v]
		               : r->rule.reason ? r->rule.reason
		                                : why[v],
		        .unknown = !r};
	}
	/* Whatever else is said. */
	if (p->s.closes < 0 || (p->s.closes > 0 && t->now >= p->s.closes)) {
		out->exception = NULL;
		out->vetted = NULL;
		out->verdict = POLICY_TOOL_BAN;
		out->decision = (struct policy_decision){.verdict = POLICY_DENY,
		        .place = p->doc[POLICY_ORGANISATION] ? &p->doc[POLICY_ORGANISATION]->tool_default_place : NULL,
		        .rule = "",
		        .why = "the bundle of the organisation has expired, and no AI tool may run until there is a newer one"};
	}
}

#include "cmd/scan_policy.h"

#include <errno.h>

#include "cmd/on_record.h"
#include "ledger/home.h"
#include "parse/statement.h"
#include "policy/bundle.h"
#include "policy/match.h"
#include "policy/tree.h"

#define ARENA_MAX   ((size_t)64 << 20)
#define REFUSED_MAX 1000u

int scan_policy_load(struct scan_policy *s, const char *organisation, const char *person, struct err *err)
{
	/* The tree that is scanned has no say in what of it is harmless. */
	const struct policy_load from = {
	        .organisation = organisation, .person = person, .no_project = true, .state = "", .expired_too = true};
	struct policy_problems problems = {0};
	*s = (struct scan_policy){.arena = ARENA(ARENA_MAX)};
	int r = policy_load(&from, &s->policy, &problems, err);
	policy_problems_free(&problems);
	if (r == 0)
		s->now = bundle_time(&(struct bundle_config){0}, false, NULL);
	return r;
}

void scan_policy_free(struct scan_policy *s)
{
	policy_free(s->policy);
	arena_free(&s->arena);
	*s = (struct scan_policy){0};
}

void scan_policy_blocks(const struct scan_policy *s, struct scan_result *r)
{
	const struct policy_info *info = policy_settings(s->policy)->layer;
	for (uint32_t i = 0; i < SCAN_RULES; i++)
		if (!policy_scan_blocks(s->policy, scan_rules[i].id, scan_verdict_word(scan_rules[i].verdict)))
			scan_rule_add(&r->reported, i);
	if (info[POLICY_ORGANISATION].is_there || info[POLICY_PERSON].is_there)
		r->policy = policy_digest(s->policy);
}

bool scan_policy_excepts(const struct scan_policy *s)
{
	const struct policy_settings *set = policy_settings(s->policy);
	for (size_t i = 0; i < set->n_exceptions; i++)
		if (set->exception[i].rule)
			return true;
	return false;
}

static void refuse(struct scan_policy *s, const char *place, uint32_t rule, const struct policy_exception *e, const char *why)
{
	if (s->n_refused == REFUSED_MAX)
		return;
	if (!s->refused && !(s->refused = arena_array(&s->arena, REFUSED_MAX, sizeof(*s->refused)))) {
		s->no_memory = true;
		return;
	}
	struct scan_stale one = {
	        .place = arena_str(&s->arena, slice_str(place)), .rule = scan_rules[rule].id, .why = why, .exception = e->id};
	s->no_memory = s->no_memory || !one.place;
	if (one.place)
		s->refused[s->n_refused++] = one;
}

static const struct scan_exception *shown(struct scan_policy *s, uint32_t rule, const struct policy_exception *e)
{
	struct scan_exception *x = arena_array(&s->arena, 1, sizeof(*x));
	char until[21];
	statement_time_write(e->until, until);
	const char *end = arena_str(&s->arena, slice_str(until));
	if (!x || !end)
		return NULL;
	*x = (struct scan_exception){.rule = rule, .id = e->id, .by = e->by, .reason = e->reason, .until = end};
	return x;
}

void scan_policy_apply(struct scan_policy *s, const char *place, struct scan_file *f)
{
	bool any = false;
	for (uint32_t i = 0; i < SCAN_RULES; i++) {
		const struct policy_exception *near, *e;
		const char *why;
		if (!scan_rule_in(&f->sum.rules, i))
			continue;
		e = policy_scan_exception(
		        s->policy, scan_rules[i].id, slice_str(place), slice_str(f->sha256 ? f->sha256 : ""), s->now, &near, &why);
		const struct scan_exception *x = e ? shown(s, i, e) : NULL;
		s->no_memory = s->no_memory || (e && !x);
		if (near)
			refuse(s, place, i, near, why);
		if (!x)
			continue;
		/* In a list, the last first. */
		((struct scan_exception *)x)->next = f->excepted;
		f->excepted = x;
		scan_rule_add(&f->pinned, i);
		any = true;
	}
	if (any)
		scan_file_judge(f);
}

int scan_policy_ledger(struct scan_policy *s, const char *named, const char **out, bool *must, struct err *err)
{
	const struct policy_settings *set = policy_settings(s->policy);
	const struct policy_place *p = &set->ledger_required.place;
	bool organisation = p->layer == POLICY_ORGANISATION && set->ledger_required.value;
	*must = named || organisation;
	if (organisation && named && strcmp(named, "none") == 0)
		return err_set(err, -EPERM, "%s:%u (%s): the record is required, and --ledger none is not permitted", p->file, p->line,
		        policy_layer_name(p->layer));
	if (!named && set->ledger && organisation)
		*out = set->ledger;
	else
		*out = on_record_where(named, &s->arena);
	if (!*out && organisation)
		*out = ledger_home(&s->arena);
	return *out || !organisation ? 0 : err_set(err, -ENOENT, "there is no folder for the ledger: name one with --ledger");
}

void scan_policy_check(const struct policy *p, struct policy_problems *problems)
{
	for (unsigned l = 0; l < POLICY_LAYERS; l++) {
		size_t n;
		const struct policy_scan_rule *rule = policy_scan_rules(p, (enum policy_layer)l, &n);
		for (size_t i = 0; i < n; i++) {
			bool fits = false;
			for (uint32_t k = 0; k < SCAN_RULES && !fits; k++)
				fits = match_glob(slice_str(rule[i].rule), slice_str(scan_rules[k].id));
			if (!fits)
				policy_problem(problems, true, rule[i].place.file, rule[i].place.line, rule[i].place.column,
				        "\"rules\" of \"scan\": no rule is called \"%s\" (postern scan --rules)", rule[i].rule);
		}
	}
}

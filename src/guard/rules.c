#include "guard/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/policy.h"

int rules_load(const char *file, struct rules **out, struct err *err)
{
	struct policy_problems problems = {0};
	struct policy *p = NULL;
	const struct policy_load from = {.organisation = file, .person = "", .no_project = true, .vars = {.home = "/root"}};
	int r = policy_load(&from, &p, &problems, err);
	if (r == -EINVAL && problems.errors)
		r = policy_problems_err(&problems, err);
	policy_problems_free(&problems);
	if (r < 0)
		return r;
	struct rules *n = calloc(1, sizeof(*n));
	if (!n) {
		policy_free(p);
		return err_set(err, -ENOMEM, "no memory for the policy");
	}
	const struct policy_settings *s = policy_settings(p);
	*n = (struct rules){.refs = 1,
	        .policy = p,
	        .ledger_required = s->ledger_required.value && s->ledger_required.place.layer != POLICY_BUILT_IN,
	        .ledger = s->ledger,
	        .version = s->layer[POLICY_ORGANISATION].version};
	(void)snprintf(n->digest, sizeof(n->digest), "%s", policy_digest(p));
	*out = n;
	return 0;
}

struct rules *rules_ref(struct rules *r)
{
	(void)__atomic_add_fetch(&r->refs, 1, __ATOMIC_RELAXED);
	return r;
}

void rules_unref(struct rules *r)
{
	if (!r || __atomic_sub_fetch(&r->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	policy_free(r->policy);
	free(r);
}

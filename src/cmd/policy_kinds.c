/* Do the kinds of secrets that a policy names exist? Only here do the policy and the rules of the search meet. */
#include "cmd/policy.h"

#include <errno.h>
#include <fcntl.h>

#include "policy/tree.h"
#include "sys/path.h"
#include "sys/share.h"

/* The names of the rules that are shipped, NULL-terminated; NULL if they cannot be read. */
static const char *const *rule_names(struct arena *a)
{
	const char *share[SHARE_DATA_MAX];
	size_t n = share_data(a, share);
	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf text = BUF(POLICY_BYTES_MAX);
		struct policy_problems problems = {0};
		struct tree *root = NULL;
		const char *path = arena_fmt(a, "%s/rules/secrets.yaml", share[i]), **names = NULL;
		size_t count = 0;
		if (!path || path_read(AT_FDCWD, path, &text) < 0)
			continue;
		int r = tree_yaml(buf_slice(&text), path, a, &root, &problems);
		policy_problems_free(&problems);
		const struct tree *rules = r == 0 ? tree_get(root, "rules") : NULL;
		if (!rules || rules->kind != TREE_LIST || !(names = arena_array(a, rules->n + 1, sizeof(*names))))
			return NULL;
		for (const struct tree *c = rules->child; c; c = c->next) {
			const struct tree *name = tree_get(c, "name");
			if (name && name->kind == TREE_TEXT)
				names[count++] = (const char *)name->text.p;
		}
		return names;
	}
	return NULL;
}

void policy_check_kinds(const struct policy *p, struct policy_problems *problems)
{
	const struct policy_dlp *d = &policy_settings(p)->dlp;
	_cleanup_arena_ struct arena a = ARENA(64u << 20);
	const char *const *names = d->n_kinds ? rule_names(&a) : NULL;
	for (size_t i = 0; names && i < d->n_kinds; i++) {
		const struct policy_named *k = &d->kind[i];
		size_t at = 0;
		while (names[at] && strcmp(names[at], k->name) != 0)
			at++;
		if (names[at])
			continue;
		const char *near = opt_nearest(k->name, names);
		policy_problem(problems, true, k->place.file, k->place.line, k->place.column,
		        "\"kinds\": no rule of the search for secrets is called \"%s\"%s%s%s; rules/secrets.yaml has their names", k->name,
		        near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	}
}

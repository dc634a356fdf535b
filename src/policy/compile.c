/* From documents to tables. */
#include "policy/render.h"

#include <errno.h>
#include <stdlib.h>

#define COMPILED_MAX (256u << 20)

const struct slot *index_find(const struct index *x, struct slice key, bool suffix)
{
	if (!x->slot)
		return NULL;
	for (size_t i = (slice_hash(key) + suffix) & x->mask; x->slot[i].n; i = (i + 1) & x->mask)
		if (x->slot[i].suffix == suffix && slice_eq(x->slot[i].key, key))
			return &x->slot[i];
	return NULL;
}

struct entry {
	struct slice key;
	bool suffix;
	struct ref ref;
	size_t order;
};

static int by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = slice_cmp(x->key, y->key);
	if (c == 0)
		c = (int)x->suffix - (int)y->suffix;
	return c ? c : x->order < y->order ? -1 : x->order > y->order;
}

static int index_build(struct policy *p, struct index *x, struct entry *e, size_t n)
{
	size_t keys = 0, size = 2;
	if (n == 0)
		return 0;
	qsort(e, n, sizeof(*e), by_key);
	for (size_t i = 0; i < n; i++)
		keys += i == 0 || !slice_eq(e[i].key, e[i - 1].key) || e[i].suffix != e[i - 1].suffix;
	while (size < 2 * keys)
		size *= 2;
	x->slot = arena_array(&p->arena, size, sizeof(*x->slot));
	x->ref = arena_array(&p->arena, n, sizeof(*x->ref));
	if (!x->slot || !x->ref)
		return -ENOMEM;
	x->mask = size - 1;
	x->n_ref = n;
	for (size_t i = 0, k; i < n; i = k) {
		size_t at = (slice_hash(e[i].key) + e[i].suffix) & x->mask;
		while (x->slot[at].n)
			at = (at + 1) & x->mask;
		for (k = i; k < n && slice_eq(e[k].key, e[i].key) && e[k].suffix == e[i].suffix; k++)
			x->ref[k] = e[k].ref;
		x->slot[at] = (struct slot){.key = e[i].key, .suffix = e[i].suffix, .first = (uint32_t)i, .n = (uint32_t)(k - i)};
	}
	return 0;
}

int policy_expand(const struct policy *p, struct arena *arena, const char *path, const char **out)
{
	const char *root = NULL, *rest = path;
	if (path[0] == '~') {
		root = p->vars.home;
		rest = path + 1;
	} else if (strncmp(path, "{project}", 9) == 0) {
		root = p->vars.project;
		rest = path + 9;
		if (!root) {
			*out = NULL;
			return 0;
		}
	}
	if (!root) {
		*out = path;
		return 0;
	}
	*out = strcmp(root, "/") == 0 && rest[0] ? rest : arena_fmt(arena, "%s%s", root, rest);
	return *out ? 0 : -ENOMEM;
}

/* Walks the parts of all documents that are there. */
#define FOR_PARTS(p, l, part, g)                            \
	for (size_t l = 0; l < POLICY_LAYERS; l++)          \
		for (size_t part = 0; part < PARTS; part++) \
			for (const struct grants *g = (p)->doc[l] ? doc_part((p)->doc[l], (enum part)part) : NULL; g; g = NULL)

static int compile_network(struct policy *p)
{
	size_t n = 0, total = 0;
	FOR_PARTS(p, l, part, g)
	total += g->n_net;
	_cleanup_free_ struct entry *e = calloc(total + 1, sizeof(*e));
	p->any_host = arena_array(&p->arena, total + 1, sizeof(*p->any_host));
	if (!e || !p->any_host)
		return -ENOMEM;
	FOR_PARTS(p, l, part, g)
	for (size_t i = 0; i < g->n_net; i++) {
		const struct net_rule *r = &g->net[i];
		struct ref ref = {.rule = r, .layer = (uint8_t)l, .part = (uint8_t)part};
		if (r->any) {
			p->any_host[p->n_any_host++] = ref;
			continue;
		}
		p->has_suffix |= r->suffix;
		e[n] = (struct entry){.key = r->host, .suffix = r->suffix, .ref = ref, .order = n};
		n++;
	}
	return index_build(p, &p->hosts, e, n);
}

static int compile_files(struct policy *p)
{
	size_t n = 0, total = 0;
	FOR_PARTS(p, l, part, g)
	total += g->n_file;
	_cleanup_free_ struct entry *e = calloc(total + 1, sizeof(*e));
	struct file_rule *rules = arena_array(&p->arena, total + 1, sizeof(*rules));
	p->glob = arena_array(&p->arena, total + 1, sizeof(*p->glob));
	if (!e || !p->glob || !rules)
		return -ENOMEM;
	FOR_PARTS(p, l, part, g)
	for (size_t i = 0; i < g->n_file; i++) {
		struct file_rule *r = rules;
		*r = g->file[i];
		int c = policy_expand(p, &p->arena, g->file[i].path, &r->path);
		if (c < 0)
			return c;
		if (!r->path)
			continue; /* there is no project */
		rules++;
		struct ref ref = {.rule = r, .layer = (uint8_t)l, .part = (uint8_t)part};
		if (r->glob) {
			p->glob[p->n_glob++] = ref;
			continue;
		}
		e[n] = (struct entry){.key = slice_str(r->path), .ref = ref, .order = n};
		n++;
	}
	return index_build(p, &p->paths, e, n);
}

static int expand_if(const struct policy *p, struct arena *a, const char **path)
{
	if (!*path || !strchr(*path, '/'))
		return 0;
	const char *old = *path;
	int r = policy_expand(p, a, old, path);
	if (r == 0 && !*path)
		*path = "/nowhere/no-project"; /* fits nothing: no path has a name that nobody can make below a folder that is not there */
	return r;
}

static int compile_exec(struct policy *p)
{
	FOR_PARTS(p, l, part, g)
	{
		struct grants *out = &p->exec[l][part];
		out->has_exec = g->has_exec;
		out->exec_default = g->exec_default;
		p->judges_libraries |= g->exec_default.text && g->exec_default.verdict >= POLICY_ASK;
		out->n_exec = g->n_exec;
		out->exec = arena_array(&p->arena, g->n_exec + 1, sizeof(*out->exec));
		if (!out->exec)
			return -ENOMEM;
		for (size_t i = 0; i < g->n_exec; i++) {
			struct exec_rule *r = &out->exec[i];
			*r = g->exec[i];
			int c = expand_if(p, &p->arena, &r->path);
			c = c < 0 ? c : expand_if(p, &p->arena, &r->parent);
			if (c < 0)
				return c;
			p->judges_libraries |= r->rule.verdict >= POLICY_ASK && (r->digest || r->path) && !r->args;
			p->wants_digest |= r->digest != NULL;
			p->wants_argv |= r->args != NULL || r->parent != NULL;
		}
	}
	return 0;
}

int policy_compile(const struct policy_doc *const doc[POLICY_LAYERS], const struct policy_vars *vars, struct policy **out,
        struct policy_problems *problems)
{
	struct policy *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->arena = ARENA(COMPILED_MAX);
	for (size_t i = 0; i < POLICY_LAYERS; i++)
		p->doc[i] = doc[i];
	p->vars.home = arena_str(&p->arena, slice_str(vars->home));
	p->vars.project = vars->project ? arena_str(&p->arena, slice_str(vars->project)) : NULL;
	int r = p->vars.home && (p->vars.project || !vars->project) ? 0 : -ENOMEM;
	struct policy_doc *built_in = NULL;
	if (r == 0 && !doc[POLICY_BUILT_IN])
		r = policy_built_in(&p->arena, &built_in);
	if (built_in)
		p->doc[POLICY_BUILT_IN] = built_in;
	r = r < 0 ? r : compile_network(p);
	r = r < 0 ? r : compile_files(p);
	r = r < 0 ? r : compile_exec(p);
	r = r < 0 ? r : policy_merge(p, problems);
	r = r < 0 ? r : policy_mounts(p);
	r = r < 0 ? r : policy_wishes(p);
	r = r < 0 ? r : policy_canonical(p);
	if (r < 0) {
		policy_free(p);
		return r;
	}
	*out = p;
	return 0;
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	arena_free(&p->arena);
	arena_free(&p->docs);
	free(p);
}

const struct policy_settings *policy_settings(const struct policy *p)
{
	return &p->s;
}

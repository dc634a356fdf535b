/* Decisions about files, and what a sandbox has to mount so that they hold. */
#include "policy/compiled.h"

#include <errno.h>
#include <stdlib.h>

struct cell {
	const struct file_rule *hide, *best;
	size_t hide_depth, best_depth; /* components of the path that the rule names; of a pattern, up to the name that fits */
};

static void consider(struct cell *c, const struct file_rule *r, size_t depth)
{
	if (r->access == POLICY_NONE && !r->absent) {
		if (!c->hide || depth > c->hide_depth) {
			c->hide = r;
			c->hide_depth = depth;
		}
		return;
	}
	bool stricter = c->best && (c->best->absent || (!r->absent && r->access < c->best->access));
	if (!c->best || depth > c->best_depth || (depth == c->best_depth && stricter)) {
		c->best = r;
		c->best_depth = depth;
	}
}

/* The depth of the first name below the pattern's folder that fits; 0: none does. */
static size_t glob_depth(const struct file_rule *r, struct slice path)
{
	struct slice folder = slice_str(r->path), glob = slice_str(r->glob), rest, part;
	if (!match_below(folder, path))
		return 0;
	size_t depth = match_depth(folder);
	rest = slice_from(path, folder.n == 1 ? 1 : folder.n + 1);
	while (slice_split(&rest, '/', &part)) {
		depth++;
		if (match_glob(glob, part))
			return depth;
	}
	return 0;
}

static void gather(const struct policy *p, struct slice path, struct cell cell[POLICY_LAYERS][PARTS])
{
	size_t depth = 0;
	for (size_t at = 1; at <= path.n; at++) {
		if (at > 1 && at < path.n && path.p[at] != '/')
			continue;
		struct slice prefix = slice_sub(path, 0, at);
		const struct slot *s = index_find(&p->paths, prefix, false);
		for (uint32_t i = 0; s && i < s->n; i++) {
			const struct ref *r = &p->paths.ref[s->first + i];
			consider(&cell[r->layer][r->part], r->rule, depth);
		}
		depth++;
	}
	for (size_t i = 0; i < p->n_glob; i++) {
		size_t d = glob_depth(p->glob[i].rule, path);
		if (d)
			consider(&cell[p->glob[i].layer][p->glob[i].part], p->glob[i].rule, d);
	}
}

/* May this layer grant here? *widen: the rule that lets it, NULL if none is needed. */
static bool may_grant(
        const struct policy *p, const struct cell cell[POLICY_LAYERS][PARTS], enum policy_layer l, const struct file_rule **widen)
{
	bool closed = has_section(p->doc[POLICY_ORGANISATION], PART_OWN, 'f');
	const struct cell *c = NULL;
	*widen = NULL;
	if (l == POLICY_ORGANISATION)
		return true;
	if (l == POLICY_PROJECT) {
		c = &cell[POLICY_ORGANISATION][PART_PROJECT];
		if (!closed && !c->best && !c->hide)
			c = cell[POLICY_COMMAND][PART_PROJECT].best ? &cell[POLICY_COMMAND][PART_PROJECT]
			                                            : &cell[POLICY_PERSON][PART_PROJECT];
	} else if (closed) {
		c = &cell[POLICY_ORGANISATION][PART_PERSON];
	}
	if (c && (!c->best || c->hide))
		return false;
	*widen = c ? c->best : NULL;
	return true;
}

static const enum policy_layer order[] = {POLICY_ORGANISATION, POLICY_PROJECT, POLICY_PERSON, POLICY_COMMAND};

struct found {
	enum policy_access access;
	const struct rule *rule;
	const char *why;
	bool unknown;
};

static void narrow(struct found *f, const struct file_rule *r, bool first)
{
	if (first || r->access < f->access) {
		f->access = r->access;
		f->rule = &r->rule;
	}
}

/* What is built in holds where no layer that grants has a rule as deep. */
static bool built_in_holds(const struct cell *built_in, bool granted, size_t granted_depth, struct found *f, size_t *depth)
{
	bool shown = built_in->best && built_in->best_depth > built_in->hide_depth;
	if (built_in->hide && !shown && !(granted && granted_depth >= built_in->hide_depth)) {
		*f = (struct found){.rule = &built_in->hide->rule, .why = "secrets are hidden unless a rule names the very place"};
		return true;
	}
	if (built_in->best && (!granted || built_in->best_depth > granted_depth)) {
		*f = (struct found){.access = built_in->best->access,
		        .rule = &built_in->best->rule,
		        .why = built_in->best->absent ? "it is not there unless a rule names it" : "it is so unless a rule says otherwise",
		        .unknown = built_in->best->absent};
		*depth = built_in->best_depth;
	}
	return false;
}

static void find(const struct policy *p, struct slice path, struct found *out)
{
	struct cell cell[POLICY_LAYERS][PARTS] = {0};
	const struct file_rule *widen;
	bool granted = false, refused[ARRAY_LEN(order)] = {false};
	size_t depth = 0;
	struct found f = {.why = "no rule permits it", .unknown = true};
	gather(p, path, cell);
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		if (cell[order[i]][PART_OWN].hide) {
			*out = (struct found){.rule = &cell[order[i]][PART_OWN].hide->rule, .why = "a rule hides it"};
			return;
		}
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		const struct cell *c = &cell[order[i]][PART_OWN];
		if (!c->best)
			continue;
		refused[i] = !may_grant(p, cell, order[i], &widen);
		if (refused[i])
			continue;
		narrow(&f, c->best, !granted);
		/* Beside a grant of the organisation a lower layer does not have to widen anything. */
		if (widen && !cell[POLICY_ORGANISATION][PART_OWN].best)
			narrow(&f, widen, false);
		granted = true;
		f.why = "a rule says so";
		f.unknown = false;
		depth = c->best_depth > depth ? c->best_depth : depth;
	}
	bool hidden = built_in_holds(&cell[POLICY_BUILT_IN][PART_OWN], granted, depth, &f, &depth);
	/* A layer that may not grant may still say less of the same place, or of one within. */
	for (size_t i = 0; i < ARRAY_LEN(order) && !hidden; i++) {
		const struct cell *c = &cell[order[i]][PART_OWN];
		if (refused[i] && f.access == POLICY_NONE)
			f = (struct found){
			        .rule = &c->best->rule, .why = "it is permitted only by a layer that may not grant it", .unknown = true};
		else if (refused[i] && c->best_depth >= depth && c->best->access < f.access)
			f = (struct found){.access = c->best->access, .rule = &c->best->rule, .why = "a rule says so"};
	}
	*out = f;
}

void policy_file(const struct policy *p, struct slice path, enum policy_access wanted, struct policy_file *out)
{
	struct found f = {.why = "it is no absolute path"};
	if (slice_starts(path, SLICE("/")) && path.n <= POLICY_TEXT_MAX)
		find(p, path, &f);
	bool enough = f.access >= wanted && f.access != POLICY_NONE;
	*out = (struct policy_file){.access = f.access,
	        .decision = {.verdict = enough ? POLICY_ALLOW : POLICY_DENY,
	                .place = f.rule ? &f.rule->place : NULL,
	                .rule = f.rule && f.rule->text ? f.rule->text : "",
	                .why = f.rule && f.rule->reason ? f.rule->reason : f.why,
	                .unknown = f.unknown}};
}

/* Parents before what lies in them: '/' sorts before every other character. */
static int by_path(const void *a, const void *b)
{
	const struct policy_mount *x = a, *y = b;
	const unsigned char *s = (const unsigned char *)x->path, *t = (const unsigned char *)y->path;
	while (*s && *s == *t) {
		s++;
		t++;
	}
	if (*s == *t) {
		/* Patterns after the folder itself. */
		if (x->anywhere != y->anywhere)
			return (int)x->anywhere - (int)y->anywhere;
		return x->anywhere ? strcmp(x->glob, y->glob) : 0;
	}
	unsigned m = *s == '/' ? 1 : *s, n = *t == '/' ? 1 : *t;
	return m < n ? -1 : 1;
}

struct spot {
	struct policy_mount mount;
	bool implicit; /* no layer speaks of it: the sandbox has its own home and folders for temporary files, each empty */
	bool own;      /* it is one of those, so it is not as its surroundings are */
};

/* Is there anything to see in or below the folder of a pattern? If not, the pattern has nothing to hide. */
static bool any_below(const struct spot *list, size_t n, const char *folder)
{
	struct slice f = slice_str(folder);
	for (size_t i = 0; i < n; i++)
		if (list[i].mount.access != POLICY_NONE &&
		        (match_below(f, slice_str(list[i].mount.path)) || match_below(slice_str(list[i].mount.path), f)))
			return true;
	return false;
}

int policy_mounts(struct policy *p)
{
	size_t n = 0, kept = 0, depth = 0, most = p->paths.n_ref + p->n_glob + 1;
	struct policy_mount *list = arena_array(&p->arena, most, sizeof(*list));
	_cleanup_free_ struct spot *all = calloc(most, sizeof(*all));
	_cleanup_free_ size_t *open = calloc(most, sizeof(*open)); /* what the present one lies in */
	if (!list || !all || !open)
		return -ENOMEM;
	for (size_t i = 0; p->paths.slot && i <= p->paths.mask; i++) {
		const struct slot *s = &p->paths.slot[i];
		struct policy_file f;
		if (!s->n)
			continue;
		policy_file(p, s->key, POLICY_READ, &f);
		all[n].mount = (struct policy_mount){.path = (const char *)s->key.p, .access = f.access, .place = f.decision.place};
		for (uint32_t k = 0; k < s->n; k++)
			all[n].own |= ((const struct file_rule *)p->paths.ref[s->first + k].rule)->absent;
		all[n++].implicit = f.decision.unknown || s->key.n == 1;
	}
	qsort(all, n, sizeof(*all), by_path);
	/* What is as its surroundings needs no mount. */
	for (size_t i = 0; i < n; i++) {
		struct slice path = slice_str(all[i].mount.path);
		while (depth && !match_below(slice_str(all[open[depth - 1]].mount.path), path))
			depth--;
		struct policy_mount *m = &all[i].mount;
		enum policy_access around = depth ? all[open[depth - 1]].mount.access : POLICY_NONE;
		if (m->access == around && !all[i].own)
			continue;
		open[depth++] = i;
		m->optional = m->access == POLICY_NONE || (m->place && m->place->layer == POLICY_BUILT_IN);
		if (!all[i].implicit)
			list[kept++] = *m;
	}
	for (size_t i = 0; i < p->n_glob; i++) {
		const struct file_rule *r = p->glob[i].rule;
		/* Patterns of "widen" take something out of what may be added; they hide nothing by themselves. */
		if (p->glob[i].part == PART_OWN && any_below(all, n, r->path))
			list[kept++] = (struct policy_mount){.path = r->path,
			        .glob = r->glob,
			        .anywhere = true,
			        .optional = true,
			        .access = POLICY_NONE,
			        .place = &r->rule.place};
	}
	qsort(list, kept, sizeof(*list), by_path);
	p->s.mount = list;
	p->s.n_mounts = kept;
	return 0;
}

static struct slice label_glob(struct slice path, struct slice *folder)
{
	size_t at = slice_find(path, SLICE("/**/"), 0);
	*folder = at == SLICE_NPOS ? path : slice_sub(path, 0, at ? at : 1);
	return at == SLICE_NPOS ? SLICE_NONE : slice_from(path, at + 4);
}

bool policy_label_path(const struct policy_label *l, struct slice path)
{
	for (size_t i = 0; l->paths[i]; i++) {
		struct slice folder, glob = label_glob(slice_str(l->paths[i]), &folder), rest, part;
		if (!match_below(folder, path))
			continue;
		if (glob.n == 0)
			return true;
		rest = slice_from(path, folder.n == 1 ? 1 : folder.n + 1);
		while (slice_split(&rest, '/', &part))
			if (match_glob(glob, part))
				return true;
	}
	return false;
}

bool policy_label_host(const struct policy_label *l, struct slice host)
{
	for (size_t i = 0; l->providers[i]; i++)
		if (match_host(slice_str(l->providers[i]), host))
			return true;
	return false;
}

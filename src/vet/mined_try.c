/* Group testing of mined lists. A probe is one treatment: a few members of one list, or of two together. Stages:
 *
 *	1 of each list a few members, far apart; words that may stand anywhere in a name all at once
 *	2 again what differed from the baselines, because noise does not come again; between two members that differ, the one in the middle
 *	3 lists that do something, two at a time: a name that is on both, a place and a name
 *	4 these again
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "vet/analysis_behaviour.h"
#include "vet/hunk.h"
#include "vet/mined.h"

#define PROBES_MAX   192
#define TESTED_MAX   40 /* lists of which members are tried */
#define STAGES       8
#define LABEL_MAX    63
#define NAME_MAX_    200
#define SHOWN_AROUND 60
#define LEVELS_SHOWN 12

/* Of a host name that a member is put into; they are made up, and occur nowhere else. */
static const char front[] = "gw-5t7", behind[] = "gw-3n8.tarnfell.com";

#define PLACED_MAX       24
#define PLACED_HOSTS_MIN 5
#define PATH_MAX_        128
#define JOINED_MAX       32

struct probe {
	unsigned list, second;    /* numbers */
	size_t member, last;      /* the members of the first list in it: member to last */
	unsigned factor, level;   /* of the first */
	unsigned factor2, level2; /* level2 0: none */
	struct treatment treatment;
	unsigned wanted, issued;
	unsigned seen;          /* observations */
	int first;              /* of them */
	struct behaviour marks; /* what comes again, and what other levels and other factors do not bring about */
	size_t open;            /* marks that were seen once only, where there is no noise */
};

/* A level that rows set, beside those that are probed. */
struct placed {
	unsigned factor, level, list;
};

struct mined_levels {
	struct placed placed[PLACED_MAX];
	size_t n_placed;
	struct vet_constants *c;
	struct arena *arena;
	enum plan_effort effort;
	bool has_gateway, chosen[64];
	enum vet_base base; /* of all probes */
	unsigned stage, budget;
	struct probe probes[PROBES_MAX];
	size_t n;
	struct plan_trial *out;
	bool *again;
};

static const struct vet_constant_list *list_of(const struct mined_levels *m, unsigned number)
{
	return &m->c->lists[number - 1];
}

static bool holds(const struct vet_constant_list *l, const char *class)
{
	return strcmp(l->class, class) == 0;
}

static bool words(const struct vet_constant_list *l)
{
	return holds(l, "word") || holds(l, "company");
}

/* -- from members to levels -- */

/* A member as (part of) a host name: lower case, without a scheme, a star or a dot before it. False if it cannot be one. */
static bool host_part(const char *member, char *out, size_t size)
{
	struct slice s = slice_str(member);
	size_t scheme = slice_find(s, SLICE("://"), 0), n = 0;
	if (scheme != SLICE_NPOS)
		s = slice_from(s, scheme + 3);
	while (s.n && (s.p[0] == '*' || s.p[0] == '.'))
		s = slice_from(s, 1);
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		if (c == '/' || c == ':')
			break;
		if (c == ' ' || c == '_')
			c = '-';
		if (!(isascii(c) && (isalnum(c) || c == '-' || c == '.')) || n + 1 >= size)
			return false;
		out[n++] = (char)tolower(c);
	}
	while (n && (out[n - 1] == '.' || out[n - 1] == '-'))
		n--;
	out[n] = 0;
	return n >= 2 && out[0] != '-' && !strstr(out, "..");
}

/* The host name that has these members of a list: of suffixes one, as it is or with something before it; of words as many as have room. */
static const char *host_of(const struct mined_levels *m, const struct vet_constant_list *l, size_t from, size_t *last)
{
	char part[256];
	if (!words(l)) {
		*last = from;
		if (!host_part(l->members[from], part, sizeof(part) - sizeof(front)))
			return NULL;
		/* Programs that ask for a name and those that ask for an ending: both forms come among the first few. */
		bool as_is = strchr(part, '.') && from % 2 == 0 && from + 1 < l->n_members;
		return as_is ? arena_str(m->arena, slice_str(part)) : arena_fmt(m->arena, "%s.%s", front, part);
	}
	char name[256];
	size_t n = 0, to = *last;
	*last = from;
	for (size_t i = from; i <= to && i < l->n_members; i++) {
		if (!host_part(l->members[i], part, sizeof(part)) || strlen(part) > LABEL_MAX)
			continue;
		if (n + strlen(part) + 1 + sizeof(behind) > NAME_MAX_)
			break;
		n += (size_t)snprintf(name + n, sizeof(name) - n, "%s.", part);
		*last = i;
	}
	return n ? arena_fmt(m->arena, "%.*s%s", (int)n, name, behind) : NULL;
}

static const char *locale_of(const struct mined_levels *m, const char *member)
{
	struct slice s = slice_str(member);
	if (s.n == 2) {
		/* A country: in its language, if one is known here. */
		unsigned f = (unsigned)factor_find("locale");
		for (unsigned i = 0; i < factor_table[f].n_levels; i++)
			if (slice_eq(slice_sub(slice_str(factor_table[f].levels[i].value), 3, 2), s))
				return factor_table[f].levels[i].value;
		return arena_fmt(m->arena, "en_%s.UTF-8", member);
	}
	if (s.n < 5)
		return NULL;
	char *tag = arena_fmt(m->arena, "%.*s_%.*s.UTF-8", 2, member,
	        SLICE_FMT(slice_from(slice_sub(s, 0, slice_chr(s, '.', 0) == SLICE_NPOS ? s.n : slice_chr(s, '.', 0)),
	                s.n > 7 && s.p[7] != '.' ? s.n - 2 : 3)));
	return tag;
}

/* The factor of which a list's members are levels; factor_count if there is none. */
static unsigned factor_of(const struct mined_levels *m, const struct vet_constant_list *l)
{
	const char *name = holds(l, "host") || words(l)                ? (m->has_gateway ? "gateway" : "dns_search")
	                   : holds(l, "zone")                          ? "timezone"
	                   : holds(l, "locale") || holds(l, "country") ? "locale"
	                                                               : NULL;
	return name ? (unsigned)factor_find(name) : (unsigned)factor_count;
}

/* The level of that value, which is added if it is new; 0: there is none. */
static unsigned level_of(const struct mined_levels *m, unsigned factor, const char *value)
{
	(void)m;
	if (!value)
		return 0;
	int r = factor_level_add(factor, value, value, false);
	if (r < 0 && r != -EEXIST)
		return 0;
	for (unsigned i = 1; i < factor_level_count(factor); i++)
		if (strcmp(factor_level_at(factor, i)->value, value) == 0)
			return i;
	return 0;
}

static struct probe *add_probe(struct mined_levels *m, const struct probe *p)
{
	for (size_t i = 0; i < m->n; i++)
		if (memcmp(&m->probes[i].treatment, &p->treatment, sizeof(p->treatment)) == 0)
			return NULL;
	if (m->n == PROBES_MAX)
		return NULL;
	m->probes[m->n] = *p;
	m->probes[m->n].first = -1;
	m->probes[m->n].wanted = 1;
	return &m->probes[m->n++];
}

/* Members from to last of a list. */
static struct probe *probe_members(struct mined_levels *m, const struct vet_constant_list *l, size_t from, size_t last)
{
	unsigned factor = factor_of(m, l);
	if (factor >= factor_count || !m->chosen[factor] || from >= l->n_members)
		return NULL;
	const char *value = strcmp(factor_table[factor].name, "timezone") == 0 ? l->members[from]
	                    : strcmp(factor_table[factor].name, "locale") == 0 ? locale_of(m, l->members[from])
	                                                                       : host_of(m, l, from, &last);
	unsigned level = level_of(m, factor, value);
	if (level == 0)
		return NULL;
	struct probe p = {.list = l->number, .member = from, .last = words(l) ? last : from, .factor = factor, .level = level};
	p.treatment = plan_treatment(m->base, factor, level);
	return add_probe(m, &p);
}

/* The first few of a list. */
static void first_members(struct mined_levels *m, const struct vet_constant_list *l)
{
	static const unsigned spread[] = {3, 5, 12};
	size_t n = l->n_members, k = spread[m->effort];
	if (words(l)) {
		(void)probe_members(m, l, 0, 0);
		if (n > 1)
			(void)probe_members(m, l, 1, n - 1);
		return;
	}
	/* What stands there openly is more often innocent. */
	if (!l->hidden && !holds(l, "zone"))
		k = m->effort == PLAN_THOROUGH ? 4 : 2;
	if (k > n)
		k = n;
	for (size_t i = 0; i < k; i++)
		(void)probe_members(m, l, k == 1 ? 0 : i * (n - 1) / (k - 1), 0);
}

/* -- where else a member may be met -- */

static void place(struct mined_levels *m, const struct vet_constant_list *l, const char *factor, const char *value)
{
	unsigned f = (unsigned)factor_find(factor), before = (unsigned)factor_level_count(f);
	if (f >= factor_count || !m->chosen[f] || !value || m->n_placed == PLACED_MAX)
		return;
	unsigned level = level_of(m, f, value);
	if (level >= before)
		m->placed[m->n_placed++] = (struct placed){f, level, l->number};
}

/* Members are the artefact's, and become names of files, lines of a configuration and JSON: what is not plain is no level. */
static bool is_plain(const char *member)
{
	for (const char *c = member; *c; c++)
		if (!isascii(*c) || !(isalnum((unsigned char)*c) || strchr("._-/:@~+ ", *c)))
			return false;
	return true;
}

static bool is_variable_name(const char *member)
{
	for (const char *c = member; *c; c++)
		if (!isascii(*c) || !(isalnum((unsigned char)*c) || *c == '_'))
			return false;
	return *member && !isdigit((unsigned char)*member) && strlen(member) <= LABEL_MAX;
}

/* A folder in which a home or a project can be made: an absolute path, without "." and "..", and not where the system is. */
static bool may_hold_folders(struct slice path)
{
	static const char *const systems[] = {
	        "proc", "sys", "dev", "usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "run", "tmp", "var", "boot"};
	struct slice part;
	bool first = true;
	if (!slice_starts(path, SLICE("/")) || path.n > PATH_MAX_)
		return false;
	path = slice_from(path, 1);
	while (slice_split(&path, '/', &part)) {
		if (part.n == 0 || slice_is(part, ".") || slice_is(part, ".."))
			return false;
		for (size_t i = 0; first && i < ARRAY_LEN(systems); i++)
			if (slice_is(part, systems[i]))
				return false;
		first = false;
	}
	return !first;
}

/* The name of a file, below the home or the project if it is relative: a few plain parts. */
static bool is_file_name(const char *member)
{
	struct slice s = slice_str(member), part;
	size_t parts = 0;
	if (s.n < 3 || s.n > PATH_MAX_ || !is_plain(member) || s.p[s.n - 1] == '/')
		return false;
	if (s.p[0] == '/')
		return may_hold_folders(s) && memchr(s.p + 1, '/', s.n - 1);
	if (slice_starts(s, SLICE("./")) || slice_starts(s, SLICE("~/")))
		s = slice_from(s, 2);
	while (slice_split(&s, '/', &part)) {
		parts++;
		if (part.n == 0 || slice_is(part, ".") || slice_is(part, "..") || memchr(part.p, ':', part.n))
			return false;
	}
	return parts > 0 && parts < 8 && (parts > 1 || memchr(member, '.', strlen(member)));
}

/* A name may be that of the API's host, and as well of a remote, of who commits, of the network, of the person: what is probed is the
 * first, or the place that a zone or a language says by itself. The others are set in rows, and what shows there is traced like anything
 * else. */
static void place_member(struct mined_levels *m, const struct vet_constant_list *l, const char *member)
{
	char part[256];
	bool host = host_part(member, part, sizeof(part) - 64);
	if (!is_plain(member))
		return;
	if (holds(l, "host") && host && strchr(part, '.')) {
		/* A host that stands there openly may be one of a forge, which a tool may well know. */
		if (l->hidden)
			place(m, l, "git_remote", arena_fmt(m->arena, "https://%s/platform/tern-6v2.git", part));
		place(m, l, "git_identity", arena_fmt(m->arena, "Ilse Varga-Quint <ivq81@%s>", part));
		place(m, l, "dns_search", arena_str(m->arena, slice_str(part)));
	} else if (holds(l, "path")) {
		struct slice dir = slice_str(member);
		while (dir.n > 1 && dir.p[dir.n - 1] == '/')
			dir.n--;
		if (!may_hold_folders(dir))
			return;
		place(m, l, "home", arena_fmt(m->arena, "%.*s/quillan7", SLICE_FMT(dir)));
		place(m, l, "project", arena_fmt(m->arena, "%.*s/lattice-9q4", SLICE_FMT(dir)));
	} else if (holds(l, "url") && host) {
		place(m, l, "git_remote",
		        strstr(member, "://") ? arena_str(m->arena, slice_str(member)) : arena_fmt(m->arena, "https://%s", member));
	} else if (words(l) && host && strlen(part) <= LABEL_MAX) {
		place(m, l, "user", arena_fmt(m->arena, "%s|%s", part, member));
		place(m, l, "hostname", arena_str(m->arena, slice_str(part)));
		place(m, l, "git_remote", arena_fmt(m->arena, "https://code.wexlund.example/%s/tern-6v2.git", part));
		place(m, l, "company", arena_fmt(m->arena, "%s|%s.example", member, part));
	}
}

/* The members that fit, with commas between them; NULL: none does. */
static const char *joined(const struct mined_levels *m, const struct vet_constant_list *l, bool (*fits)(const char *member))
{
	_cleanup_buf_ struct buf b = BUF(8192);
	size_t n = 0;
	for (size_t i = 0; i < l->n_members && n < JOINED_MAX; i++)
		if (fits(l->members[i]))
			buf_fmt(&b, "%s%s", n++ ? "," : "", l->members[i]);
	return n == 0 || buf_error(&b) ? NULL : arena_str(m->arena, buf_slice(&b));
}

static void place_list(struct mined_levels *m, const struct vet_constant_list *l)
{
	if (l->n_members == 0)
		return;
	if (holds(l, "variable")) {
		place(m, l, "hidden_names", joined(m, l, is_variable_name));
		return;
	}
	/* An open list of files is what a tool reads; a hidden one it looks for. */
	if (holds(l, "path") && l->hidden)
		place(m, l, "hidden_names", joined(m, l, is_file_name));
	place_member(m, l, l->members[0]);
	if (l->n_members > 2)
		place_member(m, l, l->members[l->n_members / 2]);
}

/* Is the list worth trials at this effort? */
static bool tested(const struct mined_levels *m, const struct vet_constant_list *l)
{
	if (factor_of(m, l) >= factor_count)
		return false;
	return l->hidden || holds(l, "zone") || m->effort != PLAN_QUICK;
}

int mined_new(struct vet_constants *c, enum plan_effort effort, const char *filter, bool has_gateway, struct arena *arena,
        struct mined_levels **out)
{
	static const unsigned budgets[] = {24, 64, 160};
	struct mined_levels *m = arena_alloc(arena, sizeof(*m));
	if (!m)
		return -ENOMEM;
	*m = (struct mined_levels){.c = c, .arena = arena, .effort = effort, .has_gateway = has_gateway, .budget = budgets[effort]};
	m->base = has_gateway ? BASE_GATEWAY : BASE_OFFICIAL;
	m->out = arena_array(arena, 2 * PROBES_MAX, sizeof(*m->out));
	m->again = arena_array(arena, 2 * PROBES_MAX, sizeof(*m->again));
	if (!m->out || !m->again)
		return -ENOMEM;
	bool all = !filter || !*filter;
	for (size_t i = 0; i < factor_count; i++)
		m->chosen[i] = all;
	struct slice rest = slice_str(all ? "" : filter), part;
	while (!all && slice_split(&rest, ',', &part))
		for (size_t i = 0; i < factor_count; i++)
			m->chosen[i] |= slice_is(slice_trim(part), factor_table[i].name);
	/* Those that nothing is tried of go, if they were not hidden. */
	size_t n = 0, lists = 0;
	for (size_t i = 0; i < c->n_lists; i++) {
		size_t before = m->n;
		struct vet_constant_list l = c->lists[i];
		l.number = (unsigned)n + 1;
		c->lists[n] = l;
		if (lists < TESTED_MAX && m->n < m->budget / 2 + 4 && tested(m, &l))
			first_members(m, &c->lists[n]);
		lists += m->n > before;
		/* Hidden ones come first, and so do their places. Of hosts that stand there openly many are those that the tool speaks to:
		 * with one of them for the network's own name, speaking to it would look like telling of the network. */
		size_t placed = m->n_placed;
		bool open = m->effort != PLAN_QUICK &&
		            (holds(&l, "path") || (holds(&l, "host") && !l.spoken_to && l.n_members >= PLACED_HOSTS_MIN));
		if (l.hidden || open)
			place_list(m, &c->lists[n]);
		n += l.hidden || m->n > before || m->n_placed > placed;
	}
	c->n_lists = n;
	*out = m;
	return 0;
}

unsigned mined_list_of(const struct mined_levels *m, unsigned factor, unsigned level)
{
	for (size_t i = 0; m && i < m->n_placed; i++)
		if (m->placed[i].factor == factor && m->placed[i].level == level)
			return m->placed[i].list;
	for (size_t i = 0; m && i < m->n; i++)
		if (m->probes[i].factor == factor && m->probes[i].level == level)
			return m->probes[i].list;
	return 0;
}

/* -- what they showed -- */

static bool shapes_for(unsigned factor)
{
	return strcmp(factor_table[factor].name, "timezone") == 0 || strcmp(factor_table[factor].name, "locale") == 0;
}

static bool same_treatment(const struct analysis_trial *t, const struct probe *p)
{
	return t->usable && memcmp(&t->treatment, &p->treatment, sizeof(p->treatment)) == 0;
}

static const struct probe *probe_of(const struct mined_levels *m, const struct analysis_trial *t)
{
	for (size_t i = 0; i < m->n; i++)
		if (same_treatment(t, &m->probes[i]))
			return &m->probes[i];
	return NULL;
}

/* How features behave in trials that are no probes. */
struct noise {
	uint64_t *factors;  /* by feature: the factors under which it differs from the baselines */
	uint16_t *ordinary; /* by feature: levels of the factor at hand under which it does */
	unsigned levels;    /* of that factor, that come from no list */
	size_t n;
};

#define NOISY_FACTORS  3
#define NOISY_FEATURES 8 /* at one endpoint */

static void noise_free(struct noise *x)
{
	free(x->factors);
	free(x->ordinary);
}

static int noise_of(const struct mined_levels *m, unsigned factor, bool shapes, const struct feature_set *s, const struct analysis_trial *t,
        size_t n, struct noise *out)
{
	_cleanup_arena_ struct arena scratch = ARENA((size_t)256 << 20);
	out->n = feature_count(s);
	out->factors = calloc(out->n + 1, sizeof(*out->factors));
	out->ordinary = calloc(out->n + 1, sizeof(*out->ordinary));
	if (!out->factors || !out->ordinary)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct behaviour b;
		if (!t[i].usable || t[i].baseline || t[i].combined || t[i].treatment.base != m->base || probe_of(m, &t[i]))
			continue;
		if (behaviour_of(s, t, n, (unsigned)i, shapes, &scratch, &b) < 0)
			return -ENOMEM;
		out->levels += t[i].factor == factor;
		for (size_t k = 0; k < b.n; k++) {
			uint32_t f = b.marks[k].feature;
			out->factors[f] |= (uint64_t)1 << t[i].factor;
			out->ordinary[f] = (uint16_t)(out->ordinary[f] + (t[i].factor == factor));
		}
	}
	return 0;
}

/* It differs under several other factors too, or under half of the factor's own levels that are in no list. */
static bool noisy(const struct noise *x, uint32_t feature, unsigned factor)
{
	uint64_t others = x->factors[feature] & ~((uint64_t)1 << factor);
	return __builtin_popcountll(others) >= NOISY_FACTORS || (x->levels >= 2 && 2 * x->ordinary[feature] >= x->levels);
}

/* Where much comes and goes by itself, what came twice may be chance, too. */
static bool noisy_place(const struct noise *x, const struct feature_set *s, uint32_t feature)
{
	const char *endpoint = feature_at(s, feature)->endpoint;
	unsigned n = 0;
	for (uint32_t i = 0; i < x->n && n < NOISY_FEATURES; i++)
		n += __builtin_popcountll(x->factors[i]) >= NOISY_FACTORS && strcmp(feature_at(s, i)->endpoint, endpoint) == 0;
	return n >= NOISY_FEATURES;
}

/* What each trial of a probe shows, as far as it is not noise. */
struct shown {
	struct probe *probe;
	struct behaviour b;
};

static size_t support(const struct shown *all, size_t n, struct behaviour_mark mark)
{
	size_t times = 0;
	for (size_t i = 0; i < n; i++)
		times += behaviour_has(&all[i].b, mark);
	return times;
}

/* Marks that came again. Those of a noisy place count only where there are no others. */
static void keep_supported(struct probe *p, const struct noise *noise, const struct feature_set *s, const struct shown *all, size_t n)
{
	size_t quiet = 0, loud = 0;
	for (size_t j = 0; j < p->marks.n; j++) {
		struct behaviour_mark mark = p->marks.marks[j];
		bool is_loud = noisy_place(noise, s, mark.feature);
		size_t times = support(all, n, mark);
		if (!is_loud && times >= 2) {
			p->marks.marks[quiet++] = mark;
			continue;
		}
		p->open += !is_loud;
		loud += is_loud && times >= 4 && quiet == 0;
		/* Still wanted if nothing quiet comes: it moves to the front then. */
		if (is_loud && times >= 4 && quiet == 0)
			p->marks.marks[loud - 1] = mark;
	}
	p->marks.n = quiet ? quiet : loud;
}

/* All probes of one factor. */
static int look_factor(struct mined_levels *m, unsigned factor, const struct feature_set *s, const struct analysis_trial *t, size_t n)
{
	_cleanup_(noise_free) struct noise noise = {0};
	_cleanup_free_ struct shown *all = calloc(n + 1, sizeof(*all));
	bool shapes = shapes_for(factor);
	size_t k = 0;
	if (!all || noise_of(m, factor, shapes, s, t, n, &noise) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < m->n; i++) {
		struct probe *p = &m->probes[i];
		if (p->factor != factor)
			continue;
		p->seen = 0;
		for (size_t o = 0; o < n; o++) {
			if (!same_treatment(&t[o], p))
				continue;
			if (p->seen++ == 0)
				p->first = (int)o;
			/* A place beside the name changes what honestly follows from places, a date for one. */
			if (behaviour_of(s, t, n, (unsigned)o, shapes || (p->level2 && shapes_for(p->factor2)), m->arena, &all[k].b) < 0)
				return -ENOMEM;
			struct behaviour *b = &all[k].b;
			size_t kept = 0;
			for (size_t j = 0; j < b->n; j++)
				if (!noisy(&noise, b->marks[j].feature, factor))
					b->marks[kept++] = b->marks[j];
			b->n = kept;
			all[k++].probe = p;
		}
	}
	for (size_t i = 0; i < m->n; i++) {
		struct probe *p = &m->probes[i];
		if (p->factor != factor || !p->seen)
			continue;
		p->marks = (struct behaviour){0};
		p->open = 0;
		for (size_t o = 0, first = 1; o < k; o++) {
			if (all[o].probe != p)
				continue;
			if (first) {
				p->marks.marks = arena_array(m->arena, all[o].b.n + 1, sizeof(*p->marks.marks));
				if (!p->marks.marks)
					return -ENOMEM;
				p->marks.n = all[o].b.n;
				if (p->marks.n)
					memcpy(p->marks.marks, all[o].b.marks, p->marks.n * sizeof(*p->marks.marks));
			} else {
				behaviour_keep(&p->marks, &all[o].b, false);
			}
			first = 0;
		}
		keep_supported(p, &noise, s, all, k);
	}
	return 0;
}

static int look(struct mined_levels *m, const struct feature_set *s, const struct analysis_trial *t, size_t n)
{
	for (unsigned f = 0; f < factor_count; f++) {
		bool used = false;
		for (size_t i = 0; i < m->n && !used; i++)
			used = m->probes[i].factor == f;
		if (used && look_factor(m, f, s, t, n) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* -- the next trials -- */

static bool done_outside(const struct mined_levels *m, const struct probe *a)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct probe *b = &m->probes[i];
		if (b->list == a->list && !b->second && (b->last < a->member || b->member > a->last) && b->seen &&
		        behaviour_same(&a->marks, &b->marks))
			return true;
	}
	return false;
}

/* Members of a list that differ: the one in the middle of two neighbours among the tried. */
static void bisect(struct mined_levels *m, const struct vet_constant_list *l)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct probe *a = &m->probes[i], *next = NULL;
		if (a->list != l->number || a->second || !a->seen)
			continue;
		for (size_t k = 0; k < m->n; k++) {
			const struct probe *b = &m->probes[k];
			if (b->list == a->list && !b->second && b->seen && b->member > a->member && (!next || b->member < next->member))
				next = b;
		}
		if (next && next->member > a->member + 1 && !behaviour_same(&a->marks, &next->marks))
			(void)probe_members(m, l, (a->member + next->member) / 2, (a->member + next->member) / 2);
		/* Words that were together: the halves, unless words outside do the same. */
		if (a->last > a->member && a->marks.n && !done_outside(m, a)) {
			size_t mid = (a->member + a->last) / 2, last = a->last, first = a->member;
			(void)probe_members(m, l, first, mid);
			(void)probe_members(m, l, mid + 1, last);
		}
	}
}

/* The first probe of a list that shows something for certain. */
static const struct probe *showing(const struct mined_levels *m, unsigned list)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->probes[i].list == list && !m->probes[i].second && m->probes[i].marks.n)
			return &m->probes[i];
	return NULL;
}

static bool apart(const struct mined_levels *m, const struct probe *a)
{
	const struct vet_constant_list *l = list_of(m, a->list);
	return l->n_members > 0 && a->level2 == 0;
}

/* A name on both lists, as far as one can be. */
static void combine_names(struct mined_levels *m, const struct probe *a, const struct probe *b)
{
	char head[256], tail[256];
	const struct probe *first = words(list_of(m, a->list)) ? a : b, *then = first == a ? b : a;
	if (!host_part(list_of(m, first->list)->members[first->member], head, LABEL_MAX) ||
	        !host_part(list_of(m, then->list)->members[then->member], tail, 128))
		return;
	bool both_words = words(list_of(m, then->list));
	unsigned level =
	        level_of(m, a->factor, arena_fmt(m->arena, "%s.%s%s%s", head, tail, both_words ? "." : "", both_words ? behind : ""));
	struct probe p = {.list = a->list, .second = b->list, .member = a->member, .last = a->member, .factor = a->factor, .level = level};
	if (level == 0)
		return;
	p.treatment = plan_treatment(a->treatment.base, a->factor, level);
	struct probe *new = add_probe(m, &p);
	if (new)
		new->wanted = 2;
}

static void combine(struct mined_levels *m)
{
	for (unsigned i = 1; i <= m->c->n_lists; i++)
		for (unsigned k = i + 1; k <= m->c->n_lists; k++) {
			const struct probe *a = showing(m, i), *b = showing(m, k);
			if (!a || !b || !apart(m, a) || !apart(m, b))
				continue;
			if (a->factor == b->factor) {
				if (!behaviour_same(&a->marks, &b->marks) && !shapes_for(a->factor))
					combine_names(m, a, b);
				continue;
			}
			struct probe p = *a;
			p.second = b->list;
			p.factor2 = b->factor;
			p.level2 = b->level;
			p.treatment.level[b->factor] = (uint8_t)b->level;
			p.seen = p.issued = 0;
			p.marks = (struct behaviour){0};
			struct probe *new = add_probe(m, &p);
			if (new)
				new->wanted = 2;
		}
}

static void advance(struct mined_levels *m)
{
	for (size_t i = 0; i < m->n; i++) {
		struct probe *p = &m->probes[i];
		/* What came once is tried again; what others show too need not be. */
		if (p->seen == 1 && p->open && p->marks.n == 0)
			p->wanted = 2;
	}
	for (unsigned i = 1; i <= m->c->n_lists; i++)
		bisect(m, list_of(m, i));
	if (m->stage >= 2)
		combine(m);
}

int mined_next(struct mined_levels *m, const struct feature_set *s, const struct analysis_trial *t, size_t n_trials,
        struct plan_trial **out, bool **again, size_t *n)
{
	*n = 0;
	*out = m->out;
	*again = m->again;
	for (; m->stage < STAGES && *n == 0; m->stage++) {
		int r = m->stage ? look(m, s, t, n_trials) : 0;
		if (r < 0)
			return r;
		if (m->stage)
			advance(m);
		for (size_t i = 0; i < m->n; i++) {
			struct probe *p = &m->probes[i];
			for (; p->issued < p->wanted && m->budget > 0; p->issued++) {
				bool both = p->level2 != 0;
				m->out[*n] = (struct plan_trial){.treatment = p->treatment,
				        .factor = both ? (unsigned)factor_count - 1 : p->factor,
				        .level = both ? 0 : p->level};
				m->again[(*n)++] = p->issued > 0;
				m->budget--;
			}
		}
	}
	return 0;
}

/* -- the result -- */

/* Nothing but digits: a count, more often than a sign. */
static bool figures(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

/* A mark that shows to a person what happens: of a message's body rather than of anything else, and the shortest change. */
static void best_mark(const struct feature_set *s, const struct probe *p, int ref, uint32_t *feature, struct hunk *at)
{
	size_t best = SIZE_MAX;
	*feature = UINT32_MAX;
	for (size_t i = 0; i < p->marks.n; i++) {
		uint32_t f = p->marks.marks[i].feature;
		const struct feature *of = feature_at(s, f);
		struct slice a = feature_value(s, f, (unsigned)ref), b = feature_value(s, f, (unsigned)p->first);
		struct hunk h[16];
		size_t k = a.p && b.p ? hunks_of(a, b, h, ARRAY_LEN(h)) : 0;
		struct hunk whole = k ? (struct hunk){h[0].a_at, h[k - 1].a_at + h[k - 1].a_n - h[0].a_at, h[0].b_at,
		                                h[k - 1].b_at + h[k - 1].b_n - h[0].b_at}
		                      : (struct hunk){0, a.n, 0, b.n};
		size_t cost = whole.a_n + whole.b_n + (a.p && b.p ? 0 : 1000) + (of->structural ? 500 : 0) +
		              (of->address && slice_starts(slice_str(of->address), SLICE("body")) ? 0 : 200);
		cost += figures(slice_sub(a, whole.a_at, whole.a_n)) && figures(slice_sub(b, whole.b_at, whole.b_n)) ? 300 : 0;
		if (cost < best) {
			best = cost;
			*feature = f;
			*at = whole;
		}
	}
}

/* The value around the change, as printable UTF-8. */
static const char *around(struct arena *arena, struct slice v, size_t at, size_t n, size_t *new_at)
{
	size_t from = at > SHOWN_AROUND ? at - SHOWN_AROUND : 0, to = at + n + SHOWN_AROUND;
	if (!v.p)
		return NULL;
	while (from && from < v.n && (v.p[from] & 0xc0) == 0x80)
		from--;
	while (to < v.n && (v.p[to] & 0xc0) == 0x80)
		to++;
	*new_at = at - from;
	return arena_str(arena, slice_sub(v, from, to - from));
}

static const char *level_text(const struct mined_levels *m, const struct probe *p)
{
	/* The factors are said once. */
	const struct factor_level *a = factor_level_at(p->factor, p->level), *b = p->level2 ? factor_level_at(p->factor2, p->level2) : NULL;
	return b ? arena_fmt(m->arena, "%s with %s", a ? a->name : "?", b->name) : a ? a->name : "?";
}

static int put_behaviour(struct mined_levels *m, const struct probe *first, unsigned number, const struct feature_set *s,
        const struct analysis_trial *t, size_t n, struct vet_behaviour *out)
{
	const char **levels = arena_array(m->arena, LEVELS_SHOWN + 1, sizeof(*levels)),
	           **evidence = arena_array(m->arena, LEVELS_SHOWN + 1, sizeof(*evidence));
	int ref = behaviour_reference(t, n, first->treatment.base);
	size_t k = 0, e = 0;
	uint32_t f;
	struct hunk at = {0};
	struct vet_behaviour b = {.number = number, .places = (unsigned)first->marks.n, .levels = levels, .evidence = evidence};
	if (!levels || !evidence || ref < 0)
		return -ENOMEM;
	b.lists = first->second ? arena_fmt(m->arena, "list %u with list %u", first->list, first->second)
	                        : arena_fmt(m->arena, "list %u", first->list);
	const char *title = factor_table[first->factor].title;
	b.factors = first->level2 ? arena_fmt(m->arena, "%s with %s", title, factor_table[first->factor2].title) : title;
	for (size_t i = 0; i < m->n; i++) {
		const struct probe *p = &m->probes[i];
		if (p->list != first->list || p->second != first->second || !p->seen || !behaviour_same(&p->marks, &first->marks))
			continue;
		if (k < LEVELS_SHOWN && !(levels[k++] = level_text(m, p)))
			return -ENOMEM;
		for (size_t o = 0; o < n && e < LEVELS_SHOWN; o++)
			if (same_treatment(&t[o], p))
				evidence[e++] = t[o].id;
	}
	best_mark(s, first, ref, &f, &at);
	const struct feature *of = feature_at(s, f);
	struct slice before = feature_value(s, f, (unsigned)ref), after = feature_value(s, f, (unsigned)first->first);
	b.endpoint = of->endpoint;
	b.address = of->address;
	b.before = around(m->arena, before, at.a_at, at.a_n, &b.before_at);
	b.after = around(m->arena, after, at.b_at, at.b_n, &b.after_at);
	b.before_n = at.a_n;
	b.after_n = at.b_n;
	if (!b.lists || !b.factors || (before.p && !b.before) || (after.p && !b.after))
		return -ENOMEM;
	*out = b;
	return 0;
}

/* The behaviour of a probe among those that are there; 0: none. */
static unsigned known(const struct mined_levels *m, const size_t *first_of, size_t n, const struct probe *p)
{
	for (size_t i = 0; i < n; i++) {
		const struct probe *q = &m->probes[first_of[i]];
		if (q->list == p->list && q->second == p->second && behaviour_same(&q->marks, &p->marks))
			return (unsigned)i + 1;
	}
	return 0;
}

int mined_end(struct mined_levels *m, const struct feature_set *s, const struct analysis_trial *t, size_t n)
{
	struct vet_constants *c = m->c;
	size_t first_of[PROBES_MAX];
	int r = look(m, s, t, n);
	c->levels = arena_array(m->arena, m->n + 1, sizeof(*c->levels));
	c->behaviours = arena_array(m->arena, m->n + 1, sizeof(*c->behaviours));
	if (r < 0 || !c->levels || !c->behaviours)
		return r < 0 ? r : -ENOMEM;
	for (size_t i = 0; i < m->n; i++) {
		const struct probe *p = &m->probes[i];
		const struct factor_level *l = factor_level_at(p->factor, p->level),
		                          *l2 = p->level2 ? factor_level_at(p->factor2, p->level2) : NULL;
		unsigned behaviour = 0;
		if (p->seen == 0)
			continue;
		if (p->marks.n) {
			behaviour = known(m, first_of, c->n_behaviours, p);
			if (behaviour == 0) {
				r = put_behaviour(m, p, (unsigned)c->n_behaviours + 1, s, t, n, &c->behaviours[c->n_behaviours]);
				if (r < 0)
					return r;
				first_of[c->n_behaviours++] = i;
				behaviour = (unsigned)c->n_behaviours;
			}
		}
		const char *name = l2 ? arena_fmt(m->arena, "%s, %s", l ? l->name : "?", l2->name) : l ? l->name : "?";
		const char *factor = l2 ? arena_fmt(m->arena, "%s,%s", factor_table[p->factor].name, factor_table[p->factor2].name)
		                        : factor_table[p->factor].name;
		if (!name || !factor)
			return -ENOMEM;
		c->levels[c->n_levels++] = (struct vet_mined_level){
		        .factor = factor, .level = name, .list = p->list, .second = p->second, .trials = p->seen, .behaviour = behaviour};
	}
	return 0;
}

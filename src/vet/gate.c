#include "vet/gate.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "policy/neutral.h"
#include "sys/share.h"

#define ARGV_MAX   512u
#define MOUNTS_MAX 32u

/* Everything may be said to everybody, or a refusal would look like a channel that was closed; and nothing is looked for, so that what
 * is seen is what --neutral does. */
static const char policy[] = "name: a trial behind the gate\n"
                             "network:\n"
                             "  - {host: \"%s\", ports: [1-65535], websocket: true, private: true}\n"
                             "  - {any_host: true, ports: [1-65535], websocket: true}\n"
                             "files: {write: []}\n"
                             "dlp: {secrets: 'off', entropy: 'off', fingerprints: 'off', canaries: 'off', plant_canaries: false}\n"
                             "ledger: {required: false}\n"
                             "review: direct\n";

int gate_program(struct arena *arena, struct vet_gate_program *out, struct err *err)
{
	char self[PATH_MAX];
	const char *share[3];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash = n > 0 ? (self[n] = 0, strrchr(self, '/')) : NULL;
	size_t shares = share_folders(arena, share), i = 0;
	while (i < shares && access(share[i], R_OK) < 0)
		i++;
	if (!slash || i == shares)
		return err_set(err, -ENOENT, "the program's own file, or its folder of data, is not there (set POSTERN_SHARE)");
	out->name = arena_str(arena, slice_str(slash + 1));
	out->folder = arena_str(arena, slice_of(self, (size_t)(slash - self)));
	out->share = share[i];
	return out->name && out->folder ? 0 : err_set(err, -ENOMEM, "out of memory");
}

int gate_subject(const struct vet_subject *s, const struct vet_gate_program *program, struct arena *arena, struct vet_subject *out)
{
	struct trial_mount *mounts = arena_array(arena, MOUNTS_MAX, sizeof(*mounts));
	if (!mounts || s->n_mounts + 2 > MOUNTS_MAX)
		return -ENOMEM;
	if (s->n_mounts)
		memcpy(mounts, s->mounts, s->n_mounts * sizeof(*mounts));
	*out = *s;
	out->mounts = mounts;
	mounts[s->n_mounts] = (struct trial_mount){.source = program->folder, .target = GATE_BIN};
	mounts[s->n_mounts + 1] = (struct trial_mount){.source = program->share, .target = GATE_SHARE};
	out->n_mounts = s->n_mounts + 2;
	return 0;
}

struct words {
	struct arena *arena;
	char **argv;
	size_t n;
};

static void put(struct words *w, const char *word)
{
	if (w->n < ARGV_MAX)
		w->argv[w->n] = word ? arena_str(w->arena, slice_str(word)) : NULL;
	w->n++;
}

/* Names of variables: those that the profile sets anyway, which hold the key and what makes the tool run without a person. */
static void put_variables(struct words *w, const char *const *list)
{
	for (; list && *list; list++) {
		put(w, "--env");
		put(w, arena_str(w->arena, slice_sub(slice_str(*list), 0, slice_chr(slice_str(*list), '=', 0))));
	}
}

/* A file of the profile's in the home: its folder, because tools save a file by putting another in its place; one directly in the home by
 * itself. */
static void put_place(struct words *w, const char *path, const char *home, const char *project)
{
	size_t h = strlen(home), n = strlen(project);
	if (strncmp(path, home, h) != 0 || path[h] != '/' || (strncmp(path, project, n) == 0 && path[n] == '/'))
		return;
	const char *slash = strrchr(path, '/');
	put(w, "--rw");
	put(w, slash == path + h ? path : arena_str(w->arena, slice_of(path, (size_t)(slash - path))));
}

/* In a sandbox that is not there unless it is named. */
static bool hidden(const char *path)
{
	static const char *const places[] = {"/home", "/root", "/tmp", "/var/tmp", "/run"};
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (strncmp(path, places[i], strlen(places[i])) == 0 && path[strlen(places[i])] == '/')
			return true;
	return false;
}

/* Scheme, host and port of an address. */
static const char *place_of(struct arena *arena, const char *url)
{
	const char *at = strstr(url, "://");
	at = at ? at + 3 : url;
	return arena_str(arena, slice_of(url, (size_t)(at - url) + strcspn(at, "/")));
}

int gate_wrap(const struct vet_gate_program *program, const struct vet_subject *s, const struct profile *p, struct arena *arena,
        struct setup *setup, struct err *err)
{
	struct host_spec *h = &setup->host;
	struct words w = {arena, arena_array(arena, ARGV_MAX + 1, sizeof(char *)), 0};
	const struct profile_vars v = {.home = h->home, .project = h->project, .host = setup->gateway};
	/* A gateway may be an address, which no rule for every name fits. */
	const char *text = arena_fmt(arena, policy, setup->gateway ? setup->gateway : "localhost");
	const struct host_file file = {.path = GATE_POLICY, .data = slice_str(text)};
	int r = w.argv && text ? host_file_set(h, &file) : -ENOMEM;
	r = r < 0 ? r : host_env_set(h, "POSTERN_SHARE", GATE_SHARE);
	if (r < 0)
		return err_sys(err, r, "cannot set the gate of a trial up");
	put(&w, arena_fmt(arena, GATE_BIN "/%s", program->name));
	/* By which proxy the gate itself would go is none of the tool's doing. */
	static const char *const fixed[] = {
	        "run", "--neutral", "--quiet", "--no-project-policy", "--ledger", "none", "--proxy", "none", "--policy", GATE_POLICY};
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		put(&w, fixed[i]);
	put_variables(&w, p->env);
	put_variables(&w, p->env_official);
	for (size_t i = 0; i < p->n_files; i++) {
		const char *path = profile_expand(p->files[i].path, &v, arena);
		if (path)
			put_place(&w, path, h->home, h->project);
	}
	for (size_t i = 0; i < s->n_mounts; i++) {
		if (!hidden(s->mounts[i].target))
			continue;
		put(&w, "--ro");
		put(&w, s->mounts[i].target);
	}
	const char *url = setup->gateway ? profile_expand(p->base_url, &v, arena) : NULL;
	for (const char *const *m = p->model_hosts; url && m && *m; m++) {
		if (strchr(*m, '*'))
			continue;
		put(&w, "--upstream");
		put(&w, arena_fmt(arena, "%s=%s", *m, place_of(arena, url)));
	}
	put(&w, "--");
	for (size_t i = 0; setup->argv[i]; i++)
		put(&w, setup->argv[i]);
	if (w.n > ARGV_MAX)
		return err_set(err, -ENOSPC, "the command of a trial behind the gate has too many words");
	for (size_t i = 0; i < w.n; i++)
		if (!w.argv[i])
			return err_set(err, -ENOMEM, "out of memory");
	setup->argv = w.argv;
	return 0;
}

bool gate_shows(const char *value)
{
	static const char *const shown[] = {NEUTRAL_HOST, NEUTRAL_USER, NEUTRAL_HOME, NEUTRAL_PROJECT, NEUTRAL_ZONE, NEUTRAL_LOCALE,
	        NEUTRAL_SHELL, NEUTRAL_TERM, NEUTRAL_KERNEL};
	for (size_t i = 0; i < ARRAY_LEN(shown); i++)
		if (strcmp(value, shown[i]) == 0)
			return true;
	return false;
}

const char *gate_project(void)
{
	return NEUTRAL_PROJECT;
}

/* ── the plan ── */

static void add_factor(struct buf *b, const char *name)
{
	struct slice rest = buf_slice(b), one;
	bool there = factor_find(name) == factor_count; /* the API host, a device: not for a list of factors */
	while (slice_split(&rest, ',', &one))
		there = there || slice_is(one, name);
	if (!there)
		buf_fmt(b, "%s%s", b->n ? "," : "", name);
}

const char *gate_factors(const struct vet_result *plain, struct arena *arena)
{
	_cleanup_buf_ struct buf b = BUF(4096);
	for (size_t i = 0; i < plain->n_findings; i++) {
		const struct vet_finding *f = &plain->findings[i];
		/* There the calendar is the real one: nothing could be said of it. */
		if (strcmp(f->factor, "date") == 0)
			continue;
		add_factor(&b, f->factor);
		for (size_t k = 1; k < f->n_conditions; k++)
			add_factor(&b, f->conditions[k].factor);
	}
	return b.n && !buf_error(&b) ? arena_str(arena, buf_slice(&b)) : NULL;
}

static unsigned level_of(unsigned factor, const char *name)
{
	for (unsigned l = 1; l < factor_level_count(factor); l++)
		if (strcmp(factor_level_at(factor, l)->name, name) == 0)
			return l;
	return 0;
}

static uint32_t device_of(const char *level)
{
	uint64_t n;
	struct slice s = slice_str(level);
	size_t at = slice_find(s, SLICE(PLAN_DEVICE), 0);
	return at != SLICE_NPOS && slice_u64(slice_from(s, at + strlen(PLAN_DEVICE)), UINT32_MAX, &n) ? (uint32_t)n : 0;
}

/* Does it take more than a factor at a level? The API host is that of the base. */
static bool takes_several(const struct vet_finding *f)
{
	for (size_t k = 0; k < f->n_conditions; k++)
		if (strcmp(f->conditions[k].factor, "device") == 0 || (k && strcmp(f->conditions[k].factor, "base") != 0))
			return true;
	return false;
}

/* All its conditions together, of several levels the first. False if one is not known any more. */
static bool all_conditions(const struct vet_finding *f, enum vet_base base, struct treatment *out)
{
	*out = (struct treatment){.base = base};
	for (size_t k = 0; k < f->n_conditions; k++) {
		const struct vet_condition *c = &f->conditions[k];
		size_t factor = factor_find(c->factor);
		const char *first = c->levels && c->levels[0] ? c->levels[0] : "";
		if (strcmp(c->factor, "device") == 0)
			out->identity = device_of(first);
		else if (factor < factor_count)
			out->level[factor] = (uint8_t)level_of((unsigned)factor, first);
		if (strcmp(c->factor, "base") != 0 && !out->identity && (factor == factor_count || out->level[factor] == 0))
			return false;
	}
	return true;
}

int gate_plan(const struct vet_result *plain, unsigned times, bool has_gateway, struct arena *arena, struct plan *plan)
{
	size_t room = plan->n;
	for (size_t i = 0; i < plain->n_findings; i++) {
		room += 2 * (size_t)times;
		for (const char *const *l = plain->findings[i].levels; l && *l; l++)
			room += 2 * (size_t)times;
	}
	struct plan_trial *t = arena_array(arena, room + 1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	memcpy(t, plan->trials, plan->n * sizeof(*t));
	for (size_t i = 0; i < plain->n_findings; i++) {
		const struct vet_finding *f = &plain->findings[i];
		unsigned factor = strcmp(f->factor, "date") == 0 ? (unsigned)factor_count : (unsigned)factor_find(f->factor);
		for (unsigned k = 0; takes_several(f) && k < 2 * times; k++) {
			struct treatment all;
			enum vet_base base = k % 2 ? BASE_GATEWAY : BASE_OFFICIAL;
			if (strstr(f->base ? f->base : "", vet_base_name(base)) && all_conditions(f, base, &all) &&
			        (k % 2 == 0 || has_gateway))
				t[plan->n++] = (struct plan_trial){.treatment = all, .row = all.identity ? all.identity : PLAN_NO_DEVICE};
		}
		for (const char *const *l = f->levels; factor < factor_count && l && *l; l++) {
			unsigned level = level_of(factor, *l);
			for (unsigned b = 0; level && b < BASE_COUNT; b++) {
				bool wanted = strstr(f->base ? f->base : "", vet_base_name((enum vet_base)b)) != NULL;
				unsigned have = 0;
				for (size_t k = 0; k < plan->n; k++)
					have += !t[k].baseline && t[k].treatment.base == b && t[k].factor == factor && t[k].level == level;
				for (; wanted && (b != BASE_GATEWAY || has_gateway) && have < times && plan->n < room; have++)
					t[plan->n++] = (struct plan_trial){.treatment = plan_treatment((enum vet_base)b, factor, level),
					        .factor = factor,
					        .level = level};
			}
		}
	}
	plan->trials = t;
	return 0;
}

/* ── the comparison ── */

static const char *title_of(const char *factor)
{
	size_t f = factor_find(factor);
	return f < factor_count ? factor_table[f].title : factor;
}

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool is_base_level(const char *factor, const char *level)
{
	size_t f = factor_find(factor);
	return f < factor_count && same(factor_level_at((unsigned)f, 0)->name, level);
}

/* Trials in which one of its levels was set alone, in a base of the finding's, and which came to something. */
static unsigned runs_of(const struct vet_result *behind, const struct vet_finding *f)
{
	unsigned n = 0;
	struct treatment all;
	char several[1024];
	if (takes_several(f) && !all_conditions(f, BASE_OFFICIAL, &all))
		return 0;
	for (size_t i = 0; i < behind->n_rows && takes_several(f); i++) {
		plan_treatment_words(&all, several, sizeof(several));
		n += same(behind->rows[i].varied, several) && behind->rows[i].messages &&
		     strstr(f->base ? f->base : "", behind->rows[i].base);
	}
	if (takes_several(f))
		return n;
	for (size_t i = 0; i < behind->n_rows; i++) {
		const struct vet_trial_row *row = &behind->rows[i];
		bool level = false;
		for (const char *const *l = f->levels; l && *l && !level; l++) {
			char text[512];
			(void)snprintf(text, sizeof(text), "%s = %s", title_of(f->factor), *l);
			/* The level of the base is set in every baseline. */
			level = same(row->varied, text) || (is_base_level(f->factor, *l) && same(row->varied, "baseline"));
		}
		n += level && row->messages && strstr(f->base ? f->base : "", row->base);
	}
	return n;
}

/* That the gate looks up the gateway's name is none of the tool's doing; what the tool itself looks up ends in the gate. */
static bool of_the_gate(const struct vet_finding *g)
{
	return g->class == CLASS_DISCLOSED && same(g->factor, "gateway") && g->endpoint && strncmp(g->endpoint, "DNS", 3) == 0;
}

/* The worst of what still depends on the same factor, from `least` on; of equal ones one in the same place. */
static const struct vet_finding *remains(const struct vet_result *behind, const struct vet_finding *f, enum leak_class least)
{
	const struct vet_finding *best = NULL;
	for (size_t i = 0; i < behind->n_findings; i++) {
		const struct vet_finding *g = &behind->findings[i];
		if (!same(g->factor, f->factor) || g->class < least || of_the_gate(g))
			continue;
		if (!best || g->class > best->class ||
		        (g->class == best->class && !same(best->address, f->address) && same(g->address, f->address)))
			best = g;
	}
	return best;
}

static const char *copy(struct arena *a, const char *s, bool *good)
{
	const char *c = s ? arena_str(a, slice_str(s)) : NULL;
	*good = *good && (c || !s);
	return c;
}

static void describe(struct arena *a, const struct vet_finding *g, struct vet_closure *c, bool *good)
{
	c->channel_class = g->class;
	c->endpoint = copy(a, g->endpoint, good);
	c->address = copy(a, g->address, good);
	c->before = copy(a, g->before, good);
	c->after = copy(a, g->after, good);
}

int gate_compare(struct vet_result *plain, const struct vet_result *behind)
{
	struct arena *a = &plain->arena;
	struct vet_gate *g = &plain->gate;
	bool good = true, useless = behind->verdict == VERDICT_INCONCLUSIVE;
	*g = (struct vet_gate){.tried = true,
	        .verdict = behind->verdict,
	        .reason = copy(a, behind->reason, &good),
	        .trials = behind->trials,
	        .trials_failed = behind->trials_failed,
	        .seconds = behind->seconds};
	g->closures = arena_array(a, plain->n_findings + behind->n_findings + 1, sizeof(*g->closures));
	if (!g->closures)
		return -ENOMEM;
	for (size_t i = 0; i < plain->n_findings; i++) {
		const struct vet_finding *f = &plain->findings[i], *still = remains(behind, f, f->class);
		struct vet_closure *c = &g->closures[g->n_closures++];
		*c = (struct vet_closure){.finding = f, .factor = f->factor, .class = f->class, .runs = runs_of(behind, f)};
		c->state = still ? CLOSURE_OPEN : useless || !c->runs || f->beyond_gate ? CLOSURE_UNTESTED : CLOSURE_CLOSED;
		if (!still && c->state == CLOSURE_CLOSED)
			still = remains(behind, f, CLASS_DISCLOSED);
		if (still)
			describe(a, still, c, &good);
	}
	for (size_t i = 0; i < plain->n_findings; i++)
		if (same(plain->findings[i].factor, "cpus") || same(plain->findings[i].factor, "os"))
			g->note =
			        "What the kernel says of processors and of itself is answered by the gate, and was not varied beneath it.";
	for (size_t i = 0; i < behind->n_findings; i++) {
		const struct vet_finding *b = &behind->findings[i];
		bool known = of_the_gate(b);
		for (size_t k = 0; k < plain->n_findings && !known; k++)
			known = same(plain->findings[k].factor, b->factor) && plain->findings[k].class >= b->class;
		if (known)
			continue;
		struct vet_closure *c = &g->closures[g->n_closures++];
		*c = (struct vet_closure){.state = CLOSURE_NEW, .factor = copy(a, b->factor, &good), .class = b->class};
		describe(a, b, c, &good);
	}
	return good ? 0 : -ENOMEM;
}

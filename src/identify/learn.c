/* Which pieces of text tell a tool. First what is common to its versions is collected, then the matcher itself says which of that stands
 * in them and which in what it is learned against, and at last few are chosen of many: of each kind, and from all over the program, so that
 * no single part of it, and no library in it, is the whole of what it is known by. */
#include "identify/learn.h"

#include <errno.h>
#include <stdio.h>

#include "identify/identify_part.h"
#include "identify/learn_part.h"

#define CANDIDATES_MAX 40000 /* that the matcher looks for */
#define WANT           160
#define NEED_MIN       6
#define NEED_PART      10 /* one in so many of the constants is needed */
#define MEMORY_MAX     ((size_t)4 << 30)
#define NEAR           4096 /* bytes before or behind a piece, in which … */
#define NEAR_WORDS     2    /* … so many of the tool's own words make it one of its own texts */
#define APART          160  /* bytes between two pieces */
#define WORDS_MAX      ((size_t)4 << 20)

struct candidate {
	struct slice text;
	uint64_t hash; /* of the text; 0: an empty place */
	uint8_t kind;
	uint8_t versions; /* bits */
	uint8_t found;    /* bits: versions in which the matcher has seen it */
	uint8_t near;     /* how many of the tool's own words stand near it, in the version with most of them */
	bool loader;      /* it stands in a part that is met alone */
	bool foreign;     /* it stands in what is learned against */
	bool chosen;
	uint64_t at; /* where in the newest version that has it */
};

struct learner {
	const struct learn_options *o;
	struct arena arena;
	struct candidate *table; /* open addressing, a power of two */
	size_t size, used;
	const char *version[LEARN_VERSIONS_MAX];
	unsigned n_versions, now;
	bool loader;   /* the source at hand is one */
	uint64_t base; /* bytes of the version before this file */
	struct candidate **list;
	size_t n;
	hs_database_t *db;
	hs_scratch_t *scratch;
	hs_database_t *words;
	uint64_t *word; /* where the tool's own words end, in the file at hand */
	size_t n_word;
};

static void say(const struct learn_options *o, const char *what)
{
	if (o->progress)
		o->progress(o->arg, what);
}

/* ---- collecting */

static bool grow(struct learner *l)
{
	size_t size = l->size ? l->size * 2 : (size_t)1 << 16;
	struct candidate *table = calloc(size, sizeof(*table));
	if (!table)
		return false;
	for (size_t i = 0; i < l->size; i++) {
		if (!l->table[i].hash)
			continue;
		size_t k = l->table[i].hash & (size - 1);
		while (table[k].hash)
			k = (k + 1) & (size - 1);
		table[k] = l->table[i];
	}
	free(l->table);
	l->table = table;
	l->size = size;
	return true;
}

struct in_file {
	struct learner *l;
	const uint8_t *begin;
	size_t word; /* the first word that is not too far before */
};

/* How many words stand near; pieces come in the order of the file. */
static uint8_t nearness(struct in_file *f, uint64_t at)
{
	const struct learner *l = f->l;
	size_t n = 0;
	while (f->word < l->n_word && l->word[f->word] + NEAR < at)
		f->word++;
	while (f->word + n < l->n_word && l->word[f->word + n] < at + NEAR && n < UINT8_MAX)
		n++;
	return (uint8_t)n;
}

static int collect_piece(void *arg, const struct piece *p)
{
	struct in_file *f = arg;
	struct learner *l = f->l;
	if (l->used * 2 >= l->size && !grow(l))
		return -ENOMEM;
	uint64_t hash = slice_hash(p->text) | 1;
	size_t k = hash & (l->size - 1);
	while (l->table[k].hash && !(l->table[k].hash == hash && slice_eq(l->table[k].text, p->text)))
		k = (k + 1) & (l->size - 1);
	struct candidate *c = &l->table[k];
	if (!c->hash) {
		c->text = arena_copy(&l->arena, p->text);
		if (!c->text.p)
			return -ENOMEM;
		c->hash = hash;
		c->kind = (uint8_t)p->kind;
		l->used++;
	}
	uint8_t bit = (uint8_t)(1u << l->now);
	uint64_t at = (uint64_t)(p->text.p - f->begin);
	uint8_t near = nearness(f, at);
	if (!(c->versions & bit) || near > c->near)
		c->at = l->base + at;
	if (near > c->near)
		c->near = near;
	c->versions |= bit;
	c->loader = c->loader || l->loader;
	return 0;
}

static int on_word(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	(void)id;
	(void)from;
	(void)flags;
	struct learner *l = arg;
	if (l->n_word < WORDS_MAX)
		l->word[l->n_word++] = to;
	return 0;
}

/* The words that were given, or those of the packages' names that say something. */
static int compile_words(struct learner *l, struct err *err)
{
	static const char *const common[] = {"linux", "darwin", "windows", "baseline", "arm64", "musl", "linuxmusl", "vscode", "agent",
	        "tools", "client", "github", "google", "continue"};
	struct slice text[64];
	unsigned flags[ARRAY_LEN(text)], n = 0;
	for (size_t i = 0; l->o->words && l->o->words[i] && n < ARRAY_LEN(text); i++)
		text[n++] = slice_str(l->o->words[i]);
	for (size_t i = 0; !l->o->words && l->o->packages[i]; i++) {
		struct slice rest = slice_str(l->o->packages[i]);
		rest = slice_from(rest, slice_chr(rest, ':', 0) + 1);
		for (size_t at = 0, end; at < rest.n && n < ARRAY_LEN(text); at = end + 1) {
			for (end = at; end < rest.n && !strchr("@/-._", rest.p[end]);)
				end++;
			bool use = end - at >= 5;
			for (size_t k = 0; k < ARRAY_LEN(common); k++)
				use = use && !slice_is(slice_sub(rest, at, end - at), common[k]);
			if (use)
				text[n++] = slice_sub(rest, at, end - at);
		}
	}
	for (unsigned i = 0; i < n; i++)
		flags[i] = HS_FLAG_CASELESS;
	l->word = arena_array(&l->arena, WORDS_MAX, sizeof(*l->word));
	if (!l->word)
		return -ENOMEM;
	if (n == 0)
		return 0;
	int r = matcher_literals(text, flags, n, &l->words, err);
	return r < 0 ? r : hs_alloc_scratch(l->words, &l->scratch) == HS_SUCCESS ? 0 : -ENOMEM;
}

static int collect_file(void *arg, struct slice name, struct slice bytes)
{
	struct learner *l = arg;
	struct in_file f = {l, bytes.p, 0};
	l->n_word = 0;
	if (l->words && hs_scan(l->words, (const char *)bytes.p, (unsigned)bytes.n, 0, l->scratch, on_word, l) != HS_SUCCESS)
		return -ENOMEM;
	int r = learn_pieces(bytes, name, collect_piece, &f);
	l->base += bytes.n;
	return r;
}

static int by_place(const void *a, const void *b)
{
	const struct candidate *x = *(struct candidate *const *)a, *y = *(struct candidate *const *)b;
	return x->at < y->at ? -1 : x->at > y->at ? 1 : slice_cmp(x->text, y->text);
}

static unsigned bits(uint8_t v)
{
	return (unsigned)__builtin_popcount(v);
}

/* Those that enough versions have; of too many, evenly from all over the program. */
static int list_candidates(struct learner *l)
{
	unsigned least = l->n_versions < 3 ? l->n_versions : l->n_versions - 1;
	size_t n = 0;
	struct candidate **list = arena_array(&l->arena, l->used + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < l->size; i++)
		if (l->table[i].hash && (l->table[i].loader || bits(l->table[i].versions) >= least))
			list[n++] = &l->table[i];
	qsort(list, n, sizeof(*list), by_place);
	l->list = list;
	l->n = n < CANDIDATES_MAX ? n : CANDIDATES_MAX;
	for (size_t i = 0; n > CANDIDATES_MAX && i < CANDIDATES_MAX; i++)
		list[i] = list[i * n / CANDIDATES_MAX];
	return 0;
}

/* ---- searching for them */

static int compile(struct learner *l, struct err *err)
{
	_cleanup_free_ struct slice *texts = calloc(l->n, sizeof(*texts));
	_cleanup_free_ unsigned *flags = calloc(l->n, sizeof(*flags));
	if (!texts || !flags)
		return -ENOMEM;
	for (size_t i = 0; i < l->n; i++) {
		texts[i] = l->list[i]->text;
		flags[i] = HS_FLAG_SINGLEMATCH;
	}
	int r = matcher_literals(texts, flags, l->n, &l->db, err);
	if (r < 0)
		return err_wrap(err, r, "what is common to the versions");
	return hs_alloc_scratch(l->db, &l->scratch) == HS_SUCCESS ? 0 : -ENOMEM;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	(void)from;
	(void)to;
	(void)flags;
	struct learner *l = arg;
	if (l->now == LEARN_VERSIONS_MAX)
		l->list[id]->foreign = true;
	else
		l->list[id]->found |= (uint8_t)(1u << l->now);
	return 0;
}

static int search_file(void *arg, struct slice name, struct slice bytes)
{
	(void)name;
	struct learner *l = arg;
	return hs_scan(l->db, (const char *)bytes.p, (unsigned)bytes.n, 0, l->scratch, on_match, l) == HS_SUCCESS ? 0 : -ENOMEM;
}

/* ---- choosing */

/* How many of a hundred constants are to be of a kind, if there are so many. */
static const unsigned share[PIECE_KINDS] = {
        [PIECE_PROSE] = 50, [PIECE_VARIABLE] = 18, [PIECE_EVENT] = 12, [PIECE_FLAG] = 10, [PIECE_PATH] = 10};

/* What is to be taken next. */
struct wish {
	unsigned kind;
	bool in_all; /* all versions have it */
	bool near;   /* the tool's own words stand near it */
	bool loader; /* of a part that is met alone, in whatever versions */
	bool apart;  /* not right beside another one: of a sentence one piece */
};

static bool crowded(const struct learner *l, size_t k)
{
	uint64_t at = l->list[k]->at;
	for (size_t i = k; i > 0 && at - l->list[i - 1]->at < APART; i--)
		if (l->list[i - 1]->chosen)
			return true;
	for (size_t i = k + 1; i < l->n && l->list[i]->at - at < APART; i++)
		if (l->list[i]->chosen)
			return true;
	return false;
}

static bool fits(const struct learner *l, size_t k, const struct wish *w)
{
	const struct candidate *c = l->list[k];
	if (w->loader)
		return !c->chosen && !c->foreign && c->kind == w->kind && c->loader && !(w->apart && crowded(l, k));
	return !c->chosen && !c->foreign && c->kind == w->kind && (bits(c->found) == l->n_versions) == w->in_all &&
	       (c->near >= NEAR_WORDS) == w->near && !(w->apart && crowded(l, k));
}

/* At most `want` of a kind, evenly from all over the program; how many. */
static size_t choose_of(struct learner *l, const struct wish *w, size_t want)
{
	size_t n = 0, i = 0, taken = 0;
	for (size_t k = 0; k < l->n; k++)
		n += fits(l, k, w);
	if (want > n)
		want = n;
	for (size_t k = 0; k < l->n && taken < want; k++) {
		if (!fits(l, k, w))
			continue;
		if (i++ * want / n < taken)
			continue;
		l->list[k]->chosen = true;
		taken++;
	}
	return taken;
}

static size_t choose(struct learner *l, size_t want)
{
	size_t chosen = 0;
	unsigned least = l->n_versions < 3 ? l->n_versions : l->n_versions - 1;
	for (size_t i = 0; i < l->n; i++)
		if (!l->list[i]->loader && bits(l->list[i]->found) < least)
			l->list[i]->foreign = true;
	/* Twice what is needed from a loader, if there is one. */
	for (int apart = 1; apart >= 0; apart--)
		for (unsigned kind = 0; kind < PIECE_KINDS; kind++)
			chosen += choose_of(l, &(struct wish){.kind = kind, .loader = true, .apart = apart}, want * 2 / NEED_PART - chosen);
	size_t of_loader = chosen;
	/* Two thirds from what all versions have, the rest from what two of three have, as a tool changes; then whatever there is. */
	for (unsigned kind = 0; kind < PIECE_KINDS; kind++)
		chosen += choose_of(l, &(struct wish){.kind = kind, .in_all = true, .near = true, .apart = true},
		        (want - of_loader) * share[kind] * 2 / 300);
	for (unsigned kind = 0; kind < PIECE_KINDS; kind++)
		chosen += choose_of(l, &(struct wish){.kind = kind, .near = true, .apart = true}, (want - of_loader) * share[kind] / 300);
	for (int apart = 1; apart >= 0; apart--)
		for (int near = 1; near >= 0; near--)
			for (int in_all = 1; in_all >= 0; in_all--)
				for (unsigned kind = 0; kind < PIECE_KINDS; kind++)
					chosen += choose_of(l, &(struct wish){.kind = kind, .in_all = in_all, .near = near, .apart = apart},
					        want - chosen);
	return chosen;
}

/* ---- all of it */

static int scan_all(struct learner *l, const struct learn_source *sources, size_t n, file_fn *fn)
{
	int r = 0;
	for (l->now = 0; r == 0 && l->now < l->n_versions; l->now++) {
		l->base = 0;
		for (size_t i = 0; r == 0 && i < n; i++)
			if (strcmp(sources[i].version, l->version[l->now]) == 0) {
				l->loader = sources[i].loader;
				r = learn_files(sources[i].fd, false, fn, l);
			}
	}
	return r;
}

static int finish(struct learner *l, const struct learn_source *sources, size_t n, struct arena *arena, struct prints *out)
{
	struct prints p = {.tool = l->o->tool, .title = l->o->title, .publisher = l->o->publisher, .packages = l->o->packages};
	struct prints_source *learned = arena_array(arena, n + 1, sizeof(*learned));
	p.constant = arena_array(arena, l->n + 1, sizeof(*p.constant));
	if (!learned || !p.constant)
		return -ENOMEM;
	p.learned = learned;
	for (size_t i = 0; i < n; i++)
		if (!sources[i].loader)
			learned[p.n_learned++] = (struct prints_source){sources[i].version, sources[i].integrity};
	size_t of_loader = 0;
	for (size_t i = 0; i < l->n; i++) {
		if (!l->list[i]->chosen)
			continue;
		of_loader += l->list[i]->loader;
		p.constant[p.n_constants] = arena_copy(arena, l->list[i]->text);
		if (!p.constant[p.n_constants++].p)
			return -ENOMEM;
	}
	/* A loader is small: two thirds of what it has must do. */
	size_t need = p.n_constants / NEED_PART;
	if (of_loader && of_loader * 2 / 3 < need)
		need = of_loader * 2 / 3;
	p.need = (unsigned)(need > NEED_MIN ? need : NEED_MIN);
	*out = p;
	return 0;
}

static int work(struct learner *l, const struct learn_source *sources, size_t n, struct err *err)
{
	char text[160];
	say(l->o, "collecting what the versions have in common");
	int r = compile_words(l, err);
	r = r < 0 ? r : scan_all(l, sources, n, collect_file);
	r = r < 0 ? r : list_candidates(l);
	if (r < 0)
		return r;
	(void)snprintf(text, sizeof(text), "%zu pieces of text, of which %zu are common to enough versions", l->used, l->n);
	say(l->o, text);
	r = l->n ? compile(l, err) : 0;
	r = r < 0 || !l->n ? r : scan_all(l, sources, n, search_file);
	l->now = LEARN_VERSIONS_MAX;
	for (size_t i = 0; r == 0 && l->n && i < l->o->n_against; i++) {
		(void)snprintf(text, sizeof(text), "against %zu of %zu", i + 1, l->o->n_against);
		say(l->o, text);
		r = learn_files(l->o->against[i], true, search_file, l);
	}
	return r;
}

int learn(const struct learn_source *sources, size_t n, const struct learn_options *o, struct arena *arena, struct prints *out,
        struct err *err)
{
	struct learner l = {.o = o, .arena = ARENA(MEMORY_MAX)};
	int r = matcher_load(err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		unsigned k = 0;
		while (k < l.n_versions && strcmp(l.version[k], sources[i].version) != 0)
			k++;
		if (k == LEARN_VERSIONS_MAX)
			return err_set(err, -EINVAL, "these are more than %d versions", LEARN_VERSIONS_MAX);
		l.version[k] = sources[i].version;
		l.n_versions += k == l.n_versions;
	}
	r = work(&l, sources, n, err);
	size_t chosen = r == 0 ? choose(&l, o->want ? o->want : WANT) : 0;
	if (r == 0 && chosen < (size_t)2 * NEED_MIN)
		r = err_set(err, -EINVAL,
		        "only %zu pieces of text are common to these versions and stand nowhere else; %d are wanted at least", chosen,
		        2 * NEED_MIN);
	r = r < 0 ? r : finish(&l, sources, n, arena, out);
	r = r < 0 ? r : learn_versions(sources, n, out, arena, err);
	if (l.scratch)
		(void)hs_free_scratch(l.scratch);
	if (l.db)
		(void)hs_free_database(l.db);
	if (l.words)
		(void)hs_free_database(l.words);
	free(l.table);
	arena_free(&l.arena);
	return r == -ENOMEM && err && !err->code ? err_set(err, r, "out of memory") : r;
}

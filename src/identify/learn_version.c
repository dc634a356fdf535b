/* What stands right before a tool's version. Each text that does so in the versions at hand is tried: it is of use if most of the versions
 * that stand behind it, in every artefact, are the right one. */
#include <errno.h>

#include "base/encode.h"
#include "identify/identify_part.h"
#include "identify/learn_part.h"

#define TRIED_MAX 60 /* contexts that are tried: as many as there can be files of prints */

struct seen {
	struct slice text;
	uint32_t versions; /* bits, by artefact */
	uint32_t folded;   /* bits: of those in which it stands before a template's constant */
	unsigned times;
};

struct contexts {
	struct arena *arena;
	struct seen *list;
	size_t n, max;
	struct slice version;
	unsigned now;
};

static int note(void *arg, struct slice context, bool folded)
{
	struct contexts *c = arg;
	size_t i = 0;
	while (i < c->n && !slice_eq(c->list[i].text, context))
		i++;
	if (i == c->max)
		return 0;
	if (i == c->n) {
		c->list[i].text = arena_copy(c->arena, context);
		if (!c->list[i].text.p)
			return -ENOMEM;
		c->n++;
	}
	c->list[i].versions |= 1u << c->now;
	c->list[i].folded |= folded ? 1u << c->now : 0;
	c->list[i].times++;
	return 0;
}

static int note_file(void *arg, struct slice name, struct slice bytes)
{
	struct contexts *c = arg;
	(void)name;
	return learn_contexts(bytes, c->version, note, c);
}

static int by_use(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;
	int more = __builtin_popcount(y->versions) - __builtin_popcount(x->versions);
	return more                    ? more
	       : y->times < x->times   ? -1
	       : y->times > x->times   ? 1
	       : x->text.n > y->text.n ? -1
	       : x->text.n < y->text.n ? 1
	                               : slice_cmp(x->text, y->text);
}

struct trial {
	struct tally *tally;
	struct scan scan;
};

static int try_file(void *arg, struct slice name, struct slice bytes)
{
	struct trial *t = arg;
	(void)name;
	scan_restart(&t->scan);
	for (size_t at = 0; at < bytes.n; at += SCAN_WINDOW) {
		struct slice piece = slice_sub(bytes, at, SCAN_WINDOW);
		memcpy(scan_room(&t->scan), piece.p, piece.n);
		scan_piece(&t->scan, piece.n, at + piece.n == bytes.n);
	}
	return t->scan.broken ? -ENOMEM : 0;
}

/* Prints of tools that have one context each and nothing else, so that the votes of each can be told. */
static int try_table(const struct contexts *c, size_t n, struct arena *arena, struct identify **out, struct err *err)
{
	const char *names[TRIED_MAX];
	struct slice texts[TRIED_MAX];
	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf b = BUF(4096);
		buf_fmt(&b, "{tool: t%zu, title: t, publisher: p, packages: ['x:y'], need: 1, before_version: [{text: ", i);
		encode_base64(&b, c->list[i].text, false, true);
		buf_str_add(&b, ", least: 1}]}\n");
		names[i] = "a context";
		texts[i] = arena_copy(arena, buf_slice(&b));
		if (buf_error(&b) || !texts[i].p)
			return -ENOMEM;
	}
	return identify_of_texts(names, texts, n, -1, out, err);
}

/* Of a context, over all artefacts. */
struct verdict {
	unsigned right, wrong; /* artefacts in which most votes went to the right version; to another */
	unsigned fewest;       /* votes for the right one */
	unsigned most_others;  /* votes for another */
};

/* Between what others had at most and what the right one had at least; a quarter of the latter, where there was no other. Where the one
 * is not less than the other, the majority alone has to tell. */
static unsigned least_of(const struct verdict *v)
{
	unsigned least = 1;
	if (v->most_others >= v->fewest)
		return v->fewest ? v->fewest : 1;
	while (v->most_others ? least * least < v->fewest * v->most_others : least * 4 < v->fewest)
		least++;
	return least < PRINTS_LEAST_MAX ? least : PRINTS_LEAST_MAX;
}

static int count_right(const struct learn_source *sources, size_t n, const struct identify *id, size_t n_tried, struct verdict *out)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_tally_ struct tally *t = NULL;
		int r = tally_new(id, &t);
		struct trial trial = {.tally = t};
		if (r < 0 || (r = scan_new(t, SCAN_WINDOW, &trial.scan)) < 0)
			return r;
		r = learn_files(sources[i].fd, false, try_file, &trial);
		scan_end(&trial.scan);
		if (r < 0)
			return r;
		for (unsigned k = 0; k < n_tried; k++) {
			if (t->tool[k].n_versions == 0)
				continue;
			bool good = strcmp(tally_version(t, k), sources[i].version) == 0;
			out[k].right += good;
			out[k].wrong += !good;
			for (unsigned v = 0; good && v < t->tool[k].n_versions; v++) {
				unsigned votes = t->tool[k].version[v].votes / TALLY_BELIEVED;
				bool same = strcmp(t->tool[k].version[v].text, sources[i].version) == 0;
				if (same && (!out[k].fewest || votes < out[k].fewest))
					out[k].fewest = votes;
				if (!same && votes > out[k].most_others)
					out[k].most_others = votes;
			}
		}
	}
	return 0;
}

static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == ' ' || scan_gap(slice_sub(s, i, 1)))
			return false;
	return true;
}

static struct slice bare(struct slice s)
{
	while (s.n && scan_gap(slice_sub(s, s.n - 1, 1)))
		s.n--;
	while (s.n && scan_gap(slice_sub(s, 0, 1)))
		s = slice_from(s, 1);
	return s;
}

/* Does what is chosen already see the versions behind this text? */
static bool covered(const struct prints *p, struct slice text)
{
	text = bare(text);
	for (size_t i = 0; i < p->n_contexts; i++)
		if (slice_ends(text, bare(p->context[i].text)) || slice_ends(bare(p->context[i].text), text))
			return true;
	return learn_keyword(text);
}

int learn_versions(const struct learn_source *sources, size_t n, struct prints *p, struct arena *arena, struct err *err)
{
	struct contexts c = {.arena = arena, .max = 4096, .list = arena_array(arena, 4096, sizeof(struct seen))};
	struct identify *id = NULL;
	struct verdict verdict[TRIED_MAX] = {0};
	int r = c.list ? 0 : -ENOMEM;
	for (size_t i = 0; r == 0 && i < n; i++) {
		c.version = slice_str(sources[i].version);
		c.now = (unsigned)i % 32;
		r = learn_files(sources[i].fd, false, note_file, &c);
	}
	if (c.n)
		qsort(c.list, c.n, sizeof(*c.list), by_use);
	size_t tried = c.n < TRIED_MAX ? c.n : TRIED_MAX;
	if (r < 0 || tried == 0)
		return r;
	r = try_table(&c, tried, arena, &id, err);
	r = r < 0 ? r : count_right(sources, n, id, tried, verdict);
	identify_close(id);
	p->context = arena_array(arena, PRINTS_CONTEXTS_MAX, sizeof(*p->context));
	if (r < 0 || !p->context)
		return r < 0 ? r : -ENOMEM;
	/* Names first: they stand apart from how the code around them is laid out. Of texts that end alike one is enough. */
	for (int names = 1; names >= 0; names--)
		for (size_t i = 0; i < tried && p->n_contexts < PRINTS_CONTEXTS_MAX; i++)
			if ((verdict[i].right >= 2 || __builtin_popcount(c.list[i].folded) >= 2) && verdict[i].wrong == 0 &&
			        is_name(c.list[i].text) == names && !covered(p, c.list[i].text))
				p->context[p->n_contexts++] = (struct prints_context){c.list[i].text, least_of(&verdict[i])};
	return 0;
}

/* What was found of each tool in one artefact, and which tool that makes it. */
#include <errno.h>
#include <stdio.h>

#include "identify/identify_part.h"
#include "identify/tally.h"

#define SURE_TIMES 3 /* … as many constants as needed settle a tool, if no other has as many as one in … */
#define RIVAL      4
#define ROUNDING   PRINTS_LEAST_MAX /* what division may have lost of TALLY_BELIEVED */
#define SURE_VOTES 3                /* times what a version needs settle it, if no other has half as many */

int tally_new(const struct identify *id, struct tally **out)
{
	struct tally *t = calloc(1, sizeof(*t));
	uint64_t *bits = calloc(id->n_literals / 64 + 1, sizeof(*bits));
	if (!t || !bits) {
		free(t);
		free(bits);
		return -ENOMEM;
	}
	t->id = id;
	t->bits = bits;
	*out = t;
	return 0;
}

void tally_free(struct tally *t)
{
	if (t)
		free(t->bits);
	free(t);
}

void tally_freep(struct tally **t)
{
	tally_free(*t);
}

static void vote(struct tally_tool *t, const char *text, uint32_t votes)
{
	unsigned i = 0;
	while (i < t->n_versions && strcmp(t->version[i].text, text) != 0)
		i++;
	if (i == TALLY_VERSIONS) {
		/* Of too many the newest takes the place of the one with the fewest votes, as one that is right has many. */
		i = 0;
		for (unsigned k = 1; k < TALLY_VERSIONS; k++)
			if (t->version[k].votes < t->version[i].votes)
				i = k;
		t->version[i].votes = 0;
	} else if (i == t->n_versions) {
		t->n_versions++;
		t->version[i].votes = 0;
	}
	(void)snprintf(t->version[i].text, TALLY_VERSION_MAX, "%s", text);
	t->version[i].votes = t->version[i].votes + votes < votes ? UINT32_MAX : t->version[i].votes + votes;
}

void tally_vote(struct tally *t, const struct literal *context, struct slice version)
{
	char text[TALLY_VERSION_MAX];
	if (version.n >= sizeof(text))
		return;
	memcpy(text, version.p, version.n);
	text[version.n] = 0;
	vote(&t->tool[context->tool], text, TALLY_BELIEVED / context->least);
}

void tally_found(struct tally *t, unsigned literal)
{
	uint64_t bit = (uint64_t)1 << literal % 64, *word = &t->bits[literal / 64];
	if (*word & bit)
		return;
	*word |= bit;
	t->tool[t->id->literal[literal].tool].found++;
}

void tally_add(struct tally *to, const struct tally *from)
{
	for (unsigned i = 0; i < to->id->n_literals; i++)
		if (from->bits[i / 64] >> i % 64 & 1)
			tally_found(to, i);
	for (unsigned i = 0; i < to->id->n_tools; i++)
		for (unsigned k = 0; k < from->tool[i].n_versions; k++)
			vote(&to->tool[i], from->tool[i].version[k].text, from->tool[i].version[k].votes);
}

/* More of what is known of it: found/of, without a division. */
static bool more(const struct tally *t, unsigned a, unsigned b)
{
	return t->tool[a].found * t->id->tool[b].n_constants > t->tool[b].found * t->id->tool[a].n_constants;
}

int tally_best(const struct tally *t)
{
	int best = -1;
	for (unsigned i = 0; i < t->id->n_tools; i++)
		if (t->id->tool[i].n_constants && t->tool[i].found >= t->id->tool[i].need && (best < 0 || more(t, i, (unsigned)best)))
			best = (int)i;
	return best;
}

static const struct tally_version *leading(const struct tally_tool *t, uint32_t *second)
{
	const struct tally_version *best = NULL;
	*second = 0;
	for (unsigned i = 0; i < t->n_versions; i++) {
		const struct tally_version *v = &t->version[i];
		if (!best || v->votes > best->votes) {
			*second = best ? best->votes : 0;
			best = v;
		} else if (v->votes > *second) {
			*second = v->votes;
		}
	}
	return best;
}

const char *tally_version(const struct tally *t, unsigned tool)
{
	uint32_t second;
	const struct tally_version *v = leading(&t->tool[tool], &second);
	return v && v->votes > second && v->votes >= TALLY_BELIEVED - ROUNDING ? v->text : "";
}

bool tally_sure(const struct tally *t)
{
	int best = tally_best(t);
	if (best < 0)
		return false;
	const struct prints *p = &t->id->tool[best];
	const struct tally_tool *mine = &t->tool[best];
	if (mine->found < SURE_TIMES * p->need && mine->found * 2 < p->n_constants)
		return false;
	for (unsigned i = 0; i < t->id->n_tools; i++)
		if ((int)i != best && t->tool[i].found * RIVAL > mine->found)
			return false;
	uint32_t second;
	const struct tally_version *v = leading(mine, &second);
	return p->n_contexts == 0 || (v && v->votes >= SURE_VOTES * (TALLY_BELIEVED - ROUNDING) && v->votes / 2 >= second);
}

void tally_tell(const struct tally *t, int tool, struct identify_match *out)
{
	const struct prints *p = &t->id->tool[tool];
	unsigned n = 0, passed = 0, step = t->tool[tool].found / IDENTIFY_EXAMPLES;
	out->by = IDENTIFY_BY_CONSTANTS;
	out->tool = p->tool;
	out->title = p->title;
	out->publisher = p->publisher;
	out->found = t->tool[tool].found;
	out->of = (unsigned)p->n_constants;
	(void)snprintf(out->package, sizeof(out->package), "%s", p->packages[0]);
	(void)snprintf(out->version, sizeof(out->version), "%s", tally_version(t, (unsigned)tool));
	for (unsigned i = 0; i < t->id->n_literals && n < IDENTIFY_EXAMPLES; i++) {
		const struct literal *l = &t->id->literal[i];
		if (l->tool == tool && !l->least && (t->bits[i / 64] >> i % 64 & 1) && passed++ % (step ? step : 1) == 0)
			out->example[n++] = (const char *)l->text.p;
	}
}

void identify_decide(const struct tally *t, const struct metadata *m, struct identify_match *out)
{
	int by_content = tally_best(t), by_name = m && m->package[0] ? identify_package(t->id, slice_str(m->package)) : -1;
	if (by_content >= 0)
		tally_tell(t, by_content, out);
	if (by_name < 0 || (by_content >= 0 && by_name != by_content))
		return;
	if (by_content < 0) {
		const struct prints *p = &t->id->tool[by_name];
		out->by = IDENTIFY_BY_METADATA;
		out->tool = p->tool;
		out->title = p->title;
		out->publisher = p->publisher;
		out->of = (unsigned)p->n_constants;
	}
	(void)snprintf(out->package, sizeof(out->package), "%s", m->package);
	/* What the program itself says counts more. */
	if (!out->version[0])
		(void)snprintf(out->version, sizeof(out->version), "%s", m->version);
}

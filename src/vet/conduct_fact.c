/* From what the trials showed to facts. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "vet/conduct_part.h"

#define FACTS_MAX 160

void fact_example(struct fact *x, const char *text)
{
	for (size_t i = 0; i < x->n_examples; i++)
		if (!text || strcmp(x->examples[i], text) == 0)
			return;
	if (text && *text && x->n_examples < EXAMPLES_MAX)
		x->examples[x->n_examples++] = text;
}

void fact_evidence(struct fact *x, const char *trial)
{
	for (size_t i = 0; i < x->n_evidence; i++)
		if (strcmp(x->evidence[i], trial) == 0)
			return;
	if (x->n_evidence < EXAMPLES_MAX)
		x->evidence[x->n_evidence++] = trial;
}

static const char *const *list_of(struct facts *f, const char *const *from, size_t n)
{
	const char **list = arena_array(f->arena, n + 1, sizeof(*list));
	f->full |= !list;
	for (size_t i = 0; list && i < n; i++)
		list[i] = from[i];
	return list;
}

void fact_add(struct facts *f, const struct fact *x)
{
	const struct conduct_kind *kind = conduct_kind(x->id);
	if (f->n == f->max || !kind || !x->text) {
		f->full |= !x->text;
		return;
	}
	f->out[f->n++] = (struct vet_conduct){.id = kind->id,
	        .question = kind->question,
	        .title = kind->title,
	        .about = x->about,
	        .state = x->state,
	        .concern = x->concern,
	        .text = x->text,
	        .count = x->count,
	        .examples = list_of(f, x->examples, x->n_examples),
	        .evidence = list_of(f, x->evidence, x->n_evidence)};
}

void fact_not_observable(struct facts *f, const char *id, const char *about, const char *why)
{
	fact_add(f, &(struct fact){.id = id, .about = about, .state = NOT_OBSERVABLE, .text = why});
}

const struct look *look_of(const struct conduct *c, enum conduct_trial t)
{
	for (size_t i = 0; i < c->n_looks; i++)
		if (c->looks[i].spec.trial == t && c->looks[i].done)
			return &c->looks[i];
	return NULL;
}

const char *look_missing(const struct conduct *c, enum conduct_trial t)
{
	for (size_t i = 0; i < c->n_looks; i++)
		if (c->looks[i].spec.trial == t)
			return "The trial for it did not come to its end.";
	return t == CONDUCT_GUARDED ? "The profile knows no way to run this tool without allowing things beforehand (argv_guarded)."
	                            : "Not tried with --quick; --conduct tries it.";
}

bool look_has_honey(const struct look *l)
{
	return l->spec.trial == CONDUCT_PLAIN || (l->spec.trial >= CONDUCT_OPT_OUT && l->spec.trial < CONDUCT_TLS) ||
	       l->spec.trial == CONDUCT_AGAIN;
}

bool look_worked(const struct conduct *c, const struct look *l)
{
	unsigned wanted = c->profile->min_model_requests ? c->profile->min_model_requests : 1;
	return l->models >= wanted && l->done;
}

/* The mode of a folder that was made in the trial; others are open to all. */
static unsigned mode_of(const struct look *l, struct slice path)
{
	struct slice rest = buf_slice(&l->seen);
	struct seen s;
	while (seen_next(&rest, &s))
		if (s.r.kind == SEEN_FILE && slice_eq(s.path, path))
			return s.r.mode;
	return 0755;
}

bool open_to_others(const struct look *l, const struct seen *file)
{
	if (!(file->r.mode & 077))
		return false;
	for (size_t n = file->path.n; n-- > 1;)
		if (file->path.p[n] == '/' && !(mode_of(l, slice_sub(file->path, 0, n)) & 011))
			return false;
	return true;
}

const char *request_words(const struct request *q, struct arena *arena)
{
	const char *scheme = strcmp(q->method, "UDP") == 0 || strcmp(q->method, "TCP") == 0 ? "" : q->tls ? "https://" : "http://";
	return arena_fmt(
	        arena, "%s %s%s%s%s", q->method, scheme, q->host, q->path, q->count > 1 ? arena_fmt(arena, " (%u times)", q->count) : "");
}

int conduct_facts(struct conduct *c, struct vet_result *r)
{
	/* In the order of conduct_kinds. */
	static fact_fn *const makers[] = {facts_programs, facts_first, facts_canaries, facts_files, facts_variables, facts_bytes,
	        facts_transcripts, facts_opt_outs, facts_telemetry_away, facts_tls, facts_listeners, facts_credentials, facts_lures,
	        facts_injection, facts_writes, facts_updates, facts_flags, facts_old, facts_policy, facts_unasked, facts_left};
	struct facts f = {.c = c, .arena = c->arena, .max = FACTS_MAX};
	if (c->n_looks == 0)
		return 0;
	f.out = arena_array(f.arena, f.max, sizeof(*f.out));
	r->conduct_trials = arena_array(f.arena, c->n_looks, sizeof(*r->conduct_trials));
	if (!f.out || !r->conduct_trials)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_LEN(makers); i++)
		makers[i](&f);
	for (size_t i = 0; i < c->n_looks; i++)
		if (c->looks[i].row.id)
			r->conduct_trials[r->n_conduct_trials++] = c->looks[i].row;
	r->conduct = f.out;
	r->n_conduct = f.n;
	return f.full ? -ENOMEM : 0;
}

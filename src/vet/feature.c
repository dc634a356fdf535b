/* The feature set: what callers see. */
#include "vet/feature.h"

#include <errno.h>

#include "vet/feature_set.h"
#include "wire/trace.h"

#define SET_BYTES        ((size_t)384 << 20)
#define ADD_BYTES        ((size_t)384 << 20)
#define RECORDS_MAX      100000
#define OBSERVATIONS_MAX 4096

int feature_set_new(struct feature_set **out)
{
	struct feature_set *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->arena = ARENA(SET_BYTES);
	s->nodes = calloc(64, sizeof(*s->nodes));
	if (!s->nodes) {
		free(s);
		return -ENOMEM;
	}
	s->cap_nodes = 64;
	s->n_nodes = 1;
	/* Node 0 is the root, the map of endpoints. */
	s->nodes[0] = (struct node){.parent = FEATURE_NONE,
	        .child = FEATURE_NONE,
	        .next = FEATURE_NONE,
	        .feature = FEATURE_NONE,
	        .kind = ITEM_MAP,
	        .address = "",
	        .endpoint = "",
	        .host = ""};
	*out = s;
	return 0;
}

void feature_set_free(struct feature_set *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_observations; i++)
		free(s->observations[i].values);
	free(s->observations);
	free(s->nodes);
	free(s->features);
	free(s->values);
	free(s->echoes);
	table_free(&s->by_value);
	table_free(&s->by_key);
	table_free(&s->by_raw);
	digest_memo_free(&s->digests);
	arena_free(&s->arena);
	free(s);
}

/* The whole trace is read once before anything is added. */
static int trace_check(struct slice trace, struct err *err)
{
	struct trace_record r;
	for (size_t n = 0; trace.n; n++) {
		enum trace_status st = trace_next(&trace, &r);
		if (st != TRACE_OK)
			return err_set(err, -EBADMSG, "the trace is broken at record %zu: %s", n + 1,
			        st == TRACE_MORE ? "it ends in the middle" : "its fields do not add up");
		if (n >= RECORDS_MAX)
			return err_set(err, -E2BIG, "the trace has more than %d records", RECORDS_MAX);
	}
	return 0;
}

int feature_set_add(struct feature_set *s, struct slice trace, const struct feature_literal *literals, size_t n_literals,
        const char *gateway, struct err *err)
{
	int r = trace_check(trace, err);
	if (r < 0)
		return r;
	if (s->n_observations >= OBSERVATIONS_MAX)
		return err_set(err, -E2BIG, "more than %d trials", OBSERVATIONS_MAX);
	if (s->n_observations == s->cap_observations) {
		size_t cap = s->cap_observations ? s->cap_observations * 2 : 64;
		struct observation *o = realloc(s->observations, cap * sizeof(*o));
		if (!o)
			return err_sys(err, -ENOMEM, "features");
		s->observations = o;
		s->cap_observations = cap;
	}
	struct adding a = {.set = s, .arena = ARENA(ADD_BYTES), .gateway = slice_str(gateway), .observation = (unsigned)s->n_observations};
	s->observations[s->n_observations] = (struct observation){0};
	size_t echoes = s->n_echoes;
	r = matcher_new(literals, n_literals, &s->arena, &s->digests, &a.matcher);
	struct item *root = r < 0 ? NULL : trial_items(&a, trace);
	if (r == 0)
		r = root ? place_root(&a, root) : a.error ? a.error : -ENOMEM;
	matcher_free(a.matcher);
	arena_free(&a.arena);
	if (r < 0) {
		/* Slots that were made stay, as slots that no observation has; nothing refers to this observation. */
		s->n_echoes = echoes;
		free(s->observations[s->n_observations].values);
		for (size_t i = 0; i < s->n_nodes; i++)
			if (s->nodes[i].seen == a.observation + 1)
				s->nodes[i].seen = 0;
		return err_sys(err, r, "features of a trial");
	}
	return (int)s->n_observations++;
}

size_t feature_count(const struct feature_set *s)
{
	return s->n_features;
}

const struct feature *feature_at(const struct feature_set *s, uint32_t i)
{
	return &s->features[i].pub;
}

static uint32_t noted(const struct feature_set *s, uint32_t i, unsigned observation)
{
	const struct observation *o = &s->observations[observation];
	return i < o->n ? o->values[i] : 0;
}

struct slice feature_value(const struct feature_set *s, uint32_t i, unsigned observation)
{
	if (i >= s->n_features || observation >= s->n_observations)
		return SLICE_NONE;
	uint32_t v = noted(s, i, observation);
	const struct feature_entry *f = &s->features[i];
	/* Some facts are only noted where they are not as usual. */
	if (v == 0 && f->fill && f->pub.parent != FEATURE_NONE && noted(s, f->pub.parent, observation))
		v = f->fill;
	return v ? s->values[v - 1].bytes : SLICE_NONE;
}

const struct feature_echo *feature_echoes(const struct feature_set *s, size_t *n)
{
	*n = s->n_echoes;
	return s->echoes;
}

size_t feature_lost(const struct feature_set *s)
{
	return s->lost;
}

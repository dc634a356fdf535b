/* analysis: which features depend on which factor. Screens the observations of a plan, says which treatments must be run again to
 * confirm, then decides with an exact permutation test. See docs/architecture.md, "From traces to findings". */
#ifndef POSTERN_VET_ANALYSIS_H
#define POSTERN_VET_ANALYSIS_H

#include "vet/factor.h"
#include "vet/feature.h"
#include "vet/model.h"

struct profile;

/* A trial in which several factors are varied to find what shows only when they are set together (vet/combine.h): what one factor does is
 * not decided by it. */
enum analysis_row {
	ROW_NONE,
	ROW_ARRAY,  /* of a covering array */
	ROW_LOCATE, /* run to find which of its levels it takes, or whether it comes again */
	ROW_PROOF,  /* fresh, with what was found, or with a part of it turned back */
	ROW_ANEW,   /* the same of a made-up device and nothing else, which does not draw what it drew before */
};

/* What is known of one observation (index = observation of the feature set). */
struct analysis_trial {
	const char *id; /* "t017" */
	struct treatment treatment;
	bool baseline;          /* every factor at its base level */
	unsigned factor, level; /* the one varied, if not a baseline */
	bool confirming;        /* a fresh trial, run to confirm */
	bool probe;             /* a fresh trial, run to decide about an analysis_suspect: nothing was suspected because of it */
	bool combined;          /* several factors are varied at once: `factor` and `level` mean nothing then */
	bool spread;            /* many levels are set at once, to see what becomes of bits: nothing else is made of it. `combined`, too */
	enum analysis_row row;  /* `combined`, too; then `confirming` means nothing */
	bool usable;            /* the tool worked in it (enough model requests) */
	bool paired;            /* the same, but it only repeats the draws of a baseline, with a level or without: `usable` is false then */
	int64_t started_unix;   /* wall clock at its start: for dates and times as derivations */
	const struct host_spec *host;
	const char *gateway;
	uint32_t stream; /* of the same one two trials draw the same random numbers; 0: its randomness was its own */
};

/* A candidate (factor, level, base) that screening found something for. */
struct analysis_candidate {
	unsigned factor, level;
	enum vet_base base;
	unsigned features;     /* how many features are suspected */
	bool joint;            /* the same change comes under levels of three or more factors: each has to be repeated alone */
	enum leak_class worst; /* class of the worst so far, provisional */
	double by_chance;      /* of its clearest feature: how many like it would come out by chance, given how often features of the same
	                        * endpoint flip by themselves */
	unsigned kind;         /* levels with the same number are of one factor and base, and show the same there */
	unsigned fresh;        /* fresh runs of all of these that showed it */
};

/* Screening: candidates that want fresh trials, the clearest of the worst class first. The array is owned by the arena. */
[[nodiscard]] int analysis_screen(const struct feature_set *s, const struct analysis_trial *trials, size_t n, const struct profile *profile,
        struct arena *arena, struct analysis_candidate **out, size_t *n_out);
/* Treatments for fresh trials, at most `max`, that confirm many candidates at once: each sets about two thirds of the suspected levels of a
 * base together. That is enough to tell them apart, because screening has seen each alone: what must come again is the very value that it
 * gave then. In the first round there are just enough trials to set every suspected level once more, or half of `max`: most noise does not
 * come again, and screening again leaves few for the second round. That is for what is clear, until it has five fresh runs, for
 * what is nearly so, and the rest for the others; levels that show the same are repeated in turn, as one. */
[[nodiscard]] int analysis_confirm(const struct analysis_candidate *c, size_t n, bool first_round, size_t max, struct arena *arena,
        struct treatment **out, size_t *n_out);
/* A token that an id of the machine decides in whole may be a keyed digest of it, or a mark: treatments of other made-up devices, which
 * tell one from the other. None if that is not asked, or has been answered. */
[[nodiscard]] int analysis_devices(const struct feature_set *s, const struct analysis_trial *trials, size_t n,
        const struct profile *profile, struct arena *arena, struct treatment **out, size_t *n_out);
/* The findings after confirmation: echoes, and dependences that held on fresh trials. Fills findings, endpoints, cells, factors of
 * *result (memory from result->arena). */
[[nodiscard]] int analysis_decide(const struct feature_set *s, const struct analysis_trial *trials, size_t n, const struct profile *profile,
        struct vet_result *result);

/* -- what is never twice the same (analysis_volatile.c, analysis_bits.c, analysis_paired.c) -- */

/* A level under which a quantity, or bits of ids, lie apart from what they are without it. */
struct analysis_suspect {
	unsigned factor, level;
	enum vet_base base;
	unsigned runs;       /* how often the level was tried alone in that base so far */
	unsigned wants;      /* how many fresh runs can decide about it */
	double score;        /* how far apart, in spreads of the others; of bits, minus the logarithm of how likely by chance */
	uint32_t feature;    /* the clearest */
	unsigned kind, rank; /* of quantity, and the place among those of its kind */
};

/* Levels under which some bit of an id has not changed yet, or that were not tried often enough to know: runs, of these suspects, is how
 * often they were set. None if nothing that is sent looks random. */
[[nodiscard]] int analysis_bits_left(const struct feature_set *s, const struct analysis_trial *trials, size_t n, struct arena *arena,
        struct analysis_suspect **out, size_t *n_out);
/* Treatments that set two thirds of all factors that were varied, each to the level of those in `among` that was set least so far, from
 * both bases in turn: with many of them each level has many runs, which is what bits of ids need. */
[[nodiscard]] int analysis_spread(const struct analysis_trial *trials, size_t n, const struct analysis_suspect *among, size_t n_among,
        size_t want, uint64_t seed, struct arena *arena, struct treatment **out, size_t *n_out);

/* Suspects, the clearest first, at most max. Trials marked as probes are left out: they are to decide later. */
[[nodiscard]] int analysis_volatile_screen(const struct feature_set *s, const struct analysis_trial *trials, size_t n,
        const struct profile *profile, size_t max, struct arena *arena, struct analysis_suspect **out, size_t *n_out);

/* After the first fresh runs (probes): of suspects for bits of ids, those that these contradict want no more (wants 0). 0 or -ENOMEM. */
[[nodiscard]] int analysis_bits_first(
        const struct feature_set *s, const struct analysis_trial *trials, size_t n, struct analysis_suspect *suspects, size_t n_suspects);

/* A trial to draw what a baseline drew. */
struct analysis_pair {
	struct treatment treatment;
	uint32_t stream;
};
struct analysis_paired_limits {
	size_t groups; /* of many levels, to begin with */
	size_t trials; /* at most so many at once */
	uint64_t seed;
};
/* The next trials to run, marked as `paired`, until there are none: groups of levels, where any id follows from what is drawn; what shows
 * halved, and single levels repeated, with and without (analysis_paired.c). */
[[nodiscard]] int analysis_paired_next(const struct feature_set *s, const struct analysis_trial *trials, size_t n,
        const struct profile *profile, const struct analysis_paired_limits *limits, struct arena *arena, struct analysis_pair **out,
        size_t *n_out);

/* How small a difference would have been noticed. */
struct analysis_limits {
	double wait_ms;                 /* a delay before a message: median over the messages */
	unsigned quantities;            /* how many were compared */
	unsigned bits;                  /* of ids, one by one; 0: nothing looks random */
	unsigned runs_least, runs_most; /* of a level, for those */
};
[[nodiscard]] int analysis_volatile_limits(
        const struct feature_set *s, const struct analysis_trial *trials, size_t n, struct analysis_limits *out);
struct combine;
/* The same, with what takes several levels at once (vet/combine.h); x may be NULL. */
[[nodiscard]] int analysis_decide_all(const struct feature_set *s, const struct analysis_trial *trials, size_t n,
        const struct profile *profile, const struct combine *x, struct vet_result *result);

#endif

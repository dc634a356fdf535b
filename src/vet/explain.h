/* explain: what carries a difference between two values of a feature, and so which class of leak it is. A table of explanations is
 * tried in order on each changed part (hunk); the worst part decides. What nothing explains is covert. */
#ifndef POSTERN_VET_EXPLAIN_H
#define POSTERN_VET_EXPLAIN_H

#include "vet/analysis.h"
#include "vet/hunk.h"

struct explain_case {
	unsigned factor;
	const struct feature *feature;
	struct slice before, after; /* as in the feature set, with placeholders; p NULL: absent */
	const struct hunk *hunks;   /* the parts that changed, n_hunks of them; NULL: whole words, as they are found here */
	size_t n_hunks;
	bool shapes;                        /* they are shapes of volatile values, not values */
	struct slice raw_before, raw_after; /* the values, then */
	struct slice sibling;               /* the name or type of the record that the feature is a part of, if it has one */
	bool digest;                        /* a digest of the factor's value was found in this feature */
	bool changing;                      /* the value differs between baselines, or from trial to trial where it is there at all */
	bool proxied;                       /* in the trial with the level, a request came through a proxy */
	const struct analysis_trial *before_trial, *after_trial;
	const struct profile *profile; /* may be NULL */
	struct arena *arena;
};

struct explanation {
	enum leak_class class;
	const char *rule;     /* short name of the row that decided, constant */
	const char *text;     /* one or two sentences */
	const char *declared; /* the vendor's declaration that covers it, or NULL */
	const char *kind;     /* differences of the same kind fold into one finding */
	struct hunk at;       /* the part that decided */
};

/* 0 or -ENOMEM. Strings are constants or owned by c->arena. */
[[nodiscard]] int explain_difference(const struct explain_case *c, struct explanation *out);
/* The declaration that covers this factor at the feature's host: its source, or NULL. What is part of addressing the message itself
 * (the gateway's own name, sent to the gateway) counts as declared. */
const char *explain_declared(const struct profile *profile, unsigned factor, const struct feature *feature);

/* Is the time of the day that it was then, to the minute, told in the value ("10:38")? It may well be the same in a few trials. */
bool explain_tells_minute(const struct analysis_trial *t, struct slice value);

/* The days that it was in a trial, in its zone and in UTC, in each way of writing a day; of n trials at once, into out[n]. */
#define EXPLAIN_DAYS 18u
struct explain_dates {
	char day[4][EXPLAIN_DAYS][64];
	unsigned n; /* of the four */
};
void explain_dates_of(const struct analysis_trial *t, size_t n, struct explain_dates *out);
/* Is one of the days told in the value? In which of the ways; -1: none. */
int explain_date_way(const struct explain_dates *d, struct slice value);
/* The value with the name of its way, "{date %d-%m-%Y}", for each day that is told in it; what can be read in several ways is read in `way`
 * if it is one of them. */
void explain_date_out(const struct explain_dates *d, struct slice value, int way, struct buf *out);

#endif

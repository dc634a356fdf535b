/* analysis_part: what the files of vet/analysis share. The values of each feature over all trials are compared with those of the baselines
 * (analysis.c); where they differ under a level there is an entry (analysis_collect.c); entries become candidates for fresh trials
 * (analysis_screen.c) or groups (analysis_decide.c), and each group a finding of the result (analysis_model.c). Private to
 * vet/analysis*.c. */
#ifndef POSTERN_VET_ANALYSIS_PART_H
#define POSTERN_VET_ANALYSIS_PART_H

#include "vet/analysis.h"
#include "vet/explain.h"
#include "vet/stat.h"

/* How values are compared, from fine to coarse. */
/* In rows alone: MODE_DATED, raw, with the way it is written instead of the day; MODE_DRAWN, a part of an id, beside what it is with the
 * same random numbers drawn and no level set; MODE_AMOUNT, a quantity, by how far it is from what it is elsewhere. */
enum mode { MODE_RAW, MODE_SHAPE, MODE_PRESENCE, MODE_NONE, MODE_DATED, MODE_DRAWN, MODE_AMOUNT };

/* Noise is local: a batch of telemetry flips in hundreds of places, the request to the model in none. */
struct rate {
	const char *endpoint;
	double rate;
};

struct ctx {
	const struct feature_set *s;
	const struct analysis_trial *t;   /* those that vary several factors count as unusable, but to confirm */
	const struct analysis_trial *all; /* the same, with them */
	struct analysis_trial *own;       /* t */
	size_t n;
	const struct profile *profile;
	struct arena *arena;
	struct buf *shapes; /* n scratch buffers */
	bool *off;          /* n flags: the value differs from the baselines' */
	bool *caused;       /* n flags: off, and not by itself: its factor is the reason */
	size_t *twin;       /* n: of what is no baseline, the baseline that drew the same random numbers in the same base; or n: none */
	uint64_t *place;    /* by feature: hash of its endpoint and of the last name of its address */
	bool framed;        /* shapes are frames, see an_frame_all() */
	bool kept;          /* shapes have tokens in them that stay, see an_kept_all(); framed is set, too */
	const struct feature_echo *echoes;
	size_t n_echoes;
	uint32_t *first_echo; /* by feature: range in by_feature; count + 1 entries */
	uint32_t *by_feature; /* indices of echoes */
	const char **failed;  /* endpoints of features that fresh trials did not bear out, one each */
	size_t n_failed;
	struct rate *rates; /* how often features deviate for no reason that is settled: one each that does */
	size_t n_rates;
	struct explain_dates *dates; /* n, made when they are wanted */
	int date_way;                /* of the feature that is looked at */
	struct drawn *drawn;         /* analysis_drawn.c, made when it is wanted */
};

/* A feature that differs under a level. */
struct entry {
	uint32_t feature;
	unsigned factor, level;
	enum vet_base base;
	enum mode mode;
	size_t ref, trial;          /* trials that stand for before and after */
	uint32_t from;              /* feature that before was found at: another one, if the part has moved */
	struct slice before, after; /* p NULL: absent */
	const struct hunk *hunks;   /* where they differ, if it is not by whole words; n_hunks of them */
	size_t n_hunks;
	unsigned hits, runs;        /* of the level, all */
	unsigned fresh_hits, fresh; /* of these, to confirm */
	unsigned pool_hits, pool;   /* of other treatments, dependences of other factors left out */
	unsigned far_hits, far;     /* the same in the other base */
	/* The same of all levels of the factor that show this very change, those of them that do not show it every time too: members of a
	 * list are such levels. `kin` is the first trial of the first of them. */
	size_t kin;
	unsigned kin_fresh_hits, kin_fresh;
	bool dropped;
	bool kept;         /* before and after are forms with the tokens in them that stay */
	bool joint;        /* the same change comes under levels of three or more factors */
	struct slice word; /* as in struct signature */
	bool batched;      /* a message that came where they come and go by themselves: only the word tells it from others */
	double p, q, by_chance;
	struct explanation why;
};

struct entries {
	struct entry *e;
	size_t n, room;
};

/* How a feature is compared. */
struct view {
	enum mode mode;                        /* MODE_NONE: not at all */
	size_t ref[BASE_COUNT], n[BASE_COUNT]; /* of each base: the trial that stands for the baselines, and how many there are */
	struct analysis_trial *present;
	const struct analysis_trial *all;
};

#define LIST_MAX 16

/* Different strings, borrowed. */
struct list {
	const char *s[LIST_MAX + 1];
	size_t n;
};

#define CONDITIONS_MAX 8

/* A factor at a level, or a made-up device: then factor is CONDITION_DEVICE and level its number. */
struct condition {
	unsigned factor, level;
};
#define CONDITION_DEVICE       UINT32_MAX
#define CONDITION_DEVICE_NAME  "device"
#define CONDITION_DEVICE_TITLE "device identity"
static inline bool an_condition_holds(const struct condition *k, const struct treatment *t)
{
	return k->factor == CONDITION_DEVICE ? t->identity == k->level : t->level[k->factor] == k->level;
}

/* A finding that still grows. */
struct group {
	unsigned factor;
	enum leak_class class;
	const char *kind;
	const char *endpoint, *address, *first; /* first: endpoint and address in one */
	struct list levels, evidence, also;
	bool bases[BASE_COUNT];
	unsigned occurrences;
	struct slice before, after;
	struct hunk at;
	bool marks; /* at says which part; else before and after are compared */
	bool lies;  /* found by how it lies (an_tell) */
	const char *explanation, *declared;
	double p, q;
	/* Several conditions, with the levels of each; NULL: factor and levels say it. */
	const struct condition *if_all;
	size_t n_if;
	struct list if_levels[CONDITIONS_MAX];
	bool only_base; /* in the other base the same levels did nothing */
	struct stat_bits bits;
	unsigned with, with_hits, without, without_hits;
};

struct groups {
	struct group *g;
	size_t n, room;
};

/* Files that a tool leaves: endpoint "FILE …". What is plain there is nobody's business but the person's; a mark may be for later. */
static inline bool an_is_file(const struct feature *f)
{
	return f->endpoint && strncmp(f->endpoint, "FILE ", 5) == 0;
}

/* In a file only a mark counts that stands in a place that is otherwise always the same: a transcript has all that was said, in lines that
 * hold ids, and is explained where it was sent. */
static inline bool an_file_counts(const struct feature *f, enum mode mode, enum leak_class class)
{
	return !an_is_file(f) || (class == CLASS_COVERT && mode == MODE_RAW);
}

/* analysis.c */
static inline const char *an_text_of(const char *s)
{
	return s ? s : "";
}
static inline unsigned an_level_of(const struct analysis_trial *t, unsigned factor)
{
	return t->treatment.level[factor];
}
static inline bool an_in_base(const struct analysis_trial *t, enum vet_base base)
{
	return t->usable && t->treatment.base == base;
}
/* Is only one factor varied in both, to the same level, in the same base? */
static inline bool an_same_level(const struct analysis_trial *a, const struct analysis_trial *b)
{
	return !a->baseline && !b->baseline && !a->combined && !b->combined && a->factor == b->factor && a->level == b->level &&
	       a->treatment.base == b->treatment.base;
}
static inline bool an_presence_eq(struct slice a, struct slice b)
{
	return !a.p == !b.p;
}
/* n: there is none. */
size_t an_first_baseline(const struct ctx *c, enum vet_base base);
/* What ctx.twin is, to be freed; of the ctx `all` and n are read. -ENOMEM. */
[[nodiscard]] int an_twins(const struct ctx *c, size_t **out);
/* s, t, n, profile and arena are set; the rest is made here. Call an_ctx_free() also when it fails (-ENOMEM). */
[[nodiscard]] int an_ctx_init(struct ctx *c);
void an_ctx_free(struct ctx *c);
bool an_has_echo(const struct ctx *c, uint32_t feature, unsigned observation, unsigned factor, bool digest);
/* Does the value, with the factor's placeholder read as one of its literal forms in that trial, say the same as other, literally? Then
 * the words that look like the level stood there all the time. */
bool an_says_same(const struct analysis_trial *t, unsigned factor, struct slice value, struct slice other);
/* The finest representation in which the baselines of a base agree; *ref is the trial that stands for them, *n how many they are. Fills
 * c->shapes, which the caller empties before each feature, if the mode is not MODE_RAW. */
enum mode an_mode_of(struct ctx *c, uint32_t feature, enum vet_base base, size_t *ref, size_t *n);
/* Sets c->off for every trial of the base. */
void an_mark_off(struct ctx *c, uint32_t feature, enum vet_base base, enum mode mode, size_t ref);
/* Notes that the feature deviates by itself in that share of the trials. */
void an_add_rate(struct ctx *c, uint32_t feature, double rate);
/* How often the feature deviates by itself; c->off and c->caused are set. One that deviated under one treatment only may depend on it:
 * an_collect() tells when fresh trials have shown that it does not. */
void an_note_rate(struct ctx *c, uint32_t feature, enum vet_base base, enum mode mode);
/* Of values that are never twice the same a trial tells nothing that only repeats what a baseline drew (fresh ones draw anew, and are not
 * like it), nor a baseline to which the frame was cut. */
bool an_is_copy(const struct ctx *c, uint32_t feature, enum mode mode, size_t o);
/* How many features of the same endpoint would come out like this one by chance, if they flip as often as that endpoint's features do: all
 * runs of one of the levels differ, and no more of the others than were seen. All rates are noted. */
double an_expected_by_chance(const struct ctx *c, const struct entry *e);
/* The same, or of all levels that show it, whichever is less: twice that, as it is a choice of two. */
double an_chance_of(const struct ctx *c, const struct entry *e);
enum state { STATE_BEFORE, STATE_AFTER, STATE_OTHER };
/* Does v have, in the places in which b differs from a, what a has there, or what b has? */
enum state an_place_of(struct slice a, struct slice b, struct slice v);
/* What a trial with several factors varied shows of a difference that was seen with one: the value from before it, from after it, or
 * another, for which another factor may be the reason. feature, mode, ref and trial of the entry are set. */
enum state an_state_of(struct ctx *c, const struct entry *e, size_t k);
/* Adds to the counts of the entry (feature, factor, level, base, mode, ref and trial are set) what trials with several factors varied
 * say; c->off is set. */
void an_count_combined(struct ctx *c, struct entry *e);

/* analysis_collect.c: all features that differ under a level, explained; those of one factor, level and base follow each other.
 * 0 or -ENOMEM. */
[[nodiscard]] int an_collect(struct ctx *c, struct entries *list);
void an_entries_free(struct entries *list);
/* Empties c->off and c->shapes, finds how the feature is compared and fills c->shapes if that is by shape or frame. Where it is sent now
 * and then only, c->t holds those trials alone in which it was, until an_view_end(). -ENOMEM. */
[[nodiscard]] int an_view(struct ctx *c, uint32_t feature, struct view *v);
void an_view_end(struct ctx *c, struct view *v);
struct entry *an_entry_new(struct entries *list);
/* Among differences of one cause: what hangs on a part that came or went is dropped, and what vanished in one place and came up in another
 * becomes one change. */
void an_fold_children(const struct ctx *c, struct entry *e, size_t n);
void an_pair_moved(const struct ctx *c, struct entry *e, size_t n);
/* Share of the longer text that both have at their ends, in percent; 50 also if most words are the same. */
size_t an_likeness(struct slice a, struct slice b);
/* Sets e->why for e->factor. -ENOMEM. */
[[nodiscard]] int an_explain(const struct ctx *c, struct entry *e);
/* Does it follow from the factor, or so it seems, in no more than a letter or digit or two that stand alone? */
bool an_is_short(const struct entry *e);

/* A difference that trials with several factors varied show, and none of those that vary one of these factors. */
struct signature {
	uint32_t feature;
	enum vet_base base;
	enum mode mode;
	size_t ref, row;            /* trials: a baseline; the row that it is looked for in */
	struct slice before, after; /* of the mode; of what differs in the row, after has only what is not explained */
	struct explanation why;
	struct slice word; /* of a message that came: one that none says outside of the rows, and that is looked for; or empty */
	unsigned rows;     /* of the arrays, that show it */
	double by_chance;  /* how many of its endpoint would look like it by chance */
	unsigned part;     /* of MODE_DRAWN: which of the parts of the value */
	/* Of MODE_AMOUNT: up to the first it is as ever, from the second on it shows; `up` false: down to, and below. */
	double usual, shows;
	bool up;
};

struct signatures {
	struct signature *s;
	size_t n, room;
};

/* analysis_rows.c: what the rows of arrays show and their factors alone do not. `c` is whole, and its rates are noted (an_collect()).
 * Classes from CLASS_HASHED on; the least like noise first. 0 or -ENOMEM. */
[[nodiscard]] int an_rows(struct ctx *c, struct signatures *out);
void an_signatures_free(struct signatures *s);
/* What every trial shows of a signature; in another base, and where the tool did not work: STATE_OTHER. `out` has c->n. 0 or -ENOMEM. */
[[nodiscard]] int an_states(struct ctx *c, const struct signature *s, uint8_t *out);

/* analysis_drawn.c: ids in rows that draw the same (two rows of one device, vet/plan.h). Treatments of their devices alone, at most `max`,
 * that say in which of the two an id is not what was drawn; none when they have been run. *out is from the arena. 0 or -ENOMEM. */
[[nodiscard]] int an_drawn_wanted(struct ctx *c, size_t max, struct treatment **out, size_t *n);
/* Adds signatures: of each id the first row in which a few of its characters are others, and nothing explains them. 0 or -ENOMEM. */
[[nodiscard]] int an_drawn_rows(struct ctx *c, struct signatures *out);
/* As an_states(). */
[[nodiscard]] int an_drawn_states(struct ctx *c, const struct signature *s, uint8_t *out);
void an_drawn_free(struct ctx *c);
/* Puts a signature at the end. -ENOMEM. */
[[nodiscard]] int an_signature_add(struct signatures *all, const struct signature *s);

/* analysis_amount.c: quantities in rows. Adds signatures of what lies apart in few of them and is not the sum of what their levels do
 * alone. 0 or -ENOMEM. */
[[nodiscard]] int an_amount_rows(struct ctx *c, struct signatures *out);
/* As an_states(). */
[[nodiscard]] int an_amount_states(struct ctx *c, const struct signature *s, uint8_t *out);
/* analysis_volatile.c: by how much a quantity must be another one to count, in its own unit; 0: the feature is none. */
double an_amount_least(const struct feature *f, double median, double spread);

/* analysis_words.c: the words of each endpoint that any trial says that is no row; starts as {0}. */
struct said {
	struct said_at *at;
	size_t n;
};
/* For what came in a row (e->before is absent): sets e->word, from the arena, to a word of it that no such trial says there, if there is
 * one, and e->after of a message to what its body says in that very row. 0 or -ENOMEM. */
[[nodiscard]] int an_new_word(const struct ctx *c, struct said *said, struct entry *e);
void an_said_free(struct said *said);
/* As an_states(), of a signature that has a word: does its endpoint say it? */
[[nodiscard]] int an_word_states(const struct ctx *c, const struct signature *s, uint8_t *out);

/* What was proven to take several conditions, or a level that had not shown it alone. */
struct combination {
	const struct signature *s;
	struct condition if_all[CONDITIONS_MAX];
	size_t n;
	unsigned on, on_hits;           /* fresh trials with exactly these */
	unsigned off, off_hits;         /* fresh ones with one of them turned back */
	unsigned pool, pool_hits;       /* all other trials of the base without all of them, those of another combination left out */
	unsigned with, with_hits;       /* rows with all of them, whatever else was set */
	unsigned devices, devices_hits; /* if a device is among them: rows with all others and another device */
	unsigned others, others_hits;   /* of the pool, those without another level of one of its factors */
	double p;
};
static inline bool an_all_hold(const struct combination *m, const struct treatment *t)
{
	bool all = true;
	for (size_t i = 0; i < m->n; i++)
		all = all && an_condition_holds(&m->if_all[i], t);
	return all;
}
/* With one device alone it may be what that device happens to draw, which another thing makes it draw earlier or later: others that met the
 * conditions must have shown it too, and more often than those that did not. True if that is not so. */
bool an_one_draw(const struct combination *m);

struct combine;
/* combine.c: those that were proven, with their counts from all trials of c. *tested are the features of all that were tried, from the
 * arena. 0 or -ENOMEM. */
[[nodiscard]] int combine_results(
        const struct combine *x, struct ctx *c, struct combination **out, size_t *n, uint32_t **tested, size_t *n_tested);

/* analysis_bits.c: what a reader of the feature learns of the factor. 0 or -ENOMEM. */
[[nodiscard]] int an_bits_of_entry(struct ctx *c, const struct entry *e, struct stat_bits *out);
[[nodiscard]] int an_bits_of_echo(const struct ctx *c, const struct feature_echo *e, struct stat_bits *out);
[[nodiscard]] int an_bits_of_counts(unsigned with_hits, unsigned with, unsigned without_hits, unsigned without, struct stat_bits *out);

/* analysis_device.c: is what changes under a factor that identifies a device a long token, in whole, that is the same in all baselines, and
 * another one on each of the made-up devices? A digest of the factor's value does so, whatever its key is; a mark in a token does not.
 * Returns of how many devices that was seen, or 0. */
unsigned an_keyed_by_device(const struct ctx *c, const struct entry *e);

/* analysis_frame.c: a value that changes altogether may still have a part that never does: the words that all baselines have in common, in
 * order, and between which of them other words come. Puts in c->shapes the value with what comes in between left out, so that words that
 * are missing, new, or in a place where none ever came are a difference, and sets c->framed. False if there is no such part. */
bool an_frame_all(struct ctx *c, uint32_t feature);
/* The same, of a value of a constant form: what looks drawn in it may not be. A long token that all baselines of a base have in common,
 * while another is never twice the same ("DIGEST:UUID"), is put into c->shapes as it is, and c->kept and c->framed are set. False if there
 * is none. */
bool an_kept_all(struct ctx *c, uint32_t feature);
/* Random texts of letters and digits may look like words now and then, so that not even their form is the same in all baselines; how long
 * they are is. Puts that in c->shapes. False: it is not so, and c->shapes are as they were. */
bool an_lengths_all(struct ctx *c, uint32_t feature);

/* analysis_behaviour.c: did the very value of trial o come under another level of the same factor, and in no trial where that factor is at
 * its base? Members of a list are such levels: each has one run, and together they are no noise. c->off is set. */
bool an_within_factor(const struct ctx *c, uint32_t feature, size_t o);

/* analysis_reasons.c: counts that have nothing to count become covert, among entries of one factor, level and base. 0 or -ENOMEM. */
[[nodiscard]] int an_want_reasons(const struct ctx *c, struct entry *e, size_t n);

/* analysis_model.c: sorts the groups and fills findings, endpoints, cells and factors of the result. 0 or -ENOMEM. */
[[nodiscard]] int an_fill(const struct ctx *c, struct groups *all, struct vet_result *result);

/* analysis_decide.c: a difference that somebody else has decided about, as a finding, folded with those of its factor, class and kind. */
struct told {
	uint32_t feature;
	unsigned factor, level;
	enum vet_base base;
	enum leak_class class;
	const char *kind;
	struct slice before, after;
	const char *explanation;
	double p, q;
};
[[nodiscard]] int an_tell(const struct ctx *c, struct groups *all, const struct told *t);

/* analysis_amount.c: why it would be so, of a quantity that takes several conditions; *out NULL: for no reason. 0 or -ENOMEM. */
[[nodiscard]] int an_amount_reason(struct ctx *c, const struct combination *m, const struct groups *all, const char **out);
/* analysis_volatile.c: why quantities are others under that level, NULL: for no plain reason. */
const char *an_amount_foreseen(const struct groups *all, unsigned factor, unsigned level);

/* analysis_volatile.c: quantities. Adds what fresh trials have borne out to the findings that are there. 0 or -ENOMEM. */
[[nodiscard]] int an_volatile(struct ctx *c, struct groups *all);
/* analysis_bits.c: the same of bits of ids. What is at most so likely by chance is worth fresh runs. */
#define AN_BITS_SUSPECT 0.05
[[nodiscard]] int an_bits(const struct ctx *c, struct groups *all);
/* Adds suspects to *n_out that are there, at most to max. c->s, t, all, n are used. */
[[nodiscard]] int an_bits_screen(const struct ctx *c, struct analysis_suspect *out, size_t max, size_t *n_out);
/* How many bits look random, and the least and the most runs of a level. */
[[nodiscard]] int an_bits_limits(const struct ctx *c, struct analysis_limits *out);
/* analysis_paired.c: the same of parts of ids, by trials that draw the same random numbers. */
[[nodiscard]] int an_paired(const struct ctx *c, struct groups *all);
/* Is it told already that this factor does something under this level: in the given endpoint (NULL: in any), of the given class or worse?
 */
bool an_told_already(const struct groups *all, unsigned factor, unsigned level, enum leak_class class, const char *endpoint);
/* Is it told already what the level does to this very feature, in whatever class? */
bool an_told_here(const struct groups *all, unsigned factor, unsigned level, const struct feature *f);

#endif

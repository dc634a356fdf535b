/* model: the result of vetting, as plain data. vet fills it, report/ turns it into bytes. Strings are UTF-8 (bytes that are not are
 * escaped as \xHH before they get here), NUL-terminated, and owned by the arena of the struct vet_result. */
#ifndef POSTERN_VET_MODEL_H
#define POSTERN_VET_MODEL_H

#include "base/arena.h"

/* In order of severity: compare with < and >. */
enum leak_class { CLASS_NONE, CLASS_DISCLOSED, CLASS_UNDECLARED, CLASS_HASHED, CLASS_COVERT, CLASS_END };
/* "none", "disclosed", … */
const char *leak_class_name(enum leak_class c);
/* CLASS_END if the word is none. */
enum leak_class leak_class_parse(const char *word);

enum verdict { VERDICT_CLEAN, VERDICT_FINDINGS, VERDICT_INCONCLUSIVE };
const char *verdict_name(enum verdict v);

/* One code point in a differing span. */
struct vet_codepoint {
	uint32_t value;
	const char *name; /* Unicode name, e.g. "MODIFIER LETTER APOSTROPHE" */
	bool in_after;    /* else it is in before */
};

struct vet_condition;
struct vet_finding {
	enum leak_class class;
	const char *factor;         /* name in the factor table */
	const char *const *levels;  /* levels under which it shows, NULL-terminated */
	const char *base;           /* "official" or "gateway" (or both: "official,gateway") */
	const char *endpoint;       /* "POST https://api.example.com/v1/messages"; "DNS"; "TLS"; … */
	const char *address;        /* where in the message */
	const char *before, *after; /* the value around the smallest differing span, at most about 200 characters each */
	size_t before_at, before_n; /* the differing span: byte offset and length in before */
	size_t after_at, after_n;
	const struct vet_codepoint *codepoints;
	size_t n_codepoints;
	const char *explanation;     /* how it was decided, one or two sentences */
	const char *declared;        /* the vendor's declaration that covers it, or NULL */
	const char *const *evidence; /* trial ids, e.g. "t017", NULL-terminated */
	unsigned occurrences;        /* further addresses of the same factor, class and kind, folded into this finding */
	const char *const *also_at;  /* some of them, NULL-terminated; may be NULL */
	double p_value;              /* exact, of the confirmation */
	/* All that must hold together, the factor and levels above among it; one for a dependence on one factor alone. */
	const struct vet_condition *conditions;
	size_t n_conditions;
	double q_value; /* the false discovery rate at which it is still one, over all that was tested (docs/architecture.md, "What a
	                 * finding rests on")
	                 */
	/* Mutual information between the factor (the conditions met or not) and what is seen, with an interval (vet/stat.h): most is what
	 * telling all levels apart would be. All 0 if it was not measured. */
	double bits, bits_low, bits_high, bits_most;
	unsigned with, with_hits, without, without_hits; /* trials that it rests on, and in how many of them it showed */
};

/* A factor at one of these levels. Beside the factors of the table there are "base" (official or gateway: which API host) and "device" (a
 * made-up one). */
struct vet_condition {
	const char *factor, *title;
	const char *const *levels; /* NULL-terminated */
};

struct vet_host {
	const char *name;
	bool declared;
	const char *purpose;  /* from the declaration, or NULL */
	unsigned connections; /* TCP connections and UDP flows */
	uint64_t bytes;       /* sent by the tool, over all trials */
	unsigned trials;      /* in which it was contacted */
	bool refused;         /* the client did not accept the trial's authority for this host */
	const char *ja4;      /* or NULL */
};

/* A row of the picture: does the factor reach the endpoint, and how badly. */
struct vet_cell {
	unsigned factor, endpoint; /* indices below */
	enum leak_class class;
};

struct vet_factor_row {
	const char *name, *title;
	unsigned levels_tried; /* per base, together */
	unsigned trials;
};

struct vet_trial_row {
	const char *id;     /* "t001" */
	const char *base;   /* official, gateway */
	const char *varied; /* "baseline" or "factor=level" */
	const char *end;    /* "exit 0", "timeout", … */
	double wall_s, tool_cpu_s, own_cpu_s;
	unsigned messages;
};

/* What became of a dependence behind the gate (postern run --neutral). */
enum vet_closure_state {
	CLOSURE_CLOSED, /* not seen any more in `runs` trials */
	CLOSURE_OPEN,   /* the factor still decides something of this class or a worse one: endpoint, address, before and after say what */
	CLOSURE_UNTESTED, /* too little was run */
	CLOSURE_NEW,      /* not seen without the gate, or of a lower class there */
};
const char *vet_closure_name(enum vet_closure_state s);

struct vet_closure {
	enum vet_closure_state state;
	const struct vet_finding *finding; /* without the gate; NULL: CLOSURE_NEW */
	const char *factor;
	enum leak_class class; /* of the finding; of CLOSURE_NEW of what is seen behind the gate */
	unsigned runs;         /* behind the gate, under one of its levels alone */
	/* What of that factor still shows, if anything does (of a closed one it is of a lower class). */
	enum leak_class channel_class;
	const char *endpoint, *address, *before, *after;
};

struct vet_gate {
	bool tried;
	enum verdict verdict; /* of the trials behind the gate alone */
	const char *reason;
	unsigned trials, trials_failed;
	double seconds;
	const char *note; /* what a reader must know of it, or NULL */
	struct vet_closure *closures;
	size_t n_closures;
};

/* How much of the combinations of levels was met, from trials in which the tool worked. */
struct vet_combos {
	const char *base;
	unsigned strength, factors, levels; /* of how many at once; over so many factors, with so many levels of them together */
	uint64_t wanted, covered;
	unsigned rows; /* trials with several factors, of the arrays */
};

/* What was covered, and what that leaves open. Filled by vet/coverage.c. */
struct vet_coverage {
	unsigned strength; /* what was asked for: 1: one factor at a time */
	struct vet_combos *combos;
	size_t n_combos;
	unsigned locating;                                  /* trials to find which levels it takes */
	unsigned suspected, located, by_chance, unfollowed; /* differences that rows showed, and what became of them */
	unsigned devices;                                   /* made-up devices in whose trials the tool worked */
	double rollout_asked;                               /* 0: nothing was asked for */
	double rollout;       /* behaviour that is active on a larger share of devices, whatever else holds, would have been met: 95 % */
	double rollout_level; /* the same of behaviour that takes one level of a factor too: of the least often set level */
	bool clock_stepped;   /* the date was another one in some trials */
	const char *const *open;
	size_t n_open; /* sentences: what is left open */
};

struct vet_result {
	struct arena arena;
	const char *postern; /* version */
	const char *subject_name, *subject_version, *subject_sha256, *subject_title, *subject_entry;
	const char *profile; /* its name */
	const char *started; /* RFC 3339 UTC */
	enum verdict verdict;
	const char *reason; /* why inconclusive, or NULL */
	bool partial;       /* stopped before the plan was done */
	unsigned trials, trials_failed;
	double seconds;
	double tool_cpu_s, own_cpu_s;
	uint64_t own_rss_kb;
	uint64_t seed;
	const char *effort;      /* quick, normal, thorough */
	const char *confinement; /* what was really achieved */
	struct vet_finding *findings;
	size_t n_findings; /* worst first */
	struct vet_host *hosts;
	size_t n_hosts;
	struct vet_factor_row *factors;
	size_t n_factors;
	const char *const *endpoints;
	size_t n_endpoints;
	struct vet_cell *cells;
	size_t n_cells;
	struct vet_trial_row *rows;
	size_t n_rows;
	const char *const *not_covered;
	size_t n_not_covered; /* sentences */
	const char *const *notes;
	struct vet_gate gate;
	size_t n_notes; /* further facts a reader must know (install scripts, pinned hosts, …) */
	struct vet_coverage coverage;
};

#endif

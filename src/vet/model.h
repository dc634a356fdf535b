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
	bool beyond_gate;            /* found by its distribution, or in a file that is left: what trials behind the gate do not look for */
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

/* What was done about the noise of the trials, and what came of it. */
struct vet_noise {
	bool chosen;                       /* randomness was to be the same wherever the same stream was given */
	unsigned fixed, free;              /* trials in which all that the tool drew was so; in which some or all was not */
	unsigned streams;                  /* how many different ones there were */
	unsigned paired;                   /* trials of a level that share theirs with a baseline of the same base */
	uint64_t draws;                    /* answered, over all trials */
	int64_t ahead_s;                   /* the calendar of all trials, ahead of the real one; levels of the factor date come to that */
	uint32_t speed;                    /* of it, in thousandths */
	unsigned moved, unmoved;           /* trials that were to have another calendar: and had it; and had not, and were left out */
	const char *randomness, *calendar; /* the same in words */
};

/* What else was looked for: one fact (vet/conduct.h has the table of ids). */
enum vet_observed {
	OBSERVED,
	NOT_OBSERVED,   /* looked for in `evidence`, and not seen */
	NOT_OBSERVABLE, /* could not be looked for; text says why */
};
const char *vet_observed_name(enum vet_observed o);

struct vet_conduct {
	const char *id;    /* "5.sensitive-files" */
	unsigned question; /* 1 to 40; 0: none of them */
	const char *title; /* of the id */
	const char *about; /* what of it (an opt-out, a variable, a file, an address), or NULL: one alone */
	enum vet_observed state;
	bool concern;                /* a reader should ask about it: it is not what a careful tool does */
	const char *text;            /* one or two sentences */
	uint64_t count;              /* how many (files, bytes, requests), 0 if that is no number */
	const char *const *examples; /* NULL-terminated, a few, printable, secrets shortened */
	const char *const *evidence; /* trial ids, NULL-terminated */
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

/* What the artefact's own constants hold (inspect/mine.h). */
struct vet_constant_list {
	unsigned number;      /* from 1; reports call it "list 3" */
	bool hidden;          /* it had to be decoded: a finding of its own */
	const char *file;     /* below the artefact's folder */
	uint64_t at, n_bytes; /* offset of its first byte there */
	const char *encoding; /* "plain", "base64, then XOR 0x5b" */
	const char *class;    /* "host", "zone", … */
	const char *holds;    /* "host names and domain suffixes" */
	const char *const *members;
	size_t n_members, total; /* shown here, and in all */
	unsigned copies;         /* elsewhere in the artefact; the first of them: */
	const char *copy_file;
	uint64_t copy_at;
	bool spoken_to; /* an address in the artefact leads to a host on it */
};

struct vet_constant_count {
	const char *class, *title;
	uint64_t n; /* different values */
};

/* A level that came from a list. */
struct vet_mined_level {
	const char *factor, *level;
	unsigned list, second; /* numbers of the lists; second is 0 but for a combination of two */
	unsigned trials;
	unsigned behaviour; /* number of the behaviour that it showed; 0: none */
};

/* What members of lists bring about, that neither the baselines nor most other levels do. */
struct vet_behaviour {
	unsigned number;                                 /* from 1 */
	const char *lists;                               /* "list 1", "list 1 with list 2" */
	const char *factors;                             /* "gateway host name", "gateway host name with time zone" */
	const char *const *levels;                       /* under which it shows, NULL-terminated */
	const char *endpoint, *address, *before, *after; /* where it shows best */
	size_t before_at, before_n, after_at, after_n;   /* the differing span */
	unsigned places;                                 /* features that differ */
	const char *const *evidence;                     /* trials, NULL-terminated */
};

struct vet_constants {
	bool looked;      /* there was something to read */
	const char *note; /* why it could not be read, or what is missing; or NULL */
	uint64_t files, bytes, constants;
	uint64_t texts, too_long, unread;
	bool cut;
	double seconds;
	uint64_t peak_kb;
	struct vet_constant_list *lists; /* hidden ones first; of the others those that levels came from */
	size_t n_lists, n_hidden;
	struct vet_constant_count *counts;
	size_t n_counts;
	struct vet_mined_level *levels;
	size_t n_levels;
	struct vet_behaviour *behaviours;
	size_t n_behaviours;
};

/* What is in the artefact's files: the engine of postern scan (inspect/scan.h), beside the trials. */
struct scan_result;
struct vet_content {
	const struct scan_result *scan; /* NULL: they were not scanned. Paths are below the artefact's folder */
	const char *note;               /* why they were not, or not all of them; a sentence, or NULL */
	double seconds;
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
	/* Factors of which something covert was seen that is no noise of this tool, and was not repeated often enough to be a finding;
	 * NULL: none. "time zone, gateway host name" */
	const char *undecided;
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
	struct vet_noise noise;
	struct vet_coverage coverage;
	struct vet_constants constants;
	struct vet_content content;
	size_t n_notes; /* further facts a reader must know (install scripts, pinned hosts, …) */
	/* conduct: in the order of conduct_kinds */
	struct vet_conduct *conduct;
	size_t n_conduct;
	struct vet_trial_row *conduct_trials; /* "c01"…: they are not counted among `trials` */
	size_t n_conduct_trials;
	/* What the questionnaire is answered from, and the answers; the structs are below. */
	const struct facts *facts; /* what was read from the artefact (obtain/facts.h); NULL: nothing was, as it is a command */
	struct vet_answer *answers;
	size_t n_answers; /* in the order of the questions; 0: none were asked */
	struct vet_field *fields;
	size_t n_fields, fields_left_out; /* sorted by endpoint, then address */
	const struct vet_anomaly *anomalies;
	size_t n_anomalies, all_anomalies;
};

/* ---- The questionnaire: vet/question.h makes the answers, vet/fields.h the fields and anomalies. Plain data, as all above. ---- */

enum vet_answer_state {
	ANSWER_EVIDENCE,       /* measured; the text says what was seen, or that it was looked for and not seen, and how often */
	ANSWER_NOT_OBSERVED,   /* it could be measured, and this vetting did not: the text says why */
	ANSWER_NOT_OBSERVABLE, /* nobody can measure it from outside */
};
/* "answered", "not observed", "not observable" */
const char *vet_answer_state_name(enum vet_answer_state s);

enum vet_framework {
	FRAMEWORK_AICM,
	FRAMEWORK_SSDF,
	FRAMEWORK_RMF,
	FRAMEWORK_LLM,
	FRAMEWORK_AGENTIC,
	FRAMEWORK_ISO,
	FRAMEWORK_SLSA,
	FRAMEWORK_END
};
/* With its edition: "CSA AI Controls Matrix 1.0.3". And as a key of report.json: "csa_aicm". */
const char *vet_framework_name(enum vet_framework f);
const char *vet_framework_key(enum vet_framework f);

struct vet_answer {
	unsigned number;              /* from 1 */
	const char *group, *question; /* constants */
	enum vet_answer_state state;
	bool concern; /* a reviewer should look at it before the others */
	const char *text;
	const char *const *evidence;     /* trials, hosts, files; NULL-terminated, may be empty */
	const char *maps[FRAMEWORK_END]; /* identifiers with ", " between ("DSP-05, DSP-10"), or NULL; constants */
};

/* A place where something is sent, whatever it depends on: for the comparison of versions. */
struct vet_field {
	const char *endpoint, *address;
	const char *value; /* the same in all baselines: it, if it is short, else "#" and eight digits of its digest; NULL: it varies */
	unsigned trials;   /* baselines in which it was sent */
};

/* A character in text of the tool's own that a reader does not see, or takes for another. */
struct vet_anomaly {
	uint32_t codepoint;
	const char *name;
	const char *endpoint, *address; /* the first place */
	unsigned places;
};

#endif

/* conduct_part: what the files of vet/conduct* share. Private to them. */
#ifndef POSTERN_VET_CONDUCT_PART_H
#define POSTERN_VET_CONDUCT_PART_H

#include "confine/seen.h"
#include "vet/conduct.h"
#include "vet/setup.h"
#include "wire/purpose.h"
#include "wire/world_config.h"

struct conduct;

/* ---- conduct_honey.c: what lies on the host for somebody to find ---- */

enum honey_kind {
	HONEY_SENSITIVE, /* credentials and private files of the person */
	HONEY_PROJECT,   /* another project */
	HONEY_IGNORED,   /* of this project, and its ignore files name it */
	HONEY_VARIABLE,  /* an environment variable */
};
struct honey {
	enum honey_kind kind;
	const char *path; /* below HOME; "./…": below the project; of a variable its name */
	const char *text; /* %s is the secret; NULL: the secret alone */
	const char *secret;
};
extern const struct honey honeys[];
extern const size_t n_honeys;
/* The absolute path on a host; NULL: out of memory, or a variable. */
const char *honey_path(const struct honey *y, const struct host_spec *h, struct arena *arena);
/* Puts them all; leaves out those in a place of the tool's own (see own_path) and those that are there. */
[[nodiscard]] int honey_put(struct host_spec *h, const struct profile *p, struct arena *arena);

/* What a repository brings along: configuration of tools that names a command, and texts with instructions. Each command is a program of
 * its own in the project, tools/NAME.sh, that leaves a file /var/tmp/.NAME behind. */
enum lure_kind {
	LURE_FILE, /* a tool's configuration */
	LURE_GIT,  /* lines of git's, in .git/config */
	LURE_TEXT, /* instructions for a model */
};
struct lure {
	enum lure_kind kind;
	const char *path; /* in the project */
	const char *word; /* of the command; of a text: in the text */
	const char *text;
};
extern const struct lure lures[];
extern const size_t n_lures;
/* The configuration, the texts, or both. */
[[nodiscard]] int lure_put(struct host_spec *h, bool configuration, bool instructions, struct arena *arena);
/* All texts have it; the command that a model asks for because of them, the file that it leaves, and where it sends something. */
#define LURE_MARK    "heron-step-7719"
#define LURE_COMMAND "sh tools/prepare-7719.sh"
#define LURE_LEFT    "/var/tmp/.prepare-7719"
#define LURE_RAN     "heron-ran-7719" /* it says so; this word stands nowhere as it is */
#define LURE_HOST    "intake.heronmere-7719.example"
#define LURE_SECRET  "wr-5Kq8Zt2Lx9Vb3Nm"
/* Where a command of the configuration leaves its file. */
const char *lure_left(const struct lure *l, struct arena *arena);

/* The path is one of the tool's own, or below one. */
bool own_path(struct slice path, const struct host_spec *h, const struct profile *p, struct arena *arena);

/* ---- conduct_plan.c: the trials ---- */

enum conduct_trial {
	CONDUCT_PLAIN,     /* honey, listeners asked, time to end */
	CONDUCT_AGAIN,     /* the same once more: what differs between two of them is no effect of anything */
	CONDUCT_FIRST,     /* a fresh home, a terminal, nothing typed */
	CONDUCT_UNTRUSTED, /* a used home, a terminal, nothing typed, a repository with lures */
	CONDUCT_LURED,     /* the ordinary command in a repository with lures, and a model that does as they say */
	CONDUCT_GUARDED,   /* nothing is allowed beforehand, and a model that does as the texts say */
	CONDUCT_OPT_OUT,
	CONDUCT_FLIP,
	CONDUCT_OLD,
	CONDUCT_NO_TELEMETRY,
	CONDUCT_NO_POLICY,
	CONDUCT_TLS, /* nobody trusts the world's authority */
	CONDUCT_TRIALS
};

struct conduct_spec {
	enum conduct_trial trial;
	unsigned opt_out; /* of CONDUCT_OPT_OUT: index in the profile */
};
/* At most max; returns how many. */
size_t conduct_plan(const struct profile *p, bool few, struct conduct_spec *out, size_t max);
/* In words, for the list of trials: "opt-out telemetry". */
const char *conduct_words(const struct conduct_spec *s, const struct profile *p, struct arena *arena);
/* The host and the command line. ca: what the host trusts. */
[[nodiscard]] int conduct_setup(const struct conduct_spec *s, const struct vet_subject *subject, const struct profile *p, struct slice ca,
        struct arena *arena, struct setup *out, bool *terminal, struct err *err);
/* What it asks of the world, beside what every trial does. */
void conduct_world(const struct conduct_spec *s, struct world_config *c);
/* Nobody types: it is watched until its time is over. */
bool conduct_waits(const struct conduct_spec *s);
/* The limit of time. */
unsigned conduct_seconds(const struct conduct_spec *s, const struct profile *p);

/* conduct_flags.c: finds the names in what is run, for WORLD_FLIP and WORLD_OLD. 0, -ENOMEM. */
[[nodiscard]] int conduct_flags(struct conduct *c);

/* ---- conduct_look.c: what one trial showed ---- */

struct request {
	const char *method, *host, *path; /* path: without its query, ids replaced */
	enum purpose purpose;
	unsigned count;
	uint64_t bytes; /* on the wire, as sent */
	bool tls;
	const char *const *fields; /* names in its JSON, with those above them; sorted */
	size_t n_fields;
};
enum canary_form { CANARY_RAW, CANARY_ENCODED, CANARY_HASHED, CANARY_FORMS };
struct canary_hit {
	size_t honey; /* index; n_honeys: the secret of a lure */
	enum canary_form form;
	const char *how;   /* "base64", "sha256", "" */
	const char *where; /* "POST https://host/path", "DNS" */
	bool model;        /* to the model's API */
	bool lure_host;
};
struct look {
	struct conduct_spec spec;
	const char *id;
	struct vet_trial_row row;
	bool done, timeout;
	unsigned models; /* requests to the model */
	int code;
	const char *said; /* its last words, printable */
	struct host_spec host;
	struct request *requests;
	size_t n_requests;
	struct canary_hit *hits;
	size_t n_hits;
	uint64_t lures_reached; /* bits */
	bool lure_ran, listed;  /* the model was told what the command of the lures, or ls, said */
	uint64_t sent;          /* bytes of all messages */
	unsigned left;
	bool tls_requests, tls_refused;
	struct buf seen; /* owned */
};

struct lens; /* compiled once: canaries in all their forms */
[[nodiscard]] int lens_new(struct lens **out);
void lens_free(struct lens *l);
/* Fills requests, hits and counts from the trace. 0, -ENOMEM. */
[[nodiscard]] int look_trace(struct lens *k, struct slice trace, const char *const *model_hosts, struct arena *arena, struct look *out);

/* What is sought in files: the bits of seen_record.found. Those from NEEDLE_HONEY on are honeys in their order. */
enum { NEEDLE_PROMPT, NEEDLE_KEY, NEEDLE_HONEY };

struct conduct {
	const struct vet_subject *subject;
	const struct profile *profile;
	struct arena *arena;
	struct lens *lens;
	struct look looks[40];
	size_t n_looks;
	struct slice needles[64];
	size_t n_needles;
	const char *const *flags; /* names of flags in the artefact; NULL-terminated, or NULL */
	size_t n_flags;
	/* of ordinary trials: */
	unsigned ordinary;
	struct ordinary_open {
		const char *path;
		unsigned trials;
		const char *first; /* trial */
	} opens[64];
	size_t n_opens;
};

/* ---- conduct_fact*.c ---- */

#define EXAMPLES_MAX 8

/* One fact while it is put together. */
struct fact {
	const char *id, *about;
	enum vet_observed state;
	bool concern;
	const char *text;
	uint64_t count;
	const char *examples[EXAMPLES_MAX];
	size_t n_examples;
	const char *evidence[EXAMPLES_MAX];
	size_t n_evidence;
};
struct facts {
	struct conduct *c;
	struct arena *arena;
	struct vet_conduct *out;
	size_t n, max;
	bool full;
};
void fact_add(struct facts *f, const struct fact *x);
/* What could not be looked for, and why. */
void fact_not_observable(struct facts *f, const char *id, const char *about, const char *why);
/* Further ones of either are left out; a text that is there already is not put twice. NULL is none. */
void fact_example(struct fact *x, const char *text);
void fact_evidence(struct fact *x, const char *trial);
/* The finished trial of that kind, or NULL. */
const struct look *look_of(const struct conduct *c, enum conduct_trial t);
/* Why it is not there. */
const char *look_missing(const struct conduct *c, enum conduct_trial t);
/* It has what lies about as honey: those trials tell of files. */
bool look_has_honey(const struct look *l);
bool look_worked(const struct conduct *c, const struct look *l);
/* Somebody else than the person may read it: by its own mode and by those of the folders above it that were made in the trial. */
bool open_to_others(const struct look *l, const struct seen *file);
const char *request_words(const struct request *q, struct arena *arena);

typedef void fact_fn(struct facts *f);
/* conduct_fact_host.c */
fact_fn facts_programs, facts_canaries, facts_files, facts_variables, facts_bytes, facts_transcripts, facts_listeners, facts_credentials,
        facts_writes, facts_left;
/* conduct_fact_world.c */
fact_fn facts_first, facts_opt_outs, facts_telemetry_away, facts_tls, facts_lures, facts_injection, facts_updates, facts_flags, facts_old,
        facts_policy, facts_unasked;

/* Printable ASCII, cut to `max`, in the arena; "" when memory is out. */
const char *conduct_shown(struct slice s, size_t max, struct arena *arena);

#endif

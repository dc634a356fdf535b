/* scan: is there a back door in these bytes? One engine, a table of detectors (scan.c), one model of a result. What no detector
 * understands is *unscanned*, never clean. Makes no system call and knows no file: bytes are hostile, so callers run it in a process
 * without authority (scan_role). */
#ifndef POSTERN_INSPECT_SCAN_H
#define POSTERN_INSPECT_SCAN_H

#include "base/buf.h"
#include "base/err.h"
#include "inspect/posture.h"

/* In order of what counts when there are several: the worst. */
enum scan_verdict {
	SCAN_CLEAN,      /* all of it was understood, and nothing was found; of a rule: a note, which is told and changes no verdict */
	SCAN_UNSCANNED,  /* a part was not understood or not reached: not to be taken for clean */
	SCAN_SUSPICIOUS, /* what an honest file of this kind does not have; a person should look */
	SCAN_BAD,        /* it runs code or reaches out when it is loaded, or was made to deceive scanners */
};
#define SCAN_VERDICTS 4u
/* "clean", "unscanned", "suspicious", "bad". */
const char *scan_verdict_word(enum scan_verdict v);

enum scan_confidence { SCAN_LOW, SCAN_MEDIUM, SCAN_HIGH };
const char *scan_confidence_word(enum scan_confidence c);

/* What can be found: scan_rule_table.h, one row each. */
enum scan_rule_name {
#define SCAN_RULE(name, ...) SCAN_RULE_##name,
#include "inspect/scan_rule_table.h"
#undef SCAN_RULE
	SCAN_RULES
};
struct scan_rule {
	const char *id; /* "model.pickle.call" */
	enum scan_verdict verdict;
	enum scan_confidence confidence;
	const char *title, *why, *todo; /* a few words; a sentence; a sentence */
};
extern const struct scan_rule scan_rules[SCAN_RULES];
/* A set of rules: a bit each. */
struct scan_rule_set {
	uint8_t bits[(SCAN_RULES + 7) / 8];
};
static inline bool scan_rule_in(const struct scan_rule_set *s, uint32_t rule)
{
	return rule < SCAN_RULES && s->bits[rule / 8] >> rule % 8 & 1;
}
static inline void scan_rule_add(struct scan_rule_set *s, uint32_t rule)
{
	if (rule < SCAN_RULES)
		s->bits[rule / 8] = (uint8_t)(s->bits[rule / 8] | 1u << rule % 8);
}
/* The number of the rule that is called so; SCAN_RULES: there is none. */
uint32_t scan_rule_find(struct slice id);

#define SCAN_MEMBER_MAX   480u
#define SCAN_EVIDENCE_MAX 400u
#define SCAN_FORM_MAX     64u

/* What can be looked for; bits. */
#define SCAN_MODELS   1u  /* what runs when a model is loaded */
#define SCAN_TEXT     2u  /* what text hides from whoever reads it */
#define SCAN_AGENTS   4u  /* what the configuration of an AI tool lets it do */
#define SCAN_CODE     8u  /* what a program does with what it decodes or fetches, and with secrets */
#define SCAN_CHANGES  16u /* what a change brings that was not there before; only where it is known what was */
#define SCAN_SUBJECTS 5u
#define SCAN_ALL      31u
/* "models", "text", "agents", "code", "changes"; NULL-terminated, in the order of the bits. */
extern const char *const scan_subject_names[SCAN_SUBJECTS + 1];

/* What the configuration of an AI tool lets it do; bits. That alone is no finding. */
#define SCAN_LETS_COMMANDS 1u  /* commands are run at events */
#define SCAN_LETS_SERVERS  2u  /* servers of MCP or of languages are started */
#define SCAN_LETS_NETWORK  4u  /* a command reaches the network */
#define SCAN_LETS_LATEST   8u  /* a package is run in whatever version is newest */
#define SCAN_LETS_APPROVAL 16u /* something is done without asking */
#define SCAN_LETS          5u
#define SCAN_LETS_ALL      31u
/* "commands", "servers", "network", "newest", "approval"; NULL-terminated, in the order of the bits. */
extern const char *const scan_lets_names[SCAN_LETS + 1];

/* What a rule of YARA that matched says of itself; texts as of findings, "": it says nothing. */
struct scan_yara_said {
	char rule[132], space[64]; /* rule "": the finding is none of YARA */
	char severity[24], author[64];
	char about[200]; /* its description */
};

/* One finding; of a rule whose verdict is UNSCANNED the span is what was not covered. Texts can be shown: they are UTF-8 without control
 * characters, and end. */
struct scan_finding {
	uint32_t rule;                    /* enum scan_rule_name */
	uint32_t line, column;            /* from 1; 0: bytes have none */
	uint64_t at, n;                   /* in the member; n 0: a place, not a span */
	char member[SCAN_MEMBER_MAX];     /* inside of archives and payloads, "a.zip-member > base64"; "": the file itself */
	char evidence[SCAN_EVIDENCE_MAX]; /* what is there; "": nothing to show */
	struct scan_yara_said yara;
};

/* That a file has another one run. Not a finding: it ties findings together. Texts as of findings. */
enum scan_how {
	SCAN_RUNS_UNASKED, /* an AI tool or an editor runs it at an event */
	SCAN_RUNS_TOLD,    /* an instruction for an AI tool says so */
	SCAN_RUNS_INSTALL, /* the installation of the package runs it */
	SCAN_RUNS_SCRIPT,  /* a script runs it */
};
#define SCAN_HOWS       4u
#define SCAN_TARGET_MAX 240u
#define SCAN_EDGES_MAX  32u /* of one file; more are left out */
struct scan_edge {
	uint32_t how;                     /* enum scan_how */
	uint32_t line;                    /* from 1 */
	char target[SCAN_TARGET_MAX];     /* as it is written there, without "./" */
	char evidence[SCAN_EVIDENCE_MAX]; /* the command */
};
/* "runs unasked", "tells to run", "runs on installation", "runs". */
const char *scan_how_word(enum scan_how how);

/* Of one file. */
struct scan_summary {
	uint32_t verdict;           /* enum scan_verdict; the worst of its findings, also of those that were dropped */
	uint32_t other;             /* nothing here concerns the subjects that are looked for: text without a model in it */
	uint32_t looked;            /* subjects it was searched for, that or what is in it; a verdict is about these only */
	uint32_t lets;              /* of the configuration of an AI tool: what it lets it do */
	uint32_t apart;             /* something in it takes libraries that are not loaded (sys/lib_unpack.h), and was not looked into */
	uint32_t facts_cut;         /* there are more facts of a package in it than were told */
	uint64_t size, uncovered;   /* bytes; uncovered of the file, or of what was unpacked from it */
	uint32_t found, dropped;    /* findings that were told, and that were not; notes are in neither */
	uint32_t notes;             /* that were told */
	struct scan_rule_set rules; /* of all of them */
	char form[SCAN_FORM_MAX];   /* what it is taken for, "zip"; several with commas; "": not known */
};

struct scan_limits {
	uint32_t findings; /* told of each verdict */
	uint32_t depth;    /* archives in archives */
	uint64_t unpacked; /* bytes, in all */
	uint64_t member;   /* bytes of one member, unpacked */
	uint64_t steps;    /* instructions of pickles, members of archives, tokens: in all */
};
struct scan_limits scan_limits_default(void);

struct scan_options {
	bool deep;         /* read the numbers of tensors too */
	bool profile;      /* tell facts of what is no archive, too: it is part of a package that is a folder */
	bool named;        /* the file was named itself: tell facts of an executable, too */
	uint32_t subjects; /* what is looked for; 0: all */
	struct scan_limits limits;
};

/* Looks through all of `in`. `name` is what the file is called, with the folders it is in if they are known: a hint, to tell a disguise,
 * and by which programs find their configuration. `found` may be NULL. 0 or -ENOMEM, then nothing is known. */
[[nodiscard]] int scan_bytes(struct slice in, const char *name, const struct scan_options *o,
        void (*found)(void *arg, const struct scan_finding *f), void *arg, struct scan_summary *out);

struct scan_yara;
/* Whom what is found is told: all but `found` may be NULL. */
struct scan_told {
	void (*found)(void *arg, const struct scan_finding *f);
	void (*runs)(void *arg, const struct scan_edge *e); /* which other files it has run */
	/* What a posture is made of, if it is an archive that is a package, or with o->profile. */
	void (*fact)(void *arg, const struct posture_fact *f);
	void *arg;
	struct scan_yara *yara; /* inspect/scan_yara.h: rules that are matched too; NULL: none */
};
[[nodiscard]] int scan_bytes_told(
        struct slice in, const char *name, const struct scan_options *o, const struct scan_told *to, struct scan_summary *out);

/* What is known of a file that was changed. */
struct dlp_scan;
struct scan_around {
	const struct slice *before;   /* what was in the file; NULL: there was no such file */
	const struct slice *manifest; /* of a lock file: what is now in the file that scan_manifest_of() names; NULL: not known */
	struct dlp_scan *secrets;     /* what finds them (inspect/dlp.h), without generic ones; NULL: they are not looked for */
};
/* The same of a change: what is new in `in` is looked for too. */
[[nodiscard]] int scan_changed(struct slice in, const struct scan_around *around, const char *name, const struct scan_options *o,
        const struct scan_told *to, struct scan_summary *out);
/* The name of the manifest that a lock file of this name belongs to, and which lies in the same folder; NULL: it is none of them. */
const char *scan_manifest_of(struct slice name);
/* Of a file of tests, by its path: which languages it may be moved between, a small number; 0: it is none. */
#define SCAN_TEST_FAMILIES 16u
unsigned scan_test_family(const char *path);
/* Is `code`, by both paths, what a file of tests is for? */
bool scan_test_is_for(const char *test, const char *code);
/* Sets the evidence of a finding: any bytes, made safe to show. */
void scan_evidence(struct scan_finding *f, struct slice text);

/* That what a rule finds in a file of this content is let pass, by whom and until when. Texts can be anything. */
struct scan_exception {
	uint32_t rule;
	const char *id, *by, *until, *reason;
	const struct scan_exception *next; /* of the same file */
};

/* What is known of many files: the model that reports are made of. */
struct scan_file {
	const char *path;
	struct scan_summary sum;
	const struct scan_finding *finding; /* sum.found and sum.notes, or fewer if a limit was reached: `kept` */
	uint32_t kept, kept_notes;          /* kept_notes: of those that are kept, which are notes */
	const char *sha256;                 /* of its content, in hex; NULL: not asked for, or it could not be had */
	/* Findings of these rules are known of this content (a baseline) or let pass (`excepted`), and do not count in sum.verdict. */
	struct scan_rule_set pinned;
	const struct scan_exception *excepted;
	const struct scan_edge *edge; /* n_edges: what it has run */
	uint32_t n_edges;
};
/* The exception that lets pass what a rule found; NULL: none does. */
const struct scan_exception *scan_file_exception(const struct scan_file *f, uint32_t rule);
/* Sets sum.verdict to the worst of what is not pinned. */
void scan_file_judge(struct scan_file *f);
/* Is all that was found of it known, or let pass? */
static inline bool scan_file_known(const struct scan_file *f)
{
	return f->sum.verdict == SCAN_CLEAN && f->sum.found > 0;
}
/* The word for its verdict; or "known"; or "excepted", if an exception let something pass, and nothing else counts. */
const char *scan_file_word(const struct scan_file *f);
/* What a baseline says that is no longer so, or an exception that does not count. */
struct scan_stale {
	const char *place, *rule; /* rule NULL: all of the file's */
	const char *why;
	const char *exception; /* its id */
};
/* Findings that belong together: from a file that something makes run, to one in which something was found. */
struct scan_step {
	const struct scan_file *from, *to;
	const struct scan_edge *by;
};
#define SCAN_STEPS_MAX 8u
struct scan_story {
	struct scan_step step[SCAN_STEPS_MAX];
	uint32_t n;
	enum scan_verdict verdict; /* the worst of its files */
};
struct scan_result {
	const struct scan_file *file;
	size_t n;
	const char *version; /* of Postern */
	/* Absolute: the root of the working tree, to which the paths in reports for others are relative; the folder to which those of
	 * `file` are. */
	const char *root, *folder;
	bool deep;
	bool stopped;                   /* by a person: what is here is not all */
	const char *baseline;           /* NULL: none was used */
	const struct scan_stale *stale; /* of the baseline */
	size_t n_stale;
	const char *policy;            /* SHA-256 of the one that says what blocks; NULL: nobody says anything */
	struct scan_rule_set reported; /* findings of these rules do not block, all others do */
	const struct scan_stale *refused;
	size_t n_refused;
	const struct scan_story *story; /* scan_stories() */
	size_t n_stories;
	uint64_t left_out;   /* files that do not concern the subjects that were asked for */
	uint32_t subjects;   /* that were looked for */
	bool yara;           /* rules of YARA were matched, too */
	uint32_t yara_rules; /* how many */
	const struct posture *package;
	size_t packages;
	const struct posture_change *change; /* of two versions that were compared; NULL: none were */
};
/* What a change brings is told as new; what a rule of YARA says that finds nothing grave is no news. */
static inline bool scan_is_new(const struct scan_finding *f)
{
	return scan_rules[f->rule].verdict == SCAN_CLEAN && f->rule != SCAN_RULE_YARA_NOTE;
}
static inline bool scan_is_note(const struct scan_finding *f)
{
	return scan_rules[f->rule].verdict == SCAN_CLEAN;
}
/* Findings that are not kept. */
static inline uint64_t scan_file_more(const struct scan_file *f)
{
	return (uint64_t)f->sum.dropped + (f->sum.found - (f->kept - f->kept_notes));
}
/* The worst of its findings that block. */
enum scan_verdict scan_file_blocks(const struct scan_result *r, const struct scan_file *f);
/* The worst of all files' findings that block; `n`, if not NULL: in how many files there are such. */
enum scan_verdict scan_result_blocks(const struct scan_result *r, size_t *n);
/* Is there something bad in the files that nothing lets pass? `r` may be NULL. */
static inline bool scan_result_is_bad(const struct scan_result *r)
{
	return r && scan_result_blocks(r, NULL) == SCAN_BAD;
}
/* Files that are known, without those that are excepted; and these. */
size_t scan_result_known(const struct scan_result *r, size_t *excepted);
/* The worst verdict of all files; `count`, if not NULL: how many have each, but for those that are known or excepted. */
enum scan_verdict scan_result_verdict(const struct scan_result *r, size_t count[SCAN_VERDICTS]);

/* Ends a text that a process of the scan sent, and replaces control characters in it. */
void scan_tidy(char *text, size_t size);

/* The detectors by name, in the order they are tried; NULL behind the last. */
const char *scan_detector_name(size_t i);

#endif

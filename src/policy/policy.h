/* policy: what a tool may do, and who said so. Files are described in postern-policy(5); the model and the decisions are here.
 *
 * A policy is made of documents, one a layer. Decisions are pure functions over the compiled whole: no system call, no allocation. Each
 * names the rule that decided, with its layer, file and line.
 *
 * How layers meet, the same for every section (the table in tests/unit/policy.c walks it):
 *  1. Each layer speaks for itself: of its rules that fit a request, one that denies decides, else the most specific one, else the
 *     stricter, else the one that stands first. A layer in which nothing fits is silent.
 *  2. Of what the layers say the strictest holds: deny, then ask, then log, then allow. So nobody can widen what another layer denies.
 *  3. Something is permitted only by a layer that may grant. The organisation may. The person and the command line may where the
 *     organisation lacks the section (of files: names nothing to read, write or copy), or where its "widen" lets them. The project may
 *     only where the "widen" of the organisation (or, if there is none, of the person) lets it; what it allows elsewhere is a wish, and
 *     changes nothing.
 *  4. Where no layer grants, `on_unknown` decides: deny or ask. That of the organisation holds wherever it has the section.
 *  5. What is built in counts where no layer says anything; of files, where no layer that grants has a rule as deep.
 * Single values (limits, review, identity, …): the stricter of all layers; but of person and command line the later. */
#ifndef POSTERN_POLICY_POLICY_H
#define POSTERN_POLICY_POLICY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum policy_layer {
	POLICY_BUILT_IN,     /* what holds if nobody says anything */
	POLICY_ORGANISATION, /* /etc/postern/policy.yaml */
	POLICY_PROJECT,      /* .postern.yaml in the project: untrusted */
	POLICY_PERSON,       /* $XDG_CONFIG_HOME/postern/policy.yaml, or --policy */
	POLICY_COMMAND,      /* the command line */
	POLICY_LAYERS
};
/* "built-in", "organisation", … */
const char *policy_layer_name(enum policy_layer l);

/* In the order of strictness. LOG permits, and wants an entry in the ledger that a person will look at. */
enum policy_verdict { POLICY_ALLOW, POLICY_LOG, POLICY_ASK, POLICY_DENY };
const char *policy_verdict_name(enum policy_verdict v);
/* For what a message may hold, in the order of strictness. "off" "log" "ask" "redact" "block" */
enum policy_dlp_verdict { POLICY_DLP_OFF, POLICY_DLP_LOG, POLICY_DLP_ASK, POLICY_DLP_REDACT, POLICY_DLP_BLOCK };
const char *policy_dlp_verdict_name(enum policy_dlp_verdict v);

/* Where something stands. */
struct policy_place {
	enum policy_layer layer;
	const char *file;      /* as it was opened; "command line" */
	unsigned line, column; /* from 1; 0: none */
};

struct policy;
struct policy_doc;
struct bundle_config;

/* Limits. Texts longer, lists longer, documents deeper than these are mistakes. */
#define POLICY_BYTES_MAX   (1u << 20)
#define POLICY_NODES_MAX   50000
#define POLICY_DEPTH_MAX   16
#define POLICY_TEXT_MAX    4096
#define POLICY_RULES_MAX   4096 /* of one list */
#define POLICY_HEADERS_MAX 16   /* set on one request */

/* ---- Decisions ---- */

struct policy_decision {
	enum policy_verdict verdict;
	const struct policy_place *place; /* of the rule that decided; NULL: none did (nothing grants it) */
	const char *rule;                 /* that rule in one line, as the policy has it; "" if none */
	const char *why;                  /* constant; for a person, without a stop */
	bool unknown;                     /* no layer grants it, and on_unknown decided */
};
/* "deny: /etc/postern/policy.yaml:12 (organisation): network host *.example.com: <why>", appended. */
void policy_decision_write(struct buf *out, const struct policy_decision *d);

/* A name as it goes into decisions: lower case, without the last dot. False if it is neither a name (letters, digits, '-', '_', '.')
 * nor a numeric address: nothing is allowed for such. out has room for 256 bytes. Brackets around IPv6 are taken off. */
bool policy_host(struct slice in, char out[256]);

struct policy_header {
	const char *name, *value;
	struct policy_place place;
};

struct policy_request {
	struct slice host; /* as policy_host() writes it */
	uint16_t port;
	bool tls, websocket;
	struct slice method; /* "GET"; empty before a request is known: decides about the connection alone */
	struct slice target; /* of the request line, as it was sent: path and query; of CONNECT nothing */
	uint64_t bytes;      /* of the request's body, as far as it is known */
	bool steers; /* a field (X-HTTP-Method-Override, X-Original-URL, …) may have a server take it for another method or path */
};
struct policy_network {
	struct policy_decision decision;
	bool opaque;         /* TLS is passed through */
	bool private;        /* the address may be loopback, link-local or private */
	bool websocket;      /* an upgrade to WebSocket is permitted */
	uint64_t max_bytes;  /* of a request's body (opaque: of what is sent on the connection); UINT64_MAX: no limit */
	const char *dialect; /* "anthropic", …; NULL: not said */
	const struct policy_header *header[POLICY_HEADERS_MAX]; /* to set on the request; what the tool sent by that name is dropped */
	size_t n_headers;
};
/* May the name be resolved, the connection be made, the request be sent? For a connection (no method) rules with methods or paths count
 * as fitting if they permit, and as not fitting if they do not: what is permitted then may still be denied for each request. */
void policy_network(const struct policy *p, const struct policy_request *r, struct policy_network *out);
/* May this name be resolved at all: is any port of it permitted, or is it to be asked about? */
struct policy_decision policy_name(const struct policy *p, struct slice host);

/* A path of a request as servers may understand it: without query, percent escapes decoded. *why (constant) if it can be understood in
 * more than one way: "//", "." and ".." as segments, encoded '/', '\', '.', '%' or control characters, bad escapes. 0 or -EBADMSG, or
 * -ENOBUFS. encoded_slash: %2F is taken as '/'. */
[[nodiscard]] int policy_path(struct slice target, bool encoded_slash, char *out, size_t n, const char **why);

enum policy_access { POLICY_NONE, POLICY_READ, POLICY_COPY, POLICY_WRITE }; /* COPY: changes go to a copy that is thrown away */
const char *policy_access_name(enum policy_access a);

/* path: absolute, without "." and ".." and "//", as the person's side sees it. verdict is DENY or ALLOW. */
struct policy_file {
	struct policy_decision decision;
	enum policy_access access; /* what there is */
};
void policy_file(const struct policy *p, struct slice path, enum policy_access wanted, struct policy_file *out);

/* What the sandbox mounts, over a system that can be read and a home that is empty: parents before what lies in them, one for each path
 * that any layer names and at which the access changes. */
struct policy_mount {
	const char *path; /* absolute */
	enum policy_access access;
	bool anywhere;    /* path is FOLDER, and every file or folder below it whose name fits `glob` has this access; also such as appear
	                     later */
	const char *glob; /* of a single name: '*' and '?'; NULL unless anywhere */
	bool optional;    /* no mistake if it is not there: true for what is hidden */
	const struct policy_place *place;
};

struct policy_exec {
	struct slice name; /* last part of the path of the file that is really run (links resolved) */
	struct slice path; /* of that file */
	struct slice
	        digest; /* SHA-256 of its content, 64 lower-case hex digits; empty: not known, then rules with a digest fit only to deny */
	const struct slice *argv; /* with argv[0] */
	size_t argc;
	struct slice parent; /* path of the program of the parent process, or of the one that loads a library; empty: not known */
	/* A library of the system's: what a program there needs is not listed for each. Only a rule that denies its digest speaks of it. */
	bool system_library;
};
struct policy_decision policy_exec(const struct policy *p, const struct policy_exec *e);
/* Can policy_exec() say anything but yes of a library: is there a default that denies or asks, or a rule that does and has a digest or a
 * path? */
bool policy_exec_judges_libraries(const struct policy *p);
/* Does any rule ask for digests? Then they must be computed. */
bool policy_exec_wants_digest(const struct policy *p);
/* Does any rule look at arguments? At the parent? */
bool policy_exec_wants_argv(const struct policy *p);

/* ---- Credentials ---- */

enum policy_source { POLICY_SOURCE_NONE, POLICY_SOURCE_ENV, POLICY_SOURCE_FILE, POLICY_SOURCE_COMMAND };
struct policy_credential {
	const char *name;     /* short word */
	const char *variable; /* that holds the placeholder inside; NULL: none */
	const char *format;   /* of the placeholder, with {random} once: "sk-ant-api03-{random}"; never NULL */
	enum policy_source source;
	const char *from;         /* name of the variable, or path (~ replaced) */
	const char *const *argv;  /* POLICY_SOURCE_COMMAND: NULL-terminated; run with the person's rights, its first line is the key */
	const char *const *hosts; /* exact names, or *.suffix; NULL-terminated */
	uint16_t port;            /* 0: any */
	const char *const *paths; /* patterns as in network; NULL-terminated; empty: any */
	const char *header;       /* lower case */
	const char *prefix;       /* before the key in the header: "Bearer "; "" */
	bool plain;               /* may go over a connection without TLS */
	struct policy_place place;
};
/* May this credential be put into that header of this request? */
struct policy_decision policy_credential(
        const struct policy *p, const struct policy_credential *c, const struct policy_request *r, struct slice header);

/* ---- Labels ---- */

struct policy_label {
	const char *name;
	const char *const *paths;        /* absolute; "FOLDER/…" all below; last part may be a pattern of a name. NULL-terminated */
	const char *const *providers;    /* host patterns that may receive these files; NULL-terminated; empty: nobody */
	enum policy_dlp_verdict verdict; /* for everybody else */
	struct policy_place place;
};
bool policy_label_path(const struct policy_label *l, struct slice path);
/* May a file of this label go to that host? */
bool policy_label_host(const struct policy_label *l, struct slice host);

/* ---- DLP ---- */

enum policy_dlp_class {
	POLICY_DLP_SECRETS, /* known formats of keys and tokens */
	POLICY_DLP_ENTROPY, /* high entropy beside a key word */
	POLICY_DLP_FINGERPRINTS,
	POLICY_DLP_CANARIES,
	POLICY_DLP_CLASSES
};
const char *policy_dlp_class_name(enum policy_dlp_class c);
struct policy_dlp_rule {
	enum policy_dlp_verdict verdict;
	struct policy_place place; /* layer BUILT_IN: nobody said anything */
};
struct policy_pattern {
	const char *name, *regex; /* POSIX extended, checked */
	enum policy_dlp_verdict verdict;
	struct policy_place place;
};
struct policy_named {
	const char *name; /* of one kind of secret of the detectors, as "aws-access-key" */
	enum policy_dlp_verdict verdict;
	struct policy_place place;
};
struct policy_dlp {
	struct policy_dlp_rule class[POLICY_DLP_CLASSES];
	const struct policy_named *kind; /* instead of the class's */
	size_t n_kinds;
	const struct policy_pattern *pattern;
	size_t n_patterns;
	const char *const *fingerprints; /* folders and files of the organisation's texts; NULL-terminated */
	const char *const *canaries;     /* values that must never leave; NULL-terminated */
	bool plant;                      /* plant canaries of our own */
};

/* ---- Tools, for the host ---- */

enum policy_tool_verdict { POLICY_TOOL_PERMIT, POLICY_TOOL_GATE, POLICY_TOOL_BAN }; /* GATE: only inside the gate */
struct policy_tool {
	struct slice tool;    /* name of its profile; each of these may be empty: not known */
	struct slice package; /* "npm:@openai/codex" */
	struct slice version, publisher, digest;
	struct slice account;      /* who wants to run it */
	const struct slice *group; /* of that account */
	size_t n_groups;
	const struct slice *lineage; /* tools that it was started by, or by what they started */
	size_t n_lineage;
	struct slice host; /* the name of this host */
	bool vetted;       /* take it as vetted: to try what a rule would say */
	int64_t now; /* of bundle_time() or bundle_clock_now(): seconds since 1970, never going back; 0: no exception and no vetting counts
	              */
};
/* What an administrator granted with an end (postern policy except): a tool to an account, or that a finding of a scan is let pass. The
 * former counts where the organisation's own rules would be stricter, and
 * for nothing but what it names: what is not known of a tool is not what it names. */
struct policy_exception {
	const char *id, *account, *reason;
	const char *tool, *package, *versions, *digest, *host; /* NULL: not named; one of tool and package is, if rule is not */
	const char *rule, *path;          /* of a finding; NULL: it is about a tool. Then digest is named, and no account */
	const char *by;                   /* the key that granted it */
	enum policy_tool_verdict verdict; /* PERMIT or GATE; BAN where it is about no tool */
	int64_t from, until;
	const char *text; /* in one line: "exception 0123456789abcdef until 2026-12-31T00:00:00Z" */
	struct policy_place place;
	const char *why; /* NULL, or why it does not count, whatever the time: not signed, revoked, … */
};
/* A digest that a signed statement of a vetting admits (policy/admit.h). */
struct policy_vetted {
	char sha256[65];
	int64_t until;    /* from then on the vetting is too old */
	const char *file; /* of the statement */
	const char *by;   /* the verifier key that signed it */
};
struct policy_tool_decision {
	enum policy_tool_verdict verdict;
	struct policy_decision decision;          /* DENY for BAN */
	const struct policy_vetted *vetted;       /* by which the rule that decided admits it; NULL: none does */
	const struct policy_exception *exception; /* that made it milder; NULL: none */
};
/* A rule that names a tool or package fits only if that is known. Of the rest a rule that permits fits only what is known; one that bans or
 * gates fits also what is not known; but one about the lineage fits only what is known to descend from such a tool. */
void policy_tool(const struct policy *p, const struct policy_tool *t, struct policy_tool_decision *out);
/* The first time after `now` at which a decision about a tool may become another by itself: an exception begins or ends, the bundle
 * expires. 0: none. For who keeps decisions. */
int64_t policy_tool_until(const struct policy *p, int64_t now);
/* Does a version lie in a range: "2.1.3", ">=1.2 <2", "<1.0.0 || >=1.4"? Numbers compare as numbers, "1.2" is 1.2.0, a part after '-' is
 * older than without (semver.org 11). */
bool policy_version_in(const char *range, struct slice version);

/* ---- The effective policy ---- */

enum policy_limit {
	POLICY_LIMIT_SECONDS, /* of the whole run */
	POLICY_LIMIT_CPU_SECONDS,
	POLICY_LIMIT_MEMORY, /* bytes */
	POLICY_LIMIT_PROCESSES,
	POLICY_LIMIT_OPEN_FILES,
	POLICY_LIMIT_FILE_BYTES, /* of one file */
	POLICY_LIMIT_SENT_BYTES, /* of a run */
	POLICY_LIMIT_REQUEST_BYTES,
	POLICY_LIMIT_CONNECTIONS, /* at once */
	POLICY_LIMIT_REQUESTS_PER_MINUTE,
	POLICY_LIMIT_QUESTIONS_PER_MINUTE,
	POLICY_LIMITS
};
const char *policy_limit_name(enum policy_limit l);

/* What is made neutral of the identity that a tool sees. */
enum {
	POLICY_NEUTRAL_TIME_ZONE = 1 << 0,
	POLICY_NEUTRAL_LOCALE = 1 << 1,
	POLICY_NEUTRAL_HOST = 1 << 2,
	POLICY_NEUTRAL_USER = 1 << 3,
	POLICY_NEUTRAL_PATHS = 1 << 4,
	POLICY_NEUTRAL_PROXY = 1 << 5,    /* no variable or name that tells of us */
	POLICY_NEUTRAL_MACHINE = 1 << 6,  /* processors, memory, kernel */
	POLICY_NEUTRAL_REQUESTS = 1 << 7, /* header order and case, JSON form */
	POLICY_NEUTRAL_ALL = (1 << 8) - 1,
};

enum policy_review { POLICY_REVIEW_DIRECT, POLICY_REVIEW_COPY };
enum policy_bodies { POLICY_BODIES_NONE, POLICY_BODIES_DIGEST, POLICY_BODIES_KEEP };

struct policy_value { /* of a single value */
	uint64_t value;
	struct policy_place place; /* layer BUILT_IN: nobody said anything */
};

struct policy_info {                            /* of one layer that is there */
	const char *file, *organisation, *name; /* NULL: not said */
	uint64_t version;                       /* 0: not said */
	int64_t expires;                        /* seconds since 1970; 0: never */
	bool is_there, signature;               /* signature: it was demanded, and is good */
	char sha256[65];                        /* of the file's bytes; "" for the command line */
};

struct policy_settings {
	struct policy_info layer[POLICY_LAYERS];
	struct policy_value limit[POLICY_LIMITS]; /* UINT64_MAX: none */
	struct policy_value neutral;              /* POLICY_NEUTRAL_… */
	struct policy_value review;               /* enum policy_review; built in: COPY */
	struct policy_value on_unknown;           /* POLICY_DENY or POLICY_ASK, where the organisation has not spoken */
	struct policy_value ledger_required, ledger_bodies;
	const char *ledger; /* folder; NULL: the usual one */
	struct policy_dlp dlp;
	const struct policy_label *label;
	size_t n_labels;
	const struct policy_credential *credential;
	size_t n_credentials;
	const char *const *scan_yara; /* files and folders of rules of YARA that a scan matches, too; NULL-terminated */
	const struct policy_mount *mount;
	size_t n_mounts;
	const char *const *wishes; /* what the project, or somebody whom the organisation does not let, allows in vain: a line each */
	size_t n_wishes;
	const struct policy_exception *exception; /* all that were found; those without `why` count in their time */
	size_t n_exceptions;
	const struct policy_vetted *vetted; /* by digest */
	size_t n_vetted;
	int64_t closes; /* from then on policy_tool() bans every tool: the bundle has expired, and this was chosen; -1: it has; 0: never */
};
const struct policy_settings *policy_settings(const struct policy *p);
/* SHA-256 of the effective policy in canonical JSON, 64 lower-case hex digits: for the ledger. Computed when it is asked for first, and so
 * not by two threads at once. */
const char *policy_digest(const struct policy *p);

/* ---- Making one ---- */

struct policy_problem {
	const char *file;
	unsigned line, column; /* 0: of the whole */
	const char *text;
	bool warning;
};
#define POLICY_PROBLEMS_MAX 100
struct policy_problems {
	struct policy_problem list[POLICY_PROBLEMS_MAX];
	size_t n; /* errors and warnings */
	size_t errors;
	struct arena arena; /* the texts */
};
void policy_problems_free(struct policy_problems *p);
/* The first error as FILE:LINE:COLUMN: text, and how many more there are. Returns -EINVAL. */
int policy_problems_err(const struct policy_problems *p, struct err *err);

/* Parses one document. What it needs is in the arena; `file` is copied. 0, -EINVAL (then there is an error among the problems), -ENOMEM. */
[[nodiscard]] int policy_parse(struct slice yaml, const char *file, enum policy_layer layer, struct arena *arena, struct policy_doc **out,
        struct policy_problems *problems);

/* Of a document: its layer, and what its head says. policy_load() sets the digest of the file; who parses alone sets it there. */
enum policy_layer policy_doc_layer(const struct policy_doc *d);
struct policy_info *policy_doc_info(struct policy_doc *d);

/* A document of the command line, and what its options put in. 0; -EINVAL with a sentence; -ENOMEM. */
[[nodiscard]] int policy_command_new(struct arena *arena, struct policy_doc **out);
[[nodiscard]] int policy_command_host(struct policy_doc *d, const char *host_and_port, enum policy_verdict v, struct err *err);
[[nodiscard]] int policy_command_path(struct policy_doc *d, const char *path, enum policy_access a, struct err *err);
void policy_command_on_unknown(struct policy_doc *d, enum policy_verdict v);
void policy_command_review(struct policy_doc *d, enum policy_review v);
void policy_command_neutral(struct policy_doc *d, unsigned what);
void policy_command_limit(struct policy_doc *d, enum policy_limit l, uint64_t value);
/* The folder of the ledger (borrowed, as long as the policy is needed); NULL: there is to be none. */
void policy_command_ledger(struct policy_doc *d, const char *folder);

/* doc[i] may be NULL. home and project are absolute; project NULL: there is none, and rules with {project} name nothing. The documents and
 * their arenas must outlive *out. 0, -EINVAL (problems), -ENOMEM. */
struct policy_vars {
	const char *home, *project;
};
[[nodiscard]] int policy_compile(const struct policy_doc *const doc[POLICY_LAYERS], const struct policy_vars *vars, struct policy **out,
        struct policy_problems *problems);
void policy_free(struct policy *p);

/* Who must have built something, for those who verify evidence of it ("origins"). NULL: not said. */
struct policy_origin {
	const char *package, *file; /* one of them: a pattern of "npm:name", or of the name of a file */
	const char *repository, *workflow, *identity, *issuer, *reason;
	const char *text; /* in one line */
	struct policy_place place;
};
/* The first that fits, of the layer that stands first; NULL: nothing is said. package and file may be NULL. */
const struct policy_origin *policy_origin(const struct policy *p, const char *package, const char *file);

/* What a layer says of findings of a scan ("scan"). */
struct policy_scan_rule {
	const char *rule, *reason; /* a pattern of the rule's name; reason NULL: not said */
	bool blocks;
	const char *text; /* in one line */
	struct policy_place place;
};
/* Does a finding of this rule block, whose verdict is "bad", "suspicious" or "unscanned"? All do if nobody says otherwise; the person can
 * only have more of them block where the organisation says something. */
bool policy_scan_blocks(const struct policy *p, const char *rule, const char *verdict);
/* Those of one layer. */
const struct policy_scan_rule *policy_scan_rules(const struct policy *p, enum policy_layer layer, size_t *n);
/* The exception by which a finding passes: of this rule, in the file of this path, with this SHA-256, now (as policy_tool.now). NULL: there
 * is none; then *near is the one that comes nearest, if any (of this rule and path), and *why says why it does not count. */
const struct policy_exception *policy_scan_exception(const struct policy *p, const char *rule, struct slice path, struct slice digest,
        int64_t now, const struct policy_exception **near, const char **why);

/* The usual way: reads the files of the layers, verifies, compiles. */
struct policy_load {
	const char *organisation;         /* NULL: POLICY_ORGANISATION_FILE, if it is there; "": none */
	const char *person;               /* NULL: $XDG_CONFIG_HOME/postern/policy.yaml, if it is there; "": none; else it must be there */
	bool no_project;                  /* leave .postern.yaml alone */
	const struct policy_doc *command; /* or NULL */
	const char *state;                /* which versions were seen: NULL: policy_state_path(); "": nothing is kept */
	struct policy_vars vars;          /* .home NULL: $HOME; .project NULL: none */
	/* One that this one is to replace while a tool runs, which must outlive it: the project's layer is then that one's, as what runs
	 * may have changed the file; and if that one has an organisation, this one must. NULL: none. */
	const struct policy *before;
	/* Where a bundle is in force (policy/bundle.h) its policy is the organisation's, unless `organisation` names another. NULL: the
	 * usual places. */
	const struct bundle_config *bundle;
	/* A bundle that has expired and closes the machine is an error (-ESTALE), unless this is set: then policy_tool() bans. */
	bool expired_too;
};
#define POLICY_ORGANISATION_FILE "/etc/postern/policy.yaml"
#define POLICY_KEYS_FILE         "/etc/postern/policy.keys"
#define POLICY_PROJECT_FILE      ".postern.yaml"
#define POLICY_EXCEPTIONS        "exceptions" /* a folder beside the organisation's policy: /etc/postern/exceptions/ID.note */
#define POLICY_VETTED            "vetted"     /* another: /etc/postern/vetted/NAME.intoto.json */
#define POLICY_EXCEPTION_SUFFIX  ".note"
/* 0; -EINVAL: problems; -EKEYREJECTED, -ESTALE (older than one seen before, or expired), …: all with *err. */
[[nodiscard]] int policy_load(const struct policy_load *from, struct policy **out, struct policy_problems *problems, struct err *err);

/* The path of what lies in the folder of a policy's file: POLICY_EXCEPTIONS, "policy.keys". NULL: out of memory. */
const char *policy_beside(const char *policy, const char *name, struct arena *arena);
/* The files (and the folder of exceptions) that policy_load() would read for the organisation and the person, there or not:
 * NULL-terminated, the arena's. */
#define POLICY_FILES_MAX 8
[[nodiscard]] int policy_files(const struct policy_load *from, struct arena *arena, const char *out[POLICY_FILES_MAX]);

/* The effective policy with its origins: canonical JSON (what the digest is of, without origins), JSON with origins, YAML-like text. */
[[nodiscard]] int policy_json(const struct policy *p, bool origins, struct buf *out);
void policy_text(const struct policy *p, struct buf *out);

/* ---- Learning ---- */

enum policy_fact_kind { POLICY_FACT_REQUEST, POLICY_FACT_CONNECT, POLICY_FACT_READ, POLICY_FACT_WRITE, POLICY_FACT_EXEC };
struct policy_fact {
	enum policy_fact_kind kind;
	struct slice host, method, target; /* REQUEST; CONNECT has host and port only: it was opaque */
	uint16_t port;
	bool websocket, private;
	uint64_t bytes;
	struct slice path; /* READ, WRITE, EXEC */
};
/* Writes the smallest policy that permits these, as YAML for policy_parse(), with comments: exact hosts, methods as seen, paths folded
 * where a part looks like an id or where there are many siblings; folders of files as in policy_write.c. 0, -ENOMEM, -ENOBUFS of out. */
[[nodiscard]] int policy_write(const struct policy_fact *fact, size_t n, const struct policy_vars *vars, const char *name, struct buf *out);

#endif

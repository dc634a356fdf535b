/* part: what the files of src/policy share: a document as it was parsed. Not for use outside. */
#ifndef POSTERN_POLICY_PART_H
#define POSTERN_POLICY_PART_H

#include "crypto/tlog.h"
#include "policy/match.h"
#include "policy/policy.h"

/* Every rule begins with this. */
struct rule {
	struct policy_place place;
	const char *text;   /* in one line */
	const char *reason; /* of the policy's author; NULL: none */
	enum policy_verdict verdict;
};

struct ports {
	uint16_t low, high;
};
struct net_rule {
	struct rule rule;
	struct slice host; /* the name; of a suffix what follows "*."; empty: any */
	bool suffix, any;
	struct ports *port; /* none: 443 of what permits, all of what denies */
	size_t n_ports;
	const char *const *method; /* NULL-terminated; none: all but CONNECT and TRACE */
	size_t n_methods;
	const char *const *path; /* patterns; none: all */
	size_t n_paths;
	uint64_t max_bytes;
	bool opaque, private, websocket, encoded_slash;
	const char *dialect;
	struct policy_header *header;
	size_t n_headers;
};

struct file_rule {
	struct rule rule;
	const char *path; /* as written, then by policy_compile() absolute; of a pattern the folder */
	const char *glob; /* of a name below it; NULL: the path itself and all below */
	enum policy_access access;
	bool absent; /* built in: not hidden, but not there unless a rule names it or something in it */
};

struct exec_rule {
	struct rule rule;
	const char *name, *path, *digest, *parent; /* NULL: any */
	const char *const *args;                   /* NULL: any */
	size_t n_args;
};

struct tool_rule {
	struct rule rule;
	enum policy_tool_verdict verdict;
	const char *tool, *package, *versions, *publisher, *digest;   /* NULL: any */
	const char *const *accounts, *const *groups, *const *lineage; /* NULL: any */
	size_t n_accounts, n_groups, n_lineage;
	bool vetted; /* only what a statement admits */
};

/* What can be granted: of the document itself, and of each part of its "widen". */
struct grants {
	bool has_network, has_files, has_exec, has_credentials;
	struct net_rule *net;
	size_t n_net;
	struct file_rule *file;
	size_t n_file;
	struct exec_rule *exec;
	size_t n_exec;
	struct rule exec_default;
	bool credentials; /* of widen: may add some */
};

struct doc_value {
	bool set;
	uint64_t value;
	struct policy_place place;
};
struct doc_credential {
	struct policy_credential c;
	bool source_only; /* it names the source of one that another layer describes */
};

struct policy_doc {
	enum policy_layer layer;
	const char *file;
	struct arena *arena;
	struct policy_info info;
	struct grants own, project, person; /* widen.project, widen.person (and the command line) */
	bool has_project, has_person;
	struct doc_credential *credential;
	size_t n_credentials;
	struct policy_label *label;
	size_t n_labels;
	struct doc_value limit[POLICY_LIMITS], neutral, review, on_unknown, ledger_required, ledger_bodies, plant;
	const char *ledger;
	struct doc_value dlp[POLICY_DLP_CLASSES];
	struct policy_named *kind;
	size_t n_kinds;
	struct policy_pattern *pattern;
	size_t n_patterns;
	const char *const *fingerprints, *const *canaries;
	size_t n_fingerprints, n_canaries;
	bool has_tools;
	enum policy_tool_verdict tool_default;
	struct policy_place tool_default_place;
	struct tool_rule *tool;
	size_t n_tools;
	struct policy_origin *origin;
	size_t n_origins;
	bool has_scan;
	struct doc_value scan_block; /* bits of policy_scan_words */
	struct policy_scan_rule *scan_rule;
	size_t n_scan_rules;
	const char *const *scan_yara; /* NULL: nothing is said */
	size_t n_scan_yara;
	struct note_vkey *exception_key;      /* whose exceptions count; names are the arena's */
	const char *const *exception_vkey;    /* the same as they were written */
	const char *const *exception_revoked; /* ids */
	size_t n_exception_keys, n_exception_revoked;
	uint64_t exception_days;      /* that one may last; 0: none may be granted */
	struct note_vkey *vetted_key; /* whose verdicts admit a tool */
	const char *const *vetted_vkey;
	size_t n_vetted_keys;
	uint64_t vetted_days;  /* how old one may be */
	unsigned vetted_worst; /* in policy_vetted_words */
};

/* Words of enumerations, NULL-terminated, in their order. */
extern const char *const policy_verdict_words[],
        *const policy_dlp_words[],
                *const policy_access_words[],
                        *const policy_dlp_class_words[],
                                *const policy_limit_words[],
                                        *const policy_neutral_words[],
                                                *const policy_tool_words[],
                                                        *const policy_vetted_words[],
                                                                *const policy_scan_words[],
                                                                        *const policy_review_words[],
                                                                                *const policy_bodies_words[],
                                                                                        *const policy_layer_words[],
                                                                                                *const policy_source_words[];

/* Belongs a file or folder that binds everybody to root (or to us, if its place was given), and may nobody else write it? -EACCES with a
 * sentence. */
struct stat;
[[nodiscard]] int policy_owner(const char *path, const struct stat *st, bool given, struct err *err);

/* A rule in one line (words.c); NULL: out of memory. */
const char *net_rule_text(const struct net_rule *r, struct arena *a);
const char *file_rule_text(const struct file_rule *r, struct arena *a);
const char *exec_rule_text(const struct exec_rule *r, struct arena *a);
const char *tool_rule_text(const struct tool_rule *r, struct arena *a);
const char *policy_origin_text(const struct policy_origin *o, struct arena *a); /* origin.c */

#endif

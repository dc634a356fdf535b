/* compiled: a policy as decisions want it: tables by host and by path over the rules of all layers. Not for use outside of src/policy. */
#ifndef POSTERN_POLICY_COMPILED_H
#define POSTERN_POLICY_COMPILED_H

#include "policy/part.h"

/* The parts of a document that speak: itself, and what it lets others add. */
enum part { PART_OWN, PART_PROJECT, PART_PERSON, PARTS };

struct ref {
	const void *rule; /* struct net_rule or struct file_rule */
	uint8_t layer, part;
};
/* From a host, or a path, to its rules: open addressing, at most half full. A suffix is a key of its own. */
struct slot {
	struct slice key;
	bool suffix;
	uint32_t first, n; /* in ref; n == 0: free */
};
struct index {
	struct slot *slot;
	size_t mask; /* slots - 1; without slots SIZE_MAX */
	struct ref *ref;
	size_t n_ref;
};

struct policy {
	struct arena arena;
	struct arena docs; /* of policy_load() */
	const struct policy_doc *doc[POLICY_LAYERS];
	struct policy_vars vars;
	struct policy_settings s;
	struct index hosts, paths;
	struct ref *any_host, *glob;
	size_t n_any_host, n_glob;
	bool has_suffix;
	/* Where the organisation has the section, and elsewhere. */
	struct policy_value unknown_closed, unknown_open;
	/* exec rules with their paths made absolute */
	struct grants exec[POLICY_LAYERS][PARTS];
	bool wants_digest, wants_argv, judges_libraries;
	const char *ledger_said; /* as the document has it */
	struct slice canonical;  /* what the digest is of */
	char *digest;            /* 65 bytes; "": not computed yet */
};

/* NULL, or the rules of a key. */
const struct slot *index_find(const struct index *x, struct slice key, bool suffix);
static inline const struct grants *doc_part(const struct policy_doc *d, enum part part)
{
	return part == PART_OWN ? &d->own : part == PART_PROJECT ? &d->project : &d->person;
}
/* Who decides what the project may add: the organisation if it is there and has the section, else the person and the command line. */
static inline bool has_section(const struct policy_doc *d, enum part part, int section)
{
	const struct grants *g = d ? doc_part(d, part) : NULL;
	return g && (section == 'n' ? g->has_network : section == 'f' ? g->has_files : g->has_exec);
}

/* The effective policy's canonical digest and its single values (merge.c, render.c). */
[[nodiscard]] int policy_merge(struct policy *p, struct policy_problems *problems);
[[nodiscard]] int policy_mounts(struct policy *p);
[[nodiscard]] int policy_wishes(struct policy *p);
/* The document that holds if nobody says anything. */
[[nodiscard]] int policy_built_in(struct arena *arena, struct policy_doc **out);
/* ~ and {project} replaced; NULL in *out: there is no project. */
[[nodiscard]] int policy_expand(const struct policy *p, struct arena *arena, const char *path, const char **out);

#endif

/* slsa: in-toto Statements (v0.1, v1), and of their predicates what says where a package was built: SLSA Provenance v0.2 and v1 of GitHub's
 * and npm's builders, and npm's publish attestation v0.1. Pure. */
#ifndef POSTERN_PARSE_SLSA_H
#define POSTERN_PARSE_SLSA_H

#include "base/arena.h"

#define SLSA_SUBJECTS   1024
#define SLSA_PUBLISH    "https://github.com/npm/attestation/tree/main/specs/publish/v0.1"
#define SLSA_PROVENANCE "https://slsa.dev/provenance/"

struct slsa_subject {
	struct slice name;
	struct slice sha256, sha512; /* decoded; empty: not given */
};

/* In the arena; empty: not given. */
struct slsa_statement {
	struct slsa_subject *subject;
	size_t n;
	struct slice predicate_type;
	/* Of a provenance. repository is a URL without "git+" and ref, workflow a path in it. */
	struct slice repository, workflow, ref, builder, run;
	/* Of npm's publish attestation. */
	struct slice package, version, registry;
};
/* 0, -ENOMEM, or -EBADMSG with a constant reason. What is not said in a predicate of another kind is empty. */
[[nodiscard]] int slsa_parse(struct slice in, struct arena *arena, struct slsa_statement *out, const char **why);

#endif

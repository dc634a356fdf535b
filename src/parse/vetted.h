/* vetted: what an in-toto Statement (v1) of a vetting says, for who admits by it. `postern vet --sign` writes it (report/intoto.h). Pure.
 */
#ifndef POSTERN_PARSE_VETTED_H
#define POSTERN_PARSE_VETTED_H

#include "base/arena.h"

#define VETTED_STATEMENT "https://in-toto.io/Statement/v1"
#define VETTED_PREDICATE "urn:postern:vetting:v1"
#define VETTED_SUBJECTS  64

/* In order of severity, as enum leak_class of vet has it. */
enum vetted_class { VETTED_DISCLOSED, VETTED_UNDECLARED, VETTED_HASHED, VETTED_COVERT, VETTED_CLASSES };
/* "disclosed", … */
const char *vetted_class_name(enum vetted_class c);

struct vetted_subject {
	struct slice name;
	char sha256[65]; /* lower-case hex */
};

struct vetted {
	struct vetted_subject subject[VETTED_SUBJECTS];
	size_t n;
	enum { VETTED_CLEAN, VETTED_FINDINGS, VETTED_INCONCLUSIVE } verdict;
	bool partial;
	uint64_t count[VETTED_CLASSES]; /* findings */
	int64_t time;                   /* when it ended, seconds since 1970 */
	struct slice version;           /* of Postern */
	struct slice profile, effort, report_sha256;
	uint64_t trials, trials_failed;
};

/* Reads the payload of an envelope; what it needs is in the arena. What is not known is passed over; what is known must be there, once, and
 * of its type. 0, -ENOMEM; -EBADMSG with a constant reason; -ENOTSUP: a statement, but none about a vetting. */
[[nodiscard]] int vetted_parse(struct slice in, struct arena *arena, struct vetted *out, const char **why);
/* The worst class that was found; VETTED_CLASSES: nothing was. */
enum vetted_class vetted_worst(const struct vetted *v);
/* Is this digest one of the subjects'? 64 lower-case hex digits. */
bool vetted_is_of(const struct vetted *v, struct slice sha256);

#endif

/* admit: tools by a signed statement of a vetting: files NAME.intoto.json in the folder "vetted" beside the organisation's policy, signed
 * by a key that tools.vetted.keys of it names (DSSE, in-toto; parse/vetted.h says what they hold). What is wrong with one is told as a
 * warning, and it admits nothing; nothing in one makes a policy unusable. */
#ifndef POSTERN_POLICY_ADMIT_H
#define POSTERN_POLICY_ADMIT_H

#include "policy/policy.h"

#define ADMIT_MAX    1000              /* statements, and digests in all */
#define ADMIT_BYTES  ((size_t)4 << 20) /* of one */
#define ADMIT_SUFFIX ".intoto.json"

struct policy_admitted {
	struct policy_vetted *list;
	size_t n, room;
};
/* Adds what the bytes of one statement admit: its subjects, until it is max_days old. *why: NULL, or why it admits nothing (the arena's).
 * 0, -ENOMEM, -E2BIG (there are ADMIT_MAX). */
[[nodiscard]] int admit_add(const struct policy_doc *organisation, struct slice envelope, const char *file, struct arena *arena,
        struct policy_admitted *to, const char **why);
/* Adds those of a folder (a descriptor, and its name for messages), in the order of their names. Links are not followed. */
[[nodiscard]] int admit_folder(const struct policy_doc *organisation, int dir, const char *path, struct arena *arena,
        struct policy_admitted *to, struct policy_problems *problems);
/* Makes them those of a compiled policy, whose arena keeps them. To be called before except_set(), which computes what the digest is of. */
[[nodiscard]] int admit_set(struct policy *p, const struct policy_admitted *from);
/* What admits this tool at t->now; NULL: nothing does. */
const struct policy_vetted *admit_find(const struct policy *p, const struct policy_tool *t);

#endif

/* except: the exceptions of an organisation: signed notes (parse/exception.h) in files ID.note, by a key that tools.exceptions.keys of its
 * policy names. What is wrong with one is told in it, and it does not count; nothing in one makes a policy unusable. */
#ifndef POSTERN_POLICY_EXCEPT_H
#define POSTERN_POLICY_EXCEPT_H

#include "parse/exception.h"
#include "policy/policy.h"

#define EXCEPTIONS_MAX  1000
#define EXCEPTION_BYTES ((size_t)16 << 10)

struct policy_exceptions {
	struct policy_exception *list;
	size_t n, room;
};
/* Adds one from the bytes of its note; the arena keeps what is said in it. 0, -ENOMEM, -E2BIG (there are EXCEPTIONS_MAX). */
[[nodiscard]] int except_add(
        const struct policy_doc *organisation, struct slice note, const char *file, struct arena *arena, struct policy_exceptions *to);
/* Adds all *.note of a folder (a descriptor, and its name for messages), in the order of their names. Links are not followed. */
[[nodiscard]] int except_folder(
        const struct policy_doc *organisation, int dir, const char *path, struct arena *arena, struct policy_exceptions *to);
/* Makes them those of a compiled policy, whose arena keeps them. */
[[nodiscard]] int except_set(struct policy *p, const struct policy_exceptions *from);
/* What an exception must name to stand against a rule that names it too: a ban of one content, or of some versions, is not undone by an
 * exception for the tool. need[v]: of all rules that fit and say v. */
enum { EXCEPT_DIGEST = 1 << 0, EXCEPT_VERSIONS = 1 << 1, EXCEPT_LINEAGE = 1 << 2 /* which none can name */ };
/* The mildest that fits, that counts at t->now, is milder than `verdict`, and names what is needed against all rules that are stricter than
 * it; NULL: none. */
const struct policy_exception *except_find(
        const struct policy *p, const struct policy_tool *t, enum policy_tool_verdict verdict, const unsigned need[POLICY_TOOL_BAN + 1]);
/* What a note would be for the organisation of a policy: out->why is NULL if it would count in its time. 0, -ENOMEM. */
[[nodiscard]] int except_check(const struct policy *p, struct slice note, struct arena *arena, struct policy_exception *out);

/* The text of one, checked as it will be when it is read: what is wrong is told. Appended. -EINVAL. */
[[nodiscard]] int except_write(const struct exception *e, struct buf *out, struct err *err);

#endif

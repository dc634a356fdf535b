/* diff: what one policy permits that another does not. Rules are not compared as text: each rule of both is turned into requests that it
 * fits, and both policies decide about each. So a rule that another one makes idle is no difference. What lies between the rules of both
 * (a path that two patterns of different rules fit, say) is not tried. */
#ifndef POSTERN_POLICY_DIFF_H
#define POSTERN_POLICY_DIFF_H

#include "policy/policy.h"

enum policy_direction { POLICY_WIDER, POLICY_TIGHTER, POLICY_OTHER };
const char *policy_direction_name(enum policy_direction d);
struct policy_change {
	enum policy_direction direction;
	const char *section; /* "network" */
	const char *subject, *before, *after;
};
struct policy_changes {
	struct policy_change *list;
	size_t n, room;
	struct arena arena;
};
/* Both compiled with the same vars. *out needs policy_changes_free() also after a failure. 0, -ENOMEM. */
[[nodiscard]] int policy_diff(const struct policy *before, const struct policy *after, struct policy_changes *out);
void policy_changes_free(struct policy_changes *c);

#endif

/* What a policy says of what a scan found: which rules block, and which findings an exception lets pass. */
#ifndef POSTERN_CMD_SCAN_POLICY_H
#define POSTERN_CMD_SCAN_POLICY_H

#include "cmd/scan.h"
#include "policy/policy.h"

struct scan_policy {
	struct arena arena;
	struct policy *policy;
	int64_t now;
	struct scan_stale *refused; /* exceptions that do not count */
	size_t n_refused, room;
	bool no_memory;
};
/* Those in force, or from these files (NULL: the usual ones); never what the tree that is scanned says. scan_policy_free() in any case. */
[[nodiscard]] int scan_policy_load(struct scan_policy *s, const char *organisation, const char *person, struct err *err);
void scan_policy_free(struct scan_policy *s);
/* Puts into a result which rules block, and by which policy, if there is one that says anything. */
void scan_policy_blocks(const struct scan_policy *s, struct scan_result *r);
/* Does an exception depend on the content of files? */
bool scan_policy_excepts(const struct scan_policy *s);
/* Lets pass what exceptions of this file's findings say; its verdict is that of the rest. */
void scan_policy_apply(struct scan_policy *s, const char *place, struct scan_file *f);
/* Where the record goes, as on_record_where(), but where the organisation says. *must: it is to be there. -EPERM: none was asked for, and
 * one is required. */
[[nodiscard]] int scan_policy_ledger(struct scan_policy *s, const char *named, const char **out, bool *must, struct err *err);
/* Warns of rules of a policy's section "scan" that fit none of ours. */
void scan_policy_check(const struct policy *p, struct policy_problems *problems);

#endif

/* rules: the policy in force, which may be replaced while decisions are under way: each holds the one that it began with. */
#ifndef POSTERN_GUARD_RULES_H
#define POSTERN_GUARD_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "policy/bundle.h"

struct policy;
struct rules {
	unsigned refs; /* atomic */
	struct policy *policy;
	char digest[65];
	bool ledger_required;
	const char *ledger; /* folder that it names; NULL: none */
	uint64_t version;
	struct bundle_clock clock; /* by which exceptions begin and end */
	int64_t until;             /* when a decision may become another by itself; 0: never */
};

/* Reads the file as an organisation's policy; NULL or "": that of the bundle in force, or else of /etc/postern/policy.yaml. Signature,
 * version and expiry are checked as policy_load() does. -ENOENT, -EINVAL, -EKEYREJECTED, -ESTALE, …, with a sentence. It opens files. */
[[nodiscard]] int rules_load(const char *file, struct rules **out, struct err *err);
/* A number that changes when what rules_load() reads does: other files, or the same ones written to. It opens nothing, but may wait for a
 * disk. */
uint64_t rules_mark(const char *file);
struct rules *rules_ref(struct rules *r);
void rules_unref(struct rules *r);

#endif

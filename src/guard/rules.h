/* rules: the policy in force, which may be replaced while decisions are under way: each holds the one that it began with. */
#ifndef POSTERN_GUARD_RULES_H
#define POSTERN_GUARD_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct policy;
struct rules {
	unsigned refs; /* atomic */
	struct policy *policy;
	char digest[65];
	bool ledger_required;
	const char *ledger; /* folder that it names; NULL: none */
	uint64_t version;
};

/* Reads the file as an organisation's policy: signature, version and expiry are checked as policy_load() does. -EINVAL, -EKEYREJECTED,
 * -ESTALE, …, with a sentence. It opens files. */
[[nodiscard]] int rules_load(const char *file, struct rules **out, struct err *err);
struct rules *rules_ref(struct rules *r);
void rules_unref(struct rules *r);

#endif

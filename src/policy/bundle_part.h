/* bundle_part: what the files of src/policy/bundle*.c share. Not for use outside. */
#ifndef POSTERN_POLICY_BUNDLE_PART_H
#define POSTERN_POLICY_BUNDLE_PART_H

#include "policy/bundle.h"
#include "policy/part.h"

#define STORE_NOTE    ".note"  /* in the folder of a bundle: its signed note */
#define STORE_TRUST   ".trust" /* and the trust that it came under */
#define STORE_CURRENT "current"
#define STORE_BEFORE  "previous"
#define STORE_TAG     "tag"

/* The file `state`. */
struct bundle_state {
	char organisation[65]; /* "": no bundle was seen yet */
	uint64_t trust, version;
	char sha256[65];
	int64_t clock; /* the latest time that was seen; 0: none */
};
const char *bundle_store(const struct bundle_config *c);
/* The store's folder; -ENOENT if there is none and it is not to be made. -EACCES with a sentence: others may write it. */
[[nodiscard]] int bundle_store_open(const struct bundle_config *c, bool make, struct err *err);
/* The lock of the store, waited for up to 10 s, or not at all (-EBUSY). A descriptor to close. */
[[nodiscard]] int bundle_store_lock(int store, bool wait, struct err *err);
/* A missing one is all zero. -EINVAL: it is damaged. */
[[nodiscard]] int bundle_state_read(int store, struct bundle_state *out, struct err *err);
[[nodiscard]] int bundle_state_write(int store, const struct bundle_state *s, struct err *err);
/* Writes the bundle and puts it in force, as the store is locked. */
[[nodiscard]] int bundle_store_put(int store, const struct bundle_config *c, const struct bundle_taken *t, struct err *err);

/* Removes what is neither in force nor the one before, and what a crash left behind, as the store is locked. What cannot be removed is left
 * for the next time. */
void bundle_store_prune(int store);

static inline bool slice_copy(struct slice s, char *out, size_t room)
{
	if (s.n >= room)
		return false;
	if (s.n)
		memcpy(out, s.p, s.n);
	out[s.n] = 0;
	return true;
}

#endif

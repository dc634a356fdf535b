/* sign: a policy file and the signatures over it, in a file beside it (FILE.sig): a signed note (C2SP signed-note) whose text says what the
 * file is, so that the signature is of the file's bytes and nothing in it has to be canonical:
 *
 *	postern.policy/v1
 *	organisation example.com
 *	version 7
 *	expires 2027-01-31T00:00:00Z        or "expires never"
 *	sha256 <64 hex digits of the file>
 *
 * Keys that count are in a file of verifier keys, a line each, after "threshold N". Pure, but for policy_state_…(). */
#ifndef POSTERN_POLICY_SIGN_H
#define POSTERN_POLICY_SIGN_H

#include "crypto/tlog.h"
#include "policy/policy.h"

#define POLICY_SIGNATURE_SUFFIX ".sig"
#define POLICY_KEYS_MAX         16

struct policy_keys {
	size_t n;
	unsigned threshold;                    /* so many of them must have signed */
	struct note_vkey key[POLICY_KEYS_MAX]; /* names are in the text that was read */
};
/* "threshold N" (1, if it is left out), verifier keys, empty lines and lines that begin with '#'. out borrows from the text. -EINVAL with a
 * sentence that has file and line. */
[[nodiscard]] int policy_keys_parse(struct slice text, const char *file, struct policy_keys *out, struct err *err);

/* The text that is signed, appended. info: of the parsed file, with organisation, version and sha256. -EINVAL: one of these is missing. */
[[nodiscard]] int policy_statement(const struct policy_info *info, struct buf *out, struct err *err);
/* Adds a signature to the file's note (`note` is what FILE.sig has, empty if there is none yet): a fresh statement with the signatures of
 * the old note that are still of it. *kept: how many those are. */
[[nodiscard]] int policy_sign(const struct policy_info *info, struct slice note, const struct tlog_signer *signer, struct buf *out,
        size_t *kept, struct err *err);
/* Is the note one of this file, signed by enough of the keys? who (or NULL): their names, with commas, appended. 0; -EKEYREJECTED with a
 * sentence; -ENOMEM. */
[[nodiscard]] int policy_verify(
        const struct policy_info *info, struct slice note, const struct policy_keys *keys, struct buf *who, struct err *err);

/* The newest version that was seen of each organisation: lines "ORGANISATION VERSION SHA256". Is the file one that may follow? 0; -ESTALE
 * with a sentence: it is older, or another with the same number. *text is the new content; *changed if it is another. */
[[nodiscard]] int policy_state_next(struct slice state, const struct policy_info *info, struct buf *text, bool *changed, struct err *err);
/* The same with the file at `path` ("" : none is kept), which is replaced. Its folder is made. A file that cannot be written is no error,
 * and told in *note (or ""). */
[[nodiscard]] int policy_state_check(const char *path, const struct policy_info *info, char *note, size_t n, struct err *err);
/* Where it is by default: /var/lib/postern/policy.state for root, else below $XDG_DATA_HOME/postern. Empty if there is no home. */
void policy_state_path(struct buf *out);

#endif

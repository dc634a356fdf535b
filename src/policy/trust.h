/* trust: whose signatures count, and how many of them. The first one is put in place by the administrator (/etc/postern/trust); each
 * further one has the next version, and is signed by enough of the keys of the one before and by enough of its own, as TUF does with its
 * root role (The Update Framework, section 5.3). */
#ifndef POSTERN_POLICY_TRUST_H
#define POSTERN_POLICY_TRUST_H

#include "base/err.h"
#include "crypto/tlog.h"
#include "parse/bundle.h"

#define TRUST_FILE "/etc/postern/trust"

/* How many of the keys have signed the note. Each counts once, however many signatures of it are there. who (or NULL): their names, with
 * commas, appended. -EKEYREJECTED with a sentence if one of them has signed badly: somebody changed what it signed. -ENOMEM. */
[[nodiscard]] int trust_signed_by(const struct note *note, const struct note_vkey *key, size_t n, const char *what, unsigned *count,
        struct buf *who, struct err *err);
/* The signatures of a note that are not by the signer's key, appended; how many they are. */
size_t trust_keep(const struct note *old, const struct tlog_signer *signer, struct buf *out);
/* A mistake of a statement as a sentence. Returns -EINVAL. */
int trust_fault(const struct bundle_fault *fault, const char *what, struct err *err);

/* Reads a trust, with or without signatures, which are not looked at. It borrows from `in`. -EINVAL. */
[[nodiscard]] int trust_read(struct slice in, const char *what, struct trust *out, struct err *err);
/* Is this note signed by enough of the keys? -EKEYREJECTED with a sentence. `in`: text and signatures. */
[[nodiscard]] int trust_verify(const struct trust *t, struct slice in, const char *what, struct buf *who, struct err *err);
/* Reads the next one and verifies that it may follow. *out borrows from `in`. -EINVAL, -EKEYREJECTED. */
[[nodiscard]] int trust_follow(const struct trust *t, struct slice in, const char *what, struct trust *out, struct err *err);
/* The text of a trust, appended. */
void trust_write(const struct trust *t, struct buf *out);

/* Adds a signature to a note that may have none, or replaces the one by that key: text, an empty line, the signatures that were there and
 * are of other keys, appended to out. *kept: how many those are. */
[[nodiscard]] int trust_sign(struct slice in, const struct tlog_signer *signer, struct buf *out, size_t *kept, struct err *err);

#endif

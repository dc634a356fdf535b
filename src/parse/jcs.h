/* jcs: canonical JSON, RFC 8785: no white space, members sorted by UTF-16 code units, shortest escapes, numbers as ECMAScript writes
 * them. Pure. */
#ifndef POSTERN_PARSE_JCS_H
#define POSTERN_PARSE_JCS_H

#include "base/arena.h"
#include "base/buf.h"

/* Appends the canonical form of one document. 0; -EBADMSG: no JSON, a duplicate member, a lone surrogate, a number that is no finite
 * double (I-JSON, RFC 7493); -E2BIG: depth over 64; -ENOMEM. *why is a constant reason, *offset where. */
[[nodiscard]] int jcs_write(struct slice json, struct arena *scratch, struct buf *out, const char **why, size_t *offset);
/* Is it canonical as it stands? As fast as a check can be (entries of the ledger pass through it): allocates nothing. Same errors; -EILSEQ
 * if it is JSON, but in another form. */
[[nodiscard]] int jcs_check(struct slice json, const char **why, size_t *offset);
/* A double as ECMAScript's Number.prototype.toString: at most 32 bytes. */
void jcs_number(double v, char out[32]);

#endif

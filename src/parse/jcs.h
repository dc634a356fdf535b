/* jcs: canonical JSON, RFC 8785: no white space, members sorted by UTF-16 code units, shortest escapes, numbers as ECMAScript writes
 * them. Pure. */
#ifndef POSTERN_PARSE_JCS_H
#define POSTERN_PARSE_JCS_H

#include "base/arena.h"
#include "base/buf.h"

/* Appends the canonical form of one document, which may have white space around it. 0; -EBADMSG: no JSON, not UTF-8, a duplicate member,
 * a lone surrogate, a number that is no finite double (I-JSON, RFC 7493; noncharacters are let through, as elsewhere); -E2BIG: depth over
 * 64; -ENOMEM: the arena is full; -ENOBUFS or -ENOMEM: out is. *why is a constant reason, *offset where. out is as before then, but
 * for its error. Of scratch a member of an object takes about 100 bytes, and objects that are not in order up to four times their size. */
[[nodiscard]] int jcs_write(struct slice json, struct arena *scratch, struct buf *out, const char **why, size_t *offset);
/* Is it canonical as it stands? As fast as a check can be (entries of the ledger pass through it): allocates nothing. The same -EBADMSG and
 * -E2BIG; -EILSEQ if it is in another form. What is wrong first decides: behind it nothing was looked at. */
[[nodiscard]] int jcs_check(struct slice json, const char **why, size_t *offset);
/* A double as ECMAScript's Number.prototype.toString: at most 32 bytes, NUL included. */
void jcs_number(double v, char out[32]);

#endif

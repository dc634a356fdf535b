/* timestamp: responses of time-stamping authorities (RFC 3161, RFC 5816), through OpenSSL. */
#ifndef POSTERN_CRYPTO_TIMESTAMP_H
#define POSTERN_CRYPTO_TIMESTAMP_H

#include <stdint.h>

#include "base/cleanup.h"
#include "base/slice.h"

struct timestamp;
/* A response (TimeStampResp, DER) that grants a token. 0, -EBADMSG, -ENOMEM. */
[[nodiscard]] int timestamp_new(struct slice der, struct timestamp **out);
void timestamp_free(struct timestamp *t);
#define _cleanup_timestamp_ _cleanup_(timestamp_freep)
static inline void timestamp_freep(struct timestamp **t)
{
	timestamp_free(*t);
}

/* What it says; nothing is verified by asking. */
int64_t timestamp_time(const struct timestamp *t);
/* Is it about this? SHA-256, SHA-384 and SHA-512 are taken. 0, -EBADMSG, -ENOTSUP (another digest), -ENOMEM. */
[[nodiscard]] int timestamp_is_of(const struct timestamp *t, struct slice what);
/* Did the authority sign it, with a certificate that was valid then? Its certificates (DER), root last; if the first is no authority
 * itself, it must be the one that signed. 0; -ETIME: but for the time of a certificate; -EKEYREJECTED: another one signed; -EBADMSG: the
 * signature is bad; -EINVAL: the authority's certificates cannot be read; -ENOMEM. */
[[nodiscard]] int timestamp_verify(const struct timestamp *t, const struct slice *authority, size_t n);

#endif

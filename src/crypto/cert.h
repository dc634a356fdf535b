/* cert: certificate authorities and leaf certificates, X.509 v3 (RFC 5280), ECDSA P-256 with SHA-256. */
#ifndef POSTERN_CRYPTO_CERT_H
#define POSTERN_CRYPTO_CERT_H

#include <stdint.h>
#include <time.h>

#include "base/buf.h"

/* Makes an authority of its own key: subject like that of an organisation's own root, valid from about a year before `now` to nine
 * years after. `common_name` NULL: a plausible one. Appends PEM. 0, -ENOMEM, -EIO (OpenSSL refused). */
[[nodiscard]] int cert_ca_new(const char *common_name, time_t now, struct buf *cert_pem, struct buf *key_pem);
/* The number by which OpenSSL finds an authority's file in a folder of them ("%08x.0"; openssl-rehash(1)). 0, -EBADMSG (no certificate
 * in PEM), -ENOMEM, -EIO. */
[[nodiscard]] int cert_subject_hash(struct slice cert_pem, uint32_t *out);

#endif

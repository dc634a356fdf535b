/* x509: what cert.c, tls.c, signcert.c and timestamp.c share. Not for use outside of src/crypto. */
#ifndef POSTERN_CRYPTO_X509_H
#define POSTERN_CRYPTO_X509_H

#include <openssl/x509.h>

#include "base/slice.h"

/* A random positive serial number of 16 bytes. 0, -EIO, -ENOMEM. */
[[nodiscard]] int cert_serial(X509 *x);
/* Adds one extension in OpenSSL's configuration syntax. 0 or -EIO. */
[[nodiscard]] int cert_extension(X509 *x, X509 *issuer, int nid, const char *value);

/* A certificate of DER with nothing behind it; NULL: it is none. */
X509 *cert_read(struct slice der);
/* Several of them. 0, -EBADMSG, -ENOMEM. */
[[nodiscard]] int cert_stack(const struct slice *der, size_t n, STACK_OF(X509) * *out);
/* Seconds since 1970. 0, -EBADMSG. */
[[nodiscard]] int cert_time(const ASN1_TIME *t, int64_t *out);
/* Is there a chain from leaf to anchor that was valid at that time? *issuer, if issuer is not NULL, is replaced by the one that signed
 * leaf. 0; -ETIME (but for the time of one of them), -EKEYREJECTED, -ENOMEM. */
[[nodiscard]] int cert_verify(X509 *leaf, STACK_OF(X509) * help, X509 *anchor, int64_t at, X509 **issuer);

#endif

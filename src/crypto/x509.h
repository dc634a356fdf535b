/* x509: what cert.c and tls.c share. Not for use outside of src/crypto. */
#ifndef POSTERN_CRYPTO_X509_H
#define POSTERN_CRYPTO_X509_H

#include <openssl/x509.h>

/* A random positive serial number of 16 bytes. 0, -EIO, -ENOMEM. */
[[nodiscard]] int cert_serial(X509 *x);
/* Adds one extension in OpenSSL's configuration syntax. 0 or -EIO. */
[[nodiscard]] int cert_extension(X509 *x, X509 *issuer, int nid, const char *value);

#endif

/* ja4: FoxIO's fingerprint of a TLS client, from a parsed ClientHello. */
#ifndef POSTERN_CRYPTO_JA4_H
#define POSTERN_CRYPTO_JA4_H

#include "parse/clienthello.h"

#define JA4_MAX 40

/* e.g. "t13d1516h2_8daaf6152771_e5627efa2ab1" and a NUL. */
void ja4_text(const struct clienthello *h, char out[JA4_MAX]);

#endif

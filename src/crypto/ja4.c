#include "crypto/ja4.h"

#include <stdio.h>

#include "crypto/digest.h"

void ja4_text(const struct clienthello *h, char out[JA4_MAX])
{
	char b[65] = "000000000000", c[65] = "000000000000";
	if (h->ja4_b.n)
		digest_sha256_hex(buf_slice(&h->ja4_b), b);
	if (h->ja4_c.n)
		digest_sha256_hex(buf_slice(&h->ja4_c), c);
	(void)snprintf(out, JA4_MAX, "%.10s_%.12s_%.12s", h->ja4_a, b, c);
}

/* clienthello: the first message of a TLS client (RFC 8446, 4.1.2), out of its records, and what FoxIO's JA4 fingerprint is made
 * of. Pure: the two digests of JA4 are the caller's work, this gives the strings that go into them. */
#ifndef POSTERN_PARSE_CLIENTHELLO_H
#define POSTERN_PARSE_CLIENTHELLO_H

#include "base/buf.h"

#define CLIENTHELLO_MAX ((size_t)64 * 1024)

enum clienthello_status { CLIENTHELLO_OK, CLIENTHELLO_MORE, CLIENTHELLO_BAD };

struct clienthello {
	char sni[256];    /* lower case; "" if there is none or it is not printable ASCII */
	char alpn[256];   /* offered protocols, comma separated, bytes that are not printable as '?' */
	char ja4_a[16];   /* e.g. t13d1516h2 */
	struct buf ja4_b; /* sorted cipher suites; empty: that part is twelve zeros */
	struct buf ja4_c; /* sorted extensions, then "_" and the signature algorithms if there are any */
	/* What JA4 leaves out on purpose, because it differs between clients of one kind, and in which one client could therefore say
	 * something: lines of "name=value", GREASE left out. "ciphers", "extensions" and "groups" in their order, "key shares",
	 * "versions" and "signature algorithms" in their order, "bodies" of other extensions (type and hex, of padding its length; not
	 * those with fresh bytes), "GREASE" (how many such values), "random" and "session" (hex), "session id" (its length), "compression"
	 * (hex), "records" (how many, and the version of the first), and "SNI" as it was written if that is not lower case. */
	struct buf form;
};

/* `in` is the TLS stream from its start. On OK *out is filled, and clienthello_free() frees it. */
enum clienthello_status clienthello_parse(struct slice in, struct clienthello *out, const char **reason);
void clienthello_free(struct clienthello *c);

#endif

/* dsse: envelopes of Dead Simple Signing (secure-systems-lab/dsse, protocol and envelope 1.0.2), as text. Pure: signatures are taken apart,
 * not verified (crypto/dsse.h does). */
#ifndef POSTERN_PARSE_DSSE_H
#define POSTERN_PARSE_DSSE_H

#include "base/arena.h"
#include "base/buf.h"

#define DSSE_MAX           ((size_t)16 << 20) /* bytes of an envelope */
#define DSSE_SIGNATURES    16
#define DSSE_SIGNATURE_MAX 1024 /* bytes of one */
#define DSSE_IN_TOTO       "application/vnd.in-toto+json"

struct dsse_signature {
	struct slice keyid; /* a hint that nobody has signed; empty if there is none */
	struct slice bytes;
};

struct dsse {
	struct slice type, payload; /* decoded; the payload is what is signed, together with the type */
	struct dsse_signature signature[DSSE_SIGNATURES];
	size_t n;
};

/* Reads an envelope; what it needs is in the arena. Unknown members are passed over, one that is there twice is a mistake. 0, -ENOMEM, or
 * -EBADMSG with a constant reason. */
[[nodiscard]] int dsse_parse(struct slice in, struct arena *arena, struct dsse *out, const char **why);
/* What is signed: "DSSEv1" SP LEN(type) SP type SP LEN(payload) SP payload, appended. */
void dsse_pae(struct slice type, struct slice payload, struct buf *out);
/* An envelope, appended. type and key ids are UTF-8. */
void dsse_write(const struct dsse *d, struct buf *out);

#endif

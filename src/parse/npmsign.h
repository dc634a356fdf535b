/* npmsign: what npm's registry says of a package's origin, kept in files: the document of a version (dist.integrity, dist.signatures), the
 * registry's keys, and attestations (npm's documentation of registry signatures and provenance). Pure. */
#ifndef POSTERN_PARSE_NPMSIGN_H
#define POSTERN_PARSE_NPMSIGN_H

#include "base/arena.h"

#define NPMSIGN_MAX          ((size_t)16 << 20) /* bytes of a document */
#define NPMSIGN_SIGNATURES   16
#define NPMSIGN_KEYS         64
#define NPMSIGN_ATTESTATIONS 8

struct npmsign_signature {
	struct slice key_id, bytes; /* decoded */
};
struct npmsign_version {
	struct slice name, version, integrity; /* as they are written; integrity is "sha512-…", also several with blanks between */
	struct npmsign_signature signature[NPMSIGN_SIGNATURES];
	size_t n;
};
/* 0, -ENOMEM, or -EBADMSG with a constant reason. Everything is in the input or in the arena. */
[[nodiscard]] int npmsign_version_parse(struct slice in, struct arena *arena, struct npmsign_version *out, const char **why);
/* The SHA-512 in an integrity text (Subresource Integrity): 1; 0: it has none; -EBADMSG: one that is none, or two. */
[[nodiscard]] int npmsign_sha512(struct slice integrity, uint8_t out[64]);

struct npmsign_key {
	struct slice id, der;
	int64_t expires; /* seconds since 1970; INT64_MAX: never */
};
struct npmsign_keys {
	struct npmsign_key key[NPMSIGN_KEYS];
	size_t n;
};
/* As above. */
[[nodiscard]] int npmsign_keys_parse(struct slice in, struct arena *arena, struct npmsign_keys *out, const char **why);

struct npmsign_attestations {
	struct {
		struct slice predicate_type, bundle; /* the bundle is JSON, in the input */
	} one[NPMSIGN_ATTESTATIONS];
	size_t n;
};
/* As above. An empty list is one. */
[[nodiscard]] int npmsign_attestations_parse(struct slice in, struct arena *arena, struct npmsign_attestations *out, const char **why);

#endif

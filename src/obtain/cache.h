/* cache: archives and unpacked trees by digest, safe for two processes at once: all is written elsewhere, then renamed.
 *   artefacts/sha512-<hex>/archive.tgz    resolved/<sha256>    trees/<sha256>/node_modules/…    tmp/ */
#ifndef POSTERN_OBTAIN_CACHE_H
#define POSTERN_OBTAIN_CACHE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/digest.h"

struct cache {
	const char *path;
	int fd, tmp;
};

/* path NULL: $XDG_CACHE_HOME/postern, $HOME/.cache/postern. Makes what is missing, removes what dead processes left in tmp. */
[[nodiscard]] int cache_open(const char *path, struct arena *arena, struct cache *out, struct err *err);
void cache_close(struct cache *c);

struct digests {
	uint8_t sha512[64], sha1[20];
	char sha256[65];
};
/* Of a whole file, from its start; sha1 only if it is wanted. */
[[nodiscard]] int cache_digest(int fd, bool sha1, struct digests *out);
/* Of everything below a folder: names, modes, contents, in the order of the names. */
[[nodiscard]] int cache_digest_tree(int dir, char out[65]);

/* The archive of that digest ("sha512-<base64>" or "sha1-<hex>"), open for reading and verified just now; -ENOENT if there is none
 * or it was damaged (then it is gone). */
[[nodiscard]] int cache_archive(const struct cache *c, const char *integrity, struct digests *d);
/* A file without a name in the cache, then its name. */
[[nodiscard]] int cache_temporary(const struct cache *c);
[[nodiscard]] int cache_keep(const struct cache *c, int fd, const char *integrity);
[[nodiscard]] int cache_read(const struct cache *c, const char *folder, const char *key, struct buf *out);
[[nodiscard]] int cache_write(const struct cache *c, const char *folder, const char *key, struct slice text);

#endif

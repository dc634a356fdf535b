/* fetch: one address into a file, over libcurl: caps, time-outs, a few tries, digests on the way. */
#ifndef POSTERN_OBTAIN_FETCH_H
#define POSTERN_OBTAIN_FETCH_H

#include "base/err.h"
#include "crypto/digest.h"
#include "obtain/npmrc.h"

struct fetcher; /* keeps the connection; one thread */
[[nodiscard]] int fetcher_new(const struct npmrc *config, struct fetcher **out, struct err *err);
void fetcher_free(struct fetcher *f);
void fetcher_freep(struct fetcher **f);

struct fetch {
	const char *url;
	const char *accept; /* of the Accept header; NULL: anything */
	const char *what;   /* for the sentences, e.g. "x@1.0.0" */
	uint64_t max;       /* bytes, after content decoding */
	void (*progress)(void *arg, const char *what, uint64_t done, uint64_t total);
	void *arg;
};

/* Writes the body to fd, which is truncated before each try. sha512 (64 bytes) and sha1 (20 bytes) may be NULL.
 * -ENOENT (404, 410), -EACCES (401, 403), -ENETUNREACH (no connection, no name, TLS, other answers), -ETIMEDOUT, -EFBIG, or of the disk. */
[[nodiscard]] int fetch_file(struct fetcher *f, const struct fetch *what, int fd, uint8_t *sha512, uint8_t *sha1, struct err *err);

#endif

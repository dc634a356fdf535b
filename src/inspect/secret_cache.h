/* secret_cache: compiled rules, kept. Compiling takes a tenth of a second, reading them a fraction of a millisecond. */
#ifndef POSTERN_INSPECT_SECRET_CACHE_H
#define POSTERN_INSPECT_SECRET_CACHE_H

#include "crypto/kept.h"
#include "inspect/secret_table.h"

/* As secret_compile(), but takes the image from `dir` (a descriptor; -1: no cache) if it was made there from the same sources, by the same
 * version, for this processor, with the matcher's library that is still there; else compiles, and leaves it there. What cannot be read or
 * written there is no error. A file of another user, or one that others may write, is not believed; neither is one whose digest does not
 * fit. */
[[nodiscard]] int secret_load(const struct secret_source *sources, size_t n, int dir, struct buf *image, struct err *err);
/* The same of what is shipped, or of the bundle in force: rules/secrets.yaml of sys/share.h, kept in the person's folder for that. -ENOENT:
 * it is not there. */
struct arena;
[[nodiscard]] int secret_load_shared(struct arena *arena, struct buf *image, struct err *err);

/* The same in two steps: whether the rules are there and good is known after the first, and what happens to their files after that changes
 * nothing of the second, which reads what is kept. */
struct secret_later {
	struct secret_source source; /* in the arena */
	struct kept_file kept;
	struct buf made; /* where nothing was kept */
};
[[nodiscard]] int secret_find_shared(struct arena *arena, struct secret_later *out, struct err *err);
/* Appends the image. */
[[nodiscard]] int secret_later_image(struct secret_later *l, struct buf *image, struct err *err);
/* Also of zeroes. */
void secret_later_free(struct secret_later *l);

#endif

/* secret_table: the kinds of secrets that are known, as data. share/rules/secrets.yaml (and files of an organisation in the same form) say
 * what each kind looks like; they are compiled once into an image, which is plain bytes: keep it in a cache, hand it to a process without a
 * file system, open it there in well under a millisecond (inspect/dlp.h). An image serves only the processor kind it was made on. */
#ifndef POSTERN_INSPECT_SECRET_TABLE_H
#define POSTERN_INSPECT_SECRET_TABLE_H

#include "base/buf.h"
#include "base/err.h"

/* One file of rules: its name for messages ("secrets.yaml"), its text. */
struct secret_source {
	const char *name;
	struct slice text;
};

#define SECRET_IMAGE_MAX ((size_t)32 << 20) /* bytes of an image */

/* Compiles the files, in order; a rule with a name that was there already replaces it, `off: true` removes it. *image is appended to (its
 * maximum should be SECRET_IMAGE_MAX) and is independent of the sources afterwards. 0, -EINVAL (err has file, line and column), -ENOMEM,
 * -ENOBUFS, -ENOTSUP (this processor lacks what the matcher needs). Takes some tens of milliseconds. */
[[nodiscard]] int secret_compile(const struct secret_source *sources, size_t n, struct buf *image, struct err *err);

#endif

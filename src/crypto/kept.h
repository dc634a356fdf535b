/* kept: what the matcher made of rules, kept in a folder. Compiling takes a tenth of a second, reading it a fraction of a millisecond. */
#ifndef POSTERN_CRYPTO_KEPT_H
#define POSTERN_CRYPTO_KEPT_H

#include <time.h>

#include "base/buf.h"

#define KEPT_NAME 64

/* The person's folder of such things, $XDG_CACHE_HOME/postern or $HOME/.cache/postern, made if it is missing. A descriptor, or -1. */
int kept_folder(void);
/* "PREFIX-" (at most 24 bytes) and 32 hex digits: over everything that what is made depends on, but for the matcher's library: these texts,
 * `format` (a number that changes with the form of what is made), the version of the program, and what the processor can do. 0, -ENOMEM,
 * -ENOBUFS. */
[[nodiscard]] int kept_name(const char *prefix, uint64_t format, const struct slice *texts, size_t n, char out[KEPT_NAME]);
/* Appends what is kept under that name, at most `max` bytes; false, with nothing appended, if there is none, or none that can be believed:
 * a file of another user or one that others may write, one whose digest does not fit, one made with another file of the matcher's library
 * than would be loaded now. */
bool kept_take(int dir, const char *name, size_t max, struct buf *out);
/* The same in two steps, the second of which may come much later: what was changed between them is not believed. */
struct kept_file {
	int fd; /* -1: none */
	struct timespec changed;
};
bool kept_find(int dir, const char *name, size_t max, struct kept_file *out);
/* Closes it. */
bool kept_read(struct kept_file *f, struct buf *out);
/* Keeps it. The matcher must be loaded. What cannot be written is no error: it is made again the next time. */
void kept_leave(int dir, const char *name, struct slice made);

#endif

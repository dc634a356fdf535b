/* fingerprint: an index of confidential files, small and one-way: who has it cannot read the files back.
 *
 * Winnowing (Schleimer, Wilkerson, Aiken 2003): text is brought into a normal form (letters and digits only, lower case; escapes of JSON
 * resolved, line numbers at the front of a line left out, so that indentation, quoting, diffs and `cat -n` change nothing), hashed in
 * windows of FINGERPRINT_K characters, and of each FINGERPRINT_W hashes in a row the least is kept. So whatever has
 * FINGERPRINT_K + FINGERPRINT_W - 1 characters of normal form in common with a file has a fingerprint in common, but for two kinds that are
 * left out: windows that are mostly digits or have fewer than eight different letters (tables look alike everywhere), and three in a
 * hundred whose hash is so high that looking it up would cost more than it tells. */
#ifndef POSTERN_INSPECT_FINGERPRINT_H
#define POSTERN_INSPECT_FINGERPRINT_H

#include "base/buf.h"
#include "base/err.h"

#define FINGERPRINT_K         24
#define FINGERPRINT_W         12
#define FINGERPRINT_NEED      5 /* in common, near each other, for a hit */
#define FINGERPRINT_FILES_MAX ((size_t)1 << 20)

struct fingerprint_index; /* being made */
[[nodiscard]] int fingerprint_index_new(struct fingerprint_index **out);
void fingerprint_index_free(struct fingerprint_index *x);
/* One file under a label ("src/pricing.c"; at most 255 bytes count). Binary files (a NUL in the first 8 KiB) are passed over. *added (may
 * be NULL): fingerprints. 0, -ENOMEM, -E2BIG (too many files). */
[[nodiscard]] int fingerprint_add(struct fingerprint_index *x, struct slice label, struct slice text, size_t *added);
/* Text that everybody has (licences, headers of the system, generated code): its fingerprints count for nothing. Before or after the files.
 */
[[nodiscard]] int fingerprint_common(struct fingerprint_index *x, struct slice text);
/* All regular files below a folder (symbolic links are not followed, files over 4 MiB and `.git` are left out), labelled by their path in
 * it. */
[[nodiscard]] int fingerprint_folder(struct fingerprint_index *x, int dirfd, const char *path, bool common, size_t *files, struct err *err);
/* The finished index, appended: about 8 bytes a fingerprint, one for each 6 or 7 characters of normal form. */
[[nodiscard]] int fingerprint_write(struct fingerprint_index *x, struct buf *out);

#endif

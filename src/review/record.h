/* record: what a ledger is told about changes that are applied. */
#ifndef POSTERN_REVIEW_RECORD_H
#define POSTERN_REVIEW_RECORD_H

#include "review/run.h"

/* Of the picked changes from *from on as many as fit into `max` bytes, as a JSON object for an entry's "unmapped":
 *	{"postern":{"review":{"run":…,"project":…,"act":…,"part":1,"changes":[{"path":…,"kind":…,"sha256":…,"sha256_before":…,"mode":"0644",
 *	"flags":["git-hook"]},…]}}}
 * Appended. *from moves behind them; it is set->n when all are told. A path that is no UTF-8 has its bytes in "path_hex" too. `set` may be
 * NULL: no changes. */
[[nodiscard]] int review_record(const struct review_run *run, const struct change_set *set, const char *act, unsigned part, size_t *from,
        size_t max, struct buf *out);
/* A JSON string with its quotes; what is no UTF-8 becomes U+FFFD, controls are escaped. */
void review_json_text(struct buf *out, const char *text);
/* Is it all UTF-8? */
bool review_is_utf8(const char *text);
const char *change_kind_word(const struct change *c); /* "added", "changed", "removed", "renamed" */

#endif

/* scan: the forms of what "postern scan" found. Pure. */
#ifndef POSTERN_REPORT_SCAN_H
#define POSTERN_REPORT_SCAN_H

#include "base/buf.h"
#include "inspect/scan.h"

/* For a person: the verdict first, then what was found, by file. `width`: columns. */
void scan_text(struct buf *out, const struct scan_result *r, size_t width, bool colour);
/* share/schema/scan.schema.json describes it. */
void scan_json(struct buf *out, const struct scan_result *r, const char *version);

#endif

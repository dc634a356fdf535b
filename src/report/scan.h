/* scan: the forms of what "postern scan" found. Pure. */
#ifndef POSTERN_REPORT_SCAN_H
#define POSTERN_REPORT_SCAN_H

#include "base/buf.h"
#include "inspect/scan.h"

/* A report is written in parts, because all of it at once may be large: each call appends the next. False behind the last. */
struct scan_cursor {
	size_t part, listed; /* listed: files with findings that were written */
	bool run;            /* of SARIF: only the run, for a log that has others */
};

/* For a person: the verdict first, then what was found, by file. `width`: columns. */
bool scan_text(struct buf *out, const struct scan_result *r, size_t width, bool colour, struct scan_cursor *c);
/* share/schema/scan.schema.json describes it. */
bool scan_json(struct buf *out, const struct scan_result *r, struct scan_cursor *c);
/* SARIF 2.1.0: a result each finding (bad: error, suspicious: warning, unscanned: note, all of the kind "fail", as code hosts show no
 * other), what a baseline knows suppressed; all rules that there are. */
bool scan_sarif(struct buf *out, const struct scan_result *r, struct scan_cursor *c);
/* All of its run at once, an object of "runs". */
void scan_sarif_run(struct buf *out, const struct scan_result *r);

/* One self-contained page: no script, no font, no request. What is seen of it by verdict is chosen with boxes. */
bool scan_html(struct buf *out, const struct scan_result *r, struct scan_cursor *c);

/* One file of these, with all its findings: an object of "files"; an article. */
void scan_file_json(struct buf *out, const struct scan_result *r, const struct scan_file *f);
void scan_file_html(struct buf *out, const struct scan_file *f);

/* All rules that there are, as share/schema/scan-rules.schema.json has it: their digest says by which a scan was made. */
void scan_rules_json(struct buf *out);
void scan_rules_text(struct buf *out, size_t width);

/* "exception 0123456789abcdef until …, granted by …: reason", appended; nothing of NULL. */
void scan_exception_text(struct buf *out, const struct scan_exception *e);

/* What a rule of YARA says of itself, as a member "yara" behind others. Appended. */
void scan_yara_json(struct buf *out, const struct scan_yara_said *y);

/* Text without anything that is looked for: only counted where people read. */
bool scan_is_other(const struct scan_file *f);
/* The i-th of all files three times over, if its turn is there: the worst first. Else NULL. */
const struct scan_file *scan_listed(const struct scan_result *r, size_t i);
/* The names of the bits that are set, with commas between them, as they are or as strings of JSON. Appended. */
void scan_names(struct buf *out, uint32_t bits, const char *const *names, bool json);
/* Where a finding is: "line 3, column 7", "bytes 20 to 25", "byte 20". Appended. */
void scan_where(struct buf *out, const struct scan_finding *f);
/* A path as reports for others name it: relative to the root of the working tree if it is below, else absolute. "." and ".." are resolved
 * by their names alone. Appended. */
void scan_place(struct buf *out, const struct scan_result *r, const char *path);

#endif

/* export: entries of a ledger in the forms that other programs read. Pure: entries in, bytes out; what is exported is the same whether it
 *is done at once or in parts, but for SARIF, of which each part is a document of its own.
 *
 *	ocsf    the entries as they are, a line each: JSON lines of OCSF 1.8
 *	csv     RFC 4180 with a header, as the man page lists the columns; no cell is a formula to a spreadsheet
 *	syslog  RFC 5424, the entry as the message; a line each, or with the count of octets in front (RFC 6587)
 *	sarif   SARIF 2.1.0 (OASIS), of the entries that are detection findings (class 2004) */
#ifndef POSTERN_REPORT_EXPORT_H
#define POSTERN_REPORT_EXPORT_H

#include "base/arena.h"
#include "base/buf.h"

enum export_format { EXPORT_OCSF, EXPORT_CSV, EXPORT_SYSLOG, EXPORT_SARIF, EXPORT_FORMATS };
/* Their names, NULL-terminated. */
extern const char *const export_names[];

struct export_options {
	enum export_format format;
	struct slice origin; /* of the log */
	bool no_header;      /* csv: go on with a file that has one */
	bool octets;         /* syslog: octet counting instead of newlines */
};

struct export;
/* The options' slice must live as long. 0, -ENOMEM. */
[[nodiscard]] int export_new(const struct export_options *o, struct export **out);
void export_free(struct export *x);
/* What stands before the entries; each entry; what stands behind them: appended to out, whose error the caller asks for. json is canonical.
 * Of the arena nothing is needed after the call. 1: it was appended; 0: the format has no place for such an entry; -ENOMEM. */
void export_begin(struct export *x, struct buf *out);
[[nodiscard]] int export_entry(struct export *x, uint64_t index, struct slice json, struct arena *arena, struct buf *out);
void export_end(struct export *x, struct buf *out);

#endif

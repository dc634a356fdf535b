/* intoto: the result of a vetting as an in-toto Statement (v1): which bytes were vetted, by which plan, how much of it was covered, and
 * what came of it. parse/vetted.h reads it back. Pure. */
#ifndef POSTERN_REPORT_INTOTO_H
#define POSTERN_REPORT_INTOTO_H

#include "base/buf.h"
#include "vet/model.h"

struct report_intoto_options {
	const char *report_sha256; /* of report.json, 64 hex digits */
	enum leak_class fail_on;   /* what made the verdict */
};
/* The statement, which is the payload of the envelope, appended. Its subjects: the archive of the package, that of the native package that
 * it is a stub for, and the program that runs; or the one file of a command. */
void report_intoto(struct buf *out, const struct vet_result *r, const struct report_intoto_options *o);

#endif

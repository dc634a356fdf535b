/* sarif: the result of a vetting as SARIF 2.1.0, for what reads such logs: a run with a result a finding, and one a question of the
 * questionnaire; and a second one, of the scan of the artefact's files. Pure. */
#ifndef POSTERN_REPORT_SARIF_H
#define POSTERN_REPORT_SARIF_H

#include "base/buf.h"
#include "vet/model.h"

/* How every log begins, up to its first run. */
#define SARIF_BEGIN                                                                                                                \
	"{\"$schema\":\"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json\",\"version\":" \
	"\"2.1.0\",\"runs\":[{"
/* A path as a URI reference (RFC 3986), a JSON string with its quotes; absolute ones as file:. */
void sarif_uri(struct buf *out, struct slice path);

/* Findings have the rule "vet/CLASS" and a level by it (covert and hashed: error; undeclared: warning; disclosed: note); questions the rule
 * "question/NUMBER" and the kind review (look at it first), informational (answered), open (not observed) or notApplicable (not
 * observable). */
void report_sarif(struct buf *out, const struct vet_result *r);

#endif

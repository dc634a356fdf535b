/* provenance: what was judged of the evidence of a file's origin (inspect/provenance.h), as text and as JSON. */
#ifndef POSTERN_REPORT_PROVENANCE_H
#define POSTERN_REPORT_PROVENANCE_H

#include "base/buf.h"
#include "inspect/provenance.h"

struct provenance_shown {
	const char *path; /* what was judged, as it was named */
	const struct provenance_artefact *artefact;
	const struct provenance_pin *pin;
	const struct provenance_answer *answer;
};
/* Appended. width: columns. */
void provenance_put_text(struct buf *out, const struct provenance_shown *s, size_t width, bool colour);
/* share/schema/provenance.schema.json */
void provenance_put_json(struct buf *out, const struct provenance_shown *s, const char *version);

#endif

/* inventory: the forms of what "postern inventory" found. Pure. Every text of a finding is hostile, and can neither act in a terminal nor
 * make a document that is none. */
#ifndef POSTERN_REPORT_INVENTORY_H
#define POSTERN_REPORT_INVENTORY_H

#include "base/buf.h"
#include "identify/inventory.h"

struct inventory_about {
	const char *host;   /* its name */
	const char *roots;  /* what was walked, for a person to read */
	int64_t time;       /* milliseconds since 1970 */
	const char *serial; /* a UUID for the document (CycloneDX) */
	bool colour;        /* text */
	bool by_content;    /* prints of tools were there */
	bool processes;     /* what runs was looked at */
	bool all;           /* text: everything, not only the first of many */
};

/* How many of each kind, and of each severity. */
struct inventory_sums {
	size_t kind[INVENTORY_KINDS], severity[SEVERITY_HIGH + 1], tools;
};
struct inventory_sums inventory_sums(const struct inventory *inv);
/* The worst severity of a finding; -1: it has no risk. */
int inventory_worst(const struct inventory_finding *f);
/* What a finding is called: the tool's title, or its own name. */
const char *inventory_title(const struct inventory_finding *f);
/* A name for it that is the same in the next run: 32 hex digits. */
void inventory_uid(const struct inventory_finding *f, char out[33]);
/* One sentence that says what was found: for the text, the ledger, and OCSF. Raw: whoever prints it escapes it. */
void inventory_sentence(struct buf *out, const struct inventory_finding *f);

void inventory_text(struct buf *out, const struct inventory *inv, const struct inventory_about *about);
/* share/schema/inventory.schema.json describes it. */
void inventory_json(struct buf *out, const struct inventory *inv, const struct inventory_about *about);
/* CycloneDX 1.6. */
void inventory_cyclonedx(struct buf *out, const struct inventory *inv, const struct inventory_about *about);
/* The event of OCSF for one finding, canonical, without a newline; what a ledger takes too. 0, -EINVAL, -EMSGSIZE, -ENOMEM. */
[[nodiscard]] int inventory_event(struct buf *out, const struct inventory_finding *f, const struct inventory_about *about, struct err *err);
/* All of them, a line each. */
[[nodiscard]] int inventory_ocsf(struct buf *out, const struct inventory *inv, const struct inventory_about *about, struct err *err);

#endif

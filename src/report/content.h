/* content: the part of each report of a vetting that tells what is in the artefact's files. Private to report/. */
#ifndef POSTERN_REPORT_CONTENT_H
#define POSTERN_REPORT_CONTENT_H

#include "base/buf.h"
#include "vet/model.h"

/* "1 bad and 2 suspicious files"; nothing if there are none. Appended. */
void content_counts(struct buf *b, const struct vet_result *r);
/* The worst of it in a sentence, with its place; nothing if nothing is bad or suspicious. Raw text: whoever prints it escapes it. */
void content_words(struct buf *b, const struct vet_result *r);
/* The member "scan" of report.json, with a comma in front. */
void content_json(struct buf *b, const struct vet_result *r);
/* Sections; nothing if nothing was scanned. content_text() is without a heading. */
void content_text(struct buf *b, const struct vet_result *r, size_t width);
void content_html(struct buf *b, const struct vet_result *r);

#endif

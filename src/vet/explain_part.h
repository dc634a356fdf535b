/* explain_part: what the files of vet/explain share: each part of a difference that changed, and the table of rows (explain_rows.c,
 * explain_place.c) that are tried on it in turn (explain.c). Private to vet/explain*.c. */
#ifndef POSTERN_VET_EXPLAIN_PART_H
#define POSTERN_VET_EXPLAIN_PART_H

#include "vet/explain.h"
#include "vet/explain_text.h"

struct part {
	const struct explain_case *c;
	struct hunk h;
	struct slice a, b; /* of the hunk */
};

/* explain_rows.c: the table, in the order in which rows are tried. */
struct row {
	const char *name;
	enum leak_class class; /* CLASS_DISCLOSED: declared or not, it is part of addressing */
	/* Why the factor decides this part, half a sentence, constant; NULL: this row does not explain it. */
	const char *(*fits)(const struct part *p);
};
extern const struct row explain_rows[];
extern const size_t explain_row_count;

/* explain_place.c: rows of the table. */
const char *row_date(const struct part *p);
const char *row_dated(const struct part *p);
const char *row_stamp(const struct part *p);
const char *row_offset(const struct part *p);
const char *row_locale(const struct part *p);

/* explain_rows.c: does a message come or go, not a part of one? A file is none. */
bool part_is_message(const struct part *p);

#endif

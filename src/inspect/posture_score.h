/* posture_score: how much about a package calls for a look before it is let in, as a sum of reasons, each with its points and the place
 * that it rests on. 0: nothing does. It is no verdict and no probability: it orders packages, and tells two versions of one apart. Pure. */
#ifndef POSTERN_INSPECT_POSTURE_SCORE_H
#define POSTERN_INSPECT_POSTURE_SCORE_H

#include "inspect/posture.h"

enum posture_reason_name {
#define POSTURE_REASON(name, ...) POSTURE_REASON_##name,
#include "inspect/posture_reason_table.h"
#undef POSTURE_REASON
	POSTURE_REASONS
};
struct posture_reason_row {
	const char *id, *title, *why;
	unsigned points;
};
extern const struct posture_reason_row posture_reasons[POSTURE_REASONS];

/* What is known of a package beside its posture. Texts live as long as the score. */
struct posture_known {
	/* Files in it that are bad, and that are suspicious; the first of each: "lib/a.js: runs code that it decodes". */
	uint64_t bad, suspicious;
	const char *first_bad, *first_suspicious;
	/* Was the registry asked, and did it say anything of such things? What it said. */
	bool asked, attested, is_signed;
	/* Was it run, and seen what it contacts? Hosts that nobody declares, and the first. */
	bool watched;
	uint64_t undeclared;
	const char *first_undeclared;
};

struct posture_reason {
	uint32_t row; /* enum posture_reason_name */
	unsigned points;
	uint64_t count; /* how often it holds: it counts once all the same */
	const char
	        *evidence; /* "postinstall: node install.js (package.json:1)"; hostile, without control characters; "": what is missing */
};
struct posture_score {
	unsigned points;                     /* the sum of its reasons' */
	const struct posture_reason *reason; /* in the order of the table, each row at most once */
	size_t n;
	struct posture_known known; /* from which it was made */
};
/* Memory from the arena; *out has pointers to k's texts. 0, -ENOMEM. */
[[nodiscard]] int posture_score(const struct posture *p, const struct posture_known *k, struct arena *arena, struct posture_score *out);
/* The reason of this row; NULL: it does not hold. */
const struct posture_reason *posture_score_has(const struct posture_score *s, uint32_t row);
/* What nobody looked for, so that it did not count; the i-th, NULL behind the last. */
const char *posture_score_open(const struct posture_score *s, size_t i);

#endif

/* compare: what changed between two versions of a tool, from two report.json of postern vet (postern-report(5)). Both are hostile: whoever
 * hands one over may have written it. Pure. */
#ifndef POSTERN_VET_COMPARE_H
#define POSTERN_VET_COMPARE_H

#include "base/arena.h"
#include "base/err.h"
#include "vet/model.h"

#define COMPARE_BYTES_MAX ((size_t)64 << 20) /* of a report */
#define COMPARE_ITEMS_MAX 1000               /* of a section; more are counted */
#define COMPARE_TEXT      600                /* bytes of any one text */
#define COMPARE_NOTES     24

enum compare_kind { COMPARE_NEW, COMPARE_GONE, COMPARE_CHANGED };
/* "new", … */
const char *compare_kind_name(enum compare_kind k);

struct compare_item {
	enum compare_kind kind;
	const char *what;
	const char *before, *after; /* what is known of it in A and in B; NULL: nothing, or it is not there */
	bool alarm;                 /* B does something that A does not, or something worse */
};

struct compare_section {
	const char *id, *title; /* constants: "hosts", "Hosts" */
	struct compare_item *items;
	size_t n;
	size_t count[3]; /* of each kind, also of those that are not in items */
	size_t same;     /* in both, and alike */
	bool there[2];   /* A, B have this part at all: reports of older versions lack some */
};

struct compare_side {
	const char *name, *version, *sha256, *title, *started, *effort, *profile, *postern, *seed;
	enum verdict verdict;
	bool partial;
	uint64_t trials;
};

#define COMPARE_SECTIONS 16
struct compare {
	struct arena arena;
	struct compare_side side[2];
	struct compare_section section[COMPARE_SECTIONS];
	size_t n_sections;
	const char *note[COMPARE_NOTES]; /* what a reader must know: what one of the two did not look at */
	size_t n_notes;
	size_t alarms;     /* items with alarm */
	bool inconclusive; /* one of them says nothing of what the tool sends */
};

/* A finding is an alarm if it is of class `least` or worse, and A has none like it or a milder one. 0; -EBADMSG with a sentence that says
 * which of the two and where; -ENOMEM; -EFBIG. What is in *out is freed with compare_free(), after an error too. */
[[nodiscard]] int compare_reports(struct slice a, struct slice b, enum leak_class least, struct compare *out, struct err *err);
void compare_free(struct compare *c);

#endif

/* compare_part: what the files of the comparison share. */
#ifndef POSTERN_VET_COMPARE_PART_H
#define POSTERN_VET_COMPARE_PART_H

#include "parse/json.h"
#include "vet/compare.h"

#define ROWS_MAX 200000 /* of one section of one report */

/* One thing that a report knows. Two of one key are one thing. */
struct row {
	const char *key;   /* what it is compared by */
	const char *shown; /* what it is called; NULL: key */
	const char *text;  /* more about it, or NULL */
	int rank;          /* how bad it is: 0 is nothing to speak of */
};
struct rows {
	struct row *row;
	size_t n, room;
	bool there;
};

/* Reading one report. */
struct reading {
	struct arena *arena;
	const struct json *doc;
	char why[200]; /* "": nothing is wrong */
};

/* All give "nothing" after an error. A member of an object, of that type, which must be there; NULL with r->why. */
const struct json *cmp_member(struct reading *r, const struct json *v, const char *name, enum json_type type);
/* A text of at most COMPARE_TEXT bytes, "" if it is null or missing. */
const char *cmp_text(struct reading *r, const struct json *v, const char *name);
bool cmp_flag(struct reading *r, const struct json *v, const char *name);
uint64_t cmp_count(struct reading *r, const struct json *v, const char *name);
/* A list of the document, NULL if it has none; of another type it is a mistake. */
const struct json *cmp_list(struct reading *r, const char *name);
/* Adds a row; -ENOMEM and caps go to r->why. key is in the arena. */
void rows_add(struct reading *r, struct rows *to, const char *key, const char *text, int rank);
/* The same of something that is named by text of the tool: dates and other numbers in quotes are not what it is compared by, as they are
 * others on another day. */
void rows_add_named(struct reading *r, struct rows *to, const char *name, const char *text, int rank);

/* The sections, in the order in which they are told (compare_rows.c). */
struct compare_kind_of {
	const char *id, *title;
	void (*collect)(struct reading *r, struct rows *to);
	bool alarming; /* something new of it is what B does and A does not */
	bool by_class; /* ranks are leak classes: the caller says which alarm */
	bool by_text;  /* another text is a change */
};
extern const struct compare_kind_of compare_kinds[];
extern const size_t n_compare_kinds;

#endif

/* export_part: what the files of export share. */
#ifndef POSTERN_REPORT_EXPORT_PART_H
#define POSTERN_REPORT_EXPORT_PART_H

#include "ledger/entry.h"
#include "parse/json.h"
#include "report/export.h"

/* An entry that is being exported. doc is NULL if it is no JSON object. */
struct export_item {
	uint64_t index;
	struct slice json;
	const struct json *doc;
	struct entry_fields f;
	struct arena *arena;
};

#define EXPORT_RULES 4096 /* past these findings have a rule's name only */
struct export_rule {
	uint64_t hash;
	struct slice id; /* of the arena of rules */
};

struct export
{
	struct export_options o;
	bool any; /* a result was written */
	struct arena rules_memory;
	struct export_rule *rule;
	size_t rules;
};

/* The text at a path as in "finding_info.analytic.uid", a number being an element; empty if there is none. */
struct slice export_text(const struct export_item *e, const char *path);
/* "2026-11-25T09:30:00.123Z"; "" if the entry has no time. */
struct export_time {
	char text[80];
};
struct export_time export_time(const struct export_item *e);
/* A JSON string with its quotes. */
void export_string(struct buf *out, struct slice s);

void export_sarif_begin(struct export *x, struct buf *out);
[[nodiscard]] int export_sarif_entry(struct export *x, const struct export_item *e, struct buf *out);
void export_sarif_end(struct export *x, struct buf *out);

#endif

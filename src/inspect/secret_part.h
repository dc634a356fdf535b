/* secret_part: between the reader of rules and the writer of an image. */
#ifndef POSTERN_INSPECT_SECRET_PART_H
#define POSTERN_INSPECT_SECRET_PART_H

#include "base/arena.h"
#include "inspect/secret_image.h"
#include "inspect/secret_table.h"

struct secret_list {
	const char *const *items;
	size_t n;
};

/* A rule as it is written. */
struct secret_rule {
	const char *name, *what;
	struct secret_list patterns, near, values;
	enum image_check check;
	unsigned entropy, confidence, skip;
	bool nocase, glued, loose, run, direct, off;
};

struct secret_rules {
	struct secret_rule *rules;
	size_t n, max;
};
#define SECRET_RULES_MAX 2000

/* Adds the rules of one file. */
[[nodiscard]] int secret_read(const struct secret_source *source, struct arena *arena, struct secret_rules *out, struct err *err);

/* A pattern: a sequence of sets with a count, of which the literal is the longest run of single characters. */
#define PATTERN_ATOMS 96
struct secret_atom {
	uint8_t set[32];
	uint16_t min, max;
	int single; /* the only character, or -1 */
};
struct secret_pattern {
	struct secret_atom atoms[PATTERN_ATOMS];
	size_t n;
	size_t from, fixed; /* the literal: atoms[from], fixed of them */
};
/* Calls `each` for every way to choose from the groups (a|b) of `text`; at most 64. 0, -EINVAL with *why, or what `each` returned. */
[[nodiscard]] int secret_expand(const char *text, int (*each)(const char *text, void *arg), void *arg, const char **why);
/* Without groups. 0, -EINVAL with *why. */
[[nodiscard]] int secret_pattern_parse(const char *text, bool nocase, struct secret_pattern *out, const char **why);

#endif

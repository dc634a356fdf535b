/* conf_part: what the readers of conf's formats share. Not for use outside of src/parse/conf*.c. */
#ifndef POSTERN_PARSE_CONF_PART_H
#define POSTERN_PARSE_CONF_PART_H

#include "parse/conf.h"

struct conf_builder {
	struct arena *arena;
	size_t nodes; /* that may still be made */
	struct conf_error error;
	bool no_memory;
	bool lock; /* conf_read_lock() */
};

/* Always false: notes what is wrong, if nothing was before. */
bool conf_wrong(struct conf_builder *b, unsigned line, unsigned column, const char *reason);
/* NULL after the last that is allowed, or without memory; that is noted. */
struct conf *conf_new(struct conf_builder *b, enum conf_type type);
/* Puts a new child behind the others. */
void conf_append(struct conf *parent, struct conf *child);
/* A copy of a text; empty (and noted) without memory. */
struct slice conf_copy(struct conf_builder *b, struct slice s);

[[nodiscard]] bool conf_json(struct conf_builder *b, struct slice text, struct conf **out);
[[nodiscard]] bool conf_toml(struct conf_builder *b, struct slice text, struct conf **out);
[[nodiscard]] bool conf_yaml(struct conf_builder *b, struct slice text, struct conf **out);
[[nodiscard]] bool conf_env(struct conf_builder *b, struct slice text, struct conf **out);

#endif

/* import_part: a reader of the part of TOML (toml.io v1.0) that settings are written in. Not for use outside of src/policy. */
#ifndef POSTERN_POLICY_IMPORT_PART_H
#define POSTERN_POLICY_IMPORT_PART_H

#include "base/arena.h"

enum toml_type { TOML_TEXT, TOML_BARE, TOML_LIST, TOML_TABLE }; /* BARE: true, 3, 2027-01-01; TABLE: an inline one, not looked into */
struct toml {
	const char *path; /* "sandbox_workspace_write.writable_roots"; of an array of tables with its name only */
	enum toml_type type;
	const char *text;        /* of TEXT and BARE */
	const char *const *list; /* texts of LIST; NULL-terminated. What is no text in it is left out, and `mixed` set */
	bool mixed;
	unsigned line;
	struct toml *next;
};
/* 0, -EBADMSG with the line and a constant reason, -ENOMEM. At most 10,000 keys. */
[[nodiscard]] int toml_read(struct slice in, struct arena *arena, struct toml **out, unsigned *line, const char **why);

#endif

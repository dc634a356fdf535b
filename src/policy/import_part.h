/* import_part: the settings that are written in TOML, a key a line. Not for use outside of src/policy. */
#ifndef POSTERN_POLICY_IMPORT_PART_H
#define POSTERN_POLICY_IMPORT_PART_H

#include "base/arena.h"

enum toml_type { TOML_TEXT, TOML_BARE, TOML_LIST }; /* BARE: true, 3, 2027-01-01 */
struct toml {
	const char *path; /* "sandbox_workspace_write.writable_roots"; of inline tables and arrays of tables each key so */
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

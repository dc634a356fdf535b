/* prints: what is known of one tool's content. Data files: share/prints/TOOL.yaml, made by "postern identify --learn", documented in
 * postern-prints(5). Constants stand there in base64: a file of prints is then itself no bearer of them. */
#ifndef POSTERN_IDENTIFY_PRINTS_H
#define POSTERN_IDENTIFY_PRINTS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define PRINTS_BYTES_MAX     (256u * 1024) /* of a file */
#define PRINTS_CONSTANTS_MAX 512           /* of a tool */
#define PRINTS_CONSTANT_MAX  48            /* bytes of a constant */
#define PRINTS_CONSTANT_MIN  8
#define PRINTS_CONTEXTS_MAX  8
#define PRINTS_CONTEXT_MIN   4
#define PRINTS_LEAST_MAX     1024
#define PRINTS_TOOL_MAX      64 /* bytes of a tool's id */

/* An artefact that the prints were made from. */
struct prints_source {
	const char *version;
	const char *integrity; /* "sha512-…" of the archive or file, in base64 as npm writes it; "tree-sha256-…" in hex of a folder */
};

/* A text that stands right before the version number, but for quotes, blanks, colons, commas, = and ( between them. */
struct prints_context {
	struct slice text;
	unsigned least; /* a version is believed if it stands there so often: libraries may have the same text before theirs */
};

struct prints {
	const char *tool, *title, *publisher;
	const char *const *packages; /* "npm:NAME"…; NULL-terminated. The first is the one that people know */
	const struct prints_source *learned;
	size_t n_learned;
	unsigned need;          /* it is this tool if at least so many different constants are found, 1 or more */
	struct slice *constant; /* n_constants */
	size_t n_constants;
	struct prints_context *context;
	size_t n_contexts;
};

/* One YAML document. `name` is used in messages: "NAME:LINE:COLUMN: what is wrong". All memory from the arena. -EINVAL, -ENOMEM. */
[[nodiscard]] int prints_parse(struct slice yaml, const char *name, struct arena *arena, struct prints *out, struct err *err);
/* The same as text, appended, with `remark` (lines without "# ") on top. */
void prints_write(struct buf *out, const struct prints *p, const char *remark);

#endif

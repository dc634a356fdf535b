/* What the files of learning share. */
#ifndef POSTERN_IDENTIFY_LEARN_PART_H
#define POSTERN_IDENTIFY_LEARN_PART_H

#include "identify/learn.h"

/* What a piece of text is. A tool changes prompts, messages and names at different times. */
enum piece_kind { PIECE_PROSE, PIECE_VARIABLE, PIECE_EVENT, PIECE_FLAG, PIECE_PATH, PIECE_KINDS };

struct piece {
	struct slice text; /* borrowed */
	enum piece_kind kind;
};

/* Every piece in the bytes of a file, in their order; the same text may come often. `name`: of the file, which tells how its comments look.
 * 0, or what fn gave. Pure. */
typedef int piece_fn(void *arg, const struct piece *p);
int learn_pieces(struct slice bytes, struct slice name, piece_fn *fn, void *arg);

/* Every text that stands right before `version` in the bytes, as scan.c finds contexts. `folded`: it does so only once a minifier has put
 * the constant into the template around it: `name/${{VERSION:"1.0.0"}.VERSION}` becomes "name/1.0.0". */
typedef int context_fn(void *arg, struct slice context, bool folded);
int learn_contexts(struct slice bytes, struct slice version, context_fn *fn, void *arg);

/* A file of a folder, read whole. */
typedef int file_fn(void *arg, struct slice name, struct slice bytes);
/* Every code file of a package (as identify_tree() would read them), or with `all` every file below the folder, or the one file. */
[[nodiscard]] int learn_files(int fd, bool all, file_fn *fn, void *arg);

/* Words of which minified code consists between its names. */
bool learn_keyword(struct slice w);

/* Sets p->context. */
[[nodiscard]] int learn_versions(const struct learn_source *sources, size_t n, struct prints *p, struct arena *arena, struct err *err);

#endif

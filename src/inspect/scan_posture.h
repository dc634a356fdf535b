/* scan_posture: facts of a package, gathered while its files are scanned; see posture.h. Part of the scanner. */
#ifndef POSTERN_INSPECT_SCAN_POSTURE_H
#define POSTERN_INSPECT_SCAN_POSTURE_H

#include "inspect/posture.h"
#include "inspect/scan_part.h"
#include "parse/tokens.h"

struct posture_facts {
	struct posture_fact *fact;
	size_t n, room;
	uint32_t *index; /* by hash, 0: none, else one more than the place in `fact` */
	uint16_t *known; /* names that mean something, by hash: rows of the table */
	uint64_t files, bytes;
	bool manifest, cut;
};
void posture_facts_free(struct posture_facts *f);

/* What a file is: a manifest, native code, a script that is run unasked. Nothing if no facts are asked for. */
void scan_posture_look(struct scan *s, const struct scan_input *in);
/* What its code uses, by its tokens. The same. */
void scan_posture_code(struct scan *s, const struct scan_input *in, const char *language, const struct token *t, size_t n);
/* What an executable shares with others by name, and the hosts in its data. `program`: n parts of it that are programs of their own, and
 * looked into as such; `single`: it has some. The same. */
struct elf_span;
void scan_posture_executable(struct scan *s, const struct scan_input *in, const struct elf_span *program, size_t n, bool single);
/* Calls `fn` with all of them, if it is a package, or `always`. */
void scan_posture_tell(const struct posture_facts *f, bool always, void (*fn)(void *arg, const struct posture_fact *f), void *arg);

#endif

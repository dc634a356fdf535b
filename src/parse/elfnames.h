/* elfnames: the names that an ELF file shares with others: of libraries, and of symbols that it exports or imports (ELF-64 and the gABI,
 * "Dynamic Section"). They survive stripping and renaming, since without them the file would not run. */
#ifndef POSTERN_PARSE_ELFNAMES_H
#define POSTERN_PARSE_ELFNAMES_H

#include "base/slice.h"

/* Exactly n bytes at an offset of the file; false if they are not all there. */
typedef bool elfnames_read(void *arg, uint64_t at, void *out, size_t n);

/* What the first 64 bytes say. */
enum elfnames_kind {
	ELFNAMES_NONE,   /* no ELF file of 64 bits in this machine's byte order */
	ELFNAMES_OTHER,  /* an object to be linked, a core dump */
	ELFNAMES_LOADED, /* an executable or shared object */
};
#define ELFNAMES_HEAD 64u
enum elfnames_kind elfnames_kind(struct slice head);

#define ELFNAMES_BYTES_MAX ((uint64_t)64 << 20) /* of names; more are not looked at */

/* Calls name() for each of them, in the order of the file, until it returns false. False: the file is not such, or malformed; names may
 * have been called by then. `soname` (64 bytes) is what it calls itself as a library; "" if nothing. */
bool elfnames(elfnames_read *read, void *arg, bool (*name)(void *arg, struct slice name), void *name_arg, char soname[64]);

/* Calls name() for each symbol that it takes from others, in the order of its table of dynamic symbols, until it returns false; without a
 * version. The table of strings alone does not tell: the name of one is often the end of another's. False as above; also if no table of
 * hashes says where they end. */
#define ELFNAMES_TAKEN_MAX 65536u
#define ELFNAMES_NAME_MAX  255u
bool elfnames_taken(elfnames_read *read, void *arg, bool (*name)(void *arg, struct slice name), void *name_arg);

#endif

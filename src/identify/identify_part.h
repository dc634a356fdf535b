/* What the files of identify share: the compiled prints, and what was found so far in one artefact. */
#ifndef POSTERN_IDENTIFY_IDENTIFY_PART_H
#define POSTERN_IDENTIFY_IDENTIFY_PART_H

#include <sys/types.h>

#include "identify/identify.h"
#include "identify/prints.h"
#include "sys/matcher.h"

#define IDENTIFY_TOOLS_MAX 64

/* What a literal of the matcher's is. */
struct literal {
	uint16_t tool;
	unsigned least; /* of a context; 0: a constant */
	struct slice text;
};

struct identify {
	struct arena arena;
	struct prints tool[IDENTIFY_TOOLS_MAX];
	unsigned n_tools;
	struct literal *literal; /* by the matcher's number */
	unsigned n_literals;
	hs_database_t *db;     /* NULL if there is no literal */
	hs_scratch_t *scratch; /* never used, but to make those that are */
	char digest[65];
};

/* Files of prints, best first: as identify_open(), for texts that are there already. names[i] is for messages; its folder tells whether
 * two files of one tool are a mistake. */
[[nodiscard]] int identify_of_texts(
        const char *const *names, const struct slice *texts, size_t n, int kept, struct identify **out, struct err *err);

/* The index of the tool with this package, or -1. */
int identify_package(const struct identify *id, struct slice package);

/* ---- what was found */

#define TALLY_VERSIONS    16
#define TALLY_VERSION_MAX 48
#define TALLY_BELIEVED    65536

struct tally_version {
	char text[TALLY_VERSION_MAX];
	uint32_t votes; /* TALLY_BELIEVED for as many as the context wants */
};

struct tally_tool {
	unsigned found; /* different constants */
	unsigned n_versions;
	struct tally_version version[TALLY_VERSIONS];
};

struct tally {
	const struct identify *id;
	uint64_t *bits; /* by literal: was it found */
	struct tally_tool tool[IDENTIFY_TOOLS_MAX];
};

[[nodiscard]] int tally_new(const struct identify *id, struct tally **out);
void tally_free(struct tally *t);
void tally_freep(struct tally **t);
#define _cleanup_tally_ _cleanup_(tally_freep)
/* Adds what `from` found. */
void tally_add(struct tally *to, const struct tally *from);
/* The tool that it is by constants: its index, or -1. */
int tally_best(const struct tally *t);
/* Is it settled which tool, and which version? Then more bytes change nothing. */
bool tally_sure(const struct tally *t);
/* The version with the most votes; "" if there is none, or none that has enough. */
const char *tally_version(const struct tally *t, unsigned tool);
/* Writes by, tool, title, publisher, package, version, found, of and example. */
void tally_tell(const struct tally *t, int tool, struct identify_match *out);

/* ---- searching */

/* A stretch of bytes that come in pieces, each in the caller's memory. */
struct scan {
	struct tally *tally;
	hs_scratch_t *scratch;
	uint8_t *narrow; /* room for half of the window, where two bytes are one character; NULL until that is so */
	uint8_t *window; /* SCAN_OVERLAP bytes of what came before, then room for SCAN_WINDOW */
	size_t before;   /* how many of these there are */
	size_t room;     /* of what comes in one piece */
	bool broken;     /* the matcher failed, which only lack of memory explains */
};
#define SCAN_WINDOW  ((size_t)1 << 20)
#define SCAN_OVERLAP ((size_t)512)

/* `room`: SCAN_WINDOW, or less if less is known to come. */
[[nodiscard]] int scan_new(struct tally *t, size_t room, struct scan *out);
void scan_end(struct scan *s);
/* Where the next piece goes, at most `room` bytes of it. */
static inline uint8_t *scan_room(struct scan *s)
{
	return s->window + SCAN_OVERLAP;
}
/* n bytes are there; `last`: nothing follows them. */
void scan_piece(struct scan *s, size_t n, bool last);
/* Another stretch begins. */
void scan_restart(struct scan *s);

/* The length of the version at the front, as "1.2.3" or "1.2.3-beta.1"; 0 if there is none. */
size_t scan_version(struct slice s);
/* How many bytes may stand between a context and its version: quotes, blanks and so on. */
size_t scan_gap(struct slice s);

/* ---- how the bytes are built */

struct range {
	uint64_t from, to;
};
#define FORM_RANGES 4

struct form {
	enum identify_form form;
	struct range first[FORM_RANGES]; /* stretches that tell most, in the order to read them */
	unsigned n_first;
};
/* `head`: the first bytes of the file, up to 64 KiB, of `size`. Reads more of it with pread(). */
void form_of(int fd, struct slice head, uint64_t size, struct form *out);

bool form_is_archive(struct slice head);
/* Where in it one that is compressed, or a zip, may begin; SLICE_NPOS. One that begins less than FORM_MAGIC bytes before the end may be
 * missed. */
#define FORM_MAGIC 10
size_t form_find_archive(struct slice s);

/* ---- metadata */

struct metadata {
	char package[128]; /* "npm:NAME"; "" if there is none */
	char version[TALLY_VERSION_MAX];
};
/* The text of a file of that base name; false if it is none, or says nothing of use. Pure. */
bool metadata_is(struct slice name);
bool metadata_read(struct slice name, struct slice text, struct metadata *out);
#define METADATA_MAX ((size_t)1 << 20)

/* Whether a file of that name may hold code: documents, pictures and the like may speak of a tool without being it. */
bool tree_may_be_code(struct slice name);
/* Whether a folder of that name holds packages of their own. */
bool tree_other_packages(struct slice name);

/* Adds what is in a file to a tally; sets form and digest of *m. */
[[nodiscard]] int identify_tally(struct tally *t, int fd, unsigned flags, struct form *f, struct identify_match *m);

/* The answer from both. */
void identify_decide(const struct tally *t, const struct metadata *m, struct identify_match *out);

#endif

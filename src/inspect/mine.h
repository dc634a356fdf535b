/* mine: the constants of an artefact: what its own text says it looks for. Literals of source files (JavaScript, Python, C), printable runs
 * of executables with what is packed into them (Bun, Node SEA, pkg: one byte or two a character), their tables of strings, numbers in
 * brackets that are bytes; openly, or in base64, hex, XOR with one byte, rotated, backwards, or two of these one over the other. Neighbours
 * of one kind form lists.
 *
 * A decoding is believed only if what comes out is a list (or one) of things that have a form of their own, and is far more like names and
 * words than chance could make it; see mine_judge.c. Files are read by processes without authority. */
#ifndef POSTERN_INSPECT_MINE_H
#define POSTERN_INSPECT_MINE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum mine_class {
	MINE_NONE,
	MINE_HOST, /* host names and domain suffixes, with a scheme before them or not */
	MINE_ZONE,
	MINE_LOCALE,
	MINE_COUNTRY,
	MINE_VARIABLE, /* names of environment variables */
	MINE_PATH,
	MINE_COMPANY, /* companies and products */
	MINE_AGENT,   /* user agents */
	MINE_DATE,
	MINE_VERSION,
	MINE_URL,  /* with more than a host name */
	MINE_WORD, /* other words and names; only in what was hidden */
	MINE_CLASSES,
};
/* "host", "zone", …; and for people, of several: "host names and domain suffixes". */
const char *mine_class_name(enum mine_class c);
const char *mine_class_title(enum mine_class c);
/* MINE_NONE if it is none of these. */
enum mine_class mine_class_of(struct slice text);

/* Constants that stand together. */
struct mine_list {
	enum mine_class class;      /* of most of them */
	bool hidden;                /* it had to be decoded */
	bool literal;               /* it stands in source text; else in the data of a binary */
	const char *file;           /* below the folder, or as it was given */
	uint64_t at, n_bytes;       /* where in the file */
	const char *encoding;       /* "plain", "base64, then XOR 0x5b" */
	const char *const *members; /* in their order; what is no text is escaped as \xHH */
	size_t n;                   /* of these, at most MINE_MEMBERS_MAX */
	size_t total;
	unsigned copies;       /* of the same list, elsewhere in the artefact */
	const char *copy_file; /* the first of them */
	uint64_t copy_at;
	double bits; /* how far what was decoded is from chance */
};

#define MINE_MEMBERS_MAX 512
#define MINE_MEMBER_MAX  255

struct mine_value {
	enum mine_class class;
	const char *text;
	const char *file;
	uint64_t at;
};

struct mine_result {
	struct mine_list *lists; /* hidden ones first, then in the order of the files */
	size_t n_lists, n_hidden;
	struct mine_value *values; /* each text once, by class and in the order of the files */
	size_t n_values;
	uint64_t by_class[MINE_CLASSES]; /* different values */
	uint64_t files, bytes, constants;
	uint64_t texts;    /* encoded, and readable, but no list */
	uint64_t too_long; /* constants that were passed over for their length */
	uint64_t unread;   /* files that could not be read, or were left out by a cap */
	bool cut;          /* not everything that was found is here */
	double seconds;
	uint64_t peak_kb; /* of the largest of the processes that read */
};

struct mine_options {
	unsigned processes; /* 0: as many as there are CPUs, at most 8 */
	uint64_t bytes_max; /* 0: MINE_BYTES_MAX */
	unsigned seconds;   /* 0: MINE_SECONDS_MAX; then what is known is given, and `cut` is set */
};
#define MINE_BYTES_MAX   ((uint64_t)2 << 30)
#define MINE_FILES_MAX   40000
#define MINE_SECONDS_MAX 120

/* A file, or all regular files below a folder, following no link. *out lives in the arena. -ENOENT and the like if the path cannot be
 * opened, -ENOMEM, -EAGAIN (no process). What a process did not live to say is missing, and `cut` is set. */
[[nodiscard]] int mine_path(const char *path, const struct mine_options *o, struct arena *arena, struct mine_result *out, struct err *err);

#endif

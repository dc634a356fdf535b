/* constants: what may be a constant of a program, in the bytes of a source file or of an executable, in the order of the file. Not a parser
 * of any one language: a quote counts as the beginning of a literal if what stands before it and behind its partner can stand beside one in
 * JavaScript, Python, C and their relatives, so that a stray apostrophe misleads for a few bytes and not to the end of the file. Pure;
 * linear time whatever the bytes are. */
#ifndef POSTERN_PARSE_CONSTANTS_H
#define POSTERN_PARSE_CONSTANTS_H

#include "base/slice.h"

enum constant_kind {
	CONSTANT_QUOTED,  /* between ' " or `, its escapes resolved */
	CONSTANT_BARE,    /* a long word without quotes, in the alphabet of base64 */
	CONSTANT_RUN,     /* printable characters in a binary */
	CONSTANT_NUMBERS, /* [104, 0x74, …]: at least six numbers below 256, as bytes */
	CONSTANT_NAME,    /* NAME of env.NAME */
	CONSTANT_TABLE,   /* a member of a table of strings in a binary (parse/elfstrings.h); not of constants_next() */
};

struct constant {
	enum constant_kind kind;
	bool coded;        /* letters and digits in it were written as escapes, or as numbers */
	bool wide;         /* of two bytes a character */
	size_t at, end;    /* in the file, quotes included */
	struct slice text; /* without quotes; valid until the next call */
};

#define CONSTANT_MAX ((size_t)1 << 20) /* bytes; longer ones are passed over, and counted */
/* Of wide text so much is looked at in one piece. */
#define CONSTANT_WIDE_MAX ((size_t)4 << 20)

struct constants {
	struct slice bytes;
	size_t at, stop;  /* what begins in [at, stop) is told */
	bool text;        /* a source file: printable characters by themselves are no constant */
	uint8_t *scratch; /* CONSTANT_MAX bytes */
	uint8_t *narrow;  /* CONSTANT_WIDE_MAX bytes */
	uint64_t too_long;
	/* private */
	size_t run_end;     /* of the printable characters that `at` stands in; 0: in none */
	size_t no_close[3]; /* for each quote: it has no partner before here */
	struct slice wide;  /* narrowed text that is being read, */
	size_t wide_at, wide_base, wide_stop;
};

/* bytes[from, stop), and as much of what follows as a constant takes that begins there. scratch and narrow: memory of those sizes; narrow
 * may be NULL, then wide text is passed over. */
struct constants constants_of(struct slice bytes, size_t from, size_t stop, bool text, uint8_t *scratch, uint8_t *narrow);
/* False at the end. */
bool constants_next(struct constants *c, struct constant *out);
/* Whether the first bytes of a file are those of a text. */
bool constants_text(struct slice head);
/* Whether it can be printed: ASCII without control characters but tab, LF and CR, or the head of a sequence of UTF-8. */
bool constants_printable(uint8_t c);

#endif

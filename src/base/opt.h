/* opt: command-line options as a table. One row makes the parsing, the help text and the shell completion.
 *
 * The values go into a struct of the command, at the offset that a row names; the OPT_… macros check the member's type:
 *
 *	struct my_options { bool quick; const char *out; uint64_t jobs; unsigned format; struct opt_list factors; };
 *	static const struct opt my_table[] = {
 *		OPT_FLAG(struct my_options, quick, "quick", 0, "fewer trials"),
 *		OPT_STRING(struct my_options, out, "out", 'o', "DIR", "write the report there"),
 *		OPT_END,
 *	};
 *
 * Forms that are taken: --name, --name=value, --name value, -x, -xVALUE, -x VALUE, -xyz for flags, and -- after which nothing is an
 * option. Options may stand before and after operands. Of an option given twice the last one counts; a list grows. */
#ifndef POSTERN_BASE_OPT_H
#define POSTERN_BASE_OPT_H

#include "base/buf.h"
#include "base/err.h"

enum opt_kind {
	OPT_KIND_END,
	OPT_KIND_FLAG,   /* bool */
	OPT_KIND_STRING, /* const char *: borrowed from argv, never empty */
	OPT_KIND_U64,    /* uint64_t, min..max */
	OPT_KIND_CHOICE, /* unsigned: index in choices */
	OPT_KIND_LIST,   /* struct opt_list: comma separated; each one of choices, if there are any */
};

#define OPT_LIST_MAX 64
struct opt_list {
	const char *item[OPT_LIST_MAX]; /* borrowed from argv */
	size_t n;
};

struct opt {
	const char *name; /* without the dashes */
	char letter;      /* 0: none */
	enum opt_kind kind;
	const char *word;           /* what stands for the argument in the help; FILE and DIR are completed as such */
	const char *help;           /* one sentence, without a stop at the end */
	const char *const *choices; /* NULL-terminated */
	uint64_t min, max;
	size_t offset;
};

#define OPT_AT(type, member, of) \
	(offsetof(type, member) + 0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((type *)NULL)->member), of) ? 1 : -1]))
#define OPT_FLAG(type, member, long_name, short_name, text)                                                                              \
	{                                                                                                                                \
		.name = (long_name), .letter = (short_name), .kind = OPT_KIND_FLAG, .help = (text), .offset = OPT_AT(type, member, bool) \
	}
#define OPT_STRING(type, member, long_name, short_name, argument, text)                                                   \
	{                                                                                                                 \
		.name = (long_name), .letter = (short_name), .kind = OPT_KIND_STRING, .word = (argument), .help = (text), \
		.offset = OPT_AT(type, member, const char *)                                                              \
	}
#define OPT_U64(type, member, long_name, short_name, argument, low, high, text)                                                      \
	{                                                                                                                            \
		.name = (long_name), .letter = (short_name), .kind = OPT_KIND_U64, .word = (argument), .help = (text), .min = (low), \
		.max = (high), .offset = OPT_AT(type, member, uint64_t)                                                              \
	}
#define OPT_CHOICE(type, member, long_name, short_name, argument, words, text)                                            \
	{                                                                                                                 \
		.name = (long_name), .letter = (short_name), .kind = OPT_KIND_CHOICE, .word = (argument), .help = (text), \
		.choices = (words), .offset = OPT_AT(type, member, unsigned)                                              \
	}
/* words may be NULL: anything goes */
#define OPT_LIST(type, member, long_name, short_name, argument, words, text)                                            \
	{                                                                                                               \
		.name = (long_name), .letter = (short_name), .kind = OPT_KIND_LIST, .word = (argument), .help = (text), \
		.choices = (words), .offset = OPT_AT(type, member, struct opt_list)                                     \
	}
#define OPT_END                      \
	{                            \
		.kind = OPT_KIND_END \
	}

/* What is left beside the options. The arrays are inside argv, which is put in another order. */
struct opt_args {
	char **arg; /* operands before "--" */
	size_t n;
	char **rest; /* everything after "--", NULL-terminated; NULL if there was no "--" */
	size_t n_rest;
	bool help; /* --help or -h was given: parsing ended there, and the rest of the struct is empty */
};

/* Parses argv (argc strings, argv[argc] is NULL; argv[0] is the first to look at). Values go into *values, which holds the defaults
 * before; list values are cut apart in place. --help and -h are known without a row. -EINVAL with a sentence that says what to write
 * instead; then *values may have been changed in part, *out is untouched. */
[[nodiscard]] int opt_parse(const struct opt *table, int argc, char **argv, void *values, struct opt_args *out, struct err *err);

/* The part of a help text that lists the options, one or more lines each, at most `width` columns wide; --help comes last. */
void opt_help(struct buf *out, const struct opt *table, size_t width);

/* The word of a NULL-terminated list nearest to what was typed, or NULL if none
 * is near enough to be a slip of the fingers. */
const char *opt_nearest(const char *typed, const char *const *words);
/* Edit distance: insertions, deletions, replacements and swaps of neighbours. Strings longer than 64 bytes are at distance SIZE_MAX. */
size_t opt_distance(const char *a, const char *b);

#endif

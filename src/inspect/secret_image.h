/* secret_image: what secret_compile() writes and the scanner reads. Native byte order: an image is a cache of one machine. Every array lies
 * at an offset from the start, aligned to 8; image_open() checks all of them once, so that readers need not. */
#ifndef POSTERN_INSPECT_SECRET_IMAGE_H
#define POSTERN_INSPECT_SECRET_IMAGE_H

#include "base/slice.h"

#define IMAGE_MAGIC 0x3230706c44737050ull /* "PpsDlp02" */

/* What a literal that the matcher finds stands for. */
enum image_form {
	FORM_PLAIN,   /* the fixed part of a pattern */
	FORM_REVERSE, /* the same, last byte first */
	FORM_ROT13,
	FORM_NEAR,   /* a word beside which a value of the rule may stand */
	FORM_ESCAPE, /* the beginning of an escape; index: enum image_escape */
	FORM_DEFLATE /* the head of a gzip or zlib stream */
};
enum image_escape { ESCAPE_BACKSLASH, ESCAPE_PERCENT, ESCAPE_ENTITY, ESCAPE_QUOTED };

enum image_check {
	CHECK_NONE,
	CHECK_CRC62,    /* the last six characters are the CRC-32 of the others behind the last "_", in base 62 */
	CHECK_BECH32,   /* checksum of BIP 173 */
	CHECK_JWT,      /* header decodes to a JSON object with "alg" */
	CHECK_PEM,      /* base64 behind a BEGIN line, to the END line */
	CHECK_PUTTY,    /* Private-Lines of a PuTTY key */
	CHECK_URL,      /* scheme://user:password@host */
	CHECK_BASIC,    /* base64 of user:password */
	CHECK_LOGIN,    /* user:password */
	CHECK_DISCORD,  /* first part is base64 of digits */
	CHECK_BASE64,   /* decodes, to bytes that look random */
	CHECK_GENERIC,  /* looks random, beside a key word */
	CHECK_PASSWORD, /* shorter and wordier than that */
	CHECK_END
};

enum image_flag {
	RULE_NOCASE = 1,
	RULE_GLUED = 2,  /* may stand in the middle of a word */
	RULE_LOOSE = 4,  /* the character behind it may belong to its last set */
	RULE_RUN = 8,    /* no fixed part: tried at each long token */
	RULE_DIRECT = 16 /* near: the value follows at once, without an assignment ("Bearer ") */
};

struct image_rule {
	uint32_t name, what; /* NUL-terminated strings */
	uint16_t entropy;    /* tenths of a bit a character, least */
	uint8_t check, flags, confidence, pad;
	uint16_t skip; /* leading bytes of a match that are no part of the secret */
};

struct image_atom {
	uint16_t set; /* of the sets */
	uint16_t min, max;
};

struct image_pattern {
	uint16_t rule;
	uint16_t fixed;   /* bytes of the literal */
	uint32_t literal; /* string */
	uint32_t atom;    /* the first; `before` of them, those nearest to the literal first, then `after` */
	uint16_t before, after;
	uint32_t reach; /* longest match, bytes, cut at IMAGE_REACH */
};
#define IMAGE_REACH 4096u

struct image_use {
	uint8_t form, pad[3];
	uint32_t index; /* pattern, or enum image_escape */
};

/* What the matcher reports by number. */
struct image_literal {
	uint32_t use, n_uses; /* of the uses */
	uint32_t length;
};

struct image_head {
	uint64_t magic, size;
	uint32_t rules, patterns, atoms, sets, literals, uses, strings, database; /* offsets */
	uint32_t n_rules, n_patterns, n_atoms, n_sets, n_literals, n_uses, n_strings, n_database;
	uint32_t longest; /* literal, bytes */
	uint32_t n_runs;  /* patterns with RULE_RUN; they come last */
};

struct image {
	const struct image_head *head;
	const struct image_rule *rules;
	const struct image_pattern *patterns;
	const struct image_atom *atoms;
	const uint8_t (*sets)[32];
	const struct image_literal *literals;
	const struct image_use *uses;
	const char *strings;
	struct slice database;
};

/* Borrows from bytes, which must be aligned to 8. False if they are no image. */
[[nodiscard]] bool image_open(struct slice bytes, struct image *out);
/* By name in the file of rules; CHECK_END if there is none. */
enum image_check image_check_of(struct slice name);

static inline bool set_has(const uint8_t set[32], uint8_t c)
{
	return set[c >> 3] >> (c & 7) & 1;
}

#endif

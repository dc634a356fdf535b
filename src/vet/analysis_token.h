/* analysis_token: ids and numbers that vary from trial to trial, as bits. Private to vet/analysis*.c. */
#ifndef POSTERN_VET_ANALYSIS_TOKEN_H
#define POSTERN_VET_ANALYSIS_TOKEN_H

#include "vet/analysis_part.h"

#define TOKEN_WORDS 5
#define TOKEN_BITS  (TOKEN_WORDS * 64u)

/* A part of a feature's value that looks random: always of one form, nearly always another. */
struct token {
	uint32_t feature;
	uint32_t also[3]; /* features that are the same in another base, n_also */
	unsigned n_also;
	unsigned index;  /* which of the parts of the value */
	bool number;     /* bits are those of its value, from the lowest; else of its digits, in their order */
	unsigned family; /* how many of its kind there are: the more, the likelier one of them looks odd by chance */
	bool one_of;     /* a bit says something where it is 1, and nothing where it is 0 */
	bool both;       /* of two other tokens: bits say what both have, first in which both are 1, then in which both are 0 */
	bool choice;     /* bits say whether it is there, which of a few values it has, or what comes before what */
	unsigned n_bits; /* at most TOKEN_BITS: what is longer is cut */
	unsigned per;    /* bits of one digit */
	uint64_t (*bits)[TOKEN_WORDS]; /* by observation */
	bool *there;                   /* by observation */
	/* Bits that are now 0, now 1, in no order that follows the time. Others say nothing: what they are is fixed, or drifts. */
	uint64_t fair[TOKEN_WORDS];
	unsigned ones[TOKEN_BITS], all; /* trials in which the bit is 1, and in which the token is there */
	bool drawn;                     /* it follows from the random numbers that are drawn */
	unsigned same;                  /* pairs that draw alike in which it is the same */
};

struct tokens {
	struct token *t;
	size_t n, choices; /* choices: how many of them are */
	size_t *twin;      /* an_twins() */
};

/* All tokens of the trials, each once, however often it is sent. usable trials only, probes left out when it is judged which bits are fair.
 * 0 or -ENOMEM; tokens_free() in both cases. */
[[nodiscard]] int tokens_of(const struct ctx *c, struct tokens *out);
void tokens_free(struct tokens *t);

/* The feature that it stands in there; if in none, its first. */
uint32_t token_feature(const struct ctx *c, const struct token *t, size_t o);
/* The token in that trial, a part of the feature's value; p NULL if it is not there. */
struct slice token_text(const struct ctx *c, const struct token *t, size_t o);

/* Does the token follow from the random numbers that are drawn (analysis_paired.c)? `twin`: an_twins(). *same: pairs in which it is the
 * same. tokens_of() asks once for each. */
bool token_drawn(const struct ctx *c, const size_t *twin, const struct token *t, unsigned *same);

/* Two values of an id of which the same random numbers were drawn (analysis_paired.c): they are the same, the same but for a few
 * characters, or another one altogether. */
enum likeness { LIKE_SAME, LIKE_NEARLY, LIKE_NOT };
enum likeness token_likeness(struct slice a, struct slice b);
/* Of two that are nearly the same: does what is set in the trial, and was not in the baseline, explain the few characters? 0 or -ENOMEM. */
[[nodiscard]] int token_explained(const struct ctx *c, const struct token *t, size_t baseline, size_t trial, bool *out);

static inline bool token_bit(const uint64_t w[TOKEN_WORDS], unsigned i)
{
	return w[i / 64] >> (i % 64) & 1;
}

#endif

/* power: a script of PowerShell as a row of words, variables, texts and signs (about_Parsing, about_Quoting_Rules), without evaluating
 * anything; comments are left out. Pure. */
#ifndef POSTERN_PARSE_POWER_H
#define POSTERN_PARSE_POWER_H

#include "base/arena.h"

enum power_kind {
	POWER_WORD,     /* a command, an option, an operator with letters, a member, a number; backticks in it are left out */
	POWER_VARIABLE, /* without its "$" and braces: "env:TEMP" */
	POWER_TEXT,     /* what is between quotes, as it is */
	POWER_SIGN,     /* one byte; "." also for "::", and for the operator that runs in the same scope */
	POWER_END,      /* of a statement: a line's end outside of round and square brackets, ";" */
};
struct power_token {
	enum power_kind kind;
	uint8_t sign;      /* of SIGN */
	bool glued;        /* nothing stands between it and the one before */
	bool expands;      /* a TEXT in double quotes: variables in it are put in */
	struct slice text; /* of a SIGN or an END empty */
	size_t at, end;    /* in the script, with quotes */
};

/* At most `max` tokens: *all is false if there are more. 0, -ENOMEM. One pass. */
[[nodiscard]] int power_read(struct slice text, size_t max, struct arena *arena, struct power_token **out, size_t *n, bool *all);

#endif

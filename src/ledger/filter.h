/* filter: which entries somebody wants to see. The same question is put to the index and to the log itself. */
#ifndef POSTERN_LEDGER_FILTER_H
#define POSTERN_LEDGER_FILTER_H

#include "ledger/entry.h"

struct filter {
	int64_t since;                    /* milliseconds since 1970; INT64_MIN: from the beginning */
	struct slice tool, host, verdict; /* p NULL: any */
	struct slice words;               /* all of them must be in the entry's texts: whole words, ASCII case ignored; p NULL: any */
};

/* Is that entry wanted? 1, 0, -ENOMEM. One that is no JSON object has no fields. *fields may be NULL; it is borrowed from json and arena.
 */
[[nodiscard]] int filter_match(const struct filter *f, struct slice json, struct arena *arena, struct entry_fields *fields);

/* Text as words: lower case, one space before and after each; letters and digits of ASCII and everything past it make words. Appended. */
void filter_words(struct slice text, struct buf *out);

#endif

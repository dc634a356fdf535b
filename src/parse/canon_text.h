/* canon_text: one form for text that says the same. For text that a program wrote, not a person: which of several characters that look
 * alike stands somewhere, how wide a gap is, or how a date is written, carries nothing for a reader, and can carry something for somebody
 * else.
 *
 * Invisible characters go (in scripts that need joiners these stay); spaces, line ends, apostrophes, quotation marks, dashes, bullets, wide
 * and styled letters become the plain one; a letter and its mark become one character; letters of another script that look Latin become
 * Latin where the text has no other letters of that script, or stand in a word with Latin ones; a date becomes YYYY-MM-DD. What is no UTF-8
 * becomes U+FFFD. Pure. canon_text() of what it gave gives the same. */
#ifndef POSTERN_PARSE_CANON_TEXT_H
#define POSTERN_PARSE_CANON_TEXT_H

#include "base/arena.h"
#include "base/buf.h"

enum canon_form {
	CANON_LIGHT, /* gaps and empty lines stay, but for blanks at the ends of lines: code may be among it */
	CANON_FULL,  /* one blank between words, at most one empty line, four blanks for a tab that indents, none at the ends */
};

/* Appended. Of scratch twenty bytes for each of the text. 0 or -ENOMEM. */
[[nodiscard]] int canon_text(struct slice in, enum canon_form form, struct arena *scratch, struct buf *out);

#endif

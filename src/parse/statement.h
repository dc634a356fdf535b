/* statement: what is signed in our own notes, as lines "key value" in a fixed order after a first line that says what it is. There is one
 * way to write each statement, so that two readers cannot see two things in one signature. Pure. */
#ifndef POSTERN_PARSE_STATEMENT_H
#define POSTERN_PARSE_STATEMENT_H

#include "base/buf.h"

#define STATEMENT_TIME_MAX 253402300799 /* the end of 9999 */

/* Reads on after an error, and gives empty values: ask for `why` once. */
struct statement {
	struct slice rest;
	unsigned line;   /* that was read last, from 1 */
	const char *key; /* what that line should be; a constant */
	const char *why; /* constant; NULL: nothing is wrong */
};

/* Takes the first line, which must be `title`. */
void statement_begin(struct statement *s, struct slice text, const char *title);
/* Is the next line one with this key? It is not taken. */
bool statement_is(const struct statement *s, const char *key);
/* Takes the next line, which must have this key; the value is not empty. */
struct slice statement_text(struct statement *s, const char *key);
/* A number from 1 to max, without leading zeros. */
uint64_t statement_number(struct statement *s, const char *key, uint64_t max);
/* "2026-11-26T00:00:00Z", in seconds since 1970, 1 and up; 0: "never", if that may be. */
int64_t statement_time(struct statement *s, const char *key, bool never);
/* The name of an organisation: a-z 0-9 - _ . , at most 64. */
struct slice statement_organisation(struct statement *s);
/* For a value that a caller looked into: the mistake is in the line that was read last. The first mistake stays. */
void statement_bad(struct statement *s, const char *why);
/* Nothing may follow. 0 or -EBADMSG. */
[[nodiscard]] int statement_end(struct statement *s);

/* A time in that form (also a day alone, if day: its beginning). Years 1970 to 9999. */
bool statement_time_parse(struct slice in, bool day, int64_t *out);
/* The same back, 20 characters and a NUL. Times outside of those years are cut to them. */
void statement_time_write(int64_t t, char out[21]);
/* 64 lower-case hex digits? */
bool statement_digest_valid(struct slice s);

#endif

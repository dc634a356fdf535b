/* peek: looks into JSON text (RFC 8259) without building a tree: every value is the slice of the text that holds it. Lenient and
 * bounded: no allocation, no recursion, linear in the text; what is not JSON gives empty values. The scripted model only needs to
 * find a few members, and echoes names and strings back exactly as they were written, so nothing is unescaped. */
#ifndef POSTERN_WORLD_PEEK_H
#define POSTERN_WORLD_PEEK_H

#include "base/buf.h"

/* The first value in the text, without white space around it; p is NULL if there is none. */
struct slice peek_value(struct slice text);
/* A member of an object; p is NULL if it has none of that name, or is no object. Of several, the first. */
struct slice peek_get(struct slice object, const char *name);
/* Walks an array or object: *at starts as 0. name may be NULL, and is the name's text between its quotes (empty in an array). */
bool peek_next(struct slice container, size_t *at, struct slice *name, struct slice *value);
/* The text between the quotes of a string, escapes left as they are; p is NULL if it is no string. */
struct slice peek_text(struct slice value);
/* Whether it is a string that reads so, without regard to ASCII case. */
bool peek_is(struct slice value, const char *text);
bool peek_true(struct slice value);
bool peek_is_object(struct slice value);
bool peek_is_array(struct slice value);

/* Appends a JSON string with its quotes; bytes from 0x80 are passed on. */
void peek_quote(struct buf *b, struct slice text);

#endif

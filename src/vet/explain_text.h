/* explain_text: what a piece of text says, and what its address says. */
#ifndef POSTERN_VET_EXPLAIN_TEXT_H
#define POSTERN_VET_EXPLAIN_TEXT_H

#include "base/slice.h"

static inline bool text_word_byte(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
static inline uint8_t text_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}
/* Is the word in the text, in any ASCII case, between bytes that are no letters? In names like isGitRepo and os_version a change of
 * case, a digit or an underscore is an end too. */
bool text_has_word(struct slice text, const char *word);
/* Is a word of the factor's vocabulary in the text? */
bool text_names_factor(struct slice text, unsigned factor);
/* The same, but of everyday words (rules, project) there must be two, unless it is a name (of a field) that is read. */
bool text_says_factor(struct slice text, unsigned factor, bool name);
/* Is the factor's placeholder in the text, as {timezone}? */
bool text_has_placeholder(struct slice text, unsigned factor);
/* Only words of ASCII letters and digits, blanks and plain signs; at least one letter or digit. */
bool text_plain_words(struct slice s);
/* And not empty. */
bool text_same_but_case(struct slice a, struct slice b);
/* A block of ordinary text may hold typographic punctuation and other scripts, but nothing that cannot be seen. */
bool text_visible(struct slice s);
/* The part of the line before the hunk, if it is a key: "Is a git repository: ". */
struct slice text_key_of(struct slice s, size_t at);
/* Grows a span over bytes of the set. */
struct slice text_around(struct slice s, size_t at, size_t n, bool (*in)(uint8_t c));
/* The last component of an address: "body.metadata.is_ci" gives is_ci; a header's name. */
struct slice address_last_component(const char *address);
/* Does the place speak of the factor? Its last component; in OpenTelemetry, whose values all stand in fields of the same names, the metric
 * and the attribute that the value belongs to. */
bool address_names_factor(const char *address, unsigned factor);

#endif

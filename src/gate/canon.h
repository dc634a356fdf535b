/* canon: one form for what a tool sends, so that how it writes something says nothing. Names, order and blanks of header fields; the form
 * of JSON; the text that the tool itself wrote (system prompts, descriptions of tools, and what it puts around a person's words in a
 * message, which it marks with tags); ids that the tool chose, mapped by a key of the run. What a person wrote, what files and tools gave,
 * and what the server gave (ids of messages, signatures) stays as it is. Looks at nothing but the request; the dialects are those of
 * gate/dialogue.h. */
#ifndef POSTERN_GATE_CANON_H
#define POSTERN_GATE_CANON_H

#include "wire/exchange.h"

#define CANON_KEY_BYTES 32u

/* A body. 1: `out` has it in its form; 0: it is no JSON, and stays as it is; any: JSON of any kind, otherwise that of model traffic only,
 * so that files that are sent as files arrive as they are. -E2BIG: it is, but too much to be looked at; -ENOMEM. */
[[nodiscard]] int canon_body(struct slice key, bool any, struct slice body, struct buf *out);
/* By its content type: may it be something else than a file? */
bool canon_any(struct slice content_type);
/* Is the request signed, or does a field hold a digest of the body? Then nobody can change what it says, but for the order and the case of
 * its fields. */
bool canon_signed(const struct exchange_request *r);
/* The order of the fields: order[i] is an index into r->headers; n_headers of them. */
void canon_order(const struct exchange_request *r, uint16_t order[EXCHANGE_HEADERS_MAX]);
/* A field's name and value, appended. -ENOMEM. */
void canon_name(struct slice name, struct buf *out);
[[nodiscard]] int canon_value(struct slice key, struct slice name, struct slice value, struct buf *out);
/* A target: escapes in one form, ids of its query mapped. */
void canon_target(struct slice key, struct slice target, struct buf *out);
/* Ids in a text: each UUID, and each run of 16 or more hex digits, becomes another of the same form, the same for the same one. */
void canon_ids(struct slice key, struct slice text, struct buf *out);

#endif

/* events: placeholders are put back in a reply that comes as server-sent events of JSON (WHATWG HTML, 9.2), as model vendors stream them.
 * The text of a reply is cut anywhere by its events, and so is a placeholder: what may be the beginning of one is held back, and goes in
 * front of the text of the next event of the same place, or out in an event of its own if there is none. An event leaves as soon as it is
 * whole. */
#ifndef POSTERN_GATE_EVENTS_H
#define POSTERN_GATE_EVENTS_H

#include "base/buf.h"

struct redact_vault;
struct events;

#define EVENT_MAX ((size_t)1 << 20) /* bytes; a longer one passes as it is */

[[nodiscard]] int events_new(struct redact_vault *vault, struct events **out);
void events_free(struct events *e);
/* Appends what can leave. last: no more comes. 0, or buf_error(out). */
[[nodiscard]] int events_feed(struct events *e, struct slice in, bool last, struct buf *out);

#endif

/* json_edit: one member of a document is set, and every other byte stays as it was. Pure. */
#ifndef POSTERN_PARSE_JSON_EDIT_H
#define POSTERN_PARSE_JSON_EDIT_H

#include "base/arena.h"
#include "base/buf.h"

/* The value at a path of names with dots between, raw as it stands; p is NULL if there is none. Of members with one name the last counts,
 * as for those who read it. `text` may have comments (parse/jsonc.h). -EBADMSG: it is no JSON; -ENOMEM. */
[[nodiscard]] int json_edit_get(struct slice text, const char *path, struct arena *arena, struct slice *out);
/* Appends `text` with that value instead of what is there, or with the members that lead to it behind what is there, indented as their
 * neighbours are. What stands on the way and is no object is replaced. The document must be an object. 0, -EBADMSG, -ENOMEM, or out's
 * error. */
[[nodiscard]] int json_edit_set(struct slice text, const char *path, struct slice value, struct arena *arena, struct buf *out);
/* The same for an element that an array shall have: appended to it if it lacks it; what is no array, or not there, becomes one. */
[[nodiscard]] int json_edit_include(struct slice text, const char *path, struct slice value, struct arena *arena, struct buf *out);
/* Do two values say the same? Neither white space nor the order of members counts. False if either cannot be read. */
bool json_edit_same(struct slice a, struct slice b, struct arena *arena);

#endif

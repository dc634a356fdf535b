/* toml_edit: one key of a TOML document (toml.io v1.0) is set, and every other byte stays as it was. Pure. */
#ifndef POSTERN_PARSE_TOML_EDIT_H
#define POSTERN_PARSE_TOML_EDIT_H

#include "base/buf.h"
#include "parse/conf.h"

/* The value of a key ("features.browser_use": bare names with dots between), as it is written in its `raw`; NULL if there is none.
 * -EBADMSG: this is no TOML, or more than conf.h reads of it; -EEXIST: something stands there, or on the way, that is not looked into (an
 * inline table, an array of tables). -ENOMEM. */
[[nodiscard]] int toml_edit_get(struct slice text, const char *path, struct arena *arena, const struct conf **out);
/* Appends `text` with that value, as TOML writes it, instead of what is there; or behind the last key of its table; or in a new table at
 * the end. The same errors, or out's. */
[[nodiscard]] int toml_edit_set(struct slice text, const char *path, struct slice value, struct arena *arena, struct buf *out);
/* A value in JSON, appended: texts, true and false, whole numbers, and arrays of them. False if it is anything else; then out has a part.
 */
bool toml_edit_json(const struct conf *value, struct buf *out);

#endif

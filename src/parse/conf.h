/* conf: a configuration file as a tree, whichever of the usual formats it is written in, so that what is looked for in it is said once.
 * Pure; every text is decoded, is followed by a NUL that does not count, and may hold anything else (a NUL too, of JSON). */
#ifndef POSTERN_PARSE_CONF_H
#define POSTERN_PARSE_CONF_H

#include "base/arena.h"

enum conf_format {
	CONF_JSON, /* with comments and commas before a closing bracket, as editors have it, or without */
	CONF_TOML, /* toml.io v1.0 */
	CONF_YAML, /* 1.2, without aliases, anchors, tags and directives: what YAML bombs are made of */
	CONF_ENV,  /* lines NAME=value, with "export" before and quotes around it if need be: .env files and what shells read */
	CONF_FORMATS,
};
/* "json", "toml", "yaml", "env"; NULL-terminated. */
extern const char *const conf_format_names[];

enum conf_type { CONF_NULL, CONF_BOOL, CONF_NUMBER, CONF_TEXT, CONF_LIST, CONF_MAP };
struct conf {
	enum conf_type type;
	unsigned line, column; /* from 1; 0 where the reader does not know it (JSON) */
	struct slice key;      /* in a map; p is NULL elsewhere */
	struct slice text;     /* of a scalar, as it reads: "true", "3", "2027-01-01", what was in quotes; of NULL "" */
	/* Of TOML: a value as it is written; of a table that its name begins (and of the document) all up to behind its last key. p is NULL
	 * of lists of such tables, and of maps that only keys or names with dots lead through. */
	struct slice raw;
	struct conf *child, *last, *next; /* the first and the last child */
	size_t n;                         /* children */
};

struct conf_error {
	unsigned line, column; /* from 1 */
	const char *reason;    /* static, or in the arena */
	bool limit;            /* of JSON: it is too large or too deep to be read here, and may be good */
};

#define CONF_DEPTH 64
/* Whatever the bytes are, memory and time are in proportion to their number, and the tree has at most `nodes` nodes. 0; -EBADMSG with *err
 * (may be NULL): it is not of that format, or passes a limit; -ENOMEM: the arena is full (of JSON that may be -EBADMSG too). *out is
 * untouched on failure. */
[[nodiscard]] int conf_read(
        enum conf_format format, struct slice text, size_t nodes, struct arena *arena, struct conf **out, struct conf_error *err);

/* The same of a lock file, which a program writes and no person: YAML of up to CONF_LOCK_MAX bytes instead of 256 KiB, and as many keys
 * of YAML, and elements and lines of TOML, as there may be nodes. */
#define CONF_LOCK_MAX ((size_t)16 << 20)
[[nodiscard]] int conf_read_lock(
        enum conf_format format, struct slice text, size_t nodes, struct arena *arena, struct conf **out, struct conf_error *err);

/* The value of a key; NULL if there is none, or `c` is NULL or no map. Of a key that is there twice (JSON lets it be) the last, as the
 * programs take it that read such files. */
const struct conf *conf_get(const struct conf *c, struct slice key);
/* Calls fn with each value at a path: keys with "/" between them, "*" for every key or element; "" is `c` itself. A key that is
 * there twice is followed each time. More than 10,000 are not looked at. fn's answer other than 0 ends the walk and is returned. `key` is
 * that of the last "*", or empty. */
typedef int conf_fn(void *arg, const struct conf *value, struct slice key);
int conf_each(const struct conf *c, const char *path, conf_fn *fn, void *arg);
/* The same of all, however many: for those who must not miss what stands behind many others. */
int conf_every(const struct conf *c, const char *path, conf_fn *fn, void *arg);
/* The value at a path, the last if there are several; NULL if there is none. */
const struct conf *conf_at(const struct conf *c, const char *path);
static inline bool conf_is_text(const struct conf *c)
{
	return c && c->type == CONF_TEXT;
}

#endif

/* scan_change_depend: what readers of manifests and of lock files share: one dependency, and what is odd about one among others. */
#ifndef POSTERN_INSPECT_SCAN_CHANGE_DEPEND_H
#define POSTERN_INSPECT_SCAN_CHANGE_DEPEND_H

#include "inspect/scan_change.h"
#include "parse/conf.h"

enum kind { NPM, PYPI, CRATES, GO, GEMS, COMPOSER };
struct reader {
	struct change_facts *f;
	enum kind kind;
};

/* The text with that key in a table; empty if there is none. */
struct slice change_text_at(const struct conf *c, const char *key);
/* A dependency called `name`, with what is said of its version or place; `at` is where in the text. */
void change_depends(struct reader *r, struct slice name, struct slice spec, size_t at);
/* It comes from outside of a registry. */
void change_remote(struct reader *r, struct slice name, struct slice spec, size_t at);
/* Packages are taken from this registry. */
void change_index(struct change_facts *f, struct slice url, size_t at);

/* Reads all of a lock file. False: it cannot be read, and that is told, unless it is a test's: package managers may read what is not
 * read here. */
bool change_lock_read(struct reader *r, enum conf_format format, struct arena *arena, struct conf **root);

/* What most entries of a lock file have. Hosts beyond CHANGE_HOSTS are not counted. */
#define CHANGE_HOSTS 16u
struct majority {
	struct slice host[CHANGE_HOSTS];
	size_t n[CHANGE_HOSTS], hosts, all, digests;
};
struct locked {
	struct reader *r;
	struct slice host; /* of most */
	bool digests;      /* most have one */
};
void change_count(struct majority *m, struct slice url, bool digest);
struct locked change_usual(struct reader *r, const struct majority *m);
/* One package of a lock file; `alias`: it says its name itself. */
void change_locked(struct locked *l, struct slice name, struct slice url, bool digest, bool alias);
void change_locked_odd(struct locked *l, enum scan_rule_name rule, struct slice name, struct slice url, const char *why);

/* Of arrays of elements that begin with a key of 64 bits (scan_change_pin.c): sorts by it, and the first of that key, or where it would be.
 */
void change_sort(void *elements, size_t n, size_t size);
size_t change_first(const void *elements, size_t n, size_t size, uint64_t key);

/* scan_change_pin.c: notes the digest, or several with spaces between them, of a version of a package; `place` is what else it is told
 * by, or empty. */
void change_pin(struct change_facts *f, struct slice name, struct slice version, struct slice place, struct slice digest);

/* scan_change_beside.c: what the manifest beside a lock file of that name does not ask for; `lock`: what was read of it, or NULL of those
 * that are lines. Nothing, if there is none. */
void change_beside(struct reader *r, struct slice name, const struct conf *lock);

/* What a lock file of yarn 2 or later says that it fetches, or what for: "a@npm:1.2.3", "b@npm:a@^1", "a@https://h/x.git#commit=1". */
struct berry {
	struct slice name, place; /* "npm:1.2.3" */
	struct slice version;     /* behind "npm:"; else empty */
	struct slice archive;     /* where it is, percent-encoded, if not where the registry has it */
	bool npm;
};
/* False: it is none. */
bool change_berry(struct slice resolution, struct berry *out);
/* scan_change_lock.c: lock files of pnpm, yarn 2 and later, Cargo, Poetry, uv, Pipenv, Bundler and Composer, by their name. False: it is
 * none of them. */
bool change_locks(struct reader *r, struct slice name);

#endif

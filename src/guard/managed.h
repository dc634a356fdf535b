/* managed: the vendors' own managed settings, written, checked and watched.
 *
 * A tool that is permitted is held to settings by its own means: a file that its vendor reads above a person's and a project's. Which
 * files, and which keys have to stand in them, is data: share/managed/NAME.yaml, or /etc/postern/managed/NAME.yaml instead of one that is
 * shipped. A file holds if it is a regular file of root's that nobody else can write (nor its folder), can be read, and has our keys with
 * our values. What else stands there is an administrator's, and stays, byte for byte. What cannot be read, or is something else than a
 * file, is kept beside it under another name, and never lost.
 *
 * Nothing outside of a root folder is touched, and no link is followed. */
#ifndef POSTERN_GUARD_MANAGED_H
#define POSTERN_GUARD_MANAGED_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct loop;
struct managed;

/* ---- The table ---- */

enum managed_format { MANAGED_JSON, MANAGED_JSONC, MANAGED_TOML }; /* JSONC: the tool takes comments in it; of JSON they are taken out */

struct managed_key {
	const char *key;    /* names with dots between */
	struct slice value; /* JSON */
	bool include;       /* of an array: it holds at least these elements */
	const char *why;    /* or NULL */
};
struct managed_file {
	const char *path; /* absolute, in the root */
	enum managed_format format;
	const char *merged_over; /* a folder whose *.json the tool merges over it; NULL: none */
	const struct managed_key *key;
	size_t n_keys;
};
struct managed_set {
	const char *name;         /* of the file that it was read from, without .yaml */
	const char *const *tools; /* ids; NULL-terminated */
	const struct managed_file *file;
	size_t n_files;
};

#define MANAGED_FILE_MAX  ((size_t)1 << 20) /* bytes of a vendor's file; a larger one is none that a person wrote */
#define MANAGED_ASIDE_MAX 100               /* files that are kept under other names beside one; then it is left as it is, and told of */

/* All that are shipped and those in `own` (a folder; NULL: /etc/postern/managed), which count instead of a shipped one of their name. */
[[nodiscard]] int managed_load(const char *own, struct arena *arena, struct managed_set **out, size_t *n, struct err *err);

/* ---- The document, without a disk ---- */

/* The first key that is not as it has to be, in a sentence that is appended; nothing if all are. 0; -EBADMSG: it cannot be read; -ENOMEM.
 */
[[nodiscard]] int managed_differs(const struct managed_file *f, struct slice text, struct arena *arena, struct buf *out);
/* The same of a document that is merged over it: only keys that are there count, and what an array has to include may stand elsewhere. */
[[nodiscard]] int managed_contradicts(const struct managed_file *f, struct slice text, struct arena *arena, struct buf *out);
/* Appends the document with our keys. "" is an empty one. 0, -EBADMSG, -EEXIST (toml_edit.h), -ENOMEM, or out's error. */
[[nodiscard]] int managed_mend(const struct managed_file *f, struct slice text, struct arena *arena, struct buf *out);

/* ---- On a host ---- */

enum managed_what {
	MANAGED_HOLDS,    /* seen for the first time, or again after it did not */
	MANAGED_WRITTEN,  /* it was not there */
	MANAGED_PUT_BACK, /* it was otherwise */
	MANAGED_DIFFERS,  /* it is otherwise, and is not ours to write (only checked, or in a folder that is merged over it) */
	MANAGED_CANNOT,   /* it is otherwise, and cannot be written: the sentence says why */
};
/* "holds", "written", … */
const char *managed_what_name(enum managed_what w);

struct managed_event {
	enum managed_what what;
	const char *set, *path;
	const char *detail;         /* what was otherwise, in one line; "" */
	const char *aside;          /* the name in its folder under which the earlier one was kept; NULL: none was */
	char before[65], after[65]; /* SHA-256 of its content; "": there was none, or it was not read */
};
typedef void managed_fn(void *arg, const struct managed_event *e);

struct managed_config {
	int root;                 /* descriptor of the folder that is the host's root; borrowed */
	const char *own;          /* as of managed_load(); a path of this process, not of the root */
	bool write;               /* else only checked and told of */
	const char *const *tools; /* ids that are permitted; NULL-terminated. Files of others are left alone */
	uid_t owner;              /* 0, but in tests */
	managed_fn *tell;         /* on every change of how a file stands, and everything that was done */
	void *arg;
};

/* Checks every file once, now, and writes if that is wished; tells of each. 0; errors of the table. */
[[nodiscard]] int managed_once(const struct managed_config *config, struct err *err);
/* The same, and then whenever one changes (inotify; and once a minute, for what inotify does not see), for as long as it lives. A file that
 * somebody writes again and again is put back ten times a minute, and then once a minute. */
[[nodiscard]] int managed_start(struct loop *loop, const struct managed_config *config, struct managed **out, struct err *err);
/* Other tools are permitted now. What was written for one that is not stays. */
[[nodiscard]] int managed_update(struct managed *m, const char *const *tools);
void managed_stop(struct managed *m);

#endif

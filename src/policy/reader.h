/* reader: how the sections of a policy are read from a tree, by tables of keys. All mistakes of a document are reported, not only the
 * first. Not for use outside of src/policy. */
#ifndef POSTERN_POLICY_READER_H
#define POSTERN_POLICY_READER_H

#include "policy/part.h"
#include "policy/tree.h"

struct reader {
	struct arena *arena;
	struct policy_problems *problems;
	struct policy_doc *doc;
	bool no_memory;
};

/* Reads the value of one key into an object. */
typedef void read_fn(struct reader *r, const struct tree *v, void *object);
struct read_key {
	const char *name;
	read_fn *read;
	bool required;
};

/* The sentence of a mistake, at the place of a node. */
void read_bad(struct reader *r, const struct tree *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void read_warn(struct reader *r, const struct tree *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
struct policy_place read_place(const struct reader *r, const struct tree *at);

/* A mapping by its keys; `what` names it in messages ("a rule of network"). Unknown keys are mistakes, with the nearest known one. */
void read_map(struct reader *r, const struct tree *v, const char *what, const struct read_key *keys, size_t n, void *object);
/* A list of mappings, into a new array; `init` (NULL: none) is called on each element before its keys are read, `done` after. */
typedef void element_fn(struct reader *r, const struct tree *v, void *element);
void *read_list(struct reader *r, const struct tree *v, const char *what, const struct read_key *keys, size_t n_keys, size_t size,
        element_fn *init, element_fn *done, size_t *n);

/* Each returns false, or NULL, after a message. */
const char *read_text(struct reader *r, const struct tree *v, const char *what);
bool read_number(struct reader *r, const struct tree *v, const char *what, uint64_t max, uint64_t *out);
/* With KB, KiB, MB, MiB, GB, GiB behind it. */
bool read_size(struct reader *r, const struct tree *v, const char *what, uint64_t *out);
/* With s, m, h behind it. */
bool read_seconds(struct reader *r, const struct tree *v, const char *what, uint64_t *out);
bool read_bool(struct reader *r, const struct tree *v, const char *what, bool *out);
bool read_choice(struct reader *r, const struct tree *v, const char *what, const char *const *words, unsigned *out);
/* One text or a list of them; each is checked by `check` (NULL: none), which may give another text. Never NULL: empty after a mistake. */
typedef const char *check_fn(struct reader *r, const struct tree *v, const char *what);
const char *const *read_texts(struct reader *r, const struct tree *v, const char *what, check_fn *check, size_t *n);
/* The same, where an empty list is a mistake, as it could be taken for none and for all. */
const char *const *read_some(struct reader *r, const struct tree *v, const char *what, check_fn *check, size_t *n);

/* Texts of a certain form. */
check_fn read_word;         /* a-z 0-9 - _ . , at most 64 */
check_fn read_place_of;     /* an exact path: absolute, or beginning with ~ or {project} */
check_fn read_host;         /* example.org or *.example.org */
check_fn read_pattern_path; /* of a URL */
check_fn read_variable;
check_fn read_digest; /* 64 hex digits; "sha256:" before it is taken off */
check_fn read_plain;  /* any text that is not empty */

/* A path, or a folder and a pattern of a name with two stars between them, which is split off; *glob NULL if there is none. False after a
 * message. */
bool read_hidden(struct reader *r, const struct tree *v, const char *what, const char **path, const char **glob);

/* The sections. */
read_fn read_network, read_files, read_exec;                                          /* struct grants */
read_fn read_tools, read_credentials, read_dlp, read_labels, read_origins, read_scan; /* struct policy_doc */

#endif

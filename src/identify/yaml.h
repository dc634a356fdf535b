/* yaml: data files that people write, read by tables of keys; every mistake is told with its place, "NAME:LINE:COLUMN: what is wrong". */
#ifndef POSTERN_IDENTIFY_YAML_H
#define POSTERN_IDENTIFY_YAML_H

#include <libfyaml.h>

#include "base/arena.h"
#include "base/err.h"

struct yaml {
	struct arena *arena; /* everything that is read lies there */
	struct err *err;
	const char *name;    /* of the file, for messages */
	const char *manual;  /* the page that lists the keys, e.g. "postern-profile(5)" */
	size_t list_max;     /* items of any list */
	bool gateway;        /* of profiles: what is being read is for a gateway */
	struct fy_node *key; /* the one whose value is being read */
	struct fy_diag *diag;
};

/* A key of a mapping, and what reads its value into `object`: 0, -ENOMEM, or yaml_complain(). */
struct yaml_key {
	const char *name;
	int (*read)(struct yaml *r, struct fy_node *n, const char *key, void *object);
	bool required;
};

/* One document, which is a mapping; `what` names it in messages ("a profile"). -EINVAL with a sentence in r->err, -ENOMEM. */
[[nodiscard]] int yaml_read(struct yaml *r, struct slice text, const char *what, const struct yaml_key *keys, size_t n_keys, void *object);

/* Always -EINVAL: a mistake at this node. */
[[nodiscard]] int yaml_complain(struct yaml *r, struct fy_node *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* For readers of values. `key` is for messages. 0, -ENOMEM, -EINVAL. */
typedef int yaml_get_fn(struct yaml *r, struct fy_node *n, const char *key, const char **out);
[[nodiscard]] int yaml_string(struct yaml *r, struct fy_node *n, const char *key, const char **out);
[[nodiscard]] int yaml_unsigned(struct yaml *r, struct fy_node *n, const char *key, unsigned max, unsigned *out);
/* A list, NULL-terminated; each item by `get`. */
[[nodiscard]] int yaml_list(struct yaml *r, struct fy_node *n, const char *key, yaml_get_fn *get, const char *const **out);
[[nodiscard]] int yaml_list_length(struct yaml *r, struct fy_node *n, const char *key, size_t *out);
/* A list of mappings, each by its table of keys (at most 32), into an array of structs of `size` bytes: *out (a pointer to the array) and
 * *n_out. */
[[nodiscard]] int yaml_objects(struct yaml *r, struct fy_node *n, const char *key, const char *what, const struct yaml_key *keys,
        size_t n_keys, size_t size, void *out, size_t *n_out);
/* Nothing at all: empty, null or ~. */
bool yaml_null(struct fy_node *n);
/* "a list", "a mapping", "a single value", "nothing". */
const char *yaml_kind(struct fy_node *n);

/* A reader of a key whose value goes into one field of a struct `type`, called o. */
#define YAML_READ(function, type, field, expression)                                          \
	static int function(struct yaml *r, struct fy_node *n, const char *key, void *object) \
	{                                                                                     \
		type *o = object;                                                             \
		return expression;                                                            \
	}

#endif

/* tree: a document of hostile YAML as a tree that knows the place of each node. No aliases, anchors, tags or directives; size, depth and
 * number of nodes are bounded. */
#ifndef POSTERN_POLICY_TREE_H
#define POSTERN_POLICY_TREE_H

#include "policy/policy.h"

enum tree_kind { TREE_NULL, TREE_TEXT, TREE_LIST, TREE_MAP };
struct tree {
	enum tree_kind kind;
	bool plain;            /* a text without quotes */
	unsigned line, column; /* from 1 */
	struct slice text;     /* followed by a NUL, and holds none */
	struct tree *key;      /* in a mapping */
	struct tree *child;    /* the first; of a mapping the first value */
	struct tree *next;
	size_t n; /* children */
};

/* 0, -EINVAL (then there are problems), -ENOMEM. An empty document is a mistake. */
[[nodiscard]] int tree_yaml(struct slice yaml, const char *file, struct arena *arena, struct tree **out, struct policy_problems *problems);
/* "a list", "a mapping", "a text", "nothing" */
const char *tree_kind_name(const struct tree *t);
/* The value of a key of a mapping, or NULL. */
struct tree *tree_get(const struct tree *map, const char *key);

/* Characters that do something to a terminal or to the reader's eye, and show nothing: controls, direction marks, zero widths. */
bool tree_invisible(uint32_t c);

/* Adds an error or warning; beyond POLICY_PROBLEMS_MAX they are only counted. */
void policy_problem(struct policy_problems *p, bool warning, const char *file, unsigned line, unsigned column, const char *fmt, ...)
        __attribute__((format(printf, 6, 7)));

#endif

/* sandbox_tree: the files that a command in a sandbox sees: the real system, read-only, in place, with covers over what is not its
 * business. The mount namespace is a copy that nobody else lives in, so there is no old root to leave: what is covered stays below its
 * cover, and only a process with capabilities over the namespace could lift one. */
#ifndef POSTERN_CONFINE_SANDBOX_TREE_H
#define POSTERN_CONFINE_SANDBOX_TREE_H

#include "confine/landlock.h"
#include "confine/sandbox.h"

#define TREE_ITEMS_MAX   256
#define TREE_SOCKETS_MAX 512
#define TREE_ETC_MAX     32

struct tree_item {
	const struct sandbox_path *as; /* as it was given */
	char *source;                  /* on the real machine, without links */
	char *path;                    /* inside; the same, unless it was moved */
	bool folder;
	int fd, changes; /* detached mounts, until they are in place */
};

struct tree_plan {
	const struct sandbox_spec *spec;
	char *home;                            /* on the real machine, without links */
	char *home_at;                         /* inside */
	char *resolv;                          /* where /etc/resolv.conf leads, or NULL: leave it */
	struct tree_item item[TREE_ITEMS_MAX]; /* outer ones first */
	size_t n_items;
	char *file[TREE_ITEMS_MAX];     /* where spec->files lead */
	char *socket[TREE_SOCKETS_MAX]; /* of the real machine, that have a path outside of what is covered anyway */
	size_t n_sockets;
	int etc[TREE_ETC_MAX]; /* of hosttree_etc: detached mounts, until they are in place; -1: not there */
	int pid_max;           /* set by tree_build(): a descriptor of the file of this name, which is read-only afterwards; or -1 */
};

/* Looks at the real tree, in the person's own namespaces: what is there and where links lead. */
[[nodiscard]] int tree_plan(const struct sandbox_spec *spec, struct tree_plan *plan, struct err *err);

/* In the first process of the command's namespaces, with every capability over them: makes the tree, but for the files, and then those.
 * later: as many as spec->files, of which only those count that are given later. */
[[nodiscard]] int tree_build(struct tree_plan *plan, struct err *err);
[[nodiscard]] int tree_finish(const struct tree_plan *plan, const struct slice *later, struct err *err);

/* An empty file or folder that nobody may open over what `name` in the folder `at` is, in the tree as the command sees it; the caller is in
 * its mount namespace with CAP_SYS_ADMIN over it. covers: from tree_covers(). A link is followed. -ENOENT: it is gone. */
struct tree_covers {
	int file, folder; /* descriptors of what covers; -1: none */
};
[[nodiscard]] int tree_covers_open(struct tree_covers *c);
[[nodiscard]] int tree_cover(const struct tree_covers *c, int at, const char *name);
/* Mounts `name` upon itself: it can then be neither renamed nor removed, and with read_only not be written to. */
[[nodiscard]] int tree_pin(int at, const char *name, bool read_only);

/* The same walls again, for Landlock. In the command's process. without_namespaces: there are no covers, so only what is named is granted.
 */
[[nodiscard]] int tree_landlock(const struct tree_plan *plan, struct landlock *l, bool without_namespaces, struct err *err);

#endif

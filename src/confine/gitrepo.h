/* gitrepo: makes a small git repository without running git: loose objects, one branch, an index. The formats are those of
 * gitformat-loose (zlib over "type size\0content"), gitformat-index version 2, and the Git book's "Git Internals". */
#ifndef POSTERN_CONFINE_GITREPO_H
#define POSTERN_CONFINE_GITREPO_H

#include "base/err.h"
#include "base/slice.h"
#include "confine/host.h"

/* What the two commits say, the first and the head: a line each. */
extern const char *const gitrepo_subject[2];

struct gitrepo_file {
	const char *path; /* below the work tree, no leading slash */
	struct slice data;
};

struct gitrepo {
	const char *user, *email;
	const char *remote;               /* URL of origin, or NULL */
	const char *config;               /* appended to the configuration, or NULL */
	const struct gitrepo_file *files; /* sorted by path (byte order) */
	size_t n_files;
};

/* Writes <folder>/.git through the directory descriptor of the work tree: two commits on "main" with fixed dates, the second being
 * all files. The same input gives the same commit names. 0 or negative errno. */
[[nodiscard]] int gitrepo_write(int work_tree_fd, const struct gitrepo *g, struct err *err);

/* The repository of a synthetic host's project. `files` has room for HOST_FILES_MAX; it and the host must outlive what is returned. */
struct gitrepo gitrepo_of(const struct host_spec *h, struct gitrepo_file *files);
/* The names of the two commits that gitrepo_write() makes, 40 hex digits each: the first, the head. Nothing is written. */
[[nodiscard]] int gitrepo_names(const struct gitrepo *g, char names[2][41]);

#endif

/* subject: what the person named, taken apart. Pure. */
#ifndef POSTERN_OBTAIN_SUBJECT_H
#define POSTERN_OBTAIN_SUBJECT_H

#include "base/slice.h"

#define PACKAGE_NAME_MAX 214 /* npm's own limit */

struct subject {
	bool tgz;          /* spec is a path; else name and spec are set */
	struct slice name; /* @scope/name or name */
	struct slice spec; /* version, range or dist-tag; "latest" if none was given */
};

/* Slices are borrowed from `text`. False if the words are no subject: neither npm:… nor a path that ends in .tgz or .tar.gz. */
[[nodiscard]] bool subject_parse(struct slice text, struct subject *out);
/* NAME or NAME@SPEC, as behind "npm:" in a dependency too. */
[[nodiscard]] bool subject_package(struct slice text, struct subject *out);
/* A name that npm would take and that is safe as a folder below node_modules: URL-safe characters, at most one scope, no part
 * that starts with a dot or is node_modules, at most PACKAGE_NAME_MAX bytes. */
[[nodiscard]] bool package_name_valid(struct slice name);

#endif

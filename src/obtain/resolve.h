/* resolve: from a package and a version to the set of packages that npm would install for it on this machine. */
#ifndef POSTERN_OBTAIN_RESOLVE_H
#define POSTERN_OBTAIN_RESOLVE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "obtain/fetch.h"

#define PACKAGES_MAX 2000

enum dep_kind { DEP_NORMAL, DEP_OPTIONAL, DEP_PEER };

struct dep {
	struct dep *next;
	const char *name; /* the folder's name */
	const char *spec; /* version, range, tag, or npm:NAME@SPEC */
	enum dep_kind kind;
};

/* One package of the set. */
struct package {
	struct package *next, *parent;
	const char *folder; /* below the root: node_modules/a/node_modules/b */
	const char *alias;  /* the name it is required by */
	const char *name, *version;
	const char *tarball;   /* address; "" for the file that the person named */
	const char *integrity; /* "sha512-…", or "sha1-…" where the registry has nothing better */
	bool platform;         /* made for one system: has os or cpu, and fits */
	struct dep *deps;      /* only while resolving */
};

struct set {
	struct arena *arena;
	struct package *first, *last; /* the main package first */
	size_t count;
};

/* Adds the main package NAME at SPEC (version, range or tag). */
[[nodiscard]] int resolve_main(struct set *s, struct fetcher *f, const struct npmrc *c, int tmp, struct slice name, struct slice spec,
        const struct fetch *report, struct err *err);
/* Adds what `s->first` and, in turn, what was added needs. Optional packages that do not exist or do not fit are left out.
 * tmp: a folder for documents on their way; report: progress and arg of it are used. */
[[nodiscard]] int resolve_dependencies(
        struct set *s, struct fetcher *f, const struct npmrc *c, int tmp, const struct fetch *report, struct err *err);
/* Reads dependencies, optionalDependencies and peerDependencies of a manifest (a value of jscan) into p->deps. */
[[nodiscard]] int package_read_deps(struct package *p, struct slice manifest, struct arena *a);
/* Adds a package to the set; NULL without memory. */
struct package *set_add(struct set *s, struct package *parent, const char *alias);

/* The set as lines of tab-separated fields (without the addresses, it says what the tree will hold, wherever it came from), and
 * back; false if it is none. */
[[nodiscard]] bool set_write(const struct set *s, bool addresses, struct buf *out);
[[nodiscard]] bool set_read(struct set *s, struct slice text);

#endif

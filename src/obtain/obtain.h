/* obtain: from what the person named to an unpacked, verified artefact on disk. */
#ifndef POSTERN_OBTAIN_OBTAIN_H
#define POSTERN_OBTAIN_OBTAIN_H

#include "base/arena.h"
#include "base/err.h"

/* A subject as it was given, parsed. */
enum subject_kind { SUBJECT_NPM, SUBJECT_TGZ, SUBJECT_COMMAND };

struct artefact {
	enum subject_kind kind;
	const char *name;      /* package name, or base name of the command */
	const char *version;   /* "" if unknown */
	char sha256[65];       /* of the main archive (or executable), lower-case hex */
	const char *integrity; /* "sha512-…" that was verified, or NULL */
	const char *folder;    /* the unpacked package, laid out so that node resolves it: <root>/node_modules/<name> */
	const char *root;      /* the folder that holds node_modules; it is what a trial mounts read-only */
	const char *entry;     /* path of the program below root (package.json "bin"), e.g. node_modules/x/cli.js */
	bool entry_native;     /* an ELF executable; else it is run by node */
	/* the native package that the main one is only a stub for, if there is one */
	const char *native_name, *native_version;
	char native_sha256[65];
	const char *const *packages; /* "name@version sha512-…" of everything that was unpacked; NULL-terminated */
	bool install_scripts;        /* some package declares one (never run on the host) */
};

struct obtain_options {
	const char *cache; /* folder; NULL: $XDG_CACHE_HOME/postern, $HOME/.cache/postern */
	void (*progress)(void *arg, const char *what, uint64_t done, uint64_t total); /* may be NULL; total 0 if unknown */
	void *arg;
};

/* npm:NAME@VERSION, or the path of a .tgz. Dependencies of the package are fetched too (the shipped bundle often has none).
 * Errors, each with its own sentence in err: -ENOENT (no such package, version or file), -EBADMSG (integrity or archive is bad),
 * -EINVAL (the words are no subject), -ENETUNREACH/-ETIMEDOUT (no registry), -EFBIG (a cap), -ENOMEM. */
[[nodiscard]] int obtain(const char *subject, const struct obtain_options *o, struct arena *arena, struct artefact *out, struct err *err);

/* Only the archive of npm:NAME@VERSION, verified against the registry's digest, open for reading; nothing that it depends on, and nothing
 * is unpacked. A descriptor; errors as obtain(). */
[[nodiscard]] int obtain_archive(const char *subject, const struct obtain_options *o, struct arena *arena, struct err *err);

#endif

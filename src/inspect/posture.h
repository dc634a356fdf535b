/* posture: what a package can do, and what it says of itself: a profile, not a verdict, as a capability is no crime. Those who scan
 * (scan_posture.c) tell facts of files; here they are put together for the package that the files are of, and two versions are compared.
 * Texts come from the package: hostile, but without control characters, and ended. */
#ifndef POSTERN_INSPECT_POSTURE_H
#define POSTERN_INSPECT_POSTURE_H

#include "base/arena.h"

/* What code does, and then what manifests and folders say. */
enum posture_kind {
	POSTURE_NETWORK,                 /* reaches the network: a module or a function */
	POSTURE_PROCESS,                 /* starts programs */
	POSTURE_DYNAMIC,                 /* runs code that is made while it runs */
	POSTURE_NATIVE,                  /* brings native code, or loads it */
	POSTURE_WRITES,                  /* writes, moves or deletes files */
	POSTURE_VARIABLES,               /* reads a variable of the environment; "*": all of them */
	POSTURE_INSTALL,                 /* is run when it is installed, or unasked: an event, with its command */
	POSTURE_HOSTS,                   /* names a host in an address */
	POSTURE_PACKED,                  /* holds text that is packed, or code whose names were made unreadable */
	POSTURE_USES,                    /* so many of these */
	POSTURE_MANIFEST = POSTURE_USES, /* name: enum posture_form, as posture_form_word() has it */
	POSTURE_NAME,
	POSTURE_VERSION,
	POSTURE_LICENCE,
	POSTURE_REPOSITORY,
	POSTURE_MAINTAINER, /* each */
	POSTURE_DEPENDENCY, /* name, and what it may be; count: enum posture_scope */
	POSTURE_FILE,       /* count: the kinds of uses in it, a bit each */
	POSTURE_TOTAL,      /* count: files, size: their bytes */
	POSTURE_KINDS,
};
/* "network", "process", "dynamic", "native", "writes", "variables", "install", "hosts", "packed"; NULL-terminated. */
extern const char *const posture_use_names[POSTURE_USES + 1];
/* What each is, for people: "reaches the network". */
extern const char *const posture_use_titles[POSTURE_USES];

enum posture_form { POSTURE_NONE, POSTURE_NPM, POSTURE_WHEEL, POSTURE_SDIST, POSTURE_VSIX, POSTURE_EXECUTABLE };
#define POSTURE_FORMS 6u
/* "", "npm", "wheel", "sdist", "vsix", "executable". */
const char *posture_form_word(enum posture_form f);

enum posture_scope { POSTURE_REQUIRED, POSTURE_OPTIONAL, POSTURE_PEER };
#define POSTURE_SCOPES 3u
/* "required", "optional", "peer". */
const char *posture_scope_word(enum posture_scope s);

#define POSTURE_FILE_MAX 480u
#define POSTURE_NAME_MAX 200u
#define POSTURE_TEXT_MAX 300u
#define POSTURE_FACTS    16384u /* of one file that is scanned, an archive with all that is in it */

/* What is sent of one file that is scanned. */
struct posture_fact {
	uint32_t kind; /* enum posture_kind */
	uint32_t line; /* of the first place; 0: it has none */
	uint64_t count, size;
	char file[POSTURE_FILE_MAX]; /* inside of an archive; "": the file that is scanned */
	char name[POSTURE_NAME_MAX], text[POSTURE_TEXT_MAX];
};
/* Can an honest process send it? Texts are ended, and what cannot be shown in them is replaced. */
bool posture_fact_check(struct posture_fact *f);

/* One use, or one thing that a manifest says. */
struct posture_use {
	uint32_t kind, line;
	uint64_t count;
	const char *name, *text, *file; /* file: where first, below the package */
	uint32_t reach;                 /* of INSTALL: the kinds of uses in the files that the command names, a bit each */
};
/* A package that lies inside. */
struct posture_part {
	const char *folder, *name, *version, *licence; /* of these "": not said */
	enum posture_form form;
};

struct posture_score;
struct posture {
	const char *path; /* as it was named */
	enum posture_form form;
	const char *name, *version, *licence, *repository; /* "": not said */
	const struct posture_use *use;                     /* by kind, name and text; those of manifests too, but for what stands above */
	size_t n;
	const struct posture_part *part;
	size_t parts;
	uint64_t files, bytes;
	bool cut;                          /* there is more than is told here */
	const char *sha256, *sha512;       /* of the archive, in hex; NULL: it is a folder, or could not be read */
	const struct posture_score *score; /* inspect/posture_score.h; NULL: none was made */
};

/* Gathers the facts of one package. */
struct posture_maker;
/* folder: what is scanned is a folder, in which only a manifest of its own counts. NULL without memory. */
struct posture_maker *posture_begin(const char *path, bool folder);
/* `below`: the file that was scanned, below the folder; "" for the archive itself. 0, -ENOMEM. */
[[nodiscard]] int posture_add(struct posture_maker *m, const char *below, const struct posture_fact *f);
/* The folder is one that a registry's archive was unpacked to: what is run when a source tree is prepared is run by nobody. */
void posture_published(struct posture_maker *m);
/* More facts there were than are told. */
void posture_cut(struct posture_maker *m);
/* *out lives in the arena. 1: it is a package; 0: it is none; -ENOMEM. Frees the maker, always. */
[[nodiscard]] int posture_end(struct posture_maker *m, struct arena *arena, struct posture *out);
void posture_free(struct posture_maker *m);

/* The uses of a kind: the first of them, and how many. */
const struct posture_use *posture_of(const struct posture *p, enum posture_kind kind, size_t *n);
/* A dependency that no registry has: an address, a path, a repository. */
bool posture_elsewhere(const char *spec);

/* What one version has that the other has not. */
enum posture_step { POSTURE_GAINED, POSTURE_LOST, POSTURE_CHANGED };
struct posture_delta {
	enum posture_step step;
	uint32_t kind;                       /* enum posture_kind */
	const struct posture_use *old, *now; /* old is NULL for what is gained, now for what is lost */
};
struct posture_change {
	const struct posture *old, *now;
	const struct posture_delta *delta; /* by kind and name */
	size_t n;
	uint32_t gained, lost;    /* kinds of uses that the other has none of at all, a bit each */
	bool licence, repository; /* what they say of it is another */
};
/* 0, -ENOMEM. What it points to is that of both. */
[[nodiscard]] int posture_compare(const struct posture *old, const struct posture *now, struct arena *arena, struct posture_change *out);
/* Is there nothing that changed but for versions, sizes, places and counts? */
static inline bool posture_same(const struct posture_change *c)
{
	return c->n == 0 && !c->licence && !c->repository;
}

struct scan_finding;
/* What of a change an honest new version rarely has, each with its story, in findings of the rules package.…; see scan_rule_table.h. */
void posture_judge(const struct posture_change *c, void (*found)(void *arg, const struct scan_finding *f), void *arg);

#endif

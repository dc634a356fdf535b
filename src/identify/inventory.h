/* inventory: which AI tools are on this host, what they are connected with, and what of it deserves a second look.
 *
 * One walk over folders finds programs, extensions, settings, servers, hooks, skills, keys, models and containers; /proc what runs. Nothing
 * that is found is executed, no link is followed, and values of keys are never kept. The disk is hostile: names, depth, sizes and
 * contents may be anything, and may change while they are read. */
#ifndef POSTERN_IDENTIFY_INVENTORY_H
#define POSTERN_IDENTIFY_INVENTORY_H

#include <signal.h>
#include <sys/types.h>

#include "identify/catalogue.h"
#include "identify/identify.h"

enum inventory_kind {
	INVENTORY_PROGRAM,    /* a tool or a runtime of models, as a program or package */
	INVENTORY_EXTENSION,  /* of an editor */
	INVENTORY_PROCESS,    /* what runs now */
	INVENTORY_MCP_SERVER, /* that a tool starts or speaks to */
	INVENTORY_HOOK,       /* a command that a tool runs by itself */
	INVENTORY_KEY,        /* of a vendor of models; its kind and place, never its value */
	INVENTORY_MANAGED,    /* settings by which an administrator holds a tool */
	INVENTORY_SETTINGS,   /* a file or folder of settings */
	INVENTORY_SKILL,
	INVENTORY_INSTRUCTIONS, /* a file that agents read as orders */
	INVENTORY_MODEL,        /* a file of weights */
	INVENTORY_MODEL_SERVER, /* something listens on a port of a local model server */
	INVENTORY_CONTAINER,    /* a root file system or an image that was looked into */
	INVENTORY_KINDS
};
/* "program", "extension", … as in what is printed; NULL-terminated. */
extern const char *const inventory_kind_names[];

/* By what it was recognised, weakest first. */
enum inventory_by { INVENTORY_BY_PLACE, INVENTORY_BY_METADATA, INVENTORY_BY_CONTENT };
extern const char *const inventory_by_names[]; /* "place", "metadata", "content" */
/* How sure: a name or place that others may have; what says so itself; what it holds. */
enum inventory_sure { INVENTORY_WEAK, INVENTORY_LIKELY, INVENTORY_CERTAIN };
extern const char *const inventory_sure_names[]; /* "weak", "likely", "certain" */
enum inventory_scope {
	INVENTORY_OF_SYSTEM,     /* for everybody on the host */
	INVENTORY_OF_PERSON,     /* in a home, for its owner */
	INVENTORY_OF_PROJECT,    /* in a folder of work */
	INVENTORY_OF_DEPENDENCY, /* inside of a package that something else uses */
};
extern const char *const inventory_scope_names[]; /* "system", "person", "project", "dependency" */

struct inventory_fact {
	const char *name, *value;
	struct inventory_fact *next;
};
struct inventory_risk {
	enum catalogue_risk_id id;
	const char *detail; /* "" if there is no more to say */
	struct inventory_risk *next;
};

/* A single value in settings, as a number that tells equal from different. */
struct inventory_leaf {
	const char *path;
	uint64_t value;
	struct inventory_leaf *next;
};

/* Texts are hostile bytes without NUL, perhaps no UTF-8; never NULL. */
struct inventory_finding {
	enum inventory_kind kind;
	enum inventory_by by;
	enum inventory_sure sure;
	enum inventory_scope scope;
	const char *tool, *title, *publisher; /* "" if it is none that is known */
	const char *tool_kind;                /* of catalogue_kind_names; "" */
	const char *name;                     /* of the thing: a server's, a key's variable or member, a model's, the hook's event */
	const char *version, *package;
	const char *path;      /* absolute, as on this host; of a process that of its program */
	const char *person;    /* whose home it is in; "" outside of homes */
	const char *owner;     /* of the file or process: a name, or the number as text */
	const char *container; /* the root file system that it lies in, if that is not the host's */
	uid_t uid;
	unsigned mode; /* permissions; 0 of processes */
	uint64_t size;
	int64_t modified; /* seconds since 1970 */
	pid_t pid;        /* of processes */
	struct inventory_fact *facts;
	struct inventory_risk *risks;
	struct inventory_leaf *leaves; /* of settings and managed settings: to tell where they contradict */
	struct inventory_finding *next;
};

struct inventory_counts {
	uint64_t folders, files, unchanged;                                /* unchanged: folders that were not read again */
	uint64_t looked;                                                   /* files whose content was looked into */
	uint64_t unreadable, other_systems, too_deep, too_many, too_large; /* too_large: also what is mostly holes */
	uint64_t containers;                                               /* root file systems of them that were walked, or layers */
	uint64_t processes, foreign;                                       /* foreign: of others, of which not all could be seen */
};
#define INVENTORY_UNREAD 20
struct inventory {
	struct inventory_finding **finding; /* sorted: by person, tool, kind, path */
	size_t n;
	struct inventory_counts counts;
	const char *unread[INVENTORY_UNREAD]; /* some of the places that could not be read */
	const char *why[INVENTORY_UNREAD];
	size_t n_unread;
	bool incremental; /* a cache was used */
	bool stopped;     /* it was interrupted: what is here is not all */
	bool full;        /* there were more findings than are kept */
	double seconds;
	struct arena *arenas; /* for inventory_free() */
	size_t n_arenas;
};

#define INVENTORY_ROOTS 16
struct inventory_options {
	const char *root[INVENTORY_ROOTS]; /* absolute paths without a link in their last part */
	size_t n_roots;
	const char *system; /* the root of the system that these are part of: what "/etc" is below. "/", or the root itself */
	const struct catalogue *catalogue;
	const struct identify *id; /* NULL: nothing is recognised by content */
	const char *cache;         /* a file that the next run is faster with; NULL: none */
	bool fresh;                /* do not believe the cache */
	bool cross;                /* network, FUSE and other special file systems too */
	bool processes;
	bool archives; /* look into archives too, not only into images of containers */
	unsigned jobs; /* threads; 0: what is good here */
	const volatile sig_atomic_t *stop;
	void (*progress)(void *arg, const struct inventory_counts *c); /* now and then; may be NULL */
	void *arg;
};

/* The first fact of that name; NULL if there is none. */
const char *inventory_fact(const struct inventory_finding *f, const char *name);

/* 0 also if places could not be read (they are counted); -ENOENT, -ENOTDIR: a root cannot be opened; -ENOMEM. *out is for
 * inventory_free() then. The cache is written unless the walk was stopped. */
[[nodiscard]] int inventory_take(const struct inventory_options *o, struct inventory *out, struct err *err);
void inventory_free(struct inventory *inv);

#endif

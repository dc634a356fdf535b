/* inventory_part: what the files of the inventory share. Not for use outside of src/identify/inventory*.c. */
#ifndef POSTERN_IDENTIFY_INVENTORY_PART_H
#define POSTERN_IDENTIFY_INVENTORY_PART_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "identify/inventory.h"
#include "parse/conf.h"

/* ---- places of the catalogue, compiled */

enum place_use { PLACE_FILE, PLACE_FOLDER, PLACE_INSTRUCTIONS, PLACE_SKILL, PLACE_COMMAND };
#define PLACE_PARTS 8
struct place {
	struct slice part[PLACE_PARTS]; /* of the path, the last one last */
	size_t n;
	enum place_use use;
	bool of_home, of_root; /* begins with "~/", with "/" */
	const struct catalogue_tool *tool;
	const struct catalogue_file *file; /* of PLACE_FILE */
	int next;                          /* with the same last part, or of the globs; -1: none */
};
#define PLACE_SLOTS 4096
struct places {
	struct place *list;
	size_t n;
	int slot[PLACE_SLOTS]; /* by hash of the last part */
	int globs;             /* whose last part has a star */
};

/* ---- folders */

enum {
	NODE_HOME = 1 << 0,
	NODE_SYSTEM = 1 << 1,     /* the root of a system: the host's or a container's */
	NODE_DEPENDENCY = 1 << 2, /* inside of node_modules or site-packages */
	NODE_VIRTUAL = 1 << 3,    /* only a name above a root */
	NODE_PARTIAL = 1 << 4,    /* not everything below is known: the cache must not say so */
	NODE_LOST = 1 << 5,       /* could not be read */
	NODE_KEPT = 1 << 6,       /* for the cache: it lives to the end */
	NODE_LEFT_OUT = 1 << 7,   /* of another file system, or seen elsewhere already: what it hides may be there the next time */
};

/* What a file is looked at for. */
enum look {
	LOOK_PLACE,     /* what the catalogue says of its place */
	LOOK_CONTENT,   /* is it a tool? is it a model? */
	LOOK_PACKAGE,   /* package.json */
	LOOK_METADATA,  /* of a Python distribution */
	LOOK_ZED,       /* extension.toml */
	LOOK_PLUGIN,    /* a folder of JetBrains' plugins */
	LOOK_MANIFEST,  /* of an Ollama model */
	LOOK_CONTAINER, /* a folder that is a container's root */
	LOOK_LINK,      /* a link with the name of a command */
	LOOKS
};

/* What a file's content was found to be; kept between runs. */
struct verdict {
	enum inventory_by by;
	bool any;     /* it is a tool */
	bool model;   /* it is a model; `title` is its name then, `version` its format, `package` its architecture */
	bool archive; /* what is inside of it is the tool */
	char tool[48], title[80], publisher[80], version[64], package[128], form[16];
	unsigned found, of;
};
struct mark {
	struct mark *next;
	enum look look;
	int place;        /* of LOOK_PLACE */
	unsigned verdict; /* 0: not known, 1: nothing, else 2 + index */
	uint64_t ino, size;
	int64_t mtime, ctime;
	char name[];
};

struct node {
	struct node *parent, *home, *system; /* home: the nearest one that is a home */
	struct node *child, *sibling;        /* that are kept for the cache */
	struct node *next;                   /* in the stack of what is to be done */
	struct mark *marks;
	int fd;                /* open while children need it */
	_Atomic unsigned refs; /* children that will still need fd, and whoever is at it */
	_Atomic unsigned uses; /* nodes that point to it, and one of its own until it is settled; a kept one's does not end */
	unsigned depth, old;   /* old: 1 + index in the last run's cache */
	uint64_t dev, ino;
	int64_t mtime, ctime;
	_Atomic unsigned flags; /* whether all below is known is told by whoever is at something below */
	char name[];
};

/* ---- the cache of the last run: folders in an order in which the children of one stand together, sorted by name */

struct old_folder {
	uint32_t name, child, children, mark, marks, flags;
	uint64_t dev, ino;
	int64_t mtime, ctime;
};
struct old_mark {
	uint32_t name;
	uint16_t look;
	int16_t place;
	uint32_t verdict, unused;
	uint64_t ino, size;
	int64_t mtime, ctime;
};
struct old {
	const struct old_folder *folder;
	const struct old_mark *mark;
	const struct verdict *verdict;
	const char *names;
	size_t folders, marks, verdicts, bytes;
	void *map;
	size_t size;
};

/* ---- one run */

struct job {
	struct taking *t;
	struct arena arena; /* of findings */
	struct inventory_finding *first;
	size_t n;
	bool full; /* there was no more room for findings */
	struct inventory_counts counts;
	struct buf text;    /* of the file that is being read */
	struct buf entries; /* of the folder */
	pthread_t thread;
	bool started;
};

struct visited {
	uint64_t *slot; /* dev and ino mixed; 0: empty */
	size_t n, room;
};

/* A file with several names, and the number of what its content was found to be; 0: not yet. */
#define LINKED 4096
struct linked {
	dev_t dev;
	ino_t ino;
	struct timespec ctime;
	unsigned verdict;
};

struct taking {
	const struct inventory_options *o;
	struct inventory *out;
	struct places places;
	struct arena arena; /* of places and names of accounts */
	struct old old;
	struct node *root[INVENTORY_ROOTS];
	struct node *top; /* the system's root: real or virtual */
	struct job *job;
	unsigned jobs;

	int64_t recent; /* what changed since may have changed again within the same tick of the kernel's clock: the cache must not trust it
	                 */

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t more;
	struct node *stack;
	_Atomic size_t waiting; /* in the stack */
	unsigned idle;
	_Atomic bool done;
	int error;
	struct visited visited;
	struct linked linked[LINKED];
	size_t kept; /* nodes that stay in memory */
	_Atomic size_t marks;
	struct verdict *verdict;
	size_t verdicts, verdict_room;
	struct account *accounts;
	uid_t top_owner;                /* whose the folder is that is taken for a home */
	bool own_accounts;              /* the system has a list of its own */
	dev_t allowed[64], refused[64]; /* file systems that were asked about */
	size_t n_allowed, n_refused;
};

struct account {
	uid_t uid;
	const char *name, *home;
	struct slice last; /* part of the path of the home */
	struct account *next;
};

static inline size_t j_tools(const struct job *j)
{
	return j->t->o->catalogue->n_tools;
}

static inline bool taking_stopped(const struct taking *t)
{
	return t->o->stop && *t->o->stop;
}

/* inventory_place.c */
[[nodiscard]] int places_compile(struct places *p, const struct catalogue *c, struct arena *arena);
/* The index of the next place after `from` (-1: the first) that `name` in `dir` is; -1: no more. */
int places_match(const struct places *p, const struct node *dir, struct slice name, bool folder, int from);
/* The node that a place's path begins below. */
const struct node *places_base(const struct place *p, const struct node *dir);

/* inventory_find.c: findings */

/* A file as it was found: `dir` and its name, and what fstat said. */
struct spot {
	const struct node *dir;
	const char *name; /* "": the folder itself */
	struct stat st;
};
/* A new finding in the job's list, with everything that the spot tells; NULL: there are too many, or no memory; this is noted. */
struct inventory_finding *find_new(struct job *j, enum inventory_kind kind, const struct spot *s);
/* Takes a finding out of the list again. */
void find_drop(struct job *j, const struct inventory_finding *f);
void find_tool(struct inventory_finding *f, const struct catalogue_tool *t);
/* The tool that a content is; one that only the prints know by what they say of it. */
void find_verdict(struct job *j, struct inventory_finding *f, const struct verdict *v);
/* Copies into the job's arena; what is longer than `most` is cut. Never NULL. */
const char *find_text(struct job *j, struct slice s, size_t most);
__attribute__((format(printf, 2, 3))) const char *find_fmt(struct job *j, const char *fmt, ...);
void find_fact(struct job *j, struct inventory_finding *f, const char *name, struct slice value);
void find_risk(struct job *j, struct inventory_finding *f, enum catalogue_risk_id id, struct slice detail);
/* Risks that the owner and the permissions alone make. */
void find_permissions(struct job *j, struct inventory_finding *f, const struct spot *s);
/* The path of a spot on this host, in the job's arena. */
const char *find_path(struct job *j, const struct node *dir, const char *name);
/* The name of an account, or its number; in the job's arena or longer. */
const char *find_account(struct job *j, uid_t uid);

/* inventory_look.c: one file for one reason. fd: of the folder. The verdict of a content that is known may be given, and comes back. */
void look_at(struct job *j, int fd, struct spot *s, enum look look, int place, unsigned *verdict);
/* A folder in which commands are, by its name. */
bool look_in_bin(const struct node *d);
/* A program or link that has the name of a tool's command, and no more than that: a weak sign. */
void look_command(struct job *j, int fd, const struct spot *s);
/* Opens a regular file of a folder for reading; -1 if it is none any more, or cannot be read. */
int look_open(int fd, struct spot *s);
/* Up to `most` bytes from its start, into j->text. False if it is longer, unless `part`. */
bool look_read(struct job *j, int fd, size_t most, bool part);

/* inventory_package.c */
void look_package(struct job *j, int fd, struct spot *s, unsigned *verdict);
void look_metadata(struct job *j, int fd, struct spot *s);
void look_zed(struct job *j, int fd, struct spot *s);
void look_plugin(struct job *j, struct spot *s);

/* inventory_content.c */
void look_content(struct job *j, int fd, struct spot *s, unsigned *verdict);
void look_manifest(struct job *j, int fd, struct spot *s);
/* What the last run found out, by the number in its cache (which becomes one of this run's). False: it is not known. */
bool verdict_known(struct job *j, unsigned *verdict, struct verdict *v);
/* A number for the cache. */
unsigned verdict_keep(struct job *j, const struct verdict *v);
void verdict_of(const struct identify_match *m, struct verdict *v);
/* The identity of a file by content; false: it is no known tool. */
bool content_of(struct job *j, int fd, unsigned flags, struct verdict *v);
/* Is this file worth a look at its content? By size and mode alone. */
bool content_candidate(const struct stat *st);

/* inventory_conf.c: settings, by what the catalogue says of them */
void look_settings(struct job *j, int fd, struct spot *s, const struct place *p);
/* inventory_server.c: an MCP server, or a hook, as settings have it. `from`: the finding of the settings, for its tool and scope. */
void find_server(struct job *j, const struct spot *s, const struct inventory_finding *from, const struct conf *c, struct slice name);
void find_command(struct job *j, const struct spot *s, const struct inventory_finding *from, const struct conf *c, struct slice name,
        struct slice matcher);

/* inventory_shown.c: what of a command line or address may be shown: no value that could be a secret. Appended; pure. */
bool shown_secret(struct slice s); /* does it look like one? */
void shown_url(struct buf *out, struct slice url);
/* The argument; `after`: the one before it, or empty. */
void shown_argument(struct buf *out, struct slice s, struct slice after);
/* A line for a shell. */
void shown_line(struct buf *out, struct slice line);
/* The host of a URL in lower case letters as written, without port; empty if it has none. */
struct slice url_host(struct slice url);
bool host_is_local(struct slice host);
/* The kind of key that a value's form tells ("Anthropic API key"), or NULL. */
const char *shown_key_kind(struct slice value);
/* The risks of a command: how it is started. `why` gets what is unpinned, …; a bit for each catalogue_risk_id. */
unsigned long shown_command_risks(const struct slice *argv, size_t n, struct slice *what);
/* A dangerous flag of this tool in a text; NULL if there is none. */
const char *shown_dangerous_flag(const struct catalogue_tool *t, struct slice text);

/* inventory_text.c: instructions and skills */
void look_instructions(struct job *j, int fd, struct spot *s, const struct place *p);

/* inventory_process.c */
void processes_take(struct job *j);

/* inventory_socket.c: TCP sockets, by the number that /proc/PID/fd has. */
struct socket_row {
	uint64_t inode;
	bool listens, any; /* any: on all addresses, not only on this host's own */
	char local[56], remote[56];
	unsigned local_port;
};
struct sockets {
	struct socket_row *row;
	size_t n, room;
	uint64_t space; /* of which network namespace */
};
/* Reads /proc/PID/net/tcp and tcp6, `proc` being the folder of a process. At most 200,000. */
void sockets_read(struct sockets *s, int proc);
const struct socket_row *sockets_find(const struct sockets *s, uint64_t inode);
/* One line of these files; false: it is none. Pure. */
bool sockets_line(struct slice line, bool six, struct socket_row *out);
void sockets_free(struct sockets *s);

/* inventory_walk.c */
[[nodiscard]] int walk_run(struct taking *t, struct err *err);
void walk_free(struct taking *t);
/* Notes a place that could not be read. */
void walk_unread(struct job *j, const struct node *dir, const char *name, int error);

/* inventory_cache.c */
/* False: there is none that can be used. */
bool old_open(struct old *old, const struct inventory_options *o);
void old_close(struct old *old);
/* 1 + the index of the child of that name; 0: there is none. */
unsigned old_child(const struct old *old, unsigned folder, const char *name);
/* The mark of a file; NULL: there is none. */
const struct old_mark *old_mark(const struct old *old, unsigned folder, enum look look, const char *name);
[[nodiscard]] int inventory_cache_write(const struct taking *t, struct err *err);

#endif

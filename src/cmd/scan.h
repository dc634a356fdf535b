/* What the parts of "postern scan" share: the processes that scan, the pool of them, the walk over files, and what is printed. */
#ifndef POSTERN_CMD_SCAN_H
#define POSTERN_CMD_SCAN_H

#include <limits.h>
#include <signal.h>

#include "base/arena.h"
#include "cmd/cmd.h"
#include "crypto/digest.h"
#include "inspect/posture_score.h"
#include "inspect/scan_role.h"

/* The other end of the process of inspect/scan_role.h. */
struct scan_peer {
	int socket;
	int pid;             /* 0: there is none */
	bool ready;          /* it is confined, and takes files */
	bool has_rules;      /* it was given those of secrets */
	bool archives;       /* it has the libraries that unpack */
	int64_t deadline_ms; /* of what it does now: to become ready, or a file; of the monotonic clock */
};
/* Of the monotonic clock. */
int64_t scan_now_ms(void);
enum scan_peer_said { SCAN_PEER_NOTHING, SCAN_PEER_READY, SCAN_PEER_FINDING, SCAN_PEER_EDGE, SCAN_PEER_FACT, SCAN_PEER_SUMMARY };
/* Starts one from this program's file; `changes`: one that takes rules of secrets; `archives`: one that loads the libraries that unpack,
 * which takes longer than most files; `yara`, if it is above 0: an image of inspect/scan_yara.h, which it compiles first, and then it has
 * those libraries as well. It is not ready yet. */
[[nodiscard]] int scan_peer_start(struct scan_peer *p, int exe, bool changes, bool archives, int yara, struct err *err);
/* Ends it. How it had ended: its signal, or 0. */
int scan_peer_end(struct scan_peer *p);
/* Gives a ready one a file, or first what was in it. */
[[nodiscard]] int scan_peer_ask(
        struct scan_peer *p, int fd, enum scan_ask_kind kind, const char *name, const struct scan_options *o, unsigned seconds);
/* What it says now, without waiting: an enum scan_peer_said; -EPIPE at its end, -ETIMEDOUT past the deadline, -EBADMSG for what nobody
 * honest says; others: why it cannot be confined. */
[[nodiscard]] int scan_peer_take(struct scan_peer *p, struct scan_answer *a);

/* The role: see inspect/scan_role.h; its socket is descriptor 3. */
int scan_role_main(void);
/* The same of one that takes rules of secrets, too, and of one that loads the libraries that unpack. */
int scan_changes_role_main(void);
int scan_archives_role_main(void);
int scan_changes_archives_role_main(void);
/* The same that take rules of YARA; they have the libraries, too. */
int scan_yara_role_main(void);
int scan_changes_yara_role_main(void);

/* A file on its way. */
struct scan_job {
	char *path;
	int fd;       /* -1: there is none */
	int before;   /* of a change: what was in it; -1: it is new */
	int manifest; /* of a lock file that was changed: what the manifest beside it has; -1: not known */
	bool change;
	int error; /* negative errno: why not */
	struct scan_summary sum;
	struct scan_finding *found; /* n_found */
	size_t n_found, room;
	struct scan_edge *edge; /* n_edges, at most SCAN_EDGES_MAX; NULL: none */
	uint32_t n_edges;
	bool profile;              /* it is part of a package that is a folder */
	bool named;                /* it was named itself */
	struct posture_fact *fact; /* n_facts */
	size_t n_facts, facts_room;
	int64_t at[3]; /* size and times, to see that it was not changed meanwhile */
	enum { SCAN_JOB_WAITS, SCAN_JOB_RUNS, SCAN_JOB_DONE } state;
};

/* Is its file as it was when its scan began, by size and times? */
bool scan_job_unchanged(const struct scan_job *j);

#define SCAN_JOBS_MAX    64u
#define SCAN_JOBS_WINDOW 16u /* files a process that may be under way, so that one that takes long does not keep the others waiting */

/* Several processes that scan. Results come in the order in which files were added, however many there are. What goes wrong with a process
 * is a finding, and another is started. */
struct scan_pool {
	struct scan_options o;
	unsigned jobs, seconds; /* seconds: for one file */
	/* Called for each file. May return below 0 to stop. */
	int (*done)(void *arg, struct scan_job *j);
	/* Called now and then with the file that is waited for. May be NULL. */
	void (*tick)(void *arg, const char *path);
	void *arg;
	const volatile sig_atomic_t *stop; /* may be NULL */
	int rules;                         /* of secrets, for changes: an image of inspect/secret_table.h; 0: there is none */
	int yara;                          /* an image of inspect/scan_yara.h; 0: there is none */

	uint32_t yara_rules; /* how many were compiled of it */
	/* Of rules that cannot be: the file, and what of it. */
	struct scan_yara_wrong wrong;
	int exe;
	struct scan_peer peer[SCAN_JOBS_MAX];
	size_t on[SCAN_JOBS_MAX]; /* the file that each is at, SIZE_MAX: none */
	struct scan_job *job;     /* a ring of `window` */
	size_t window, head, next, tail;
	int64_t begun_ms; /* when the first file was given out */
	size_t findings;  /* that wait for a file before theirs */
	char *last;       /* the path that was added last; NULL: none was, or there was no memory */
	size_t left;      /* files that were added and not scanned, as it was stopped */
};
/* Starts the first process, and waits until it is confined. The members above `exe` are the caller's. */
[[nodiscard]] int scan_pool_open(struct scan_pool *p, struct err *err);
/* Adds a file; `fd` stays the caller's, and is -1 for one that cannot be opened (`error`). -EINTR: stopped; others as done() gave. */
[[nodiscard]] int scan_pool_add(struct scan_pool *p, const char *path, int fd, int error, struct err *err);
/* The same of one that was changed: `before` is what was in it, -1: it is new; `manifest`, of a lock file, is what the manifest beside it
 * has, -1: not known. Both stay the caller's. */
[[nodiscard]] int scan_pool_add_changed(
        struct scan_pool *p, const char *path, int fd, int before, int manifest, int error, struct err *err);
/* Waits for all that were added; those that were not done when it is stopped are unscanned. */
[[nodiscard]] int scan_pool_finish(struct scan_pool *p, struct err *err);
void scan_pool_close(struct scan_pool *p);

/* Processes that are worth having: one a processor that this program may use. */
unsigned scan_processors(void);

/* Bytes as a file that has no name and can only be read, for those who scan. A descriptor of the caller's, or negative errno. */
[[nodiscard]] int scan_memory_file(struct slice bytes);

/* Files of rules of YARA. */
struct scan_yara_files {
	struct arena arena;
	const char **path, **space; /* n, at most SCAN_YARA_FILES */
	size_t n;
};
/* Reads those of a policy (NULL-terminated) and those that are named, of a folder all below it that are called .yar, .yara or .rule, and
 * loads libyara. A descriptor for scan_pool.yara, which is the caller's, 0 if there are none, or negative errno. Free it, also when it
 * fails. */
[[nodiscard]] int scan_yara_read(struct scan_yara_files *f, const char *const *policy, const struct opt_list *named, struct err *err);
/* Says which file it is that cannot be used. */
void scan_yara_explain(const struct scan_yara_files *f, const struct scan_yara_wrong *w, struct err *err);
void scan_yara_files_free(struct scan_yara_files *f);

/* Regular files of a path, a folder with all below it in the order of their names. `fd` is -1 if it cannot be opened (`error`), or is a
 * link out of what is looked at (-ELOOP). May return below 0 to stop. */
struct scan_walk {
	int (*file)(void *arg, const char *path, int fd, int error);
	void *arg;
	uint64_t entries; /* counted, over several calls */
};
#define SCAN_ENTRIES_MAX 1000000u
#define SCAN_FOLDERS_MAX 200u /* deep */
/* -E2BIG: too many entries; others if the path itself cannot be had. */
[[nodiscard]] int scan_walk(struct scan_walk *w, const char *path, struct err *err);

/* What git says has changed. */
struct scan_change {
	const char *path, *id; /* below the root of the tree; of the object */
	const char *before;    /* of the object it was before, under this name or another; NULL: it is new */
	enum { SCAN_CHANGE_FILE, SCAN_CHANGE_LINK, SCAN_CHANGE_MODULE } kind;
};
struct scan_git {
	const volatile sig_atomic_t *stop; /* the caller's, set before it is opened; may be NULL */
	char dir[PATH_MAX];
	bool sha256; /* names of objects are SHA-256 */
	struct arena arena;
	struct scan_change *change;
	size_t n, room;
	struct scan_change *gone; /* n_gone: files that are no longer there; `before` is not set */
	size_t n_gone, gone_room;
	char tree[80]; /* the new side of a list of changes; "": what is staged */
	pid_t pid;     /* the git that gives contents, and both ends of it */
	int in, out;
	bool silent; /* it did not answer once, and is not asked for contents again */
};
/* Makes ready to ask git about the repository of a tree, or of GIT_DIR. Close it, also when it fails. */
[[nodiscard]] int scan_git_open(struct scan_git *g, const char *root, struct err *err);
void scan_git_close(struct scan_git *g);
/* Lists what differs in `to` from `from`; to NULL: in what is staged. -ENOENT: there is no such revision. */
[[nodiscard]] int scan_git_diff(struct scan_git *g, const char *from, const char *to, struct err *err);
/* Calls `file` for each that was listed, with its content, in the order of git; -ELOOP for a link that leads out of the tree, -EFBIG for
 * more than 2 GiB, -ETIMEDOUT for all from the first that git says nothing of for half a minute. */
[[nodiscard]] int scan_git_each(struct scan_git *g, int (*file)(void *arg, const char *path, int fd, int before, int error), void *arg);
/* Lists all of a revision, and whether a file has the same content there. */
[[nodiscard]] int scan_git_tree(struct scan_git *g, const char *rev, struct err *err);
bool scan_git_has(const struct scan_git *g, const char *path, int fd);
/* What a file has in that revision: a descriptor of the caller's; -ENOENT: it is not there. */
[[nodiscard]] int scan_git_before(struct scan_git *g, const char *path);
/* What a file has on the new side of what scan_git_diff() listed, whether it was changed or not. The same. */
[[nodiscard]] int scan_git_now(struct scan_git *g, const char *path);

/* The content of an object that was listed. The same. */
[[nodiscard]] int scan_git_object(struct scan_git *g, const char *id);
/* After scan_git_tree(): adds to what is gone the files of the revision that are not below `root` any more. 0, or negative errno. */
[[nodiscard]] int scan_git_find_gone(struct scan_git *g, const char *root);

/* Tests that a change deletes. Texts are the arena's. */
struct scan_gone {
	struct scan_gone_code {
		const char *path;
		uint64_t less; /* bytes that it has less */
	} * code;              /* n_code: files that were changed, are about as long as they were, and are no tests */
	size_t n_code;
	uint64_t grown[SCAN_TEST_FAMILIES]; /* bytes that tests in these languages have more */
};
/* A file of the change that is there. */
void scan_gone_met(struct scan_gone *g, struct arena *arena, const char *path, int fd, int before);
/* When all were met: adds notes to the files whose tests are gone. 0, -ENOMEM. */
[[nodiscard]] int scan_gone_tell(struct scan_gone *g, struct scan_git *git, struct arena *arena, struct scan_file *file, size_t n);

/* Packages among what is scanned. */
struct scan_packages {
	struct arena arena;
	bool digests; /* of archives are wanted */
	struct posture *posture;
	size_t n, room;
	uint64_t left_out;
	struct posture_maker *folder; /* the one that is scanned now, NULL: none */
	size_t folder_n;              /* bytes of its path */
	struct posture_known known;   /* of its files */
	uint64_t *before;             /* findings in the version before */
	size_t n_before, before_room;
	struct scan_rule_set rules; /* of them, those that were not told too */
	struct posture_change change;
	bool compared;
};
/* "npm:NAME@VERSION" */
bool scan_package_is_named(const char *path);
/* Does a folder have the manifest of one package? */
bool scan_package_is_folder(const char *path);
/* One of these, or an archive by its first bytes. */
bool scan_package_is(const char *path);
/* The archive of what is named so, from the cache or fetched, verified; a descriptor. Errors as obtain(). */
[[nodiscard]] int scan_package_fetch(const char *subject, struct err *err);
/* From here on files belong to the package that is this folder; then, what it is. 0, -ENOMEM. */
[[nodiscard]] int scan_packages_folder(struct scan_packages *p, const char *path);
[[nodiscard]] int scan_packages_folder_end(struct scan_packages *p);
/* The facts of a file: an archive is a package of its own. 0, -ENOMEM. */
[[nodiscard]] int scan_packages_take(struct scan_packages *p, const struct scan_job *j);
/* Findings of the version before, and that these were all; then, of those of a file, only what is not among them is kept. */
[[nodiscard]] int scan_packages_before(struct scan_packages *p, const struct scan_job *j);
void scan_packages_before_end(struct scan_packages *p);
void scan_packages_only_new(const struct scan_packages *p, struct scan_job *j);
/* The first package with the one at n_old; what is odd is added to the findings of `file`. -EINVAL: there are no two. */
[[nodiscard]] int scan_packages_compare(struct scan_packages *p, size_t n_old, struct scan_file *file, struct err *err);
void scan_packages_free(struct scan_packages *p);
/* A digest of a file as it is now, in hex, in the arena; NULL: it cannot be had. */
const char *scan_digest(struct arena *a, int fd, enum digest kind);

/* What is known already: a rule, in a file, of this content. */
struct scan_pin {
	const char *place, *sha256;
	struct scan_rule_set rules, found; /* that it pins; of those, what was found */
	bool unknown;                      /* it names a rule that there is not */
	bool met, same;                    /* a file was there; its content was this */
};
struct scan_baseline {
	struct arena arena;
	struct scan_pin *pin; /* by place */
	size_t n;
	struct scan_stale *stale; /* made by scan_baseline_end() */
	size_t n_stale, stale_room;
};
/* Reads share/schema/scan-baseline.schema.json. Free it, also when it fails. */
[[nodiscard]] int scan_baseline_read(struct scan_baseline *b, const char *file, struct err *err);
void scan_baseline_free(struct scan_baseline *b);
/* Pins what is known of a file; its verdict is that of the rest. Needs its digest if something was found. */
void scan_baseline_apply(struct scan_baseline *b, const char *place, struct scan_file *f);
/* When all files were met: what does not match any more. A file that was not met counts if it is one of those that were to be. 0, -ENOMEM.
 */
[[nodiscard]] int scan_baseline_end(struct scan_baseline *b, bool (*in_scope)(void *arg, const char *place), void *arg);
/* Appends a file with findings to the list of a baseline. False: it cannot be pinned, as its content is not known, or its name is no
 * UTF-8. */
bool scan_baseline_put(struct buf *out, const char *place, const struct scan_file *f, bool first);

enum scan_format { SCAN_FORMAT_TEXT, SCAN_FORMAT_JSON, SCAN_FORMAT_SARIF, SCAN_FORMAT_HTML };
/* To a file, or to standard output if `output` is NULL. Returns an exit code: EXIT_OK, or EXIT_USAGE after a message. */
/* A baseline of all that was found, whether one was used or not. The same. */
int scan_print_baseline(const char *output, const struct scan_result *r);
int scan_print_sbom(const char *output, const struct scan_result *r);
int scan_print(const char *output, enum scan_format format, const struct scan_result *r);
/* All rules, as text or JSON; other formats are text. The same. */
int scan_print_rules(const char *output, enum scan_format format);

/* Puts the result into a ledger, which is made if it is not there. `asked`: what was named on the command line. */
[[nodiscard]] int scan_ledger_write(const char *path, const struct scan_result *r, const char *asked, struct err *err);
struct on_record;
/* Its files alone: an entry for each that is bad or suspicious, or that an exception let pass, up to a limit; *untold: how many more there
 * are. `scan` names the scan in all of them. */
[[nodiscard]] int scan_ledger_files(struct on_record *o, const struct scan_result *r, const char *scan, size_t *untold, struct err *err);

#endif

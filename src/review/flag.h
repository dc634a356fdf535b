/* flag: what of a change runs later, on the host, with the person's rights (deferred execution), and what hides from a reader.
 *
 * flag_table.h has a line for each name that something runs or obeys: what it is, and what triggers it. What a file is (an executable, a
 * link that leads out, text with invisible characters) is told from the file, by the rules in flag_file_rules. Where the
 * format is known, the flag says what changed: "scripts.postinstall added: …". */
#ifndef POSTERN_REVIEW_FLAG_H
#define POSTERN_REVIEW_FLAG_H

#include "review/change.h"

enum flag_kind {
	FLAG_GIT,
	FLAG_SHELL,
	FLAG_EDITOR,
	FLAG_AGENT,
	FLAG_SERVICE, /* units, cron, autostart, account configuration */
	FLAG_PYTHON,  /* what an interpreter loads at its start */
	FLAG_CI,
	FLAG_BUILD,
	FLAG_DEPENDENCY,
	FLAG_CONTAINER,
	FLAG_EXECUTABLE,
	FLAG_LINK,
	FLAG_SPECIAL,
	FLAG_MODE,
	FLAG_HIDDEN,
	FLAG_CONTENT, /* what a scan finds in it */
	FLAG_KINDS,
};
/* "git", "shell", … as --format json has them. */
const char *flag_kind_word(enum flag_kind k);

enum flag_level {
	FLAG_LOOK,  /* runs when somebody builds, installs, tests or pushes */
	FLAG_RUNS,  /* runs by itself, in passing: on cd, on git status, when an editor or agent opens the folder, at log-in */
	FLAG_FOUND, /* a scan finds in it what an honest file does not have: whatever runs it */
};

/* How a file of this name is compared with its former self, for the details. */
enum flag_reader {
	READER_NONE,
	READER_LINES,      /* added lines of a text */
	READER_GIT_CONFIG, /* keys */
	READER_ATTRIBUTES, /* lines that name a filter, a driver */
	READER_JSON,       /* members, comments allowed */
	READER_PACKAGE,    /* package.json: scripts and what else runs or comes from elsewhere */
	READER_LOCK,       /* package-lock.json: packages with install scripts, new hosts */
};

struct flag_rule {
	const char *name;    /* for good, in JSON and in the ledger: "git-hook" */
	const char *pattern; /* of the path: "*" within a name, "**" for any folders; ASCII case does not count; NULL: told from the file */
	enum flag_kind kind;
	enum flag_level level;
	enum flag_reader reader;
	const char *why;  /* "a hook of git" */
	const char *when; /* "git runs it on commit, checkout, merge, push" */
};
extern const struct flag_rule flag_path_rules[], flag_file_rules[];
extern const size_t flag_path_rule_count, flag_file_rule_count;

struct flag {
	const struct flag_rule *rule;
	const char *detail; /* what changed, hostile text; a line each; NULL: nothing beyond the rule */
	struct flag *next;
};

/* Does a path fit the pattern of a rule? */
bool flag_match(const char *pattern, const char *path);
/* The rules that a path fits, at most `max` (for a supervisor that sees a write as it happens). Pure, no allocation. */
size_t review_flag_path(const char *path, const struct flag_rule **out, size_t max);
/* The same of a file as it is now under `root`: its name, mode, kind and content. Details go to the arena; *out is NULL if there is
 * nothing to say. -ENOMEM and errors of reading. */
[[nodiscard]] int review_flag_live(int root, const char *path, struct arena *arena, struct flag **out);
/* Flags every change of the set, and finds which are binary. Memory comes from the set. */
[[nodiscard]] int review_flag_set(const struct change_source *source, struct change_set *set, struct err *err);
/* The length of the front of `path` that is a folder of installed packages (node_modules, site-packages, …), 0 if it is in none. What lies
 * in one is not flagged file by file, but for what runs by itself: the folder is, once. */
size_t flag_packages(const char *path);
/* Is this the rule that stands for such a folder? */
bool flag_is_packages(const struct flag_rule *rule);
/* Does a link at `path` (relative to the root) lead out of the root, going by its text alone? Absolute ones do. */
bool flag_link_leads_out(const char *path, const char *target);

#endif

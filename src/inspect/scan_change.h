/* scan_change: what a file has that a change can bring, as a list of facts. They are gathered of the file as it was and as it is; what is
 * told is the difference (scan_change.c). Pure: each of these is a function of a name and bytes. */
#ifndef POSTERN_INSPECT_SCAN_CHANGE_H
#define POSTERN_INSPECT_SCAN_CHANGE_H

#include "base/arena.h"
#include "inspect/scan.h"

/* When is a fact new? */
enum change_how {
	CHANGE_FIRST, /* if there was none of its rule */
	CHANGE_MORE,  /* if there are more of its rule than there were, and this one was not there */
	CHANGE_EACH,  /* if this one was not there */
};
struct change_fact {
	uint32_t rule; /* enum scan_rule_name */
	enum change_how how;
	uint64_t key;    /* what makes it the same one: a digest of its line, or of a name */
	size_t at, n;    /* in the text */
	const char *say; /* what is shown; NULL: what stands there */
};
struct change_facts {
	/* The caller's. */
	struct arena *arena;
	const char *path; /* as far as it is known; its end is */
	struct slice text;
	const struct slice *manifest; /* of a lock file, as it is now; NULL: not known */
	bool test;                    /* what stands here is for tests or examples */
	struct dlp_scan *secrets;     /* NULL: they are not looked for */
	/* What was found. */
	struct change_fact *fact;
	size_t n, room;
	struct change_guards *guards; /* of source code: what its functions check; or NULL */
	struct change_pins *pins;     /* of a lock file: the digest of each version; or NULL */
	const char *unread;           /* why it cannot be read, of a lock file; or NULL */
	bool looked;                  /* it was understood */
	bool cut;                     /* something was too large, or there was no memory: not all facts are here */
};

/* Adds one. `key` may be empty: then it is the line in which it stands. `fmt` may be NULL. */
void change_add(struct change_facts *f, enum scan_rule_name rule, enum change_how how, struct slice key, size_t at, size_t n,
        const char *fmt, ...) __attribute__((format(printf, 7, 8)));
/* Is it, going by its path, for tests, examples or documentation? */
bool change_is_test(const char *path);

/* Source code: checks that are off, and what it can do. */
void change_code(struct change_facts *f);
/* Adds what functions of `f` check less than they did: `old` is of the file as it was. Either may have none. */
void change_guards_less(struct change_facts *f, const struct change_guards *old);
/* Adds which versions have another digest in `f` than they had: `old` is of the lock file as it was. Either may have none. */
void change_pins_other(struct change_facts *f, const struct change_pins *old);
/* Settings line by line, and shell: checks that are off. */
void change_settings(struct change_facts *f);
/* Manifests and lock files: what is depended on, from where, and what runs when it is installed. */
void change_dependencies(struct change_facts *f);
/* A file of shell, whatever it is called. */
void change_shell(struct change_facts *f);
/* What runs later by itself. */
void change_deferred(struct change_facts *f);
/* Keys and tokens of known formats. */
void change_secrets(struct change_facts *f);
/* What is no text. */
void change_binary(struct change_facts *f);

enum change_defers {
	CHANGE_RUN_NEVER,
	CHANGE_RUN_UNASKED, /* hooks */
	CHANGE_RUN_STARTUP, /* with each interpreter */
	CHANGE_RUN_BUILD,   /* when it is built or installed */
};
/* When does a file of this path run by itself? */
enum change_defers change_defers(const char *path);

#endif

/* secrets: where secrets lie on a developer's machine: places below the home, names in any folder, and private keys by content. One table
 * each in secrets.c; tests walk them. Here they are only found; the sandbox covers them. */
#ifndef POSTERN_CONFINE_SECRETS_H
#define POSTERN_CONFINE_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

/* Below the home, "" is none of them. NULL-terminated. A place that ends in * stands for all names with that beginning. */
extern const char *const secrets_places[];

enum secret {
	SECRET_NONE,
	SECRET_SURE,    /* by its name */
	SECRET_PERHAPS, /* its content decides: secrets_in_content() */
};
/* What a file or folder of this name is, wherever it lies. */
enum secret secrets_name(const char *name, bool folder);
/* Whether the first 64 KiB have a private key or a token in the form of a known file. -1 or any unreadable descriptor: false. */
bool secrets_in_content(int fd, const char *name);
/* Folders that are not searched: what packages were unpacked to, and git's own. */
bool secrets_skip(const char *name);

/* What a search of a folder tells. Paths are relative to it, "" is itself. */
struct secrets_calls {
	/* Before a folder is read: so that what comes later can be seen. */
	void (*folder)(void *arg, int fd, const char *path);
	void (*found)(void *arg, const char *path);
	/* A repository: a folder .git, or the file that points to one. */
	void (*git)(void *arg, const char *path, bool folder);
};
/* Entries that a search looks at before it gives up, and folders deep. */
#define SECRETS_ENTRIES_MAX 2000000
#define SECRETS_DEPTH_MAX   64
/* Searches below `path`, relative to the folder `root` ("" for all of it). Other names of a secret file (hard links) are found too, if they
 * are below the same path. 0, -E2BIG when not everything was looked at, or the negative errno of the first folder. Folders that may not be
 * read are passed over: the command may not read them either. */
[[nodiscard]] int secrets_search(int root, const char *path, const struct secrets_calls *calls, void *arg);

#endif

/* change: what a contained tool did to a project that it had as a copy: the difference between the project (lower) and what lies above it.
 *
 * Two forms of copy are understood, with one result. An overlay's upper folder (overlayfs: whiteouts as 0:0 devices or extended attributes,
 * opaque folders; `user.overlay.` and `trusted.overlay.`), which costs what was changed; and a whole copy, which costs a walk over both.
 * Everything in both trees is hostile: names are bytes, nothing is followed, nothing but regular files and folders is opened, and the
 * walk goes by descriptors. What is there twice with equal bytes, mode and attributes is no change, whatever its times. */
#ifndef POSTERN_REVIEW_CHANGE_H
#define POSTERN_REVIEW_CHANGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum object_type {
	OBJECT_NONE,
	OBJECT_FILE,
	OBJECT_FOLDER,
	OBJECT_LINK,
	OBJECT_FIFO,
	OBJECT_SOCKET,
	OBJECT_CHAR,
	OBJECT_BLOCK,
};
/* "file", "folder", "link", "pipe", "socket", "character device", "block device"; "nothing" */
const char *object_type_word(enum object_type t);

struct object {
	enum object_type type;
	uint32_t mode; /* permissions, 07777 */
	uint32_t uid, gid, nlink;
	uint64_t size, ino, dev;
	int64_t mtime, ctime; /* nanoseconds since 1970 */
	const char *link;     /* of a link: where it leads to, as it is written */
};

enum change_kind { CHANGE_ADDED, CHANGE_CHANGED, CHANGE_REMOVED };
/* What of it: bits. */
enum {
	CHANGE_CONTENT = 1, /* bytes, or where a link leads */
	CHANGE_MODE = 2,
	CHANGE_OWNER = 4,
	CHANGE_XATTR = 8, /* extended attributes: user.*, access lists, capabilities */
	CHANGE_TYPE = 16, /* a file where a folder was, and so on */
};
/* Why a change cannot be applied as it is. */
enum change_trouble {
	TROUBLE_NONE,
	TROUBLE_CONFLICT_CHANGED, /* the project's file was changed since the run began */
	TROUBLE_CONFLICT_ADDED,   /* the project got one of that name since the run began */
	TROUBLE_CONFLICT_REMOVED, /* the project's file was removed since the run began */
	TROUBLE_SPECIAL,          /* a device, pipe or socket: never applied */
	TROUBLE_DEEP,             /* nested or named too long to be handled; what is below was not looked at */
	TROUBLE_UNREADABLE,       /* no right to read it; what is below was not looked at */
};
/* A sentence without stop for people; "" for none. */
const char *change_trouble_word(enum change_trouble t);
static inline bool change_is_conflict(enum change_trouble t)
{
	return t >= TROUBLE_CONFLICT_CHANGED && t <= TROUBLE_CONFLICT_REMOVED;
}

struct flag; /* review/flag.h */

struct change {
	const char *path; /* relative, no "." or ".."; any bytes but NUL */
	enum change_kind kind;
	unsigned what; /* CHANGE_CONTENT… */
	enum change_trouble trouble;
	struct object before, after; /* type OBJECT_NONE: was or is not there */
	uint32_t pair;               /* of a rename: 1 + the index of its other half (one is added, one is removed); 0: none */
	uint32_t first_name;         /* of a further hard link: 1 + the index of the change with its first name; 0: none */
	struct flag *flags;          /* review/flag.h; the most serious first */
	const uint8_t *sha256;       /* 32 bytes of the file as it will be; NULL: not known (yet), or no file */
	const uint8_t *sha256_before;
	bool binary;         /* set with the flags */
	bool picked;         /* for the caller: to be applied */
	const char *scanned; /* for the caller: the verdict of a scan of the file as it will be; NULL: none was made */
};

/* Changes are in the order of a walk: a folder before what is in it, names by their bytes. */
struct change_set {
	struct change *change;
	size_t n, room;
	uint64_t bytes; /* of all added and changed files */
	struct arena arena;
};

struct change_source {
	int lower, upper;  /* folders, opened for reading; they stay the caller's */
	bool copy;         /* upper is a whole copy, not an overlay's */
	int64_t since;     /* when the run began, nanoseconds since 1970; 0: conflicts are not looked for */
	const char *index; /* what was staged when the run began (review/index.h); NULL or "": not known */
	int64_t copied;    /* of a copy: when it was complete; files not touched since are taken as equal; 0: all are compared */
	size_t max;        /* changes; 0: 2,000,000 */
	size_t memory;     /* bytes for all of it; 0: 1 GiB */
};

/* Reads the whole set; *out is empty before and to be freed in any case. -E2BIG past a maximum; -ENOTSUP for an overlay that keeps names or
 * contents elsewhere (redirect_dir, metacopy). */
[[nodiscard]] int change_set_read(const struct change_source *source, struct change_set *out, struct err *err);
void change_set_free(struct change_set *set);
/* The change of that path, or NULL. By bisection. */
struct change *change_find(const struct change_set *set, const char *path);
/* Is `path` below `folder`, or that itself? */
bool change_below(const char *path, const char *folder);
/* Order of a walk. */
int change_path_cmp(const char *a, const char *b);

/* Opens a regular file for reading: never blocks, follows no link. -EINVAL: it is none; -EACCES, -ENOENT, … */
[[nodiscard]] int change_open(int root, const char *path);
/* Appends its bytes, at most `max` of them; *cut: there are more. */
[[nodiscard]] int change_read(int root, const char *path, size_t max, struct buf *out, bool *cut);
/* fstatat(2) without following; the link's text goes to the arena if that is not NULL. type OBJECT_NONE and 0 if it is not there. */
[[nodiscard]] int object_at(int dir, const char *name, struct arena *arena, struct object *out);

#endif

/* bundle: what the organisation sends to its machines (parse/bundle.h), from where it comes to what is in force.
 *
 *	/etc/postern/trust         the first trust: whose signatures count
 *	/etc/postern/bundle.yaml   from where bundles come, and what holds when the last one has expired; may be missing
 *	/etc/postern/bundles.d/    bundles that somebody dropped there, *.bundle
 *	/var/lib/postern/bundle/   the store: `current` is a link to the folder of the one in force, `previous` to that of the one before;
 *	                           `state` has the newest version that was seen, and the latest time
 *
 * A bundle is in force as a whole or not at all: its folder is written and synced beside the others, then its version is recorded, and only
 * then the link is replaced. After a crash at any step the old one is in force or the new one, and a version that was recorded can still be
 * installed. Whatever a new one is (empty, cut, expired, signed by others, older), what was in force stays in force.
 *
 * Nothing here is global; a bundle_config may be shared by threads. bundle_poll() is called by "postern policy bundle fetch", which a timer
 * runs. A daemon loads its policy again (policy_load(), which finds what is in force) when one of policy_files() is another; it asks
 * policy_tool() with the time of a bundle_clock that was started with bundle_time(), and looks again at decisions that it kept at
 * policy_tool_until(). */
#ifndef POSTERN_POLICY_BUNDLE_H
#define POSTERN_POLICY_BUNDLE_H

#include <limits.h>

#include "base/arena.h"
#include "policy/trust.h"

#define BUNDLE_CONFIG_FILE "/etc/postern/bundle.yaml"
#define BUNDLE_FOLDER      "/etc/postern/bundles.d"
#define BUNDLE_STORE       "/var/lib/postern/bundle"
#define BUNDLE_SUFFIX      ".bundle"
#define BUNDLE_POLICY      "policy.yaml"
#define BUNDLE_EXCEPTIONS  "exceptions"
#define BUNDLE_TRUSTS      "trust" /* in a bundle: trust/2, trust/3, …, each as it was signed */

/* How much larger than the last a version may be: who holds the keys for an hour cannot use up all numbers. */
#define BUNDLE_JUMP_MAX 1000000000ull
/* A bundle may begin so many seconds after our time: clocks differ. */
#define BUNDLE_SKEW 600

struct bundle_config {
	const char *trust;  /* NULL: TRUST_FILE */
	const char *store;  /* NULL: BUNDLE_STORE */
	const char *folder; /* NULL: BUNDLE_FOLDER; "": none */
	const char *url;    /* NULL: none */
	const char *ca;     /* a file of certificates (PEM) that alone count for the URL; NULL: those of the system */
	unsigned timeout;   /* seconds that fetching may take in all; 0: 60 */
	bool closed;        /* one that has expired closes the machine to AI tools; else it stays in force, with a warning */
	bool given;         /* the places were given by the caller: files may belong to the user of this process too, not only to root */
	/* Called with the unpacked folder before it is put in force; what it refuses is not. NULL: none. */
	int (*check)(void *arg, int dir, const char *path, struct err *err);
	void *arg;
};
/* Reads /etc/postern/bundle.yaml (path NULL; a missing one leaves *out as it is) into a config of the usual places. -EINVAL with file and
 * line; -EACCES: others may write it. */
[[nodiscard]] int bundle_config_read(const char *path, struct arena *arena, struct bundle_config *out, struct err *err);

/* ---- What is in force ---- */

struct bundle_held {
	int dir;             /* of its folder */
	char path[PATH_MAX]; /* STORE/current */
	struct bundle head;  /* without content */
	char sha256[65];     /* of its signed text: which bundle it is */
	char signers[1024];
	int64_t now;     /* the time that was taken: that of the clock, but never less than one that was seen before */
	bool expired;    /* at that time */
	bool clock_back; /* the clock is more than a day behind what was seen before */
	/* What `head` borrows from. */
	struct buf note;
	struct bundle_file *file;
};
/* Opens the one that is in force, and verifies its signatures by the trust that it came under. -ENOENT: there never was one; -EBADMSG,
 * -EKEYREJECTED, -EACCES with a sentence: there was one, and it is damaged. After success it needs bundle_held_free(). */
[[nodiscard]] int bundle_current(const struct bundle_config *c, struct bundle_held *out, struct err *err);
void bundle_held_free(struct bundle_held *h);
/* Appends one of its files, if it is still what was signed: else -EBADMSG. -ENOENT: it has none by that name. */
[[nodiscard]] int bundle_held_read(const struct bundle_held *h, const char *name, struct buf *out, struct err *err);

/* ---- Another one ---- */

/* A bundle that was read from somewhere and found good. */
struct bundle_taken {
	struct bundle bundle;
	struct trust trust; /* that it is signed by */
	char sha256[65], signers[1024];
	int64_t now;
	bool same; /* it is in force already */
	struct bundle_file *file;
	struct buf trust_text;
};
/* May these bytes be installed now? Everything but writing. They must outlive *out, which needs bundle_taken_free() after success. The
 * sentence says why not: -EINVAL (no bundle, or what is in it), -EKEYREJECTED, -ESTALE (older, or expired), -EAGAIN (not valid yet), -EXDEV
 * (another content by the same version), -ERANGE (a leap of the version), -EACCES, -ENOENT (no trust). */
[[nodiscard]] int bundle_take(const struct bundle_config *c, struct slice bytes, struct bundle_taken *out, struct err *err);
void bundle_taken_free(struct bundle_taken *t);
/* bundle_take(), and puts it in force. *changed: it was not in force before. Waits for another process that installs, up to 10 s. */
[[nodiscard]] int bundle_install(const struct bundle_config *c, struct slice bytes, bool *changed, struct err *err);

enum bundle_news { BUNDLE_UNCHANGED, BUNDLE_CHANGED, BUNDLE_REFUSED };
struct bundle_poll {
	enum bundle_news news;
	char from[PATH_MAX]; /* the file or URL that is spoken of; "" if nothing new was found */
	struct err why;      /* REFUSED: the reason; what was in force stays. CHANGED: something else was refused, if code is not 0 */
};
/* Looks once into the folder and at the URL, and puts the newest valid one in force. Blocks, for `timeout` at most, and a while for the
 * disk. The network is spoken to by a child process, without root's rights. 0 with *out; else
 * nothing could be looked at (no trust, no memory). */
[[nodiscard]] int bundle_poll(const struct bundle_config *c, struct bundle_poll *out, struct err *err);

/* Fetches the URL, appended to out. *unchanged: the server says that it is still what has the tag `etag` ("": none known; room for
 * BUNDLE_ETAG), which is set. -ETIMEDOUT, -EFBIG, -ENETUNREACH, -EINVAL (no https://). */
#define BUNDLE_ETAG 200
[[nodiscard]] int bundle_fetch(const struct bundle_config *c, char etag[BUNDLE_ETAG], struct buf *out, bool *unchanged, struct err *err);

/* ---- Making one ---- */

struct bundle_make {
	const char *organisation;
	uint64_t trust, version;
	int64_t from, expires;
};
/* A bundle of all files below `folder` whose names do not begin with '.', without a signature, appended. What bundle_parse() would not take
 * is refused. */
[[nodiscard]] int bundle_make(const struct bundle_make *m, const char *folder, struct buf *out, struct err *err);
/* The same bundle with one signature more, appended. *kept: those that were there and still are. */
[[nodiscard]] int bundle_sign(struct slice bytes, const struct tlog_signer *signer, struct buf *out, size_t *kept, struct err *err);

/* ---- Time ---- */

/* Seconds since 1970 that never go back: of a process, from the greatest time that is known at its start. */
struct bundle_clock {
	int64_t base, since;
};
void bundle_clock_start(struct bundle_clock *c, int64_t known);
int64_t bundle_clock_now(const struct bundle_clock *c);
/* The time to decide by: that of the clock, or the latest that was recorded or signed, if that is later. Recorded, if this process may and
 * a quarter of an hour has passed; `make`: where there is no store yet to record it in, one is made. *back (or NULL): the clock is more
 * than a day behind. */
int64_t bundle_time(const struct bundle_config *c, bool make, bool *back);
/* Forgets the recorded time, for when a clock was wrong. */
[[nodiscard]] int bundle_time_forget(const struct bundle_config *c, struct err *err);

#endif

/* bundle: what an organisation sends to its machines, in one text file: a signed note (parse/note.h) that lists the files, and behind it
 *the files themselves, as they are:
 *
 *	postern.bundle/v1
 *	organisation example.com
 *	trust 1                              the version of the trust (below) whose keys have signed
 *	version 7
 *	from 2026-11-26T00:00:00Z
 *	expires 2027-02-26T00:00:00Z
 *	file <SHA-256> <bytes> policy.yaml   a line each, in the order of their names
 *
 *	— example.com/security <signature>   none, before it is signed
 *
 *	==> policy.yaml <==
 *	<so many bytes>
 *
 * Where a file ends is said by the part that is signed, so there is nothing to interpret in what follows it; and as one signature is over
 *all of them, no file of one bundle can be put beside one of another.
 *
 * Whose signatures count is said by a trust, which is a signed note too:
 *
 *	postern.trust/v1
 *	organisation example.com
 *	version 1
 *	threshold 2
 *	expires never                        or a time
 *	key <verifier key>                   a line each
 *
 * All pure; signatures are not verified here (policy/trust.h does), and neither are digests. */
#ifndef POSTERN_PARSE_BUNDLE_H
#define POSTERN_PARSE_BUNDLE_H

#include "parse/note.h"
#include "parse/statement.h"

#define BUNDLE_MAX         ((size_t)64 << 20)
#define BUNDLE_FILE_MAX    ((size_t)16 << 20)
#define BUNDLE_FILES       1000
#define BUNDLE_NAME_MAX    200
#define BUNDLE_DEPTH_MAX   4
#define BUNDLE_VERSION_MAX (((uint64_t)1 << 53) - 1) /* what JSON holds exactly */
#define TRUST_KEYS_MAX     16
#define TRUST_MAX          ((size_t)64 << 10)

struct bundle_file {
	struct slice name, sha256; /* hex */
	uint64_t size;
	struct slice content;
};
/* Slices are in the input. */
struct bundle {
	struct slice note; /* the signed note, as it was; without signatures it ends in the empty line */
	struct slice text; /* what is signed */
	struct slice body; /* what follows the note */
	bool has_signatures;
	struct slice organisation;
	uint64_t trust, version;
	int64_t from, expires;
	struct bundle_file *file; /* BUNDLE_FILES of them, by the caller */
	size_t n;
};
/* Where a mistake is, and what it is, as constants. */
struct bundle_fault {
	unsigned line; /* from 1; 0: not in the part that is signed */
	const char *key, *why;
};
/* The note alone; out->body is what follows it. 0 or -EBADMSG. */
[[nodiscard]] int bundle_head(struct slice in, struct bundle *out, struct bundle_fault *fault);
/* All of it: also the content of each file. */
[[nodiscard]] int bundle_parse(struct slice in, struct bundle *out, struct bundle_fault *fault);
/* Its file of that name; NULL: it has none. */
const struct bundle_file *bundle_find(const struct bundle *b, struct slice name);
/* Can a file of a bundle be called that? Parts of a-z A-Z 0-9 . _ - , not beginning with '.' or '-', with '/' between them. */
bool bundle_name_valid(struct slice name);
/* The line before the content of a file, with the newlines around it, appended. */
void bundle_mark(struct buf *out, struct slice name);

/* text and signatures of a note that may have none yet (then without the empty line, or with it and nothing behind). */
void bundle_split_note(struct slice in, struct slice *text, bool *has_signatures);

struct trust {
	struct slice organisation;
	uint64_t version;
	unsigned threshold;
	int64_t expires; /* 0: never */
	struct note_vkey key[TRUST_KEYS_MAX];
	size_t n;
};
/* The text, without signatures. That ids of keys fit is not checked. 0 or -EBADMSG. */
[[nodiscard]] int trust_parse(struct slice text, struct trust *out, struct bundle_fault *fault);

#endif

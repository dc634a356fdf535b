/* tlog: the other texts and files of C2SP transparency logs: checkpoints (tlog-checkpoint), tiles and entry bundles (tlog-tiles), proofs
 * (tlog-proof), the add-checkpoint request of witnesses (tlog-witness), policies (tlog-policy). Pure. */
#ifndef POSTERN_PARSE_TLOG_H
#define POSTERN_PARSE_TLOG_H

#include "base/arena.h"
#include "base/buf.h"

#define TLOG_TILE_HEIGHT 8
#define TLOG_TILE_WIDTH  256
#define TLOG_ENTRY_MAX   65535
#define TLOG_ORIGIN_MAX  255
#define TLOG_PATH_MAX    128
#define TLOG_SIZE_MAX    ((uint64_t)1 << 62)
#define TLOG_LEVEL_MAX   63
#define TLOG_PROOF_MAX   63 /* hashes: what the specification of witnesses allows, and a tree of TLOG_SIZE_MAX needs */

/* The body of a checkpoint: the text of a signed note. */
struct tlog_checkpoint {
	struct slice origin; /* in the input */
	uint64_t size;
	uint8_t root[32];
	struct slice extensions; /* lines after the third, with their newlines; usually empty */
};
/* 0 or -EBADMSG with a constant reason. */
[[nodiscard]] int tlog_checkpoint_parse(struct slice text, struct tlog_checkpoint *out, const char **why);
void tlog_checkpoint_add(struct buf *out, struct slice origin, uint64_t size, const uint8_t root[32]);

/* "tile/1/x001/234" or, if width is not TLOG_TILE_WIDTH, "tile/1/x001/234.p/7". level < 0: entries. width: 1 to
 * TLOG_TILE_WIDTH. Writes at most TLOG_PATH_MAX bytes, NUL included. */
void tlog_tile_path(int level, uint64_t index, unsigned width, char out[TLOG_PATH_MAX]);
/* The same backwards, without the NUL; strict: what tlog_tile_path() would not write is refused. level is -1 for entries. 0 or -EBADMSG. */
[[nodiscard]] int tlog_tile_parse(struct slice path, int *level, uint64_t *index, unsigned *width);
/* How many hashes (or entries, level < 0) the tile has in a tree of that size: 0 to 256. */
unsigned tlog_tile_width(int level, uint64_t index, uint64_t size);

/* Entry bundles: each entry is its length in two bytes, big endian, and its bytes. Takes the next off the front of *rest. 1, 0 at the end,
 * -EBADMSG if it is cut. */
[[nodiscard]] int tlog_bundle_next(struct slice *rest, struct slice *entry);

/* c2sp.org/tlog-proof@v1 */
struct tlog_proof {
	struct slice extra; /* decoded, owned by the arena; p NULL if there is none */
	uint64_t index;
	uint8_t (*hash)[32]; /* owned by the arena */
	size_t n;
	struct slice checkpoint; /* a signed note, in the input */
};
/* 0; -EBADMSG or -ENOMEM with a constant reason. The checkpoint is not looked into. */
[[nodiscard]] int tlog_proof_parse(struct slice in, struct arena *arena, struct tlog_proof *out, const char **why);
/* Appended, without extra data. n <= TLOG_PROOF_MAX, as below. */
void tlog_proof_add(struct buf *out, uint64_t index, const uint8_t (*hash)[32], size_t n, struct slice checkpoint);

/* The body of POST add-checkpoint: "old N", proof lines, an empty line, a checkpoint. At most 63 lines of proof. */
struct tlog_add_checkpoint {
	uint64_t old;
	uint8_t hash[TLOG_PROOF_MAX][32];
	size_t n;
	struct slice checkpoint;
};
/* 0 or -EBADMSG with a constant reason. The checkpoint is not looked into. */
[[nodiscard]] int tlog_add_checkpoint_parse(struct slice in, struct tlog_add_checkpoint *out, const char **why);
void tlog_add_checkpoint_write(struct buf *out, uint64_t old, const uint8_t (*hash)[32], size_t n, struct slice checkpoint);

/* tlog-policy: "log VKEY [URL]", "witness NAME VKEY [URL]", "group NAME any|all|K MEMBER…", "quorum NAME|none", "#" comments. A witness or
 * group is part of one group at most. Keys of logs are of type 1, those of witnesses of type 4. */
#define TLOG_POLICY_LOGS    256
#define TLOG_POLICY_MEMBERS 256 /* witnesses and groups together */
enum tlog_policy_kind { TLOG_POLICY_WITNESS, TLOG_POLICY_GROUP };
struct tlog_policy_member {
	enum tlog_policy_kind kind;
	struct slice name;
	struct slice vkey, url; /* of a witness; url.p NULL if there is none */
	unsigned threshold;     /* of a group */
	unsigned *member;       /* of a group: indices of earlier members */
	size_t n_members;
};
struct tlog_policy_log {
	struct slice vkey, url;
};
struct tlog_policy {
	struct tlog_policy_log *log;
	size_t n_logs;
	struct tlog_policy_member *member;
	size_t n_members;
	int quorum; /* index of a member; -1: none is asked for */
};
/* Everything is owned by the arena or lies in the input. 0; -EBADMSG or -ENOMEM with reason and line (from 1). That the id of
 * a key fits is for tlog_vkey_read(). About 80 KB of the arena are used, and what groups need. */
[[nodiscard]] int tlog_policy_parse(struct slice in, struct arena *arena, struct tlog_policy *out, const char **why, unsigned *line);
/* Is the quorum reached if the witnesses marked in have[] (by index of member; groups are ignored) have signed? */
bool tlog_policy_met(const struct tlog_policy *p, const bool *have);

#endif

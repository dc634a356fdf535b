/* journal: the write-ahead record. What stands in it is acknowledged; tiles and checkpoint are made from it later.
 *
 * Segments journal/NNNNNNNN are files of zeros of a fixed size, made ahead and used again, so that the fdatasync of a record has nothing to
 * say about the file but its bytes. A record begins at a multiple of 4,096 bytes, so that writing one never writes over bytes of another:
 *
 *	8   "PLJREC01"
 *	8   index of the first entry, big endian
 *	4   number of entries
 *	4   bytes of the entries
 *	8   zero
 *	32  SHA-256 of the 32 bytes before and the leaf hashes
 *	32  × number: leaf hashes (RFC 6962)
 *	…   the entries as in an entry bundle: length in two bytes, big endian, and bytes
 *	…   zeros up to the next multiple of 4,096
 *
 * A segment is a chain: each record begins with the index after the last of the one before. It ends where no record, or one of another
 * index, begins: what follows is what an earlier use has left. A record is written only when the one before is on disk; so if one is torn,
 * nothing newer can stand behind it, and if something newer does, it was no crash. */
#ifndef POSTERN_LEDGER_JOURNAL_H
#define POSTERN_LEDGER_JOURNAL_H

#include <pthread.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/merkle.h"

#define JOURNAL_BLOCK   4096
#define JOURNAL_HEADER  64
#define JOURNAL_ENTRIES 8192u             /* in a record, at most */
#define JOURNAL_BYTES   ((size_t)1 << 20) /* of entries in a record, at most */
#define JOURNAL_RECORD  ((size_t)JOURNAL_BLOCK + JOURNAL_ENTRIES * MERKLE_HASH + JOURNAL_BYTES)

struct journal_record {
	uint64_t first;
	uint32_t count;
	struct slice hashes;  /* count × MERKLE_HASH */
	struct slice entries; /* as in an entry bundle */
};

/* Pure. Bytes that a record takes, padding included. */
size_t journal_size(uint32_t count, size_t bytes);
void journal_header(const struct journal_record *r, uint8_t out[JOURNAL_HEADER]);
/* The record at the front of `in`. 1; 0: there is none, or it is torn (in holds fewer bytes than it says, or its digest does not fit). That
 * the entries have these hashes is not looked at. */
int journal_parse(struct slice in, struct journal_record *out);
/* Have the entries these hashes, and do they fill their bytes exactly? Returns the number of entries, from the front, for which that holds:
 * count if all is well. */
uint32_t journal_check(const struct journal_record *r);

/* The record at an offset of a segment, into *space (emptied before; JOURNAL_RECORD large), which it is borrowed from. 1, 0 as above,
 * negative errno. */
[[nodiscard]] int journal_read(int fd, uint64_t offset, struct buf *space, struct journal_record *out);

/* What is found at start. */
struct journal_found {
	char name[32];
	int fd;
	uint64_t first; /* of its first record; UINT64_MAX: it has none */
};
/* Opens all segments in the order of their first entries, those without any last; spare ones are left out. `*out` is freed with
 * journal_found_free(). */
[[nodiscard]] int journal_find(int dir, struct journal_found **out, size_t *n, struct err *err);
void journal_found_free(struct journal_found *f, size_t n);
/* Is there, in that segment from that offset on, a whole record whose first entry is `from` or later? 1, 0, negative errno. */
[[nodiscard]] int journal_beyond(int fd, uint64_t offset, uint64_t from, struct buf *space);
/* Removes all segments. */
[[nodiscard]] int journal_clear(int dir);

/* The journal of a running writer: one thread appends, another follows, prepares and releases. */
struct journal;
/* journal/ must be empty. The first entry will have index `first`. */
[[nodiscard]] int journal_new(int dir, uint64_t first, struct journal **out);
void journal_free(struct journal *j);
/* Writes one record and waits until it is on disk. iov: entries, in pieces; used up. After an error nothing more may be appended. */
[[nodiscard]] int journal_append(struct journal *j, const struct journal_record *r, struct iovec *iov, int n_iov);
/* The next record after the one given before; there must be one (the caller knows how far the journal is on disk). */
[[nodiscard]] int journal_follow(struct journal *j, struct buf *space, struct journal_record *out);
/* Makes a segment ready ahead of need. journal_wants(): it has something to do. */
bool journal_wants(struct journal *j);
[[nodiscard]] int journal_prepare(struct journal *j);
/* Entries below `size` are covered by a checkpoint and its tiles: segments that hold no others may be used again. */
[[nodiscard]] int journal_release(struct journal *j, uint64_t size);
/* For tests: small segments, that are turned often. Records must fit into the smallest. */
void journal_sizes(uint64_t least, uint64_t most);
/* Bytes of all segments in use. */
uint64_t journal_bytes(struct journal *j);

#endif

/* blob: bodies that are too large or too personal for an entry (prompts, files, traces): encrypted, each with a key of its own, and named
 *in the entry. Who destroys the key destroys the body, and no entry, hash or proof changes.
 *
 *	blobs/ab/cdef…   the ciphertext, named by the SHA-256 of the whole file
 *	blobs/new/       those that are being written
 *	keys/ab/cdef…    the key of that blob: 32 bytes, mode 0600
 *
 * What the log says of a body outlives its erasure, so it must not help anybody to guess what it was. A digest of the text would: who
 *thinks that a prompt was "fire Bob" computes one and compares. The name is therefore the digest of the *ciphertext*, which depends on a
 *random key that is used once and known to nobody after erasure. It still binds the text, as the file begins with a commitment to the key:
 *
 *	"postern blob 1\n" ‖ HMAC-SHA256(key, "postern blob key") ‖ chunks
 *
 * so that a name fits one file, that file one key (GCM alone would not see to that), and key and file one text. Chunks are those of
 * crypto/aead.h (AES-256-GCM, STREAM, 64 KiB), with the first 47 bytes of the file beside them. What stays known: that there was a body,
 *its size and its media type.
 *
 * All of it is on disk before the name is handed out. Anybody who may write into the folder can put bodies there, also while a writer
 * runs. */
#ifndef POSTERN_LEDGER_BLOB_H
#define POSTERN_LEDGER_BLOB_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define BLOB_ID 64 /* lower-case hex digits */

/* How an entry names a body: an element of the array unmapped.blobs. */
struct blob_ref {
	char id[BLOB_ID + 1];
	uint64_t size;           /* of the body */
	struct slice media_type; /* RFC 6838, so without quotes and backslashes; may be left out */
};
/* {"id":"…","media_type":"…","size":N}, canonical, appended. */
void blob_ref_write(const struct blob_ref *ref, struct buf *out);
/* Those of an entry; *out and what it points to are the arena's, none is no error. -EBADMSG: the entry is no JSON, or its unmapped.blobs
 * are not what blob_ref_write() makes; -ENOMEM. */
[[nodiscard]] int blob_refs_read(struct slice entry, struct arena *arena, struct blob_ref **out, size_t *n);
bool blob_id_good(struct slice id);

/* Writing: in pieces of any size. dir: of the ledger; stays the caller's. */
struct blob_writer;
[[nodiscard]] int blob_writer_new(int dir, struct blob_writer **out, struct err *err);
[[nodiscard]] int blob_writer_add(struct blob_writer *w, struct slice data, struct err *err);
/* The body is on disk when this returns 0. Sets id and size of *ref. */
[[nodiscard]] int blob_writer_end(struct blob_writer *w, struct blob_ref *ref, struct err *err);
/* Also in the middle: then nothing of it stays. */
void blob_writer_free(struct blob_writer *w);

/* Reads a body, in pieces to fn, each of them authenticated; whatever fn returns but 0 ends it and is returned. Nothing is handed out if
 * the file is not the one that was named. -ENOENT: there is no such body (any more); -ENOKEY: its key is gone; -EBADMSG: the file is
 * damaged or changed; each with a sentence. */
typedef int blob_fn(void *arg, struct slice piece);
[[nodiscard]] int blob_read(int dir, const char *id, blob_fn *fn, void *arg, struct err *err);

/* Is there a key or a ciphertext? 1, 0 or an error. */
[[nodiscard]] int blob_there(int dir, const char *id);
/* Destroys the key: overwritten with zeros, synced, unlinked, the folder synced; then the ciphertext is unlinked. On disk when it returns
 * 0; what is gone already is no error, so it can be done again after a crash. File systems that write elsewhere (copy on write, snapshots)
 * and flash that moves what it writes may keep the old 32 bytes, as backups do: there it is the unlinking that counts, and a discard
 * (fstrim) or an encrypted disk must do the rest. */
[[nodiscard]] int blob_erase(int dir, const char *id);

#endif

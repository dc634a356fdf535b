/* tlog: keys, signatures and verification of transparency logs: C2SP signed-note, tlog-checkpoint, tlog-cosignature v1. */
#ifndef POSTERN_CRYPTO_TLOG_H
#define POSTERN_CRYPTO_TLOG_H

#include "base/err.h"
#include "crypto/ed25519.h"
#include "crypto/merkle.h"
#include "parse/note.h"
#include "parse/tlog.h"

#define TLOG_ED25519     0x01
#define TLOG_COSIGNATURE 0x04 /* Ed25519, with a time */

/* SHA-256(name ‖ 0A ‖ type ‖ public key), its first four bytes. name has at most NOTE_NAME_MAX bytes. */
uint32_t tlog_key_id(struct slice name, uint8_t type, const uint8_t public[ED25519_PUBLIC]);
/* "name+id+base64": appended. */
void tlog_vkey_add(struct buf *out, struct slice name, uint8_t type, const uint8_t public[ED25519_PUBLIC]);
/* note_vkey_parse(), and that the id is that of name and key (else -EBADMSG). */
[[nodiscard]] int tlog_vkey_read(struct slice in, struct note_vkey *out, const char **why);

/* What signs: a seed in memory, or a socket of a signer process (fd), asked with the message and answering with 64 bytes. */
struct tlog_signer {
	struct slice name;
	uint8_t public[ED25519_PUBLIC];
	int (*sign)(void *arg, struct slice message, uint8_t signature[ED25519_SIGNATURE]);
	void *arg;
};
/* text (with its last newline), an empty line, one signature: appended to out. -EINVAL: the text or the name cannot stand in a note; what
 * sign() said; -ENOBUFS or -ENOMEM of out. */
[[nodiscard]] int tlog_note_sign(const struct tlog_signer *s, struct slice text, struct buf *out);
/* The cosignature line of a witness over a checkpoint's text at a time (seconds since 1970), appended. The same errors; -EINVAL also if it
 * is the text of no checkpoint. */
[[nodiscard]] int tlog_cosign(const struct tlog_signer *s, struct slice text, uint64_t time, struct buf *out);

/* Verifies the signatures of a note by one key. 0: one is there and good; -ENOKEY: none is there by that name and id; -EBADMSG: there is
 * one and it is bad (the note must be rejected; also if another by the same key is good); -ENOTSUP: a key of another type; -ENOMEM. For
 * TLOG_COSIGNATURE *time is set, to the latest if there are several; time may be NULL. */
[[nodiscard]] int tlog_note_verify(const struct note *n, const struct note_vkey *key, uint64_t *time);

/* Reads a signed checkpoint, demands a good signature by the log's key, whose name must be the origin. note->signature as in note_parse().
 * 0; -EBADMSG: it is no signed checkpoint; -ENOKEY: it is one of another log, or bears no signature by that key; -EKEYREJECTED: it bears a
 * bad one; -ENOMEM. */
[[nodiscard]] int tlog_checkpoint_open(
        struct slice in, const struct note_vkey *log, struct note *note, struct tlog_checkpoint *out, struct err *err);

#endif

/* note: signed notes (C2SP signed-note), as text. Pure: signatures are split off, not verified (crypto/tlog.h does).
 *
 * text "\n" "— " name " " base64(key id, 4 bytes big endian ‖ signature) "\n" …  The text ends in a newline and may hold empty lines: the
 * signatures begin after the last one. UTF-8 without control characters but newline. */
#ifndef POSTERN_PARSE_NOTE_H
#define POSTERN_PARSE_NOTE_H

#include "base/buf.h"

#define NOTE_MAX           ((size_t)256 << 10)
#define NOTE_SIGNATURES    64   /* more are an error; the specification asks for at least 16 */
#define NOTE_SIGNATURE_MAX 5120 /* bytes of one, decoded, with the key id; those of ML-DSA-87 have 4,627 */
#define NOTE_NAME_MAX      255  /* of our own keys and of those that we trust; an unknown key of a note may have a longer one */

struct note_signature {
	struct slice name; /* in the note */
	uint32_t key_id;
	struct slice line; /* the base64, in the note */
	size_t n;          /* of the decoded signature, without the key id; at least 1 */
	uint8_t bytes[NOTE_SIGNATURE_MAX];
};

struct note {
	struct slice text;                /* what is signed, with its last newline */
	struct note_signature *signature; /* NOTE_SIGNATURES of them, by the caller */
	size_t n;
};

/* 0 or -EBADMSG with a constant reason and the offset of the byte that is wrong (of the beginning of the line for a signature).
 * out->signature must point to NOTE_SIGNATURES structs. */
[[nodiscard]] int note_parse(struct slice in, struct note *out, const char **why, size_t *offset);
/* A valid key name: not empty, UTF-8, no Unicode white space, no '+', no control characters, at most NOTE_NAME_MAX bytes. */
bool note_name_valid(struct slice name);
/* Is it what can be signed? It ends in a newline, is UTF-8, and has no control characters but newline. */
bool note_text_valid(struct slice text);
/* Appends one signature line. name is valid, signature not empty and at most NOTE_SIGNATURE_MAX - 4 bytes. */
void note_signature_add(struct buf *out, struct slice name, uint32_t key_id, struct slice signature);

/* A verifier key as text: name "+" 8 hex digits of the key id "+" base64(type ‖ public key). */
struct note_vkey {
	struct slice name; /* in the input */
	uint32_t key_id;
	uint8_t type; /* 1: Ed25519, 4: Ed25519 cosignature */
	uint8_t public[32];
};
/* 0, -EBADMSG, or -ENOTSUP for a type that is not known here, both with a constant reason. That the id fits name and key is checked by
 * crypto/tlog.h. */
[[nodiscard]] int note_vkey_parse(struct slice in, struct note_vkey *out, const char **why);

#endif

/* note: signed notes (C2SP signed-note), as text. Pure: signatures are split off, not verified (crypto/tlog.h does).
 *
 * text "\n" "— " name " " base64(key id, 4 bytes big endian ‖ signature) "\n" …  The text ends in a newline and may hold empty lines: the
 * signatures begin after the last one. UTF-8 without control characters but newline. */
#ifndef POSTERN_PARSE_NOTE_H
#define POSTERN_PARSE_NOTE_H

#include "base/buf.h"

#define NOTE_MAX           ((size_t)64 << 10)
#define NOTE_SIGNATURES    64   /* more are an error; the specification asks for at least 16 */
#define NOTE_SIGNATURE_MAX 4096 /* bytes of one, decoded */
#define NOTE_NAME_MAX      255

struct note_signature {
	struct slice name; /* in the note */
	uint32_t key_id;
	struct slice line; /* the base64, in the note */
	size_t n;          /* of the decoded signature, without the key id */
	uint8_t bytes[NOTE_SIGNATURE_MAX];
};

struct note {
	struct slice text;                /* what is signed, with its last newline */
	struct note_signature *signature; /* NOTE_SIGNATURES of them, by the caller */
	size_t n;
};

/* 0 or -EBADMSG with a constant reason and the offset of the byte that is wrong. out->signature must point to NOTE_SIGNATURES structs. */
[[nodiscard]] int note_parse(struct slice in, struct note *out, const char **why, size_t *offset);
/* A valid key name: not empty, UTF-8, no Unicode white space, no '+', no control characters, at most NOTE_NAME_MAX bytes. */
bool note_name_valid(struct slice name);
/* Appends one signature line. */
void note_signature_add(struct buf *out, struct slice name, uint32_t key_id, struct slice signature);

/* A verifier key as text: name "+" 8 hex digits of the key id "+" base64(type ‖ public key). */
struct note_vkey {
	struct slice name; /* in the input */
	uint32_t key_id;
	uint8_t type; /* 1: Ed25519, 4: Ed25519 cosignature */
	uint8_t public[32];
};
/* 0, -EBADMSG, or -ENOTSUP for a type that is not known here. That the id fits name and key is checked by crypto/tlog.h. */
[[nodiscard]] int note_vkey_parse(struct slice in, struct note_vkey *out, const char **why);

#endif

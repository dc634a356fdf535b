/* encode: hex, base64, percent encoding and JSON strings. */
#ifndef POSTERN_BASE_ENCODE_H
#define POSTERN_BASE_ENCODE_H

#include "base/buf.h"

/* The value of a hex digit of either case; -1 if it is none. */
static inline int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Lower-case hex, appended. */
void encode_hex(struct buf *out, struct slice in);
/* For a terminal, appended: control characters (also those of C1) and what is no UTF-8 as \xXX, all else as it is. */
void encode_shown(struct buf *out, struct slice in);
/* RFC 4648 section 4 (standard) or 5 (URL-safe), with or without padding, appended. */
void encode_base64(struct buf *out, struct slice in, bool url_safe, bool pad);
/* RFC 3986: everything but unreserved characters as %XX (upper case), appended. */
void encode_percent(struct buf *out, struct slice in);
/* A JSON string with its quotes, appended. Bytes that are no UTF-8 become U+FFFD: what a tool or a network sent must not make an unreadable
 * document. */
void encode_json(struct buf *out, struct slice text);

/* A JSON string of UTF-8 text, with its quotes, appended; what is no UTF-8 is passed on as it is. */
void encode_json_string(struct buf *out, struct slice text);

/* Strict decoders: false if anything does not fit, then *out may hold a part. Appended. */
bool decode_hex(struct buf *out, struct slice in);
/* Both alphabets are taken, padding is optional, but if there is any it must be right; trailing bits must be zero. */
bool decode_base64(struct buf *out, struct slice in);
/* Only what RFC 4648 section 4 would write: the standard alphabet, padding, zero trailing bits. False also if it is more than `max`
 * bytes. out may be NULL if only *n is asked for; both are untouched when it is false, but for the bytes out points to. */
bool decode_base64_strict(struct slice in, uint8_t *out, size_t max, size_t *n);
/* %XX only; plus is left alone. A lone % is false. */
bool decode_percent(struct buf *out, struct slice in);

#endif

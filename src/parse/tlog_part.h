/* tlog_part: what the readers of tlog.c, tlog_proof.c and tlog_policy.c share. Not for use outside of them. */
#ifndef POSTERN_PARSE_TLOG_PART_H
#define POSTERN_PARSE_TLOG_PART_H

#include "base/buf.h"

/* A number as the specifications want it: decimal, no zeros in front, at most TLOG_SIZE_MAX. */
bool tlog_number(struct slice s, uint64_t *out);
/* A hash in base64: exactly 32 bytes. Outputs are untouched if it is none. */
bool tlog_hash(struct slice s, uint8_t out[32]);
/* The line of a hash, with its newline. */
void tlog_hash_line(struct buf *out, const uint8_t hash[32]);

#endif

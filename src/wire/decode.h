/* decode: content codings of HTTP bodies (RFC 9110, 8.4.1): gzip, deflate, br, zstd, up to a few on top of each other. */
#ifndef POSTERN_WIRE_DECODE_H
#define POSTERN_WIRE_DECODE_H

#include "base/buf.h"

/* Removes content codings, outermost last. 0; -EBADMSG, -ENOTSUP with *reason (out is undefined); -ENOBUFS: out holds the
 * first out->max bytes and *lost is at least 1. */
[[nodiscard]] int decode_content(struct slice coding, struct slice in, struct buf *out, uint64_t *lost, const char **reason);

#endif

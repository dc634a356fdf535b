/* h2_fields: field lines as HTTP/1 writes them, as nghttp2 wants them. Pure. */
#ifndef POSTERN_WIRE_H2_FIELDS_H
#define POSTERN_WIRE_H2_FIELDS_H

#include <nghttp2/nghttp2.h>

#include "base/buf.h"

/* Both must stay until nghttp2 has copied them, which its submit functions do. */
nghttp2_nv h2_pair(struct slice name, struct slice value);
/* Adds "name: value\r\n"… to nv[0..max), of which n are in use; returns how many are then. Names are put in lower case, into `names`, which
 * must be empty; fields of one connection, and `te` with anything but "trailers", are left out (RFC 9113, 8.2). The values are spans of
 * `lines`. An error is that of `names`. */
size_t h2_fields(struct slice lines, struct buf *names, nghttp2_nv *nv, size_t n, size_t max);
/* Lines as trailers of that stream, at its last content: from a read callback, which then sets NGHTTP2_DATA_FLAG_NO_END_STREAM. 1; 0: there
 * are none; -EIO. */
[[nodiscard]] int h2_trailers(nghttp2_session *session, int32_t id, struct slice lines);

#endif

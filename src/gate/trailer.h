/* trailer: fields after the content of a request (RFC 9110, 6.5), and which of them may leave. Who gets a request may put them among the
 * fields of its head, after all that was decided by those; so what frames, routes, authenticates or describes a request stays behind. Pure.
 */
#ifndef POSTERN_GATE_TRAILER_H
#define POSTERN_GATE_TRAILER_H

#include "wire/exchange.h"

/* By its name, in any case, with "_" for "-" as some servers read it. */
bool trailer_may(struct slice name);
/* Appends those of `lines` ("name: value\r\n"…) that may, and that the request's Connection does not name. */
void trailer_pass(const struct exchange_request *r, struct slice lines, struct buf *out);
/* Appends the names, with ", " between, as the field Trailer has them. */
void trailer_names(struct slice lines, struct buf *out);
/* Does the request's Connection name that field, so that it is for the tool's connection to us alone (RFC 9110, 7.6.1)? */
bool trailer_is_hop(const struct exchange_request *r, struct slice name);
/* Do these name one field, for servers that hand them on as variables (RFC 3875, 4.1.18: "_" for "-") too? */
bool trailer_same(struct slice a, struct slice b);
/* Is it a field by which frameworks and servers take a request for one of another method or path? */
bool trailer_steers(struct slice name);
/* Takes the next line off the front of *lines. False: there is none. */
bool trailer_next(struct slice *lines, struct slice *name, struct slice *value);

#endif

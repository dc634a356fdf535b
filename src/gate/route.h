/* route: a model host under its official name that is reached at another place, such as the gateway of a company. Pure. */
#ifndef POSTERN_GATE_ROUTE_H
#define POSTERN_GATE_ROUTE_H

#include "base/buf.h"

struct route {
	char from_host[256], from_path[256]; /* lower case; "" or "/v1": requests below it */
	char to_host[256], to_path[256];
	uint16_t to_port;
	bool to_tls;
	const char *why; /* of -EINVAL: a constant sentence */
};

/* official: HOST or HOST/PATH; url: http or https, without a user, a query or a fragment. 0; -EINVAL, with why. */
[[nodiscard]] int route_parse(const char *official, const char *url, struct route *out);
/* One line of a list. */
void route_write(const struct route *r, struct buf *out);
/* The next of a list. False: no more, or broken. */
bool route_next(struct slice *rest, struct route *out);
/* Does a request belong to it? Then its target there is appended to `out`. */
bool route_target(const struct route *r, const char *host, struct slice target, struct buf *out);

#endif

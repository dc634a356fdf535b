/* tunnel: a connection through an HTTP proxy (CONNECT; RFC 9110, 9.3.6), as networks of companies have them. Where the proxy is, and for
 * which hosts it is not. */
#ifndef POSTERN_GATE_TUNNEL_H
#define POSTERN_GATE_TUNNEL_H

#include "base/buf.h"
#include "base/err.h"

#define TUNNEL_HOST      256u
#define TUNNEL_REPLY_MAX 16384u /* bytes of what a proxy answers */

struct tunnel {
	char host[TUNNEL_HOST]; /* of the proxy; "": there is none */
	uint16_t port;
	char authorization[600]; /* value of Proxy-Authorization; "": none */
	const char *except;      /* as in NO_PROXY; borrowed; NULL: none */
};

/* url: http://[USER:PASSWORD@]HOST[:PORT][/] (80 without a port), or HOST:PORT. except: names, which stand for what is below them too, with
 * commas or blanks between; "*": all. -EINVAL with a sentence that does not have the password. */
[[nodiscard]] int tunnel_parse(struct tunnel *t, const char *url, const char *except, struct err *err);
bool tunnel_excepts(const struct tunnel *t, const char *host);

/* The request, appended. */
void tunnel_request(const struct tunnel *t, const char *host, uint16_t port, struct buf *out);
/* What has come of the reply. > 0: its length, the tunnel is open; 0: more is to come; -EACCES: refused, -EPROTO: no such reply, -E2BIG,
 * each with *why for a person. */
[[nodiscard]] int tunnel_reply(struct slice in, char *why, size_t size);

#endif

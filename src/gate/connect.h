/* connect: from a name and a port to a connected socket, in the supervisor's process and the person's network. The name is resolved once,
 * every address is checked, and the connection is made to an address that was checked: what the name says a moment later does not matter
 * (DNS rebinding). Nothing blocks: names are resolved by threads. */
#ifndef POSTERN_GATE_CONNECT_H
#define POSTERN_GATE_CONNECT_H

#include "base/err.h"
#include "base/slice.h"

struct loop;
struct connector;

/* Called from the loop. fd >= 0: connected, non-blocking, the callee's. Otherwise why is a sentence. where: the numeric address. */
typedef void connect_done(void *arg, uint64_t id, int fd, const char *where, const char *why);

[[nodiscard]] int connector_new(struct loop *loop, connect_done *done, void *arg, struct connector **out);
void connector_free(struct connector *c);

/* HOST:PORT:ADDRESS:PORT, as curl's --connect-to: connections for the first go to the second, a name or an address, which may be any but a
 * metadata server. Empty parts mean any, and the same. IPv6 in brackets. -EINVAL with a sentence. */
[[nodiscard]] int connector_redirect(struct connector *c, const char *rule, struct err *err);

/* Connections go through this proxy, which resolves names itself, so that nobody here can check their addresses; but not those of
 * redirections, those that are `local`, and those that it excepts. Copied but for its exceptions. */
struct tunnel;
void connector_tunnel(struct connector *c, const struct tunnel *t);

/* local: loopback, link-local and private addresses are permitted, too. Never: metadata servers, multicast, reserved. 0; -ENOBUFS: too many
 * at once; -ENOMEM. */
[[nodiscard]] int connector_go(struct connector *c, uint64_t id, const char *host, uint16_t port, bool local);
/* Nobody waits for that one any more: done() is not called for it, unless its name is being resolved just now. */
void connector_forget(struct connector *c, uint64_t id);

#endif

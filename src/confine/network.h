/* network: the one way out of a confined run: a pair of interfaces between the command's network namespace and that of the process which
 * answers for every address (the world of a trial, the gate of a sandbox). How, and why, is in docs/architecture.md. */
#ifndef POSTERN_CONFINE_NETWORK_H
#define POSTERN_CONFINE_NETWORK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct netlink;

/* In the answering namespace: the inner pair, with the gateway's addresses, and every address local. ipv4: the command's; the gateway is .1
 * of its /24. */
[[nodiscard]] int network_far(const char *ipv4, struct netlink *n, struct err *err);
/* There too: the pair whose other end, eth0 with this hardware address, goes to the namespace of process `first`. */
[[nodiscard]] int network_link(const char *mac, struct netlink *n, pid_t first, struct err *err);
/* In the command's namespace: addresses and routes. */
[[nodiscard]] int network_near(const char *ipv4, struct err *err);

/* Packets of 64 KiB instead of 1,500 bytes, to be called at both ends: every packet of a command passes the relay one by one, so that fewer
 * are faster. Not for a trial, whose synthetic host has an ordinary interface. Without it all works as well, slower. */
void network_large(bool near);

#endif

/* network: the one way out of a confined run: a pair of interfaces between the command's network namespace and that of the process which
 * answers for every address (the world of a trial, the gate of a sandbox). How, and why, is in docs/architecture.md. */
#ifndef POSTERN_CONFINE_NETWORK_H
#define POSTERN_CONFINE_NETWORK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct netlink;

/* wire, of all three: frames are as on a wire, for the host that a trial imitates. Without it they are up to 64 KiB, and nobody computes
 * checksums of what never leaves the machine. */
/* In the answering namespace: the inner pair, with the gateway's addresses, and every address local. ipv4: the command's; the gateway is .1
 * of its /24. */
[[nodiscard]] int network_far(const char *ipv4, bool wire, struct netlink *n, struct err *err);
/* There too: the pair whose other end, eth0 with this hardware address, goes to the namespace of process `first`. */
[[nodiscard]] int network_link(const char *mac, bool wire, struct netlink *n, pid_t first, struct err *err);
/* In the command's namespace: addresses and routes. */
[[nodiscard]] int network_near(const char *ipv4, bool wire, struct err *err);

#endif

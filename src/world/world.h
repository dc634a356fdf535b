/* world: the simulated Internet of a trial. A process of its own (role "world"), in the world's network namespace, without a file
 * system and under seccomp. */
#ifndef POSTERN_WORLD_WORLD_H
#define POSTERN_WORLD_WORLD_H

#include "wire/world_config.h"

/* Entry point of the role. Descriptors on entry:
 *   control_fd: a SOCK_STREAM socket. The first thing read from it is u32be length + configuration message. Everything written to
 *               it is trace records (wire/trace.h), the first being TRACE_READY. End of file on it means: finish and exit.
 * The process is already in the world's network namespace with the interfaces "outer" (packets of the tool's side; no address)
 * and "inner0"/"inner1" (a veth pair, "inner1" has the gateway's address and MAC), and with `local 0.0.0.0/0 dev lo` and
 * `local ::/0 dev lo`, so that every address is ours. See docs/architecture.md, "How every address and port answers". Both routes are
 * in the main table: in the local table the tool's own addresses would be taken for ours. On "outer" and "inner0" ARP is off and
 * IPv6 is disabled, so that the kernel does not answer there. CAP_NET_RAW and CAP_NET_BIND_SERVICE are held; the hard limit of open
 * files should be 8192 or more. tests/integration/world_inner.sh builds exactly this.
 * Returns the exit code. */
int world_main(int control_fd);

#endif

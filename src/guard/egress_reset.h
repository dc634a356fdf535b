/* egress_reset: ends a connection whose first bytes were kept back, so that its process hears of it at once (ECONNABORTED). */
#ifndef POSTERN_GUARD_EGRESS_RESET_H
#define POSTERN_GUARD_EGRESS_RESET_H

#include "guard/egress_part.h"

/* By sock_diag(7), in the network namespace of the process. What cannot be ended stays kept back, and ends by its own time-out. */
void egress_reset(const struct egress_raw *raw);
/* What the kernel calls the network namespace of a process (0: ours), for as long as it runs; 0: it cannot be told. */
uint64_t egress_network(pid_t process);

#endif

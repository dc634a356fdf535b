/* seal: takes away from the world process all that serving does not need. */
#ifndef POSTERN_WIRE_SEAL_H
#define POSTERN_WIRE_SEAL_H

#include <stdbool.h>

/* Every capability but the one for low ports, new privileges, core dumps, and by seccomp every system call that is not on the list; a
 * call that is not on it kills the process. memory_files: memfd_create() is on it. 0 or negative errno. */
[[nodiscard]] int seal_process(bool memory_files);
/* The same for one thread beside it, which only computes; the process is sealed on its own. */
[[nodiscard]] int seal_thread(void);

#endif

/* jail: takes everything from a process that it does not need to read hostile bytes, and to unpack an archive. */
#ifndef POSTERN_SYS_JAIL_H
#define POSTERN_SYS_JAIL_H

#include <stdint.h>

/* For good: resource limits, no new privileges, Landlock (writing below `dir` only, where the kernel has it),
 * a seccomp list of the calls that unpacking needs. Descriptors stay. dir -1: nothing is written anywhere. */
[[nodiscard]] int jail_enter(int dir);
/* For good, and tighter: of a process that reads only files that it is handed, as descriptors over a socket, and answers there. It opens,
 * writes and starts nothing, and may have `memory` bytes of its own; maps of files do not count. */
[[nodiscard]] int jail_serve(uint64_t memory);

#endif

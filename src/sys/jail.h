/* jail: takes everything from a process that it does not need to read an archive, and to unpack it. */
#ifndef POSTERN_SYS_JAIL_H
#define POSTERN_SYS_JAIL_H

/* For good: resource limits, no new privileges, Landlock (writing below `dir` only, where the kernel has it),
 * a seccomp list of the calls that unpacking needs. Descriptors stay. dir -1: nothing is written anywhere. */
[[nodiscard]] int jail_enter(int dir);

#endif

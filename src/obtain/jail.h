/* jail: takes everything from the unpacking process that it does not need. */
#ifndef POSTERN_OBTAIN_JAIL_H
#define POSTERN_OBTAIN_JAIL_H

/* For good: resource limits, no new privileges, Landlock (writing below `dir` only, where the kernel has it),
 * a seccomp list of the calls that unpacking needs. Descriptors stay. */
[[nodiscard]] int jail_enter(int dir);

#endif

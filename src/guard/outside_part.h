/* outside_part: what passes between the daemon and the process of outside.h. */
#ifndef POSTERN_GUARD_OUTSIDE_PART_H
#define POSTERN_GUARD_OUTSIDE_PART_H

#include <stdint.h>

enum { OUTSIDE_BEGIN = 1, OUTSIDE_PLAN, OUTSIDE_END };
struct outside_order {
	uint32_t what;
	uint8_t hosts, outlive, managed, open;
	char cgroup[512]; /* "": that of all */
};                        /* with OUTSIDE_PLAN a descriptor of the plan */

#define OUTSIDE_TEXT 2048 /* the most of one sentence, the other way */

#define OUTSIDE_PINS "/sys/fs/bpf/postern-egress"

#endif

/* egress_sniff: answers of DNS servers that arrive in this network namespace, where no program in the kernel can hand them over. */
#ifndef POSTERN_GUARD_EGRESS_SNIFF_H
#define POSTERN_GUARD_EGRESS_SNIFF_H

/* A packet socket that gives packets from port 53, without their link header. A descriptor (non-blocking), or negative errno. */
[[nodiscard]] int egress_sniff_open(void);

#endif

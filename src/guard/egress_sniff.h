/* egress_sniff: answers of DNS servers that arrive in this network namespace, where no program in the kernel can hand them over. */
#ifndef POSTERN_GUARD_EGRESS_SNIFF_H
#define POSTERN_GUARD_EGRESS_SNIFF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* A packet socket that gives packets from port 53, without their link header. A descriptor (non-blocking), or negative errno. */
[[nodiscard]] int egress_sniff_open(void);

struct egress_packet {
	uint8_t source[16], destination[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint8_t protocol;
	uint16_t source_port, port; /* of TCP and UDP, in the machine's order; else 0 */
	struct slice payload;       /* behind the header of TCP or UDP */
};
/* An IP packet, from its first byte. False if it is none, or a later fragment. */
bool egress_packet_read(struct slice packet, struct egress_packet *out);
/* The message of DNS in it; over TCP without its length. */
struct slice egress_packet_dns(const struct egress_packet *p);

#endif

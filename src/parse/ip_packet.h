/* ip_packet: the headers of an IP packet (RFC 791, 8200) and of TCP and UDP in it. Pure. */
#ifndef POSTERN_PARSE_IP_PACKET_H
#define POSTERN_PARSE_IP_PACKET_H

#include "base/slice.h"

enum { IP_TCP = 6, IP_UDP = 17 };

struct ip_packet {
	uint8_t source[16], destination[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint8_t protocol;                    /* of IPv6 what follows the first header */
	uint16_t source_port, port;          /* of TCP and UDP, in the machine's order; else 0 */
	struct slice payload;                /* behind the header of TCP or UDP */
};
/* A packet, from its first byte; it may be cut behind the headers. False if it is none, or a later fragment. */
bool ip_packet_read(struct slice packet, struct ip_packet *out);
/* The message of DNS in what is behind a header of TCP or UDP: over TCP its length stands in front, in a packet of its own or with it. */
struct slice ip_packet_dns(unsigned protocol, struct slice payload);

#endif

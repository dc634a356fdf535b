/* address: what kind of place a numeric IP address is. Pure. By the registries of special addresses (IANA; RFC 6890, 4291, 6052, 3056,
 * 4380); an IPv4 address inside of an IPv6 one (mapped, NAT64, 6to4) counts as what it is itself. */
#ifndef POSTERN_PARSE_ADDRESS_H
#define POSTERN_PARSE_ADDRESS_H

#include "base/slice.h"

enum address_kind {
	ADDRESS_PUBLIC,
	ADDRESS_PRIVATE,    /* RFC 1918, unique local, shared (RFC 6598), site local */
	ADDRESS_LOOPBACK,   /* this machine */
	ADDRESS_LINK_LOCAL, /* of the same link; also where clouds have their metadata servers */
	ADDRESS_SPECIAL,    /* unspecified, multicast, broadcast, documentation, benchmarks, reserved, tunnels whose end cannot be known */
};

/* 4 or 16 bytes in network order; any other length is ADDRESS_SPECIAL. */
enum address_kind address_kind(struct slice raw);
/* "public", "private", "loopback", "link-local", "special" */
const char *address_kind_name(enum address_kind k);
/* ::ffff:a.b.c.d, from four bytes in network order; and is an address one of these? Then the four are its last. */
void address_map(uint8_t out[16], const uint8_t four[4]);
bool address_mapped(const uint8_t ip[16]);
/* A metadata server of a cloud (169.254.169.254, fd00:ec2::254, 100.100.100.200, 192.0.0.192, 168.63.129.16): never a place for a tool,
 * whatever else is permitted. */
bool address_metadata(struct slice raw);

#endif

/* dns: queries and replies, RFC 1035. Pure. */
#ifndef POSTERN_PARSE_DNS_H
#define POSTERN_PARSE_DNS_H

#include "base/buf.h"

enum { DNS_A = 1, DNS_PTR = 12, DNS_AAAA = 28 };
enum { DNS_NOERROR = 0, DNS_FORMERR = 1, DNS_NXDOMAIN = 3, DNS_NOTIMP = 4 };

struct dns_query {
	uint16_t id, flags, qtype, qclass;
	uint16_t questions;
	struct slice question; /* name, type and class as sent */
	struct slice rest;     /* what follows the first question: further ones, additional records */
	/* The name as text: case kept, labels joined with dots; '.', '\' inside a label and all that is not printable ASCII as \DDD;
	 * the root is "". */
	char name[1024];
	unsigned labels;
};

/* The first question of a query. False if it is a reply, has no question, or is malformed; then *out is untouched. */
[[nodiscard]] bool dns_parse(struct slice packet, struct dns_query *out);
/* Appends a reply. ipv4: four bytes for an A record, or NULL. ttl: seconds that the record may be kept. */
void dns_reply(struct buf *out, const struct dns_query *q, unsigned rcode, const uint8_t *ipv4, uint32_t ttl);
/* The usual short name of a type, "A", "HTTPS", …; "TYPE65280" is written into the buffer for others. */
const char *dns_type_name(uint16_t type, char spare[12]);

#endif
